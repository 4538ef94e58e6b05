//! Request bodies: the time that each may take, and the bytes that all of them may hold.
//!
//! A body is collected here, in one allocation of the announced length, and handed on once it is whole. hyper's chunks are
//! slices of its read buffers: a handler that collected them would hold a whole buffer for each byte that a client sends.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use hyper::body::Body as _;
use metrics::counter;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{busy, make_room, refusal};
use crate::{
    telemetry::{field, metrics as name},
    web::MAX_FILES_BODY,
};

/// The bytes that all request bodies may hold.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The largest body whose length is not announced.
pub(super) const MAX_UNANNOUNCED_BYTES: usize = 512 * 1024;
/// The time that a body may take.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The time that a body with files may take.
const FILES_TIMEOUT: Duration = Duration::from_secs(30);
/// The bytes that all bodies with files may hold: two of them.
const MAX_FILES_BYTES: usize = 2 * MAX_FILES_BODY;

/// The request bodies of a server.
pub(super) struct Uploads {
    room: Arc<Semaphore>,
    /// The room for bodies with files, apart from that of all others.
    files_room: Arc<Semaphore>,
    /// The bodies whose end was not received yet, oldest first.
    unfinished: Mutex<BTreeMap<u64, CancellationToken>>,
    next_id: AtomicU64,
}

impl Default for Uploads {
    fn default() -> Self {
        let room = Arc::new(Semaphore::new(MAX_BODY_BYTES));
        let files_room = Arc::new(Semaphore::new(MAX_FILES_BYTES));
        Self { room, files_room, unfinished: Mutex::default(), next_id: AtomicU64::default() }
    }
}

impl Uploads {
    /// Returns the body of a new request; `has_files` if it may be as large as files are.
    pub(super) fn open(self: &Arc<Self>, has_files: bool) -> Arc<Upload> {
        Arc::new(Upload {
            has_files,
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            uploads: Arc::clone(self),
            refusal: Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// Aborts the oldest unfinished body but `own`. Returns false if there is none.
    pub(super) fn abort_oldest(&self, own: Option<u64>) -> bool {
        let unfinished = self.lock();
        let mut others =
            unfinished.iter().filter(|(id, aborted)| Some(**id) != own && !aborted.is_cancelled());
        others.next().inspect(|(_, aborted)| aborted.cancel()).is_some()
    }

    /// Locks the bodies. No critical section can panic half way, so a poisoned lock still guards valid data.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, CancellationToken>> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of one request, which takes room until the request is over.
pub(super) struct Upload {
    id: u64,
    has_files: bool,
    uploads: Arc<Uploads>,
    refusal: Mutex<Option<UploadError>>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The reason why a body is not read to its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum UploadError {
    #[error("the body took too long")]
    Slow,
    #[error("there is no room for the body")]
    NoRoom,
    #[error("the body is too large")]
    Large,
    #[error("the body ended early")]
    Broken,
}

impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        match self {
            Self::Slow => {
                counter!(name::HTTP_REFUSED, field::REASON => "body_timeout").increment(1);
                refusal(StatusCode::REQUEST_TIMEOUT, "The request took too long. Try again.")
            }
            Self::NoRoom => busy("body_bytes"),
            Self::Large => {
                refusal(StatusCode::PAYLOAD_TOO_LARGE, "That is too long. Shorten it and try again.")
            }
            Self::Broken => refusal(StatusCode::BAD_REQUEST, "The request ended early. Try again."),
        }
    }
}

impl Upload {
    /// Returns `body` within the limits: a body that yields everything at once.
    pub(super) fn read(self: &Arc<Self>, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let aborted = CancellationToken::new();
        self.uploads.lock().insert(self.id, aborted.clone());
        let upload = Arc::clone(self);
        Body::from_stream(stream::once(async move {
            let read = aborted.run_until_cancelled(timeout(upload.timeout(), upload.collect(body))).await;
            let read = read.map_or(Err(UploadError::NoRoom), |read| read.unwrap_or(Err(UploadError::Slow)));
            upload.uploads.lock().remove(&upload.id);
            *upload.refusal.lock().unwrap_or_else(PoisonError::into_inner) = read.as_ref().err().copied();
            read
        }))
    }

    fn timeout(&self) -> Duration {
        if self.has_files { FILES_TIMEOUT } else { BODY_TIMEOUT }
    }

    async fn collect(&self, body: Body) -> Result<Bytes, UploadError> {
        let announced = body.size_hint().exact().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let (most, room) = if self.has_files {
            (MAX_FILES_BODY, &self.uploads.files_room)
        } else {
            (MAX_BODY_BYTES, &self.uploads.room)
        };
        let max = announced.unwrap_or(MAX_UNANNOUNCED_BYTES).min(most);
        let evict = || self.uploads.abort_oldest(Some(self.id));
        let room = make_room(room, max, evict).await.ok_or(UploadError::NoRoom)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(room);
        let mut bytes = Vec::with_capacity(announced.map_or(0, |_| max));
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| UploadError::Broken)?;
            if bytes.len() + chunk.len() > max {
                return Err(UploadError::Large);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.into())
    }

    /// Returns the reason why the body was not read to its end.
    pub(super) fn refusal(&self) -> Option<UploadError> {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.uploads.lock().remove(&self.id);
    }
}
