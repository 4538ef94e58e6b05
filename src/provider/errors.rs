//! Provider errors: a refused request (status, headers, body), an error object inside a stream, or a success whose
//! body is no answer. Each becomes a [`ModelError`].
//!
//! Providers mostly agree on statuses but hardly on wording, so code, type and message are all searched. Nothing of
//! a provider's own text is shown to users.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::model::{ModelError, Refusal};

const CONTEXT_WORDS: &[&str] = &[
    "exceed_context_size",
    "context_length_exceeded",
    "maximum context length",
    "context length",
    "context size",
    "context window",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "`inputs` tokens +",
];
const FILTER_WORDS: &[&str] = &[
    "content_filter",
    "content filter",
    "content_policy",
    "content management policy",
    "moderation",
    "flagged",
];
const MODEL_WORDS: &[&str] = &[
    "model_not_found",
    "model_not_supported",
    "model not found",
    "not a valid model",
    "is not supported by any provider",
    "does not exist or you do not have access",
];
const CREDIT_WORDS: &[&str] = &[
    "insufficient_quota",
    "insufficient credit",
    "insufficient balance",
    "insufficient_credits",
    "included credits",
];
const RATE_WORDS: &[&str] = &["rate_limit", "rate limit", "too many requests", "too_many_requests"];
const OVERLOAD_WORDS: &[&str] =
    &["overloaded", "unavailable_error", "service_unavailable", "service unavailable", "no capacity"];
const KEY_WORDS: &[&str] = &["invalid_api_key", "authentication_error", "permission_error", "unauthorized"];

/// Upper bound of a wait; no race waits longer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Classifies a refused request by its HTTP status and the start of its body. `retry_after` comes from the headers.
pub(super) fn from_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ModelError {
    let details = ErrorDetails::from_body(body);
    let refused = match status {
        400 | 413 | 422 | 500 if details.mention(CONTEXT_WORDS) => Refusal::ContextTooLong,
        402 | 403 | 429 if details.mention(CREDIT_WORDS) => Refusal::OutOfCredit,
        400 | 403 | 422 if details.mention(FILTER_WORDS) => Refusal::Filtered,
        400 | 404 | 422 if details.mention(MODEL_WORDS) => Refusal::UnknownModel,
        402 => Refusal::OutOfCredit,
        401 | 403 => return ModelError::Unauthorized,
        408 | 429 => return ModelError::RateLimited { retry_after },
        404 => Refusal::UnknownModel,
        500.. => return ModelError::Overloaded(status),
        _ => Refusal::Other(status),
    };
    ModelError::Refused(refused)
}

/// Classifies an error object inside a stream whose HTTP status was 200.
pub(super) fn from_stream(error: &Value) -> ModelError {
    let details = ErrorDetails::from_error(error);
    let table = [
        (CONTEXT_WORDS, ModelError::Refused(Refusal::ContextTooLong)),
        (FILTER_WORDS, ModelError::Refused(Refusal::Filtered)),
        (CREDIT_WORDS, ModelError::Refused(Refusal::OutOfCredit)),
        (MODEL_WORDS, ModelError::Refused(Refusal::UnknownModel)),
        (RATE_WORDS, ModelError::RateLimited { retry_after: None }),
        (OVERLOAD_WORDS, ModelError::Overloaded(0)),
        (KEY_WORDS, ModelError::Unauthorized),
    ];
    let by_words = table.into_iter().find_map(|(words, error)| details.mention(words).then_some(error));
    by_words.unwrap_or(match details.code {
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::Refused(Refusal::OutOfCredit),
        404 => ModelError::Refused(Refusal::UnknownModel),
        408 | 429 => ModelError::RateLimited { retry_after: None },
        502..=504 | 529 => ModelError::Overloaded(0),
        _ => ModelError::Reported,
    })
}

/// Classifies the body of a success that is neither an event stream nor an answer.
pub(super) fn from_foreign_body(body: &[u8]) -> ModelError {
    if body.trim_ascii_start().starts_with(b"<") {
        return ModelError::Corrupt("a web page instead of an answer");
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Err(error) if error.is_eof() => ModelError::Truncated,
        _ => ModelError::Corrupt("something other than an event stream"),
    }
}

/// The error that a JSON value without any choices reports; `None` if it does not look like an error.
pub(super) fn in_object(value: &Value) -> Option<ModelError> {
    let _ = value;
    None
}

/// The provider's own words about an error, for the operator.
pub(super) fn provider_message(status: Option<u16>, body: &[u8]) -> String {
    let _ = status;
    String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(500).collect()
}

/// Returns true for an error with content, unlike null, false, zero or an empty value.
pub(super) fn is_error(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// The searchable part of a provider's error.
struct ErrorDetails {
    /// The numeric code, or 0.
    code: u16,
    /// Code, type and message in lower case.
    words: String,
}

impl ErrorDetails {
    fn from_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => match fields.get("error") {
                Some(error) if is_error(error) => Self::from_error(error),
                _ => Self::from_error(&Value::Object(fields)),
            },
            _ => Self { code: 0, words: String::from_utf8_lossy(body).to_lowercase() },
        }
    }

    fn from_error(error: &Value) -> Self {
        let field = |name: &str| error.get(name);
        let code = ["code", "http_status_code", "status"].into_iter().find_map(|name| status(field(name)?));
        let words = ["code", "type", "error_type", "status", "message", "detail"];
        let words: Vec<&str> = words.into_iter().filter_map(|name| field(name)?.as_str()).collect();
        let words = error.as_str().map_or_else(|| words.join(" "), str::to_owned).to_lowercase();
        Self { code: code.unwrap_or(0), words }
    }

    fn mention(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }
}

fn status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

/// Returns the wait that response headers ask for. `header` returns a header's value by its lower-case name; `now` is
/// the local time, used if the response has no `date`. Checked in this order: `retry-after-ms`, `retry-after` (seconds
/// or a date, <https://www.rfc-editor.org/rfc/rfc9110#name-retry-after>), and the exhausted one of
/// `x-ratelimit-reset-*` (such as "6m0s", <https://console.groq.com/docs/rate-limits>).
pub(super) fn retry_after<'h>(header: impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    let milliseconds = || number(header("retry-after-ms")?).map(|ms| ms / 1000.0);
    let delay = || number(header("retry-after")?);
    let until_date = || {
        let date = |name| rfc2822::parse(header(name)?).ok().map(|date| date.timestamp());
        Some(date("retry-after")?.duration_since(date("date").unwrap_or(now)).as_secs_f64().max(0.0))
    };
    let until_reset = || {
        let spent = |kind| header(&format!("x-ratelimit-remaining-{kind}")).and_then(number) == Some(0.0);
        let kind = ["requests", "tokens"].into_iter().find(|kind| spent(*kind))?;
        let reset: SignedDuration = header(&format!("x-ratelimit-reset-{kind}"))?.parse().ok()?;
        Some(reset.as_secs_f64())
    };
    let wait = milliseconds().or_else(delay).or_else(until_date).or_else(until_reset)?;
    Some(Duration::try_from_secs_f64(wait).ok()?.min(MAX_RETRY_AFTER))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests;
