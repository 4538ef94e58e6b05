//! The rules for everything that the bot sends: fields, texts, blocks, modals. Pure.

mod blocks;
mod charts;
mod elements;
mod markup;
mod modal;
mod text;

use serde_json::{Map, Value, json};

pub use self::markup::{labelled, pings};
use super::{call::Call, method::Method, reply::Reply};

/// The most bytes of text in a message, over all its blocks; above, Slack answers `msg_blocks_too_long`. The figure is
/// undocumented; measurements range from 10,600 to 11,300.
const MAX_BYTES: usize = 10_600;
/// The longest `text`.
const MAX_TEXT_CHARS: usize = 4_000;

/// The extra blocks that a workspace supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    pub charts: bool,
    pub containers: bool,
    pub tables: bool,
}

/// Violations in a call.
#[derive(Debug, Default)]
pub struct Violations {
    pub all: Vec<String>,
    /// Texts that would ping someone.
    pub pings: Vec<String>,
    /// Labelled links that would form.
    pub links: Vec<String>,
    /// Slack's words about a refusal that is no violation.
    hints: Vec<String>,
    /// Slack's error code, where it would refuse.
    code: Option<&'static str>,
    /// Bytes of text that people see.
    bytes: usize,
}

impl Violations {
    /// Against the rules, and refused with this code.
    pub fn refuse(&mut self, code: &'static str, violation: impl Into<String>) {
        self.code.get_or_insert(code);
        self.all.push(violation.into());
    }

    /// Records a violation that Slack would accept.
    pub fn unwanted(&mut self, violation: impl Into<String>) {
        self.all.push(violation.into());
    }

    /// A block breaks a rule.
    fn block(&mut self, violation: impl Into<String>) {
        self.refuse("invalid_blocks", violation);
    }

    /// The refusal, if it is one.
    pub fn reply(&self) -> Option<Reply> {
        let messages: Vec<_> =
            self.all.iter().chain(&self.hints).map(|violation| format!("[ERROR] {violation}")).collect();
        Some(Reply::refused_with(self.code?, json!({ "response_metadata": { "messages": messages } })))
    }

    /// Only these keys, and these among them.
    fn keys(&mut self, what: &str, object: &Value, required: &[&str], optional: &[&str]) {
        let Some(fields) = object.as_object() else { return self.block(format!("{what} is no object")) };
        for key in
            fields.keys().filter(|key| !required.contains(&key.as_str()) && !optional.contains(&key.as_str()))
        {
            self.block(format!("{what} has a field {key:?}"));
        }
        for key in required.iter().filter(|key| !fields.contains_key(**key)) {
            self.block(format!("{what} has no {key:?}"));
        }
    }

    /// A string of 1 to `most` characters.
    fn length(&mut self, what: &str, value: &Value, most: usize) {
        let Some(text) = value.as_str() else { return self.block(format!("{what} is no text")) };
        let length = text.chars().count();
        if length == 0 || length > most {
            self.block(format!("{what} has {length} characters, of at most {most}"));
        }
    }
}

/// Checks the fields of a call.
pub fn call(violations: &mut Violations, call: &Call, takes: Takes) {
    let (method, fields) = (call.method, &call.fields);
    for key in fields.keys().map(String::as_str) {
        if !method.required().contains(&key) && !method.optional().contains(&key) {
            violations.refuse("invalid_arguments", format!("there is no field {key:?}"));
        }
    }
    for key in method.required().iter().filter(|key| fields.get(**key).is_none_or(Value::is_null)) {
        violations.refuse("invalid_arguments", format!("the field {key:?} is missing"));
    }
    match method {
        Method::PostMessage | Method::Update | Method::PostEphemeral => {
            message(violations, fields, takes);
        }
        Method::Respond if fields.get("delete_original").is_none_or(|delete| *delete != true) => {
            message(violations, fields, takes);
            is_private(violations, fields);
        }
        Method::OpenView => modal::view(violations, &fields["view"]),
        Method::PublishView => modal::home(violations, &fields["view"]),
        Method::CompleteUpload => upload(violations, fields, takes),
        _ => {}
    }
    if method == Method::PostMessage {
        for key in
            ["unfurl_links", "unfurl_media"].iter().filter(|key| fields.get(**key) != Some(&false.into()))
        {
            violations.unwanted(format!("{key} is not false"));
        }
    }
}

