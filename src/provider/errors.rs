//! Provider errors: a refused request (status, headers, body), an error object inside a stream, or a success whose
//! body is no answer. Each becomes a [`ModelError`].
//!
//! ```text
//! body or JSON value -> details  code, words, wait, parameter, from any of the shapes that providers use
//! details -> ModelError          by wording first, then by code
//!
//! cap: refusals of our output cap      wait: the waits that a provider asks for
//! message: the provider's own words for the operator, masked      words: the wordings that are searched for
//! ```
//!
//! Providers mostly agree on statuses but hardly on wording, so code, type and message are all searched. Nothing of
//! a provider's own text is shown to chat users, except the name of a parameter.

mod cap;
mod details;
mod message;
mod wait;
mod words;

use std::time::Duration;

use serde_json::Value;

use self::{
    cap::CapRefusal,
    details::{ErrorDetails, Format},
    words::{
        CONTEXT_WORDS, CREDIT_WORDS, FILTER_WORDS, KEY_WORDS, LOADING_WORDS, MISSING_WORDS, MODEL_WORDS,
        OVERLOAD_WORDS, PARAMETER_WORDS, PER_MINUTE_WORDS, RATE_WORDS, REGION_WORDS, URL_WORDS,
    },
};
pub(super) use self::{
    cap::{CapLimit, cap_limit},
    message::{mask_key, provider_message},
    wait::retry_after,
};
use crate::model::{ModelError, Refusal};

/// Classifies a refused request by its HTTP status and the start of its body. `retry_after` comes from the headers.
pub(super) fn from_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> ModelError {
    let mut details = ErrorDetails::from_body(body);
    details.wait = retry_after.or(details.wait);
    if status == 451 || is_refused_region(&details, status) {
        return ModelError::Refused(Refusal::Region);
    }
    if status >= 500 && details.mention(LOADING_WORDS) {
        return ModelError::Loading { retry_after: details.wait };
    }
    let limited = ModelError::RateLimited { retry_after: details.wait };
    by_words(&details, status).unwrap_or(match status {
        300..=399 => ModelError::Refused(Refusal::Redirected),
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::Refused(Refusal::OutOfCredit),
        404 if details.format == Format::Json && !details.is_bare_not_found() => {
            ModelError::Refused(Refusal::UnknownModel)
        }
        404 | 405 => ModelError::Refused(Refusal::WrongUrl),
        429 => limited,
        408 | 500.. => ModelError::Overloaded(status),
        _ => ModelError::Refused(Refusal::Other(status)),
    })
}

/// Classifies an error object inside a stream whose HTTP status was 200.
pub(super) fn from_stream(error: &Value) -> ModelError {
    let details = ErrorDetails::from_value(error);
    if is_refused_region(&details, details.code) {
        return ModelError::Refused(Refusal::Region);
    }
    by_words(&details, 0).unwrap_or(match details.code {
        401 | 403 => ModelError::Unauthorized,
        402 => ModelError::Refused(Refusal::OutOfCredit),
        404 => ModelError::Refused(Refusal::UnknownModel),
        408 | 504 | 524 => ModelError::Overloaded(details.code),
        429 => ModelError::RateLimited { retry_after: details.wait },
        502 | 503 | 529 => ModelError::Overloaded(0),
        _ => by_vendor_code(&details).unwrap_or(ModelError::Reported),
    })
}

/// Returns the error that a JSON value without choices reports, in any of the shapes of providers that do not use the
/// key `error`; `None` for keep-alives and metadata.
pub(super) fn in_object(value: &Value) -> Option<ModelError> {
    if let Value::Array(items) = value {
        return items.iter().find_map(in_object);
    }
    let fields = value.as_object()?;
    let field = |name: &str| fields.get(name).filter(|value| is_error(value));
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    if fields.get("choices").and_then(Value::as_array).is_some_and(|choices| !choices.is_empty()) {
        return None;
    }
    if let Some(error) = field("error") {
        let inner = if error.is_boolean() || error.is_number() || error.is_string() { value } else { error };
        return Some(from_stream(inner));
    }
    if let Some(status) = fields.get("base_resp").and_then(|base| base.get("status_code")) {
        return (status.as_i64() != Some(0)).then(|| from_stream(value));
    }
    let message = ["message", "msg", "error_message", "error_msg", "Message"].into_iter().find_map(text);
    let has_code = field("code").is_some_and(|code| !is_success_code(code));
    let kind = ["type", "status", "__type"].into_iter().find_map(text).unwrap_or_default();
    let reports = text("object") == Some("error")
        || ["errors", "detail", "error_type", "error_message", "error_msg", "error_code"]
            .into_iter()
            .any(|name| field(name).is_some())
        || (fields.get("success") == Some(&Value::Bool(false)) && (message.is_some() || has_code))
        || (has_code && message.is_some())
        || (message.is_some() && is_error_kind(kind));
    if reports {
        return Some(from_stream(value));
    }
    let details = ErrorDetails::from_value(value);
    message.and_then(|_| by_words(&details, 0))
}

