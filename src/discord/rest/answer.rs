//! Reads what an answer says of limits and of itself: headers and error bodies.
//! <https://docs.discord.com/developers/topics/rate-limits#header-format>
//!
//! Must not know the client.

use std::time::Duration;

use serde::Deserialize;

use super::limit::{Scope, Window};

/// No limit holds longer.
const LONGEST: Duration = Duration::from_hours(24);
/// A 429 that asks for less is not believed: a call repeated without a pause would only earn the next one.
const SHORTEST: Duration = Duration::from_millis(20);
/// The wait after a 429 that says nothing.
const UNTOLD: Duration = Duration::from_secs(5);

/// What the headers say of the bucket; `header` gives a header by its name in lower case. `None` unless all
/// three are there and make sense. The wall clock of `x-ratelimit-reset` is never read.
pub(super) fn window<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Window> {
    let number = |name| header(name)?.trim().parse::<u32>().ok();
    let limit = number("x-ratelimit-limit").filter(|limit| *limit > 0)?;
    let remaining = number("x-ratelimit-remaining")?.min(limit - 1);
    let reset_after = seconds(header("x-ratelimit-reset-after")?.trim().parse().ok()?)?;
    Some(Window { limit, remaining, reset_after })
}

/// The scope of a 429 and how long it holds: by its body, and only without one by its headers.
pub(super) fn limited<'h>(header: impl Fn(&str) -> Option<&'h str>, body: &[u8]) -> (Scope, Duration) {
    let body = serde_json::from_slice::<Limited>(body).ok();
    let by_header = |name| header(name)?.trim().parse().ok().and_then(seconds);
    let retry_after = body
        .as_ref()
        .and_then(|body| seconds(body.retry_after))
        .or_else(|| by_header("retry-after"))
        .or_else(|| by_header("x-ratelimit-reset-after"))
        .unwrap_or(UNTOLD)
        .max(SHORTEST);
    let scope = match (header("x-ratelimit-scope"), &body) {
        (Some("global"), _) => Scope::Global,
        (Some("shared"), _) => Scope::Shared,
        (None, Some(body)) if body.global => Scope::Global,
        (None, _) if header("x-ratelimit-global").is_some() => Scope::Global,
        (Some(_), _) | (None, Some(_)) => Scope::User,
        // not even Discord's own form: what stands before Discord shuts this address out
        (None, None) => Scope::Address,
    };
    (scope, retry_after)
}

/// The code of an error's body; 0 if there is none.
pub(super) fn code(body: &[u8]) -> u32 {
    serde_json::from_slice::<Refused>(body).map_or(0, |refused| refused.code)
}

#[derive(Deserialize)]
struct Limited {
    retry_after: f64,
    #[serde(default)]
    global: bool,
}

#[derive(Deserialize)]
struct Refused {
    code: u32,
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::try_from_secs_f64(seconds).ok()?.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'h>(headers: &'h [(&str, &'h str)]) -> impl Fn(&str) -> Option<&'h str> {
        move |name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
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
        let of = |headers: &[(&str, &str)], body: &str| limited(lookup(headers), body.as_bytes());
        let body = r#"{"message":"x","retry_after":64.57,"global":false}"#;
        let (scope, wait) = of(&[("retry-after", "65"), ("x-ratelimit-scope", "user")], body);
        assert_eq!((scope, wait), (Scope::User, ms(64_570)));
        assert_eq!(of(&[("x-ratelimit-scope", "shared")], body).0, Scope::Shared);
        assert_eq!(of(&[], r#"{"retry_after":0.3,"global":true}"#), (Scope::Global, ms(300)));
        assert_eq!(of(&[], body).0, Scope::User);
        let headers = [("retry-after", "7"), ("x-ratelimit-scope", "user")];
        assert_eq!(of(&headers, ""), (Scope::User, ms(7_000)));
        assert_eq!(of(&[("retry-after", "30")], "<html>"), (Scope::Address, ms(30_000)));
        assert_eq!(of(&[], ""), (Scope::Address, UNTOLD));
        assert_eq!(of(&[("retry-after", "2")], r#"{"retry_after":-1}"#), (Scope::User, ms(2_000)));
        assert_eq!(of(&[], r#"{"retry_after":0}"#), (Scope::User, SHORTEST));
    }

    #[test]
    fn a_code_is_read_or_is_zero() {
        assert_eq!(code(br#"{"message":"Unknown interaction","code":10062}"#), 10_062);
        assert_eq!(code(b"<html>"), 0);
        assert_eq!(code(br#"{"message":"404: Not Found","code":-1}"#), 0);
    }
}
