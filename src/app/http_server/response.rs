//! The body of a response, which holds what the request took until the body is sent.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::connections::Serving;

/// A body with its request slot, until hyper has taken it, and with the room for its bytes, until they are sent.
pub(super) struct ResponseBody {
    body: Body,
    bytes: Option<Arc<OwnedSemaphorePermit>>,
    _slot: Option<OwnedSemaphorePermit>,
    _serving: Serving,
}

impl ResponseBody {
    pub(super) fn new(body: Body, serving: Serving) -> Self {
        Self { body, bytes: None, _slot: None, _serving: serving }
    }

    /// Returns this body with its request `slot` and the room for its `bytes`.
    pub(super) fn holding(
        self,
        slot: Option<OwnedSemaphorePermit>,
        bytes: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { bytes: bytes.map(Arc::new), _slot: slot, ..self }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let Some(room) = &self.bytes else { return frame };
        let hold = |data| Bytes::from_owner(HeldBytes { data, _room: Arc::clone(room) });
        frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(hold))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes that take room until they are sent.
struct HeldBytes {
    data: Bytes,
    _room: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}
