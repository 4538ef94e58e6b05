//! The failures of a call, by what the caller does about them.
//!
//! No text here holds an address, a token, a body or what was sent: of an answer only Slack's own codes are kept, and
//! only if they look like one.

use std::time::Duration;

use serde_json::Value;

use crate::slack::budget::Outcome;

/// The wait after a 429 without a `Retry-After` in whole seconds.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);
/// A call repeated without a pause would only earn the next 429.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The failure of a call. Codes: the "Errors" of each method's page, such as
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// Nothing was done, and Slack asked to wait. Also returned without a call while the wait of an earlier answer lasts.
    #[error("rate limited for {retry_after:?}")]
    Limited { retry_after: Duration },
    /// The bot is not in the channel, or cannot see it (a private one).
    #[error("the bot is not in the channel")]
    NotInChannel,
    /// Posting is closed to all users or to bots: archived, restricted, locked.
    #[error("the channel is closed")]
    Closed,
    /// The message, its thread or the response URL no longer exists: further calls are useless.
    #[error("message is gone")]
    Gone,
    /// More text than a message may have.
    #[error("message is too long")]
    TooLong,
    /// Slack rejects the blocks, and names these types of [`EXTRA_BLOCKS`] as unsupported.
    #[error("blocks were refused")]
    InvalidBlocks { unsupported: Vec<&'static str> },
    /// A token is wrong, expired or revoked, by Slack's code.
    #[error("token was refused ({code})")]
    Unauthorized { code: String },
    /// The app lacks a scope: Slack's name of it, or `unknown`.
    #[error("scope {needed} is missing")]
    MissingScope { needed: String },
    /// Another refusal, which a retry would not change. The code is Slack's (lower-case letters, digits and `_`, at most
    /// 40), else `http_` and the status, else `unreadable`.
    #[error("refused: {code}")]
    Refused { code: String },
    /// 5xx, or a code of the same meaning with status 200: a retry may succeed, and the call may have taken effect.
    #[error("server error {status}")]
    Server { status: u16 },
    /// No answer, or an unreadable one. An `ambiguous` call may have taken effect.
    #[error("{cause}")]
    Transport { cause: Lost, ambiguous: bool },
}

/// The result of a call.
pub(super) type Result<T, E = ApiError> = std::result::Result<T, E>;

/// The reason for a missing answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// Nothing was sent.
    #[error("no connection")]
    Unconnected,
    #[error("no answer in time")]
    Late,
    #[error("connection was lost")]
    Cut,
    #[error("answer is unreadable")]
    Unreadable,
    /// An address that must not be called, or a request that cannot be written.
    #[error("request cannot be sent")]
    Unsendable,
}

impl Lost {
    /// Returns the error, which is ambiguous unless nothing was sent.
    pub(super) fn into_error(self) -> ApiError {
        ApiError::Transport { cause: self, ambiguous: !matches!(self, Self::Unconnected | Self::Unsendable) }
    }
}

impl ApiError {
    /// The error for a 429 with this `Retry-After`.
    /// <https://docs.slack.dev/apis/web-api/rate-limits>
    pub(super) fn limited(seconds: Option<Duration>) -> Self {
        Self::Limited {
            retry_after: seconds.unwrap_or(DEFAULT_RETRY_AFTER).clamp(MIN_RETRY_AFTER, MAX_RETRY_AFTER),
        }
    }

    /// The error for `code`, the `error` of an answer with `"ok": false`; `body` is that answer, which names a missing
    /// scope.
    pub(super) fn of_code(code: &str, body: &Value) -> Self {
        match code {
            "ratelimited" | "rate_limited" => Self::limited(None),
            "not_in_channel" | "channel_not_found" => Self::NotInChannel,
            "is_archived" | "is_inactive" | "messages_tab_disabled" | "restricted_action" => Self::Closed,
            code if code.starts_with("restricted_action_") => Self::Closed,
            "message_not_found"
            | "thread_not_found"
            | "cant_update_message"
            | "edit_window_closed"
            | "cannot_reply_to_message"
            | "expired_url"
            | "used_url" => Self::Gone,
            "msg_too_long" | "msg_blocks_too_long" => Self::TooLong,
            "invalid_blocks" | "invalid_blocks_format" => Self::InvalidBlocks { unsupported: unsupported(body) },
            "access_denied"
            | "account_inactive"
            | "invalid_auth"
            | "not_authed"
            | "token_revoked"
            | "token_expired"
            | "no_permission"
            | "not_allowed_token_type"
            | "team_access_not_granted"
            | "org_login_required" => Self::Unauthorized { code: code.into() },
            "missing_scope" => Self::MissingScope { needed: scope(body) },
            // documented as "it's possible some aspect of the operation succeeded"
            "internal_error" | "fatal_error" | "service_unavailable"
            // a workspace that moves: "intermittently unavailable"
            | "team_added_to_org" => Self::Server { status: 200 },
            // our request did not arrive whole
            "request_timeout" => Self::Transport { cause: Lost::Cut, ambiguous: false },
            code => Self::Refused { code: checked(code) },
        }
    }

    /// The error for an HTTP `status` that is neither a success nor 429. Slack refuses a token by a code, so a 401 or a
    /// 403 is a proxy's.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            500.. => Self::Server { status },
            _ => Self::Refused { code: format!("http_{status}") },
        }
    }

    /// The label of the metric.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Limited { .. } => "limited",
            Self::Server { .. } => "failed",
            Self::Transport { .. } => "no_answer",
            _ => "refused",
        }
    }

    /// Returns the wait that Slack asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if let Self::Limited { retry_after } = self { Some(*retry_after) } else { None }
    }

    /// Returns true if the call may have taken effect.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Transport { ambiguous: true, .. })
    }

    /// Returns true if the same call may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Server { .. } | Self::Transport { .. })
    }
}

