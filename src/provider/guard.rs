//! The byte guard: stands between the socket and `eventsource-stream` and hands on only what that
//! parser reads well: whole events, one at a time, valid UTF-8, line ends LF, at most [`EVENT_CAP`] long.
//!
//! Left alone, the parser (0.2.3) panics on a byte order mark, goes silent after an invalid byte, loses
//! the last event of a stream with CR line ends, takes time quadratic in the size of a read and of an
//! event, and knows no bound. A whole event in one piece is what costs it least. Stream format:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.
//!
//! Must not know JSON, a provider, a client or a clock.

use std::mem;

use bytes::{Buf, Bytes};
use memchr::memchr2;

use crate::model::ModelError;

/// The most bytes an event (and so a line) may have, its last line end not counted.
pub const EVENT_CAP: usize = 1 << 20;
/// The most bytes a stream may have.
pub const STREAM_CAP: usize = 64 << 20;

/// Few events are longer: room for one saves growing the buffer step by step.
const USUAL_EVENT: usize = 512;

const BOM: &[u8] = "\u{feff}".as_bytes();

/// Cuts reads into whole events. Give it each read with [`Guard::push`], then call [`Guard::event`] until it
/// gives `None`; at the end of the stream call [`Guard::finish`].
#[derive(Debug)]
pub struct Guard {
    /// What is left of the newest read.
    read: Bytes,
    /// The begin of an unfinished event: whole lines, each with its LF, then a part of a line.
    held: Vec<u8>,
    /// Where the last, unfinished line begins in `held`.
    line: usize,
    /// `held` is valid UTF-8 up to here.
    checked: usize,
    /// How many bytes the stream may still bring.
    allowance: usize,
    at_start: bool,
    after_cr: bool,
    overrun: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            read: Bytes::new(),
            held: Vec::new(),
            line: 0,
            checked: 0,
            allowance: STREAM_CAP,
            at_start: true,
            after_cr: false,
            overrun: false,
        }
    }
}

impl Guard {
    /// Takes the next read.
    pub fn push(&mut self, mut read: Bytes) {
        self.overrun |= read.len() > self.allowance;
        read.truncate(self.allowance);
        self.allowance -= read.len();
        self.read = if self.read.is_empty() { read } else { [&*self.read, &*read].concat().into() };
    }

    /// The next whole event with its blank line, without comments; `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`ModelError::Corrupt`] on invalid UTF-8 or when a cap is reached: the stream is over then. Events
    /// before the flaw were handed on.
    pub fn event(&mut self) -> Option<Result<Bytes, ModelError>> {
        while !self.read.is_empty() {
            if mem::take(&mut self.after_cr) && self.read[0] == b'\n' {
                self.read.advance(1);
                continue;
            }
            let taken = match memchr2(b'\n', b'\r', &self.read) {
                Some(end) if self.is_whole_event(end) => self.pass(end).map(Some),
                Some(end) => self.take_line(end),
                None => self.take_part().map(|()| None),
            };
            if let Some(event) = taken.transpose() {
                return Some(event);
            }
        }
        self.overrun.then_some(Err(ModelError::Corrupt("a stream above 64 MiB")))
    }

    /// Ends the stream: the event that lacks its blank line, if any. A line that was cut inside a character
    /// is left out.
    pub fn finish(&mut self) -> Option<Bytes> {
        if self.checked < self.held.len() {
            self.held.truncate(self.line);
        }
        if self.line < self.held.len() {
            self.end_line();
        }
        self.line = 0;
        let mut event = mem::take(&mut self.held);
        event.push(b'\n');
        (event.len() > 1).then(|| event.into())
    }

    /// The fast path: one `data:` line and its blank line, both within this read.
    fn is_whole_event(&self, end: usize) -> bool {
        self.held.is_empty() && self.read[end..].starts_with(b"\n\n") && self.read.starts_with(b"data:")
    }

    fn pass(&mut self, end: usize) -> Result<Bytes, ModelError> {
        self.at_start = false;
        let event = self.read.split_to(end + 2);
        capped(end)?;
        str::from_utf8(&event).map_err(|_| NOT_UTF8)?;
        Ok(event)
    }

    fn take_part(&mut self) -> Result<(), ModelError> {
        let part = mem::take(&mut self.read);
        self.hold(&part);
        self.check().map(|_| ())
    }

    fn take_line(&mut self, end: usize) -> Result<Option<Bytes>, ModelError> {
        let line = self.read.split_to(end);
        self.hold(&line);
        self.after_cr = self.read[0] == b'\r';
        self.read.advance(1);
        if self.check()? { Ok(self.end_line()) } else { Err(NOT_UTF8) }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.is_empty() {
            self.held.reserve(bytes.len() + USUAL_EVENT);
        }
        self.held.extend_from_slice(bytes);
    }

    /// Looks at the bytes that came last. Gives true when they do not end within a character.
    fn check(&mut self) -> Result<bool, ModelError> {
        if self.line < self.held.len() {
            capped(self.held.len())?;
        }
        match str::from_utf8(&self.held[self.checked..]) {
            Ok(_) => self.checked = self.held.len(),
            Err(error) if error.error_len().is_some() => return Err(NOT_UTF8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(self.checked == self.held.len())
    }

    /// Ends the line at the end of `held`, and the event with it if the line is blank.
    fn end_line(&mut self) -> Option<Bytes> {
        if mem::take(&mut self.at_start) && self.held.starts_with(BOM) {
            self.held.drain(..BOM.len());
        }
        let line = &self.held[self.line..];
        if line.is_empty() {
            return self.end_event();
        }
        // A comment, or a field that nobody knows; as the first character of an event the mark is deadly.
        if line.starts_with(b":") || line.starts_with(BOM) {
            self.held.truncate(self.line);
        } else {
            if line.starts_with(b"error:") {
                self.rewrite_error();
            }
            self.held.push(b'\n');
            self.line = self.held.len();
        }
        self.checked = self.held.len();
        None
    }

    fn end_event(&mut self) -> Option<Bytes> {
        self.checked = 0;
        if mem::take(&mut self.line) == 0 {
            return None;
        }
        let mut event = mem::take(&mut self.held);
        event.push(b'\n');
        Some(event.into())
    }

    /// llama.cpp before <https://github.com/ggml-org/llama.cpp/pull/16109> reports errors in a field of its
    /// own, `error:`, which every parser drops: it becomes an event of its own, named "error".
    fn rewrite_error(&mut self) {
        let value = self.held.split_off(self.line + b"error:".len());
        self.held.truncate(self.line);
        if self.line > 0 {
            self.held.push(b'\n');
        }
        self.held.extend_from_slice(b"event: error\ndata:");
        self.held.extend_from_slice(&value);
    }
}

const NOT_UTF8: ModelError = ModelError::Corrupt("bytes that are not UTF-8");

fn capped(len: usize) -> Result<(), ModelError> {
    if len > EVENT_CAP { Err(ModelError::Corrupt("an event above 1 MiB")) } else { Ok(()) }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
