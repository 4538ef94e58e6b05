//! The whole path from bytes to deltas, without a socket: splitter, events, dialect. The owner of the socket stamps
//! the deltas.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    openai::Dialect,
    sse::{self, EventSplitter},
};
use crate::model::{Delta, ModelError};

/// A delta, and the bytes of text that arrived with its event; see [`crate::model::Stamped`].
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Zero unless this is the first delta of an event with text.
    pub arrived: usize,
    /// The step.
    pub delta: Delta,
}

impl From<Delta> for Decoded {
    /// A delta that is the only one of its event.
    fn from(delta: Delta) -> Self {
        Self { arrived: delta.text_len(), delta }
    }
}

/// Decodes one stream. The deltas do not depend on how the bytes are split into reads, except for [`Delta::Alive`]:
/// one for each read that produced nothing else.
#[derive(Debug, Default)]
pub struct Decoder {
    splitter: EventSplitter,
    dialect: Dialect,
    ready: VecDeque<Delta>,
    failed: Option<ModelError>,
    /// The last read has produced no delta yet.
    quiet: bool,
    over: bool,
}

impl Decoder {
    /// Accepts a read. Reads after an error or `[DONE]` are ignored.
    pub fn feed(&mut self, read: Bytes) {
        if !self.over {
            self.quiet = true;
            self.splitter.push(read);
        }
    }

    /// Decodes and returns the next delta of the last read; `None` if it holds no more.
    ///
    /// # Errors
    /// The stream's error, once and last: invalid bytes, a limit exceeded, or an event that [`Dialect::event`]
    /// rejects.
    pub fn pull(&mut self) -> Option<Result<Decoded, ModelError>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                self.quiet = false;
                return Some(Ok(delta.into()));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if self.over {
                return None;
            }
            match self.splitter.next_event() {
                Some(Ok(piece)) => self.decode(piece, Dialect::event),
                Some(Err(error)) => self.fail(error),
                None if std::mem::take(&mut self.quiet) => return Some(Ok(Delta::Alive.into())),
                None => return None,
            }
        }
    }

    /// Ends the stream. The text that was held back can then be pulled.
    pub fn end(&mut self) {
        if !self.over {
            if let Some(piece) = self.splitter.finish() {
                self.decode(piece, Dialect::cut_event);
            }
            self.dialect.finish(&mut self.ready);
            self.over = true;
        }
    }

    /// Ends the stream with an error from outside. The text that was held back comes before the error.
    pub fn fail(&mut self, error: ModelError) {
        self.dialect.finish(&mut self.ready);
        self.failed = Some(error);
        self.over = true;
    }

    /// Returns true if the stream is over and every delta was pulled.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over && self.ready.is_empty() && self.failed.is_none()
    }

    fn decode(&mut self, piece: Bytes, with: EventFn) {
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

/// [`Dialect::event`] or [`Dialect::cut_event`].
type EventFn = fn(&mut Dialect, &str, &str, &mut VecDeque<Delta>) -> Result<(), ModelError>;

#[cfg(test)]
mod tests;