/// The outcome that the budget counts.
impl<T> From<&Result<T>> for Outcome {
    fn from(result: &Result<T>) -> Self {
        match result {
            Err(ApiError::Limited { retry_after }) => Self::Limited { retry_after: *retry_after },
            Err(ApiError::Transport { ambiguous: false, .. }) => Self::NotSent,
            Err(error) if error.is_ambiguous() => Self::Lost,
            Ok(_) | Err(_) => Self::Answered,
        }
    }
}

fn checked(code: &str) -> String {
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let looks_like_one = (1..=40).contains(&code.len()) && code.chars().all(is_code);
    if looks_like_one { code.into() } else { "unreadable".into() }
}

/// The types of blocks that not every workspace takes.
pub(crate) const EXTRA_BLOCKS: [&str; 3] = ["data_visualization", "container", "data_table"];

/// The types that the messages of a refusal name, as in `unsupported type: container [json-pointer:/blocks/3/type]`.
fn unsupported(body: &Value) -> Vec<&'static str> {
    let messages = body["response_metadata"]["messages"].as_array().into_iter().flatten();
    let messages: Vec<&str> = messages.filter_map(Value::as_str).collect();
    let is_named =
        |kind: &&str| messages.iter().any(|said| said.contains(&format!("unsupported type: {kind}")));
    EXTRA_BLOCKS.into_iter().filter(is_named).collect()
}

/// <https://docs.slack.dev/authentication/installing-with-oauth#errors>
fn scope(body: &Value) -> String {
    let is_scope = |c: char| c.is_ascii_lowercase() || ":._,".contains(c);
    let needed = body["needed"].as_str().filter(|scope| (1..=80).contains(&scope.len()));
    needed.filter(|scope| scope.chars().all(is_scope)).unwrap_or("unknown").into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(code: &str) -> String {
        format!("{:?}", ApiError::of_code(code, &json!({})))
    }

    #[test]
    fn a_code_is_classified() {
        let of = |codes: &[&str], expected: &str| {
            for code in codes {
                assert_eq!(of(code), expected, "{code}");
            }
        };
        of(&["not_in_channel", "channel_not_found"], "NotInChannel");
        of(&["is_archived", "restricted_action", "restricted_action_thread_locked"], "Closed");
        of(&["message_not_found", "thread_not_found", "used_url"], "Gone");
        of(&["msg_too_long", "msg_blocks_too_long"], "TooLong");
        of(&["invalid_blocks", "invalid_blocks_format"], "InvalidBlocks { unsupported: [] }");
        for code in ["invalid_auth", "token_revoked", "account_inactive"] {
            of(&[code], &format!("Unauthorized {{ code: {code:?} }}"));
        }
        of(&["internal_error", "fatal_error", "team_added_to_org"], "Server { status: 200 }");
        of(&["ratelimited"], "Limited { retry_after: 10s }");
        of(&["expired_trigger_id"], "Refused { code: \"expired_trigger_id\" }");
    }

    #[test]
    fn only_what_looks_like_a_code_or_a_scope_is_kept() {
        for odd in ["", "xoxb-1-SECRET", "Why is the sky blue?", "a\nb", &"a".repeat(41)] {
            assert_eq!(of(odd), "Refused { code: \"unreadable\" }", "{odd:?}");
        }
        let needed = |value| ApiError::of_code("missing_scope", &json!({ "needed": value })).to_string();
        assert_eq!(needed(json!("files:write")), "scope files:write is missing");
        for odd in [json!("<b>"), json!(""), json!(7), json!("x".repeat(81))] {
            assert_eq!(needed(odd), "scope unknown is missing");
        }
    }

    #[test]
    fn a_status_decides_without_a_code() {
        let of = |status| format!("{:?}", ApiError::of_status(status));
        assert_eq!(of(503), "Server { status: 503 }");
        for status in [302, 401, 403] {
            assert_eq!(
                of(status),
                format!("Refused {{ code: \"http_{status}\" }}"),
                "of a proxy, and may pass"
            );
        }
    }

    #[test]
    fn an_unusual_wait_is_bounded() {
        let of = |seconds: Option<u64>| match ApiError::limited(seconds.map(Duration::from_secs)) {
            ApiError::Limited { retry_after } => retry_after.as_secs(),
            other => panic!("{other}"),
        };
        assert_eq!([None, Some(0), Some(7), Some(u64::MAX)].map(of), [10, 1, 7, 86_400]);
    }

    #[test]
    fn the_budget_counts_what_may_have_arrived() {
        let of = |error: ApiError| Outcome::from(&Err::<(), _>(error));
        assert_eq!(of(Lost::Late.into_error()), Outcome::Lost);
        assert_eq!(of(Lost::Unconnected.into_error()), Outcome::NotSent);
        assert_eq!(of(ApiError::Server { status: 502 }), Outcome::Lost);
        assert_eq!(of(ApiError::Gone), Outcome::Answered);
        assert_eq!(Outcome::from(&Ok::<_, ApiError>(())), Outcome::Answered);
        let second = Duration::from_secs(1);
        assert_eq!(of(ApiError::limited(Some(second))), Outcome::Limited { retry_after: second });
    }
}
