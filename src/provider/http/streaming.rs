//! An answer that streams: its socket reads, joined, and the decoder that they feed.

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use reqwest::Response;
use tokio::{task::yield_now, time::Instant};

use crate::provider::decoder::Decoder;

/// Upper bound of the bytes that are read before they are decoded.
const MAX_READ_AHEAD: usize = 256 << 10;

/// A response body and its decoder.
pub(super) struct Streaming {
    /// The rest of the response without its head, which would keep its read buffer alive.
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    pub(super) decoder: Decoder,
    /// The end of the body, if it came with the latest read.
    end: Option<Read>,
}

/// One step of a body.
pub(super) enum Read {
    Bytes(Bytes),
    /// It ended at this time.
    Ended(Instant),
    /// It broke at this time.
    Failed(reqwest::Error, Instant),
}

impl Streaming {
    pub(super) fn new(response: Response, decoder: Decoder) -> Self {
        Self { body: response.bytes_stream().boxed(), decoder, end: None }
    }

    /// Waits for the next read or the end.
    pub(super) async fn read(&mut self) -> Read {
        match self.end.take() {
            Some(end) => end,
            None => Read::from(self.body.next().await),
        }
    }

    /// Feeds `first` to the decoder with all that has arrived meanwhile: the client hands out chunk by chunk what it read
    /// at once, and the time of decoding must not come between them. The bytes are copied, so that the client's read
    /// buffer is free before it reads on; otherwise each stream would need a second one.
    pub(super) async fn feed(&mut self, first: Bytes) {
        let mut joined = BytesMut::from(&*first);
        drop(first);
        while joined.len() < MAX_READ_AHEAD {
            match self.next_if_ready().await {
                Some(Read::Bytes(more)) => joined.extend_from_slice(&more),
                end => {
                    self.end = end;
                    break;
                }
            }
        }
        self.decoder.feed(joined.freeze());
    }

    /// Returns the next read if it needs no wait. The task of the connection gets a turn to hand it over.
    async fn next_if_ready(&mut self) -> Option<Read> {
        if let Some(next) = self.body.next().now_or_never() {
            return Some(Read::from(next));
        }
        yield_now().await;
        self.body.next().now_or_never().map(Read::from)
    }
}

impl From<Option<reqwest::Result<Bytes>>> for Read {
    fn from(next: Option<reqwest::Result<Bytes>>) -> Self {
        match next {
            Some(Ok(read)) => Self::Bytes(read),
            None => Self::Ended(Instant::now()),
            Some(Err(error)) => Self::Failed(error, Instant::now()),
        }
    }
}
