//! Request bodies: the time that each may take, and the bytes that all of them may hold.

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
use metrics::counter;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{busy, make_room, refusal};
use crate::telemetry::{field, metrics as name};

/// The bytes that all request bodies may hold.
pub(super) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The time that a body may take.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The request bodies of a server.
pub(super) struct Uploads {
    room: Arc<Semaphore>,
    /// The bodies whose end was not received yet, oldest first.
    unfinished: Mutex<BTreeMap<u64, CancellationToken>>,
    next_id: AtomicU64,
}

impl Default for Uploads {
    fn default() -> Self {
        let room = Arc::new(Semaphore::new(MAX_BODY_BYTES));
        Self { room, unfinished: Mutex::default(), next_id: AtomicU64::default() }
    }
}

impl Uploads {
    /// Returns the body of a new request.
    pub(super) fn open(self: &Arc<Self>) -> Arc<Upload> {
        Arc::new(Upload {
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

    #[cfg(test)]
    pub(super) fn has_room(&self) -> bool {
        self.room.available_permits() > 0
    }

    /// Locks the bodies. No critical section can panic half way, so a poisoned lock still guards valid data.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, CancellationToken>> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of one request, which takes room until the request is over.
pub(super) struct Upload {
    id: u64,
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
            Self::Broken => refusal(StatusCode::BAD_REQUEST, "The request ended early. Try again."),
        }
    }
}

impl Upload {
    /// Returns `body` within the limits.
    pub(super) fn read(self: &Arc<Self>, body: Body) -> Body {
        if hyper::body::Body::is_end_stream(&body) {
            return body;
        }
        let (aborted, deadline) = (CancellationToken::new(), Instant::now() + BODY_TIMEOUT);
        self.uploads.lock().insert(self.id, aborted.clone());
        let state = (Arc::clone(self), body.into_data_stream());
        Body::from_stream(stream::try_unfold(state, move |(upload, mut data)| {
            let aborted = aborted.clone();
            async move {
                let chunk = aborted.run_until_cancelled(timeout_at(deadline, data.next())).await;
                let chunk = match chunk {
                    None => Err(UploadError::NoRoom),
                    Some(Err(_)) => Err(UploadError::Slow),
                    Some(Ok(Some(Err(_)))) => Err(UploadError::Broken),
                    Some(Ok(Some(Ok(chunk)))) => upload.hold(&aborted, chunk).await.map(Some),
                    Some(Ok(None)) => Ok(None),
                };
                match chunk {
                    Ok(Some(chunk)) => Ok(Some((chunk, (upload, data)))),
                    Ok(None) => {
                        upload.uploads.lock().remove(&upload.id);
                        Ok(None)
                    }
                    Err(error) => {
                        *upload.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        Err(error)
                    }
                }
            }
        }))
    }

    /// Returns the reason why the body was not read to its end.
    pub(super) fn refusal(&self) -> Option<UploadError> {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for `chunk`.
    async fn hold(&self, aborted: &CancellationToken, chunk: Bytes) -> Result<Bytes, UploadError> {
        let evict = || self.uploads.abort_oldest(Some(self.id));
        let room = aborted.run_until_cancelled(make_room(&self.uploads.room, chunk.len(), evict)).await;
        let room = room.flatten().ok_or(UploadError::NoRoom)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *held {
            Some(held) => held.merge(room),
            None => *held = Some(room),
        }
        Ok(chunk)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.uploads.lock().remove(&self.id);
    }
}
