//! The OpenAI chat dialect, which nearly every provider speaks: `POST {base}/chat/completions`, answered by
//! server-sent events with one JSON object each.
//!
//! ```text
//! Prompt + Settings + Quirks -> request::body -> bytes to send
//! event data -> lenient JSON -> Chunk -> Dialect (errors, <think> tags, usage) -> deltas
//! ```
//!
//! The rules, each needed by some provider: errors are checked before choices; any word is a finish reason; content
//! may be null, absent or in parts; usage arrives in one of five places or never; `[DONE]` ends a stream but may be
//! missing.
//!
//! # Where a new quirk goes
//!
//! - A new or differently placed field in an answer: `chunk`, read in [`Dialect`].
//! - A field of an odd type, or JSON that the parser rejects: `lenient`.
//! - A new way to mark reasoning inside the content: `think`.
//! - A request field that a provider refuses or requires: [`request::Quirks`], learned from the refusal.
//! - A status or error wording with a meaning of its own: the word tables of `provider/errors.rs`.
//! - Broken event framing: `EventSplitter` in [`provider/sse.rs`](super::sse).
//! - A wrong or missing content type, or a model list of another shape: `provider/http/body.rs` and
//!   `provider/http/listing.rs`.
//!
//! Each quirk gets a test in the same file. A recorded stream in `tests/fixtures/sse/` is decoded and compared with
//! its snapshot without further code.

mod chunk;
mod lenient;
pub mod request;
mod think;

use std::{borrow::Cow, collections::VecDeque};

use serde::de::IgnoredAny;
use serde_json::Value;

use self::{
    chunk::{Choice, Chunk, Function, Part, TimingsBody, UsageBody},
    lenient::replace_lone_surrogates,
    think::ThinkSplitter,
};
use super::errors;
use crate::model::{Delta, FinishReason, ModelError, Usage};

/// Decodes the events of one stream.
#[derive(Debug, Default)]
pub struct Dialect {
    think: ThinkSplitter,
    usage_seen: bool,
    simulated_seen: bool,
    done: bool,
}

impl Dialect {
    /// Decodes an event's name and data and appends its deltas to `out`.
    ///
    /// # Errors
    /// The error that the event reports, or [`ModelError::Corrupt`] if its data is not JSON or of unknown structure.
    /// The deltas before the error are in `out`.
    pub fn event(&mut self, name: &str, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        match data.trim_ascii() {
            "[DONE]" => {
                self.finish(out);
                self.done = true;
                Ok(())
            }
            data if name == "error" => Err(errors::from_stream(&error_event(data))),
            "" => Ok(()),
            data => match serde_json::from_str::<Chunk<'_>>(data) {
                Ok(chunk) => self.chunk(&chunk, out),
                Err(_) => match replace_lone_surrogates(data) {
                    Cow::Owned(valid) => self.event(name, &valid, out),
                    Cow::Borrowed(_) => other_json(data),
                },
            },
        }
    }

    /// Decodes the last event of a stream that ended without its blank line. Incomplete JSON is dropped, since the
    /// event was cut rather than malformed.
    ///
    /// # Errors
    /// As [`Dialect::event`].
    pub fn cut_event(&mut self, name: &str, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let is_cut = serde_json::from_str::<IgnoredAny>(data).is_err_and(|error| error.is_eof());
        if is_cut { Ok(()) } else { self.event(name, data, out) }
    }

    /// Ends the stream: appends the text that was held back.
    pub fn finish(&mut self, out: &mut VecDeque<Delta>) {
        self.think.finish(out);
    }

    /// Returns true after `[DONE]`.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        if let Some(error) = error_of(chunk) {
            return Err(errors::from_stream(error));
        }
        if matches!(chunk.simulated, Some(Value::Bool(true))) && !self.simulated_seen {
            self.simulated_seen = true;
            out.push_back(Delta::Simulated);
        }
        let choice = chunk.choices.iter().flatten().find(|choice| choice.index.as_u64().unwrap_or(0) == 0);
        if let Some(part) = choice.and_then(|choice| choice.delta.as_ref()) {
            self.part(part, out);
        }
        let reason = choice.map_or("", |choice| choice.finish_reason.0.as_ref());
        if !reason.is_empty() {
            self.think.finish(out);
        }
        out.extend(self.usage(chunk).map(Delta::Usage));
        match reason {
            "" => {}
            "error" => return Err(ModelError::Reported),
            reason => out.push_back(Delta::Finished(FinishReason::new(reason))),
        }
        Ok(())
    }

    fn part(&mut self, part: &Part<'_>, out: &mut VecDeque<Delta>) {
        // Some providers send identical reasoning in two fields.
        let reasoning = [&part.reasoning_content, &part.reasoning, &part.reasoning_details];
        if let Some(reasoning) = reasoning.into_iter().find(|text| !text.0.is_empty()) {
            out.push_back(Delta::Reasoning(reasoning.0.as_ref().to_owned()));
        }
        for content in [&part.content, &part.refusal] {
            if !content.0.is_empty() {
                self.think.push(&content.0, out);
            }
        }
        for Function { name, arguments } in
            part.tool_calls.iter().flatten().filter_map(|c| c.function.as_ref())
        {
            let text = [name.0.as_ref(), arguments.0.as_ref()].concat();
            out.extend((!text.is_empty()).then_some(Delta::Tool(text)));
        }
    }

    fn usage(&mut self, chunk: &Chunk<'_>) -> Option<Usage> {
        let groq = chunk.x_groq.0.as_ref().and_then(|groq| groq.usage.0.as_ref());
        let usage = chunk.usage.0.iter().chain(groq).map(UsageBody::usage).reduce(Usage::merged);
        self.usage_seen |= usage.is_some_and(|usage| usage.output_tokens.is_some());
        let mut timings = chunk.timings.0.as_ref().map(TimingsBody::usage);
        if let Some(timings) = timings.as_mut().filter(|_| self.usage_seen) {
            timings.output_tokens = None;
        }
        let usage = timings.unwrap_or_default().merged(usage.unwrap_or_default());
        (usage != Usage::default()).then_some(usage)
    }
}