/// Returns true for the codes with which gateways report success.
fn is_success_code(code: &Value) -> bool {
    match code {
        Value::Number(number) => matches!(number.as_i64(), Some(0 | 200..=299 | 20_000)),
        Value::String(text) => {
            ["0", "200", "20000", "ok", "success"].iter().any(|good| text.eq_ignore_ascii_case(good))
        }
        _ => false,
    }
}

/// Returns true for an error's type or status, such as `invalid_request_error` or `RESOURCE_EXHAUSTED`.
fn is_error_kind(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "error",
        "exception",
        "fail",
        "invalid",
        "exceeded",
        "exhausted",
        "denied",
        "unauth",
        "forbidden",
        "not_found",
        "insufficient",
        "limit",
        "overload",
        "unavailable",
        "precondition",
        "refused",
    ];
    let kind = kind.to_lowercase();
    KINDS.iter().any(|word| kind.contains(word))
}

fn is_refused_region(details: &ErrorDetails, status: u16) -> bool {
    matches!(status, 0 | 400 | 401 | 403 | 404) && details.mention(REGION_WORDS)
}

/// Classifies by wording; `status` is 0 inside a stream. Each group of words counts only beside a status that fits it.
fn by_words(details: &ErrorDetails, status: u16) -> Option<ModelError> {
    let at = |statuses: &[u16], words| (status == 0 || statuses.contains(&status)) && details.mention(words);
    let refused = |refusal| Some(ModelError::Refused(refusal));
    let limited = || Some(ModelError::RateLimited { retry_after: details.wait });
    if at(&[400, 403, 413, 422, 429], PER_MINUTE_WORDS) {
        return limited();
    }
    if matches!(status, 0 | 400 | 413 | 422 | 500) {
        match cap::judge(&details.words, None) {
            Some(CapRefusal::PromptTooLong) => return refused(Refusal::ContextTooLong),
            Some(CapRefusal::Cap(_)) => return refused(Refusal::OutputCap),
            None => {}
        }
    }
    let is_model_missing = details.mention(MODEL_WORDS)
        || details.format != Format::Page && details.mention(&["model"]) && details.mention(MISSING_WORDS);
    match () {
        () if at(&[400, 413, 422, 500], CONTEXT_WORDS) => refused(Refusal::ContextTooLong),
        () if at(&[400, 401, 402, 403, 429], CREDIT_WORDS) => refused(Refusal::OutOfCredit),
        () if at(&[400, 403, 422], FILTER_WORDS) => refused(Refusal::Filtered),
        () if at(&[400], KEY_WORDS) => Some(ModelError::Unauthorized),
        () if at(&[400, 404, 405], URL_WORDS) => refused(Refusal::WrongUrl),
        () if is_model_missing && matches!(status, 0 | 400 | 403 | 404 | 410 | 422) => {
            refused(Refusal::UnknownModel)
        }
        () if at(&[400, 403, 413], RATE_WORDS) => limited(),
        () if at(&[429], OVERLOAD_WORDS) && !details.mention(RATE_WORDS) => Some(ModelError::Overloaded(0)),
        () if at(&[400, 422, 500], PARAMETER_WORDS) => {
            details.parameter().map(ModelError::UnsupportedParameter)
        }
        () => None,
    }
}

/// Classifies by the numbers of Zhipu (<https://docs.bigmodel.cn/cn/faq/api-code>) and `MiniMax`.
fn by_vendor_code(details: &ErrorDetails) -> Option<ModelError> {
    Some(match (details.is_minimax, details.vendor_code?) {
        (true, 1002 | 1039 | 1041) | (false, 1302 | 1303 | 1305 | 1308) => {
            ModelError::RateLimited { retry_after: details.wait }
        }
        (true, 1004 | 2049) | (false, 1000..=1004) => ModelError::Unauthorized,
        (true, 1008) | (false, 1113) => ModelError::Refused(Refusal::OutOfCredit),
        (true, 1026 | 1027) | (false, 1301) => ModelError::Refused(Refusal::Filtered),
        (false, 1211) => ModelError::Refused(Refusal::UnknownModel),
        (false, 1261) => ModelError::Refused(Refusal::ContextTooLong),
        _ => return None,
    })
}

/// Classifies the body of a success that is neither an event stream nor an answer.
pub(super) fn from_foreign_body(body: &[u8]) -> ModelError {
    if body.trim_ascii_start().starts_with(b"<") {
        return ModelError::Corrupt("a web page instead of an answer");
    }
    let foreign = ModelError::Corrupt("something other than an event stream");
    match serde_json::from_slice::<Value>(body) {
        Err(error) if error.is_eof() => ModelError::Truncated,
        Err(_) => foreign,
        Ok(value) => in_object(&value).unwrap_or(foreign),
    }
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

#[cfg(test)]
mod tests;
