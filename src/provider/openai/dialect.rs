//! The decoder of events: reads each chunk's errors, texts, usage and finish reason, in this order.

use std::{cell::OnceCell, collections::VecDeque, mem};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    chunk::{Choice, Chunk, Function, Part},
    content::Content,
    field::Field,
    lenient::Lenient as _,
    repair::repair,
    served,
    think::ThinkSplitter,
    usage::UsageCounter,
};
use crate::{
    model::{Delta, FinishReason, ModelError, ServedModel},
    provider::errors,
};

/// Keys under which other protocols send text.
const FOREIGN_TEXT_KEYS: [&str; 10] = [
    "response",
    "text",
    "content",
    "message",
    "output",
    "output_text",
    "generated_text",
    "completion",
    "delta",
    "token",
];

/// Between two objects of one event.
const SEPARATORS: [char; 6] = [' ', '\t', '\r', '\n', ',', ';'];

/// Decodes the events of one stream.
#[derive(Debug, Default)]
pub struct Dialect {
    server: Server,
    content: Field,
    reasoning: Field,
    think: ThinkSplitter,
    usage: UsageCounter,
    /// The content so far came in `delta`, so a `message` repeats it.
    has_deltas: bool,
    /// Text of an unknown structure arrived.
    has_foreign_text: bool,
    /// Bytes of text in the current event.
    arrived: usize,
    done: bool,
}

/// The names and marks that the server gives itself.
#[derive(Debug, Default)]
struct Server {
    /// The model's name in the request; empty if unknown.
    asked: String,
    /// The server's newest name of the model.
    served: String,
    /// A gateway says that it asked another model.
    is_fallback: bool,
    is_simulated: bool,
}

impl Dialect {
    /// Decodes the answer of the model with this name in the request; `is_fallback` if a gateway asked another one.
    #[must_use]
    pub fn new(asked: &str, is_fallback: bool) -> Self {
        let server = Server { asked: asked.to_owned(), is_fallback, ..Server::default() };
        Self { server, ..Self::default() }
    }

