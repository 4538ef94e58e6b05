//! Server-sent events: reads in, events out.
//!
//! `eventsource-stream` parses the events, but only what an [`EventSplitter`] lets through: whole events, one at a
//! time, valid UTF-8, LF line ends, at most [`MAX_EVENT_LEN`] bytes. An event that is one data line, as nearly all are,
//! needs no parser and is passed on as it is. On its own the parser (0.2.3) panics on a byte
//! order mark, goes silent after an invalid byte, loses the last event of a stream with CR line ends, takes time
//! quadratic in the size of a read and of an event, and has no size limit.
//!
//! Some servers leave out the blank line after an event. A data line with a whole JSON object is therefore an event of
//! its own, as soon as the line ends: waiting for the next one would also delay its time of arrival.
//!
//! Stream format: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.

use std::{convert::Infallible, iter, mem};

use bytes::{Buf, Bytes};
use eventsource_stream::{Event as ParsedEvent, EventStream};
use futures::{FutureExt as _, StreamExt as _, stream};
use memchr::memchr2;
use serde::de::IgnoredAny;

use crate::model::ModelError;

/// Maximum length of an event (and so of a line) in bytes, without its last line end.
pub const MAX_EVENT_LEN: usize = 1 << 20;
/// Maximum length of a stream in bytes.
pub(super) const MAX_STREAM_LEN: usize = 64 << 20;

/// Room reserved for a pending event; few events are longer.
const TYPICAL_EVENT_LEN: usize = 512;

const DATA: &[u8] = b"data:";
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A whole event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The data of an event that has only one data line, the shape of nearly all. Not yet known to be valid UTF-8.
    Data(Bytes),
    /// Any other event, valid UTF-8, for the parser.
    Block(Bytes),
}

/// Parses an [`Event::Block`]. Event ids are unused, so no state carries over between blocks: each has its own parser,
/// which never sees a part of an event.
pub(super) fn events(block: Bytes) -> impl Iterator<Item = ParsedEvent> {
    let mut parser = EventStream::new(stream::iter([Ok::<_, Infallible>(block)]));
    iter::from_fn(move || parser.next().now_or_never()??.ok())
}

/// Splits reads into whole events. Pass each read to [`EventSplitter::push`], then call
/// [`EventSplitter::next_event`] until it returns `None`; at the end of the stream call [`EventSplitter::finish`].
#[derive(Debug)]
pub(super) struct EventSplitter {
    /// The unprocessed rest of the last read.
    read: Bytes,
    /// The start of an unfinished event: whole lines, each with its LF, then a partial line.
    pending: Vec<u8>,
    /// The offset of the partial line in `pending`.
    line: usize,
    /// The length of the prefix of `pending` that is known to be valid UTF-8.
    valid: usize,
    /// The length of the stream so far.
    received: usize,
    at_start: bool,
    after_cr: bool,
    /// The unfinished event has a data line.
    has_data: bool,
}

impl Default for EventSplitter {
    fn default() -> Self {
        Self {
            read: Bytes::new(),
            pending: Vec::new(),
            line: 0,
            valid: 0,
            received: 0,
            at_start: true,
            after_cr: false,
            has_data: false,
        }
    }
}

impl EventSplitter {
    /// Accepts the next read.
    pub(super) fn push(&mut self, mut read: Bytes) {
        let allowance = MAX_STREAM_LEN.saturating_sub(self.received);
        self.received = self.received.saturating_add(read.len());
        read.truncate(allowance);
        self.read = if self.read.is_empty() { read } else { [&*self.read, &*read].concat().into() };
    }

    /// Returns the next whole event, without comments; `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`ModelError::Corrupt`] on invalid UTF-8 or when a limit is exceeded. It ends the stream; the events before it
    /// were returned.
    pub(super) fn next_event(&mut self) -> Option<Result<Event, ModelError>> {
        while !self.read.is_empty() {
            if mem::take(&mut self.after_cr) && self.read[0] == b'\n' {
                self.read.advance(1);
                continue;
            }
            let taken = match memchr2(b'\n', b'\r', &self.read) {
                Some(end) if self.is_whole_event(end) => self.take_event(end).map(Some),
                Some(end) => self.take_line(end),
                None => self.take_partial_line().map(|()| None),
            };
            if let Some(event) = taken.transpose() {
                return Some(event);
            }
        }
        (self.received > MAX_STREAM_LEN).then_some(Err(ModelError::Corrupt("a stream larger than 64 MiB")))
    }

