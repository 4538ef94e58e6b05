//! The searchable part of an error, from any of the shapes in which providers send one: wrapped in `error`, bare, in a
//! list, nested, or as JSON inside a string.

use std::time::Duration;

use serde_json::{Map, Value};

use super::wait;

/// Bounds of the search, since the body is foreign.
const MAX_DEPTH: u8 = 8;
const MAX_ITEMS: usize = 16;
const MAX_WORDS_LEN: usize = 64 << 10;
const MAX_PARAMETER_LEN: usize = 40;

/// The fields that hold words about the error. Others may repeat the prompt.
const WORD_FIELDS: &[&str] = &[
    "__type",
    "base_resp",
    "cause",
    "description",
    "detail",
    "details",
    "error",
    "error_message",
    "error_msg",
    "error_type",
    "errormessage",
    "errors",
    "message",
    "metadata",
    "msg",
    "raw",
    "reason",
    "status_msg",
    "title",
    "type",
];

/// The format of an error's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Json,
    Text,
    Page,
}

/// The searchable part of a provider's error.
#[derive(Debug, Default)]
pub(super) struct ErrorDetails {
    /// The HTTP status in it, or 0.
    pub(super) code: u16,
    /// The provider's own number, outside the range of statuses.
    pub(super) vendor_code: Option<u64>,
    /// The number is one of `MiniMax`.
    pub(super) is_minimax: bool,
    /// Codes, types and messages in lower case.
    pub(super) words: String,
    /// The wait that it asks for.
    pub(super) wait: Option<Duration>,
    pub(super) format: Format,
    /// The name of the field that is wrong, if there is a field for it.
    parameter: Option<String>,
}

impl ErrorDetails {
    pub(super) fn from_body(body: &[u8]) -> Self {
        if let Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) =
            serde_json::from_slice::<Value>(body)
        {
            return Self::from_value(&value);
        }
        let format = if body.trim_ascii_start().starts_with(b"<") { Format::Page } else { Format::Text };
        let mut details = Self { format, ..Self::default() };
        details.add_words(&String::from_utf8_lossy(body));
        details.with_wait_in_words()
    }

    pub(super) fn from_value(value: &Value) -> Self {
        let mut details = Self::default();
        details.collect(value, MAX_DEPTH);
        details.with_wait_in_words()
    }

    pub(super) fn mention(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }

    /// Returns true if the whole message is "not found", which servers say about paths.
    pub(super) fn is_bare_not_found(&self) -> bool {
        let words = self.words.split_whitespace().filter(|word| word.parse::<u16>().is_err());
        let words = words.collect::<Vec<_>>().join(" ");
        ["", "not found", "not found not found", "not_found", "not_found not found"].contains(&words.as_str())
    }

    /// Returns the name of the parameter that is wrong: from its own field, or the first name in quotes or brackets.
    pub(super) fn parameter(&self) -> Option<String> {
        let is_name = |name: &&str| {
            (1..=MAX_PARAMETER_LEN).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
                && name.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let quoted = self.words.split(['\'', '"', '`', '[', ']']).skip(1).step_by(2);
        let after_colon = self.words.split(": ").skip(1).filter_map(|rest| rest.split_whitespace().next());
        let last = after_colon.map(|word| word.trim_end_matches(['.', ',']));
        let own = self.parameter.as_deref();
        own.into_iter().chain(quoted).chain(last).find(is_name).map(str::to_owned)
    }

    fn with_wait_in_words(mut self) -> Self {
        self.wait = self.wait.or_else(|| wait::in_words(&self.words));
        self
    }

    fn add_words(&mut self, text: &str) {
        if self.words.len() + text.len() <= MAX_WORDS_LEN {
            self.words.push_str(&text.to_lowercase());
            self.words.push(' ');
        }
    }

    fn collect(&mut self, value: &Value, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::String(text) => match nested(text) {
                Some(inner) => self.collect(&inner, depth),
                None => self.add_words(text),
            },
            Value::Array(items) => items.iter().take(MAX_ITEMS).for_each(|item| self.collect(item, depth)),
            Value::Object(fields) => self.collect_fields(fields, depth),
            _ => {}
        }
    }

    fn collect_fields(&mut self, fields: &Map<String, Value>, depth: u8) {
        for (name, value) in fields {
            match name.to_ascii_lowercase().as_str() {
                "code" | "error_code" | "http_status_code" | "status" | "status_code" | "statuscode" => {
                    self.is_minimax |= name == "status_code";
                    self.collect_code(value);
                }
                "retrydelay"
                | "retry_delay"
                | "retry_after"
                | "retry-after"
                | "retryafter"
                | "retry_after_seconds" => self.wait = self.wait.or_else(|| wait::in_field(value)),
                "estimated_time" => {
                    self.add_words("estimated_time");
                    self.wait = self.wait.or_else(|| wait::in_field(value));
                }
                "param" | "parameter" => self.parameter = value.as_str().map(str::to_owned),
                "loc" => {
                    let last = value.as_array().and_then(|path| path.last()?.as_str());
                    self.parameter = last.map(str::to_owned);
                }
                name if WORD_FIELDS.contains(&name) => self.collect(value, depth),
                _ => {}
            }
        }
    }

    fn collect_code(&mut self, value: &Value) {
        let Some(number) = value.as_u64().or_else(|| value.as_str()?.parse().ok()) else {
            return self.add_words(value.as_str().unwrap_or_default());
        };
        match u16::try_from(number) {
            Ok(status @ 300..=599) => self.code = status,
            _ => self.vendor_code = self.vendor_code.or(Some(number)),
        }
    }
}

/// Returns the JSON that a string holds: gateways pass the errors of others on like this.
fn nested(text: &str) -> Option<Value> {
    let start = text.find('{').filter(|_| text.trim_end().ends_with('}'))?;
    serde_json::from_str(&text[start..]).ok().filter(Value::is_object)
}
