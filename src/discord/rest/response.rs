//! Reads a response: the limits in its headers, the error in its body.
//! <https://docs.discord.com/developers/topics/rate-limits#header-format>

use std::time::Duration;

use serde_json::Value;

use super::{
    client::Received,
    error::RestError,
    limit::{Outcome, Scope, Window},
    route::Route,
};

/// No limit lasts longer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
/// The shortest wait after a 429: a call repeated without a pause would only earn the next one.
const MIN_RETRY_AFTER: Duration = Duration::from_millis(20);
/// The wait after a 429 that names none.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Reads a response to a call of `route`: the outcome for the limiter, and the body for the caller. An accepted change is
/// done, whatever its response looks like; a query needs its response, and so does a new message.
pub(super) fn read(route: &Route, received: &Received) -> (Outcome, Result<Value, RestError>) {
    let Received { status, headers, body, .. } = received;
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let window = window(header);
    let json: Option<Value> = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    let is_needed = route.needs_response() && body.as_deref() != Some(b"");
    let result = match *status {
        429 => {
            let (scope, retry_after) = limited(header, &json.unwrap_or_default());
            let outcome = Outcome::Limited { window, scope, retry_after };
            return (outcome, Err(RestError::Limited { retry_after }));
        }
        200..300 if is_needed => json.ok_or_else(|| RestError::transport("the response is no complete JSON")),
        200..300 => Ok(json.unwrap_or_default()),
        status => Err(RestError::of_status(route, status, code(&json.unwrap_or_default()))),
    };
    (Outcome::Answered { window, is_invalid: matches!(status, 401 | 403) }, result)
}

/// Reads the state of the bucket; `header` returns a header by its name in lower case. `None` unless all three headers
/// are present and make sense. The wall clock of `x-ratelimit-reset` is never read.
fn window<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Window> {
    let number = |name| header(name)?.trim().parse::<u32>().ok();
    let limit = number("x-ratelimit-limit").filter(|limit| *limit > 0)?;
    let remaining = number("x-ratelimit-remaining")?.min(limit - 1);
    let reset_after = seconds(header("x-ratelimit-reset-after")?.trim().parse().ok()?)?;
    Some(Window { limit, remaining, reset_after })
}

/// Reads the scope of a 429 and its duration: from its body, and only without one from its headers.
fn limited<'h>(header: impl Fn(&str) -> Option<&'h str>, body: &Value) -> (Scope, Duration) {
    let in_body = body["retry_after"].as_f64();
    let in_header = |name| header(name)?.trim().parse().ok();
    let candidates = [in_body, in_header("retry-after"), in_header("x-ratelimit-reset-after")];
    let retry_after = candidates.into_iter().flatten().find_map(seconds);
    let scope = match (header("x-ratelimit-scope"), in_body) {
        (Some("global"), _) => Scope::Global,
        (Some("shared"), _) => Scope::Shared,
        (None, Some(_)) if body["global"] == true => Scope::Global,
        (None, _) if header("x-ratelimit-global").is_some() => Scope::Global,
        (Some(_), _) | (None, Some(_)) => Scope::User,
        // not even Discord's own form: a proxy before Discord shuts this address out
        (None, None) => Scope::Address,
    };
    (scope, retry_after.unwrap_or(DEFAULT_RETRY_AFTER).max(MIN_RETRY_AFTER))
}

/// The code in an error's body; 0 if there is none.
fn code(body: &Value) -> u32 {
    body["code"].as_u64().and_then(|code| u32::try_from(code).ok()).unwrap_or_default()
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::try_from_secs_f64(seconds).ok()?.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'h>(headers: &'h [(&str, &'h str)]) -> impl Fn(&str) -> Option<&'h str> {
        move |name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    fn json(body: &str) -> Value {
        serde_json::from_str(body).unwrap_or_default()
    }

    #[test]
    fn a_window_is_read_with_its_fraction_and_not_without_all_three() {
        let headers = [
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "4"),
            ("x-ratelimit-reset-after", "1.734"),
            ("x-ratelimit-reset", "1470173023.123"),
            ("x-ratelimit-bucket", "abcd1234"),
        ];
        let read = window(lookup(&headers)).expect("a window");
        assert_eq!((read.limit, read.remaining, read.reset_after), (5, 4, Duration::from_millis(1_734)));
        for missing in 0..3 {
            let mut less = headers.to_vec();
            less.remove(missing);
            assert!(window(lookup(&less)).is_none(), "without {}", headers[missing].0);
        }
        let nonsense =
            [("x-ratelimit-limit", "0"), ("x-ratelimit-remaining", "4"), ("x-ratelimit-reset-after", "1")];
        assert!(window(lookup(&nonsense)).is_none());
    }

    #[test]
    fn the_body_beats_the_header_and_keeps_its_fraction() {
        let ms = Duration::from_millis;
        let of = |headers: &[(&str, &str)], body: &str| limited(lookup(headers), &json(body));
        let body = r#"{"message":"x","retry_after":64.57,"global":false}"#;
        let (scope, wait) = of(&[("retry-after", "65"), ("x-ratelimit-scope", "user")], body);
        assert_eq!((scope, wait), (Scope::User, ms(64_570)));
        assert_eq!(of(&[("x-ratelimit-scope", "shared")], body).0, Scope::Shared);
        assert_eq!(of(&[], r#"{"retry_after":0.3,"global":true}"#), (Scope::Global, ms(300)));
        assert_eq!(of(&[], body).0, Scope::User);
        let headers = [("retry-after", "7"), ("x-ratelimit-scope", "user")];
        assert_eq!(of(&headers, ""), (Scope::User, ms(7_000)));
        assert_eq!(of(&[("retry-after", "30")], "<html>"), (Scope::Address, ms(30_000)));
        assert_eq!(of(&[], ""), (Scope::Address, DEFAULT_RETRY_AFTER));
        assert_eq!(of(&[("retry-after", "2")], r#"{"retry_after":-1}"#), (Scope::User, ms(2_000)));
        assert_eq!(of(&[], r#"{"retry_after":0}"#), (Scope::User, MIN_RETRY_AFTER));
    }

    #[test]
    fn a_code_is_read_or_is_zero() {
        assert_eq!(code(&json(r#"{"message":"Unknown interaction","code":10062}"#)), 10_062);
        assert_eq!(code(&json("<html>")), 0);
        assert_eq!(code(&json(r#"{"message":"404: Not Found","code":-1}"#)), 0);
    }
}