/// Holds the answer to a command against the rules.
pub fn ack(violations: &mut Violations, answer: &Value, takes: Takes) {
    let Some(fields) = answer.as_object() else { return violations.unwanted("no object") };
    for key in fields.keys().filter(|key| !["response_type", "text", "blocks"].contains(&key.as_str())) {
        violations.unwanted(format!("it has a field {key:?}"));
    }
    message(violations, fields, takes);
    is_private(violations, fields);
}

/// `response_type` may be left out: then only the asker sees it.
fn is_private(violations: &mut Violations, fields: &Map<String, Value>) {
    if fields.get("response_type").is_some_and(|kind| kind != "ephemeral") {
        violations.unwanted("it would be shown to everybody, with the command");
    }
}

/// Checks the parts of a message. <https://docs.slack.dev/reference/methods/chat.postMessage>
fn message(violations: &mut Violations, fields: &Map<String, Value>, takes: Takes) {
    let text = fields.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() {
        violations.refuse("no_text", "there is no fallback text");
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        violations.refuse("msg_too_long", "the fallback text is too long");
    }
    violations.reads_mrkdwn(text, true);
    for key in
        ["attachments", "markdown_text", "metadata", "link_names", "parse", "reply_broadcast", "file_ids"]
    {
        if fields.contains_key(key) {
            violations.unwanted(format!("this referee does not read {key:?}"));
        }
    }
    match fields.get("blocks") {
        Some(Value::Array(list)) if !list.is_empty() => blocks::in_message(violations, list, takes),
        _ => violations.refuse("invalid_blocks_format", "there are no blocks"),
    }
    if is_over(fields) && !carries_the_result(text) {
        violations.unwanted(format!("a final message whose text has no result: {text:?}"));
    }
    if violations.bytes > MAX_BYTES {
        let bytes = violations.bytes;
        violations.refuse("msg_blocks_too_long", format!("{bytes} bytes of text, of at most {MAX_BYTES}"));
    }
}

/// Returns true for the last frame of a race: its buttons are those of a race that is over.
fn is_over(fields: &Map<String, Value>) -> bool {
    let blocks = fields.get("blocks").and_then(Value::as_array).into_iter().flatten();
    let mut elements = blocks.flat_map(|block| block["elements"].as_array().into_iter().flatten());
    elements.any(|element| element["action_id"] == "again")
}

/// Returns true for a text with the end of a race and the figures or the fate of each model: screen readers and
/// notifications have nothing else.
fn carries_the_result(text: &str) -> bool {
    let is_end = ["🏁", "⚠️", "🛑", "🔌", "🗳️"].iter().any(|icon| text.starts_with(icon));
    let fates = ["tok/s", "no speed", "failed", "stopped", "interrupted", "cut off", "tokens"];
    is_end && fates.iter().any(|fate| text.contains(fate))
}

/// A file's own message. <https://docs.slack.dev/reference/methods/files.completeUploadExternal>
fn upload(violations: &mut Violations, fields: &Map<String, Value>, takes: Takes) {
    if fields.get("files").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        violations.refuse("invalid_arguments", "there are no files");
    }
    if fields.get("channel_id").and_then(Value::as_str).is_none_or(str::is_empty) {
        violations.unwanted("the file is shared nowhere");
    }
    violations.reads_mrkdwn(fields.get("initial_comment").and_then(Value::as_str).unwrap_or_default(), true);
    if let Some(list) = fields.get("blocks").and_then(Value::as_array) {
        blocks::in_message(violations, list, takes);
        if list.iter().any(|block| block["type"] == "markdown") {
            violations.refuse("internal_error", "a markdown block beside a file");
        }
    }
}