/// Classifies data that is no chunk. A bare value (`1`, `"ping"`) is ignored, but an object of unknown structure is an
/// error, since it may hold text that must not be lost silently.
fn other_json(data: &str) -> Result<(), ModelError> {
    if serde_json::from_str::<IgnoredAny>(data).is_err() {
        Err(ModelError::Corrupt("an event that is not valid JSON"))
    } else if data.starts_with('{') {
        Err(ModelError::Corrupt("an event of unknown structure"))
    } else {
        Ok(())
    }
}

/// The error that a chunk reports, in any of its places.
fn error_of<'c>(chunk: &'c Chunk<'_>) -> Option<&'c Value> {
    let choices = chunk.choices.iter().flatten().filter_map(|choice: &Choice<'_>| choice.error.as_ref());
    let groq = chunk.x_groq.0.as_ref().and_then(|groq| groq.error.as_ref());
    chunk.error.iter().chain(choices).chain(groq).find(|error| errors::is_error(error))
}

/// The error in the data of an event named "error": JSON with or without the usual wrapper, or plain text.
fn error_event(data: &str) -> Value {
    match serde_json::from_str::<Value>(data) {
        Ok(Value::Object(mut fields)) => fields.remove("error").unwrap_or(Value::Object(fields)),
        Ok(other) => other,
        Err(_) => Value::String(data.to_owned()),
    }
}

/// Decodes the body of a success that is no event stream: a server that does not stream sends text, usage and finish
/// reason as one JSON object.
///
/// # Errors
/// The error that the object reports; [`ModelError::Truncated`] or [`ModelError::Corrupt`] if it is no answer.
pub(super) fn whole_answer(body: &[u8]) -> Result<VecDeque<Delta>, ModelError> {
    let text = std::str::from_utf8(body).map(replace_lone_surrogates).unwrap_or_default();
    let Ok(mut chunk) = serde_json::from_str::<Chunk<'_>>(&text) else {
        return Err(errors::from_foreign_body(body));
    };
    for choice in chunk.choices.iter_mut().flatten() {
        choice.delta = choice.message.take();
    }
    let (mut dialect, mut deltas) = (Dialect::default(), VecDeque::new());
    dialect.chunk(&chunk, &mut deltas)?;
    dialect.finish(&mut deltas);
    if deltas.is_empty() { Err(ModelError::Corrupt("an answer of unknown structure")) } else { Ok(deltas) }
}

#[cfg(test)]
mod tests;
