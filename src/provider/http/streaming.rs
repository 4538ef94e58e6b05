//! An answer that streams: its socket reads, joined, and the decoder that they feed.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use reqwest::Response;
use tokio::{task::yield_now, time::Instant};

use crate::provider::decoder::Decoder;

/// Upper bound of the bytes that are read before they are decoded.
const MAX_READ_AHEAD: usize = 256 << 10;
/// A chunk this soon after the one before may have been read with it.
const READ_SPAN: Duration = Duration::from_millis(1);
/// The chunks in a row that came alone, from which on the next one is not expected to bring more.
const MAX_LONE_CHUNKS: u32 = 8;

/// A response body and its decoder.
pub(super) struct Streaming {
    /// The rest of the response without its head, which would keep its read buffer alive.
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    pub(super) decoder: Decoder,
    /// The end of the body, if it came with the latest read.
    end: Option<Read>,
    /// The chunks since the last one that came with others.
    lone_chunks: u32,
    /// The time of the latest chunk.
    newest: Instant,
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
        let body = response.bytes_stream().boxed();
        Self { body, decoder, end: None, lone_chunks: 0, newest: Instant::now() }
    }

    /// Waits for the next read or the end.
    pub(super) async fn read(&mut self) -> Read {
        match self.end.take() {
            Some(end) => end,
            None => Read::from(self.body.next().await),
        }
    }

    /// Feeds `first`, which came at `at`, to the decoder with all that has arrived meanwhile: the client hands out chunk by
    /// chunk what it read at once, and the time of decoding must not come between them. A server that sends token by token
    /// is trusted to go on so, since looking for more costs more than decoding. The bytes are copied, so that the client's
    /// read buffer is free before it reads on; otherwise each stream would need a second one.
    pub(super) async fn feed(&mut self, first: Bytes, at: Instant) {
        let mut joined = BytesMut::from(&*first);
        drop(first);
        if at.duration_since(self.newest) < READ_SPAN {
            self.lone_chunks = 0;
        }
        self.newest = at;
        self.lone_chunks += 1;
        while self.lone_chunks <= MAX_LONE_CHUNKS && joined.len() < MAX_READ_AHEAD {
            match self.next_if_ready().await {
                Some(Read::Bytes(more)) => {
                    joined.extend_from_slice(&more);
                    self.lone_chunks = 0;
                }
                end => {
                    self.end = end;
                    break;
                }
            }
        }
        self.decoder.feed(joined.freeze());
    }

    /// Returns the next read if it needs no wait. The task of the connection gets a turn to hand it over, for which the
    /// runtime polls its sockets.
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
