//! The wait that a provider asks for: in headers, in a field of the error, or in its words.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde_json::Value;

/// Upper bound of a wait; no race waits longer.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The words after which a wait is named.
const PHRASES: &[&str] = &[
    "try again in ",
    "try again after ",
    "retry in ",
    "retry after ",
    "retry your request in ",
    "retry your request after ",
    "retry the request after ",
    "please wait ",
    "wait for ",
    "resets in ",
    "reset in ",
    "reset after ",
    "available in ",
    "ready in ",
];

/// Returns the wait that response headers ask for; names are in lower case and may have a prefix, which gateways add.
/// `now` is the local time, used if the response has no `date`. Checked in this order: `retry-after-ms`, `retry-after`
/// (seconds or a date, <https://www.rfc-editor.org/rfc/rfc9110#name-retry-after>), and the exhausted one of
/// `x-ratelimit-reset-*` (such as "6m0s", <https://console.groq.com/docs/rate-limits>).
pub(in crate::provider) fn retry_after(headers: &[(&str, &str)], now: Timestamp) -> Option<Duration> {
    let get = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    // the plain name before a prefixed one
    let find = |end: &str| {
        let prefixed = || headers.iter().find(|(name, _)| name.ends_with(end)).map(|(_, value)| *value);
        get(end).or_else(prefixed)
    };
    let milliseconds = || number(find("retry-after-ms")?).map(|ms| ms / 1000.0);
    let delay = || {
        let text = find("retry-after")?;
        number(text).or_else(|| seconds(text))
    };
    let until_date = || {
        let date = |name: &str| rfc2822::parse(find(name)?).ok().map(|date| date.timestamp());
        Some(date("retry-after")?.duration_since(date("date").unwrap_or(now)).as_secs_f64().max(0.0))
    };
    let until_reset = || {
        let is_spent = |name: &str| {
            let remaining = name.replace("ratelimit-reset", "ratelimit-remaining");
            remaining != name && get(&remaining).and_then(number) == Some(0.0)
        };
        moment(headers.iter().find(|(name, _)| is_spent(name))?.1, now)
    };
    bounded(milliseconds().or_else(delay).or_else(until_date).or_else(until_reset)?)
}

/// The seconds until a reset: "6m0s", a number of seconds, or a Unix time in seconds or milliseconds.
fn moment(text: &str, now: Timestamp) -> Option<f64> {
    const UNIX_SECONDS: f64 = 1e9;
    const UNIX_MILLISECONDS: f64 = 1e12;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let now = now.as_millisecond() as f64 / 1000.0;
    match number(text) {
        Some(at) if at >= UNIX_MILLISECONDS => Some((at / 1000.0 - now).max(0.0)),
        Some(at) if at >= UNIX_SECONDS => Some((at - now).max(0.0)),
        Some(after) => Some(after),
        None => seconds(text),
    }
}

/// The wait in a field: a number of seconds, or text such as "37s".
pub(super) fn in_field(value: &Value) -> Option<Duration> {
    let text = value.as_str();
    bounded(value.as_f64().or_else(|| number(text?)).or_else(|| seconds(text?))?)
}

/// The wait in a sentence in lower case: "try again in 4.8s", "retry after 20 seconds", "in 6m0s".
pub(super) fn in_words(words: &str) -> Option<Duration> {
    let waits = PHRASES.iter().filter_map(|phrase| words.split_once(phrase));
    waits.filter_map(|(_, rest)| leading_duration(rest)).find_map(bounded)
}

/// The seconds of the duration with which `text` begins; a plain number counts as seconds.
fn leading_duration(text: &str) -> Option<f64> {
    let (mut rest, mut total, mut is_first) = (text.trim_start(), 0.0, true);
    loop {
        let next = rest.trim_start_matches([' ', ',']).trim_start_matches("and ");
        let digits = next.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(next.len());
        let Some(count) = number(next[..digits].trim_end_matches('.')) else { break };
        let after = next[digits..].trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..letters] {
            "ms" | "milliseconds" | "millisecond" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ if is_first => return Some(count),
            _ => break,
        };
        (rest, total, is_first) = (&after[letters..], total + count * unit, false);
    }
    (!is_first).then_some(total)
}

/// A duration such as "6m0s" or "37.5s".
fn seconds(text: &str) -> Option<f64> {
    text.parse::<SignedDuration>().ok().map(|wait| wait.as_secs_f64())
}

fn bounded(wait: f64) -> Option<Duration> {
    Some(Duration::try_from_secs_f64(wait).ok()?.min(MAX_RETRY_AFTER))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let now = "2026-11-23T15:00:00Z".parse().expect("a time");
        retry_after(headers, now)
    }

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn retry_after_is_read_from_whichever_header_has_it() {
        assert_eq!(waits(&[("retry-after", "20")]), Some(secs(20.0)));
        assert_eq!(waits(&[("retry-after", "1.5")]), Some(secs(1.5)));
        assert_eq!(waits(&[("retry-after", "20"), ("retry-after-ms", "300")]), Some(secs(0.3)));
        assert_eq!(waits(&[("llm_provider-retry-after", "4")]), Some(secs(4.0)));
        assert_eq!(waits(&[("x-retry-after", "3s")]), Some(secs(3.0)));
        assert_eq!(waits(&[("llm_provider-retry-after", "9"), ("retry-after", "5")]), Some(secs(5.0)));
        assert_eq!(waits(&[("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT")]), Some(secs(7.0)));
        let dates =
            [("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT"), ("date", "Mon, 23 Nov 2026 15:00:04 GMT")];
        assert_eq!(waits(&dates), Some(secs(3.0)), "by the server's own clock");
        let groq = [
            ("x-ratelimit-remaining-requests", "3"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        assert_eq!(waits(&groq), Some(secs(360.0)));
        let unix = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795446009000")];
        assert_eq!(waits(&unix), Some(secs(9.0)));
    }

    #[test]
    fn invalid_waits_are_ignored_and_long_ones_are_capped() {
        for nonsense in ["", "soon", "-5", "NaN", "inf"] {
            assert_eq!(waits(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
        assert_eq!(waits(&[("retry-after", "1e12")]), Some(MAX_RETRY_AFTER));
        let past = "Mon, 23 Nov 2020 15:00:07 GMT";
        assert_eq!(waits(&[("retry-after", past)]), Some(Duration::ZERO), "long past");
    }

    #[test]
    fn a_wait_is_read_from_words() {
        for (words, want) in [
            ("please try again in 4.8s. visit", Some(secs(4.8))),
            ("please retry after 20 seconds.", Some(secs(20.0))),
            ("try again in 6m0s", Some(secs(360.0))),
            ("please retry in 36.9s.", Some(secs(36.9))),
            ("try again in 1 minute and 30 seconds", Some(secs(90.0))),
            ("try again in 850ms", Some(secs(0.85))),
            ("retry after 3", Some(secs(3.0))),
            ("try again in 2.", Some(secs(2.0))),
            ("limit resets in 1h2m3s", Some(secs(3723.0))),
            ("try again in a minute", None),
            ("try again later", None),
            ("", None),
        ] {
            assert_eq!(in_words(words), want, "{words:?}");
        }
    }
}
