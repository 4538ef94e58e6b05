//! Responses of Discord.

use super::*;

/// A success with the state of its bucket.
pub(super) fn counted(limit: u32, remaining: u32, reset_after: f64) -> Reply {
    let of = |name: &str, value: String| format!("x-ratelimit-{name}: {value}");
    let headers = [
        of("limit", limit.to_string()),
        of("remaining", remaining.to_string()),
        of("reset-after", reset_after.to_string()),
        "x-ratelimit-reset: 1".into(),
        of("bucket", "same".into()),
    ];
    ok(&headers.each_ref().map(String::as_str), "{}")
}

/// A 429 as Discord writes it: the header is rounded up.
pub(super) fn limited(scope: &str, retry_after: f64) -> Reply {
    let scope_header = format!("x-ratelimit-scope: {scope}");
    let is_global = scope == "global";
    let body = format!(
        r#"{{"message":"You are being rate limited.","retry_after":{retry_after},"global":{is_global}}}"#
    );
    reply("429 Too Many Requests", &[&scope_header, "retry-after: 9"], &body)
}

pub(super) fn refusal(status: &str, code: u32) -> Reply {
    reply(status, &[], &format!(r#"{{"message":"no","code":{code}}}"#))
}
