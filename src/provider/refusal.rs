//! What a provider's refusal means: an HTTP status with a body, or an error object inside a stream.
//!
//! Providers agree on statuses somewhat and on words hardly, so the words are looked for in code, type and
//! message alike. Nothing of them is shown. Must not know how they came, a client or a clock.

use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::model::{ModelError, Refusal};

/// What a refusal says of itself.
struct Complaint {
    /// A numeric code, 0 if there is none.
    code: u16,
    /// Code, type and message in lower case.
    words: String,
}

const CONTEXT: &[&str] = &[
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
const FILTER: &[&str] = &[
    "content_filter",
    "content filter",
    "content_policy",
    "content management policy",
    "moderation",
    "flagged",
];
const MODEL: &[&str] = &[
    "model_not_found",
    "model_not_supported",
    "model not found",
    "not a valid model",
    "is not supported by any provider",
    "does not exist or you do not have access",
];
const CREDIT: &[&str] = &[
    "insufficient_quota",
    "insufficient credit",
    "insufficient balance",
    "insufficient_credits",
    "included credits",
];
const RATE: &[&str] = &["rate_limit", "rate limit", "too many requests", "too_many_requests"];
const OVERLOAD: &[&str] =
    &["overloaded", "unavailable_error", "service_unavailable", "service unavailable", "no capacity"];
const KEY: &[&str] = &["invalid_api_key", "authentication_error", "permission_error", "unauthorized"];

/// Judges a refused request by its HTTP status and the begin of its body; `retry_after` is what the headers say.
#[must_use]
pub fn of_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ModelError {
    let complaint = Complaint::of_body(body);
    let refused = match status {
        400 | 413 | 422 | 500 if complaint.says(CONTEXT) => Refusal::ContextTooLong,
        402 | 403 | 429 if complaint.says(CREDIT) => Refusal::OutOfCredit,
        400 | 403 | 422 if complaint.says(FILTER) => Refusal::Filtered,
        400 | 404 | 422 if complaint.says(MODEL) => Refusal::UnknownModel,
        402 => Refusal::OutOfCredit,
        401 | 403 => return ModelError::Unauthorized,
        408 | 429 => return ModelError::RateLimited { retry_after },
        404 => Refusal::UnknownModel,
        500.. => return ModelError::Overloaded(status),
        _ => Refusal::Other(status),
    };
    ModelError::Refused(refused)
}

/// Judges an error object inside a stream that began well: HTTP has said 200 by then.
#[must_use]
pub fn in_stream(error: &Value) -> ModelError {
    let complaint = Complaint::of_error(error);
    let table = [
        (CONTEXT, ModelError::Refused(Refusal::ContextTooLong)),
        (FILTER, ModelError::Refused(Refusal::Filtered)),
        (CREDIT, ModelError::Refused(Refusal::OutOfCredit)),
        (MODEL, ModelError::Refused(Refusal::UnknownModel)),
        (RATE, ModelError::RateLimited { retry_after: None }),
        (OVERLOAD, ModelError::Overloaded(0)),
        (KEY, ModelError::Unauthorized),
    ];
    let by_words = table.into_iter().find_map(|(words, error)| complaint.says(words).then_some(error));
    by_words.unwrap_or(match complaint.code {
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::Refused(Refusal::OutOfCredit),
        404 => ModelError::Refused(Refusal::UnknownModel),
        408 | 429 => ModelError::RateLimited { retry_after: None },
        502..=504 | 529 => ModelError::Overloaded(0),
        _ => ModelError::Reported,
    })
}

/// Judges a body that came with success but is neither an event stream nor an answer.
#[must_use]
pub fn of_foreign_body(body: &[u8]) -> ModelError {
    if body.trim_ascii_start().starts_with(b"<") {
        return ModelError::Corrupt("a web page instead of an answer");
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Err(error) if error.is_eof() => ModelError::Truncated,
        _ => ModelError::Corrupt("something else than an event stream"),
    }
}

/// True for an error that says anything: null, false, zero and empty are none.
#[must_use]
pub fn is_error(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

impl Complaint {
    fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => match fields.get("error") {
                Some(error) if is_error(error) => Self::of_error(error),
                _ => Self::of_error(&Value::Object(fields)),
            },
            _ => Self { code: 0, words: String::from_utf8_lossy(body).to_lowercase() },
        }
    }

    fn of_error(error: &Value) -> Self {
        let field = |name: &str| error.get(name);
        let code = ["code", "http_status_code", "status"].into_iter().find_map(|name| number(field(name)?));
        let words = ["code", "type", "error_type", "status", "message", "detail"];
        let words: Vec<&str> = words.into_iter().filter_map(|name| field(name)?.as_str()).collect();
        let words = error.as_str().map_or_else(|| words.join(" "), str::to_owned).to_lowercase();
        Self { code: code.unwrap_or(0), words }
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }
}

fn number(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