    /// Ends the stream and returns the event that lacks its blank line, if any. A line that was cut inside a
    /// character is dropped.
    pub(super) fn finish(&mut self) -> Option<Event> {
        if self.valid < self.pending.len() {
            self.pending.truncate(self.line);
        }
        if self.line < self.pending.len()
            && let Some(event) = self.end_line()
        {
            return Some(event);
        }
        self.line = 0;
        let mut event = mem::take(&mut self.pending);
        event.push(b'\n');
        (event.len() > 1).then(|| Event::Block(event.into()))
    }

    /// Detects the fast path: one `data:` line and its blank line, both within this read.
    fn is_whole_event(&self, end: usize) -> bool {
        self.pending.is_empty() && self.read[end..].starts_with(b"\n\n") && self.read.starts_with(DATA)
    }

    fn take_event(&mut self, end: usize) -> Result<Event, ModelError> {
        self.at_start = false;
        let line = self.read.split_to(end + 2);
        check_len(end)?;
        Ok(Event::Data(line.slice(DATA.len()..end)))
    }

    fn take_partial_line(&mut self) -> Result<(), ModelError> {
        let part = mem::take(&mut self.read);
        self.append(&part);
        self.check().map(|_| ())
    }

    fn take_line(&mut self, end: usize) -> Result<Option<Event>, ModelError> {
        let line = self.read.split_to(end);
        self.append(&line);
        self.after_cr = self.read[0] == b'\r';
        self.read.advance(1);
        if self.check()? { Ok(self.end_line()) } else { Err(NOT_UTF8) }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.pending.is_empty() {
            self.pending.reserve(bytes.len() + TYPICAL_EVENT_LEN);
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Checks the appended bytes. Returns false if they end within a character.
    fn check(&mut self) -> Result<bool, ModelError> {
        if self.line < self.pending.len() {
            check_len(self.pending.len())?;
        }
        match str::from_utf8(&self.pending[self.valid..]) {
            Ok(_) => self.valid = self.pending.len(),
            Err(error) if error.error_len().is_some() => return Err(NOT_UTF8),
            Err(error) => self.valid += error.valid_up_to(),
        }
        Ok(self.valid == self.pending.len())
    }

    /// Ends the line at the end of `pending`, and with a blank line or a whole object the event.
    fn end_line(&mut self) -> Option<Event> {
        if mem::take(&mut self.at_start) && self.pending.starts_with(BOM) {
            self.pending.drain(..BOM.len());
        }
        let line = &self.pending[self.line..];
        if line.is_empty() {
            return self.end_event();
        }
        let mut is_whole = false;
        // A comment, or an unknown field: a byte order mark at the start of an event makes the parser panic.
        if line.starts_with(b":") || line.starts_with(BOM) {
            self.pending.truncate(self.line);
        } else {
            if let Some(data) = line.strip_prefix(DATA) {
                is_whole = !self.has_data && is_whole_data(data);
                self.has_data = true;
            } else if line.starts_with(b"error:") {
                self.rewrite_error_field();
            }
            self.pending.push(b'\n');
            self.line = self.pending.len();
        }
        self.valid = self.pending.len();
        if is_whole { self.end_event() } else { None }
    }

    fn end_event(&mut self) -> Option<Event> {
        (self.valid, self.has_data) = (0, false);
        if mem::take(&mut self.line) == 0 {
            return None;
        }
        let mut event = mem::take(&mut self.pending);
        event.push(b'\n');
        Some(Event::Block(event.into()))
    }

    /// Turns an `error:` field into an event of its own, named "error". llama.cpp before
    /// <https://github.com/ggml-org/llama.cpp/pull/16109> reports errors in this field, which parsers drop.
    fn rewrite_error_field(&mut self) {
        let value = self.pending.split_off(self.line + b"error:".len());
        self.pending.truncate(self.line);
        if self.line > 0 {
            self.pending.push(b'\n');
        }
        self.pending.extend_from_slice(b"event: error\ndata:");
        self.pending.extend_from_slice(&value);
    }
}

pub(super) const NOT_UTF8: ModelError = ModelError::Corrupt("bytes that are not UTF-8");

/// Returns true if a line's data needs no further line.
fn is_whole_data(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    data == b"[DONE]"
        || (data.starts_with(b"{")
            && data.ends_with(b"}")
            && serde_json::from_slice::<IgnoredAny>(data).is_ok())
}

fn check_len(len: usize) -> Result<(), ModelError> {
    if len > MAX_EVENT_LEN { Err(ModelError::Corrupt("an event larger than 1 MiB")) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
