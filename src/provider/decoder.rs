//! The whole path from bytes to deltas, without a socket: splitter, events, dialect. The owner of the socket stamps
//! the deltas.

use std::{collections::VecDeque, mem};

use bytes::Bytes;

use super::{
    openai::Dialect,
    sse::{self, Event, EventSplitter, NOT_UTF8},
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
    /// The rest of the newest event's deltas, and the bytes of text that arrived with it.
    ready: VecDeque<Delta>,
    arrived: usize,
    failed: Option<ModelError>,
    /// The last read has produced no delta yet.
    quiet: bool,
    over: bool,
}

impl Decoder {
    /// Decodes the answer of the model with this name in the request; `is_fallback` if a gateway asked another one.
    #[must_use]
    pub fn new(asked: &str, is_fallback: bool) -> Self {
        Self { dialect: Dialect::new(asked, is_fallback), ..Self::default() }
    }

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
                return Some(Ok(Decoded { arrived: mem::take(&mut self.arrived), delta }));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            if self.over {
                return None;
            }
            match self.splitter.next_event() {
                Some(Ok(event)) => self.decode(&event, Dialect::event),
                Some(Err(error)) => self.fail(error),
                None if mem::take(&mut self.quiet) => return Some(Ok(Delta::Alive.into())),
                None => return None,
            }
        }
    }

    /// Ends the stream. The text that was held back can then be pulled.
    pub fn end(&mut self) {
        if self.over {
            return;
        }
        if let Some(event) = self.splitter.finish() {
            self.decode(&event, Dialect::cut_event);
        }
        if !self.over {
            self.failed = self.dialect.close(&mut self.ready).err();
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

    fn decode(&mut self, event: &Event, with: EventFn) {
        let decoded = match event {
            Event::Data(data) => match str::from_utf8(data) {
                Ok(data) => with(&mut self.dialect, "", data, &mut self.ready),
                Err(_) => Err(NOT_UTF8),
            },
            Event::Block(block) => sse::events(block.clone())
                .try_for_each(|event| with(&mut self.dialect, &event.event, &event.data, &mut self.ready)),
        };
        self.arrived += self.dialect.take_arrived();
        if self.arrived > 0 && self.ready.is_empty() {
            self.ready.push_back(Delta::Held);
        }
        match decoded {
            Err(error) => self.fail(error),
            Ok(()) => self.over = self.dialect.is_done(),
        }
    }
}

/// [`Dialect::event`] or [`Dialect::cut_event`].
type EventFn = fn(&mut Dialect, &str, &str, &mut VecDeque<Delta>) -> Result<(), ModelError>;

#[cfg(test)]
mod tests;
