//! The whole way from bytes to deltas, without a socket: guard, events, dialect.
//!
//! Must not know a client or a clock; whoever owns the socket stamps what comes out.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{guard::Guard, openai::Dialect, sse};
use crate::model::{Delta, ModelError};

/// Decodes one stream. How the bytes are cut into reads makes no difference to the deltas, except for
/// [`Delta::Alive`], of which there is one for each read that brought nothing else.
#[derive(Debug, Default)]
pub struct Decoder {
    guard: Guard,
    dialect: Dialect,
    ready: VecDeque<Delta>,
    failed: Option<ModelError>,
    quiet: bool,
    over: bool,
}

impl Decoder {
    /// [`Decoder::feed`] and then [`Decoder::pull`], as an iterator: deltas are decoded as they are taken.
    #[must_use = "the deltas are decoded as they are taken"]
    pub fn push(&mut self, read: Bytes) -> impl Iterator<Item = Result<Delta, ModelError>> {
        self.feed(read);
        std::iter::from_fn(|| self.pull())
    }

    /// [`Decoder::end`] and then [`Decoder::pull`], as an iterator.
    #[must_use = "the deltas are decoded as they are taken"]
    pub fn finish(&mut self) -> impl Iterator<Item = Result<Delta, ModelError>> {
        self.end();
        std::iter::from_fn(|| self.pull())
    }

    /// Takes a read. After an error or `[DONE]` it is ignored.
    pub fn feed(&mut self, read: Bytes) {
        if !self.over {
            self.quiet = true;
            self.guard.push(read);
        }
    }

    /// The next delta of the last read; `None` when it is used up.
    ///
    /// # Errors
    /// Once, and then never anything: what [`super::guard::Guard::event`] and [`Dialect::event`] find.
    pub fn pull(&mut self) -> Option<Result<Delta, ModelError>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                self.quiet = false;
                return Some(Ok(delta));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if self.over {
                return None;
            }
            match self.guard.event() {
                Some(Ok(piece)) => self.read(piece, Dialect::event),
                Some(Err(error)) => self.fail(error),
                None if std::mem::take(&mut self.quiet) => return Some(Ok(Delta::Alive)),
                None => return None,
            }
        }
    }

    /// The stream is at its end: what was held back can be pulled.
    pub fn end(&mut self) {
        if !self.over {
            if let Some(piece) = self.guard.finish() {
                self.read(piece, Dialect::cut_event);
            }
            self.dialect.finish(&mut self.ready);
            self.over = true;
        }
    }

    /// The stream failed outside; the text that was held back belongs before the error.
    pub fn fail(&mut self, error: ModelError) {
        self.dialect.finish(&mut self.ready);
        self.failed = Some(error);
        self.over = true;
    }

    /// True once nothing more can come, whatever is pushed: the stream said that it is over, or failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over && self.ready.is_empty() && self.failed.is_none()
    }

    fn read(&mut self, piece: Bytes, with: Reading) {
        for event in sse::events(piece) {
            if let Err(error) = with(&mut self.dialect, &event.event, &event.data, &mut self.ready) {
                return self.fail(error);
            }
            if self.dialect.is_done() {
                self.over = true;
                return;
            }
        }
    }
}

/// How an event is read: [`Dialect::event`] or [`Dialect::cut_event`].
type Reading = fn(&mut Dialect, &str, &str, &mut VecDeque<Delta>) -> Result<(), ModelError>;

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