    /// Decodes an event's name and data and appends its deltas to `out`.
    ///
    /// # Errors
    /// The error that the event reports, or [`ModelError::Corrupt`] if its data is broken JSON. The deltas before the
    /// error are in `out`.
    pub fn event(&mut self, name: &str, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let data = data.trim_ascii();
        if name == "error" && data != "[DONE]" {
            return reported(&error_event(data), data, out);
        }
        match data.as_bytes().first() {
            None => Ok(()),
            Some(b'{') => self.objects(data, out),
            Some(b'[') if data == "[DONE]" => {
                self.close(out)?;
                self.done = true;
                out.push_back(Delta::Done);
                Ok(())
            }
            Some(b'[') => self.array(data, out),
            Some(_) => self.words(data, out),
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
    ///
    /// # Errors
    /// [`ModelError::Corrupt`] if text arrived, but none where this protocol has it.
    pub fn close(&mut self, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        self.finish(out);
        let is_empty = self.content.cumulative.is_empty() && self.reasoning.cumulative.is_empty();
        if self.has_foreign_text && is_empty {
            Err(ModelError::Corrupt("text of another protocol"))
        } else {
            Ok(())
        }
    }

    /// Appends the text that was held back.
    pub fn finish(&mut self, out: &mut VecDeque<Delta>) {
        let reasoning =
            [self.reasoning.cumulative.finish(), self.reasoning.halves.finish().map(str::to_owned)];
        out.extend(reasoning.into_iter().flatten().map(Delta::Reasoning));
        let content = [self.content.cumulative.finish(), self.content.halves.finish().map(str::to_owned)];
        content.into_iter().flatten().for_each(|text| self.think.push(&text, out));
        self.think.finish(out);
    }

    /// Returns true after `[DONE]`.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Returns the bytes of text that arrived since the last call, whether or not they are held back.
    pub fn take_arrived(&mut self) -> usize {
        mem::take(&mut self.arrived)
    }

    /// Decodes one object or several.
    fn objects(&mut self, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let (mut rest, repaired) = (data, OnceCell::new());
        while rest.starts_with('{') {
            let mut objects = serde_json::Deserializer::from_str(rest).into_iter::<Chunk<'_>>();
            match objects.next() {
                Some(Ok(chunk)) => {
                    let (object, after) = rest.split_at(objects.byte_offset());
                    rest =
                        after.trim_start_matches(SEPARATORS).trim_start_matches("data:").trim_ascii_start();
                    self.chunk(chunk, object, out)?;
                }
                _ if repaired.get().is_none() => rest = repaired.get_or_init(|| repair(rest)),
                _ => return Err(ModelError::Corrupt("an event that is not valid JSON")),
            }
        }
        if rest.is_empty() { Ok(()) } else { self.event("", rest, out) }
    }

    /// Decodes an array of objects, as Google sends it.
    fn array(&mut self, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let Ok(objects) = serde_json::from_str::<Value>(data) else {
            return Err(ModelError::Corrupt("an event that is not valid JSON"));
        };
        let objects = objects.as_array().into_iter().flatten().filter(|object| object.is_object());
        objects.map(Value::to_string).try_for_each(|object| self.objects(&object, out))
    }

    /// Decodes data that is no object: words between events say nothing, unless they report an error.
    fn words(&mut self, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let rest = data.trim_start_matches("data:");
        if rest.len() < data.len() {
            return self.event("", rest, out);
        }
        if data.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error")) {
            return reported(&Value::String(data.to_owned()), data, out);
        }
        self.has_foreign_text |= data.len() > 1 && data.starts_with('"');
        Ok(())
    }

    /// Decodes one chunk, whose JSON is `data`.
    fn chunk(
        &mut self,
        mut chunk: Chunk<'_>,
        data: &str,
        out: &mut VecDeque<Delta>,
    ) -> Result<(), ModelError> {
        if let Some(error) = error_of(&chunk) {
            return reported(error, data, out);
        }
        if !self.server.is_simulated && matches!(chunk.simulated.0, Some(Value::Bool(true))) {
            self.server.is_simulated = true;
            out.push_back(Delta::Simulated);
        }
        if !chunk.model.is_empty() && *chunk.model != self.server.served {
            self.served(&chunk.model, out);
        }
        chunk.choices.0.sort_by_key(|choice| choice.index.as_u64()); // of several that begin at once, the first is read
        let mut reason = "";
        for choice in &chunk.choices.0 {
            self.choice(choice, out);
            if self.is_own(choice) && is_reason(&choice.finish_reason) {
                reason = &choice.finish_reason;
            }
        }
        let usage = self.usage.count(&chunk, self.arrived > 0);
        if chunk.choices.is_empty() && usage.is_none() {
            self.foreign(data, out)?;
        }
        // held text stays held: content may follow a finish reason, and a server may send one with every piece
        out.extend(usage.map(Delta::Usage));
        match reason {
            "" => Ok(()),
            failed if is_failure(failed) => {
                out.push_back(Delta::ProviderMessage(format!("finish_reason: {}", clip(failed))));
                Err(ModelError::Reported)
            }
            reason => {
                out.push_back(Delta::Finished(FinishReason::new(reason)));
                Ok(())
            }
        }
    }

    fn served(&mut self, name: &str, out: &mut VecDeque<Delta>) {
        name.clone_into(&mut self.server.served);
        let is_other = self.server.is_fallback
            || !self.server.asked.is_empty() && served::is_other(&self.server.asked, name);
        out.push_back(Delta::Served(ServedModel { name: clip(name), is_other }));
    }

    /// Returns true unless the choice is another alternative than the one that is read.
    fn is_own(&self, choice: &Choice<'_>) -> bool {
        let index = choice.index.as_u64().unwrap_or(0);
        let own = [self.content.choice, self.reasoning.choice];
        own.iter().all(Option::is_none) || own.contains(&Some(index)) || index == 0
    }

    fn choice(&mut self, choice: &Choice<'_>, out: &mut VecDeque<Delta>) {
        let index = choice.index.as_u64().unwrap_or(0);
        if let Some(part) = &choice.delta.0 {
            self.part(part, index, out);
        }
        if !choice.text.is_empty() {
            self.content(&choice.text, index, out);
        }
        if let Some(message) = &choice.message.0 {
            self.message(message, index, out);
        }
    }

    fn part(&mut self, part: &Part<'_>, index: u64, out: &mut VecDeque<Delta>) {
        let reasoning = part.reasoning();
        if !reasoning.is_empty() {
            self.reasoning(reasoning, index, out);
        }
        for content in [&part.content.text, &part.text.0, &part.refusal.0] {
            if !content.is_empty() {
                self.has_deltas = true;
                self.content(content, index, out);
            }
        }
        self.tools(part, out);
    }

    /// Decodes a message: in a stream it is a piece, as a delta, or repeats the deltas before it.
    fn message(&mut self, message: &Part<'_>, index: u64, out: &mut VecDeque<Delta>) {
        let reasoning = message.reasoning();
        if !reasoning.is_empty() && self.reasoning.cumulative.is_empty() {
            self.reasoning(reasoning, index, out);
        }
        let Content { text, .. } = &message.content;
        if text.is_empty() && !message.refusal.is_empty() && !self.has_deltas {
            self.content(&message.refusal, index, out);
        }
        if !self.has_deltas {
            if !text.is_empty() {
                self.content(text, index, out);
            }
            self.tools(message, out);
        } else if let Some(rest) = self.content.cumulative.push_whole(text).filter(|rest| !rest.is_empty()) {
            self.arrived += rest.len();
            self.think.push(rest, out);
        }
    }

    fn tools(&mut self, part: &Part<'_>, out: &mut VecDeque<Delta>) {
        let calls = part.tool_calls.0.iter().filter_map(|call| call.function.0.as_ref());
        for Function { name, arguments, .. } in calls.chain(part.function_call.0.as_ref()) {
            let text = [&**name, &**arguments].concat();
            self.arrived += text.len();
            out.extend((!text.is_empty()).then_some(Delta::Tool(text)));
        }
    }

    fn reasoning(&mut self, text: &str, index: u64, out: &mut VecDeque<Delta>) {
        self.think.reasoning_elsewhere();
        if let Some(text) = self.reasoning.new_text(text, index, &mut self.arrived) {
            out.push_back(Delta::Reasoning(text.into()));
        }
    }

    fn content(&mut self, text: &str, index: u64, out: &mut VecDeque<Delta>) {
        if let Some(text) = self.content.new_text(text, index, &mut self.arrived) {
            self.think.push(&text, out);
        }
    }

    /// Looks into an object without choices: it may report an error, or hold text of another protocol.
    fn foreign(&mut self, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
        let Ok(value) = serde_json::from_str::<Value>(data) else { return Ok(()) };
        if let Some(error) = errors::in_object(&value) {
            out.push_back(Delta::ProviderMessage(errors::provider_message(None, data.as_bytes())));
            return Err(error);
        }
        if value.get("choices").is_some_and(|choices| choices.as_str().is_some_and(|text| !text.is_empty())) {
            return Err(ModelError::Corrupt("an event of unknown structure"));
        }
        self.has_foreign_text |= holds_text(&value);
        Ok(())
    }
}

/// Maximum length of a served model's name.
const MAX_NAME_CHARS: usize = 100;

/// Keeps the printable beginning of a word from outside.
fn clip(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect()
}

/// Reports an error with the provider's own words, which are in `data`.
fn reported(error: &Value, data: &str, out: &mut VecDeque<Delta>) -> Result<(), ModelError> {
    out.push_back(Delta::ProviderMessage(errors::provider_message(None, data.as_bytes())));
    Err(errors::from_stream(error))
}

/// Returns true for a word that says why the model stopped; some servers write "null" until it does.
fn is_reason(word: &str) -> bool {
    !(word.is_empty() || word.eq_ignore_ascii_case("null") || word.eq_ignore_ascii_case("none"))
}

/// Returns true for a finish reason that is an error.
fn is_failure(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("error") || matches!(reason.as_str(), "failed" | "failure" | "exception")
}

/// Returns true for a text that is not empty, at any depth of an object.
fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => FOREIGN_TEXT_KEYS.iter().any(|key| fields.get(*key).is_some_and(holds_text)),
        _ => false,
    }
}

/// The error that a chunk reports, in any of its places.
fn error_of<'c>(chunk: &'c Chunk<'_>) -> Option<&'c Value> {
    let choices = chunk.choices.0.iter().filter_map(|choice| choice.error.0.as_ref());
    let groq = chunk.x_groq.0.as_ref().and_then(|groq| groq.error.0.as_ref());
    chunk.error.0.iter().chain(choices).chain(groq).find(|error| errors::is_error(error))
}

/// The error in the data of an event named "error": JSON with or without the usual wrapper, or plain text.
fn error_event(data: &str) -> Value {
    match serde_json::from_str::<Value>(data) {
        Ok(Value::Object(mut fields)) => fields.remove("error").unwrap_or(Value::Object(fields)),
        Ok(other) => other,
        Err(_) => Value::String(data.to_owned()),
    }
}
