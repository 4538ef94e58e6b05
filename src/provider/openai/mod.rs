//! The dialect that nearly every provider speaks: `POST {base}/chat/completions`, and each event's data
//! a JSON object. [`Dialect`] turns data into deltas, [`request`] makes the body.
//!
//! The rules, each from a provider that needs it: errors are looked for before choices; a finish reason is
//! a string and the last of its kind counts; content may be null, absent or in parts; usage comes in five
//! places or never; `[DONE]` ends a stream but nobody must send it. Must not know SSE framing, HTTP, a
//! client or a clock.

mod chunk;
mod loose;
mod mend;
pub mod request;
mod think;
mod usage;

use std::{borrow::Cow, collections::VecDeque};

use serde::de::IgnoredAny;
use serde_json::Value;

use self::{
    chunk::{Choice, Chunk, Function, Part},
    think::Think,
};
use super::refusal;
use crate::model::{Delta, FinishReason, ModelError, Usage};

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub struct Dialect {
    think: Think,
    usage_seen: bool,
    simulated_seen: bool,
    done: bool,
}

impl Dialect {
    /// Takes an event's name and data and puts its deltas to `out`: none for an event without content.
    ///
    /// # Errors
    /// The error that the event reports, or [`ModelError::Corrupt`] if its data is not JSON. The deltas
    /// before it are in `out`.
    pub fn event(&mut self, name: &str, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        match data.trim_ascii() {
            "[DONE]" => {
                self.finish(out);
                self.done = true;
                Ok(())
            }
            data if name == "error" => Err(refusal::in_stream(&error_event(data))),
            "" => Ok(()),
            data => match serde_json::from_str::<Chunk<'_>>(data) {
                Ok(chunk) => self.chunk(&chunk, out),
                Err(_) => match mend::surrogates(data) {
                    Cow::Owned(mended) => self.event(name, &mended, out),
                    Cow::Borrowed(_) => other_json(data),
                },
            },
        }
    }

    /// The same for the last event of a stream that ended within it: JSON that stops short is no flaw of the
    /// event but the cut itself, and is left out.
    ///
    /// # Errors
    /// As [`Dialect::event`].
    pub fn cut_event(&mut self, name: &str, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let short = serde_json::from_str::<IgnoredAny>(data).is_err_and(|error| error.is_eof());
        if short { Ok(()) } else { self.event(name, data, out) }
    }

    /// The stream is over: puts out what was held back.
    pub fn finish(&mut self, out: &mut VecDeque<Delta>) {
        self.think.finish(out);
    }

    /// True once the stream said that it is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        if let Some(error) = error_of(chunk) {
            return Err(refusal::in_stream(error));
        }
        if matches!(chunk.simulated, Some(Value::Bool(true))) && !self.simulated_seen {
            self.simulated_seen = true;
            out.push_back(Delta::Simulated);
        }
        let choice = chunk.choices.iter().flatten().find(|choice| choice.index.count().unwrap_or(0) == 0);
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
        // The same thoughts may stand in two fields.
        let thoughts = [&part.reasoning_content, &part.reasoning, &part.reasoning_details];
        if let Some(thought) = thoughts.into_iter().find(|text| !text.0.is_empty()) {
            out.push_back(Delta::Reasoning(thought.0.as_ref().to_owned()));
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
        let corner = chunk.x_groq.0.as_ref().and_then(|corner| corner.usage.0.as_ref());
        let said = chunk.usage.0.iter().chain(corner).map(usage::of_usage).reduce(Usage::merged);
        self.usage_seen |= said.is_some_and(|usage| usage.output_tokens.is_some());
        let mut timings = chunk.timings.0.as_ref().map(usage::of_timings);
        if let Some(timings) = timings.as_mut().filter(|_| self.usage_seen) {
            timings.output_tokens = None;
        }
        let usage = timings.unwrap_or_default().merged(said.unwrap_or_default());
        (usage != Usage::default()).then_some(usage)
    }
}

/// Judges data that is no chunk. A bare value (`1`, `"ping"`) says nothing and ends nothing; an object that is
/// not understood may hold text, which must not be lost unseen.
fn other_json(data: &str) -> Result<(), ModelError> {
    if serde_json::from_str::<IgnoredAny>(data).is_err() {
        Err(ModelError::Corrupt("an event that is not valid JSON"))
    } else if data.starts_with('{') {
        Err(ModelError::Corrupt("an event of an unknown form"))
    } else {
        Ok(())
    }
}

/// The error that a chunk reports, wherever it does.
fn error_of<'c>(chunk: &'c Chunk<'_>) -> Option<&'c Value> {
    let choices = chunk.choices.iter().flatten().filter_map(|choice: &Choice<'_>| choice.error.as_ref());
    let corner = chunk.x_groq.0.as_ref().and_then(|corner| corner.error.as_ref());
    chunk.error.iter().chain(choices).chain(corner).find(|error| refusal::is_error(error))
}

/// The error in the data of an event named so: JSON with or without the usual wrapping, or plain words.
fn error_event(data: &str) -> Value {
    match serde_json::from_str::<Value>(data) {
        Ok(Value::Object(mut fields)) => fields.remove("error").unwrap_or(Value::Object(fields)),
        Ok(other) => other,
        Err(_) => Value::String(data.to_owned()),
    }
}

/// Reads the body of a success that is no event stream. A server that does not stream gives the whole answer in
/// one JSON object: text, usage, finish reason; it came in one read, so it has no speed.
///
/// # Errors
/// The error that the object reports; [`ModelError::Truncated`] or [`ModelError::Corrupt`] if it is no answer.
pub fn whole_answer(body: &[u8]) -> Result<VecDeque<Delta>, ModelError> {
    let text = std::str::from_utf8(body).map(mend::surrogates).unwrap_or_default();
    let Ok(mut chunk) = serde_json::from_str::<Chunk<'_>>(&text) else {
        return Err(refusal::of_foreign_body(body));
    };
    for choice in chunk.choices.iter_mut().flatten() {
        choice.delta = choice.message.take();
    }
    let (mut dialect, mut deltas) = (Dialect::default(), VecDeque::new());
    dialect.chunk(&chunk, &mut deltas)?;
    dialect.finish(&mut deltas);
    if deltas.is_empty() { Err(ModelError::Corrupt("an answer of an unknown form")) } else { Ok(deltas) }
}

#[cfg(test)]
mod tests;
