//! How long a provider asks to wait, from its response headers.
//!
//! Must not know the client that read them, or a clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// Nobody waits longer than this for a race.
const LONGEST: Duration = Duration::from_hours(24);

/// The wait that the headers ask for; `header` gives the value of a header by its name in lower case, `now`
/// is the time by our clock, used where the response does not tell its own. Read in this order:
/// `retry-after-ms`, `retry-after` (seconds or a date, <https://www.rfc-editor.org/rfc/rfc9110#name-retry-after>),
/// and of `x-ratelimit-reset-*` (such as "6m0s", <https://console.groq.com/docs/rate-limits>) the one that ran out.
#[must_use]
pub fn wait<'h>(header: impl Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    let milliseconds = || number(header("retry-after-ms")?).map(|ms| ms / 1000.0);
    let seconds = || number(header("retry-after")?);
    let by_date = || {
        let date = |name| rfc2822::parse(header(name)?).ok().map(|date| date.timestamp());
        Some(date("retry-after")?.duration_since(date("date").unwrap_or(now)).as_secs_f64().max(0.0))
    };
    let by_reset = || {
        let spent = |kind| header(&format!("x-ratelimit-remaining-{kind}")).and_then(number) == Some(0.0);
        let kind = ["requests", "tokens"].into_iter().find(|kind| spent(*kind))?;
        let reset: SignedDuration = header(&format!("x-ratelimit-reset-{kind}"))?.parse().ok()?;
        Some(reset.as_secs_f64())
    };
    let wait = milliseconds().or_else(seconds).or_else(by_date).or_else(by_reset)?;
    Some(Duration::try_from_secs_f64(wait).ok()?.min(LONGEST))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(headers: &[(&str, &'static str)]) -> Option<Duration> {
        let now = "2026-11-23T15:00:00Z".parse().expect("a time");
        wait(|name| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| *value), now)
    }

    #[test]
    fn a_wait_is_read_from_whichever_header_has_it() {
        let seconds = |s| Some(Duration::from_secs_f64(s));
        assert_eq!(waits(&[("retry-after", "20")]), seconds(20.0));
        assert_eq!(waits(&[("retry-after", "1.5")]), seconds(1.5));
        assert_eq!(waits(&[("retry-after", "20"), ("retry-after-ms", "300")]), seconds(0.3));
        assert_eq!(waits(&[("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT")]), seconds(7.0));
        let dates =
            [("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT"), ("date", "Mon, 23 Nov 2026 15:00:04 GMT")];
        assert_eq!(waits(&dates), seconds(3.0), "by the server's own clock");
        let groq = [
            ("x-ratelimit-remaining-requests", "3"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        assert_eq!(waits(&groq), seconds(360.0));
    }

    #[test]
    fn nonsense_is_no_wait_and_a_long_one_is_bounded() {
        for nonsense in ["", "soon", "-5", "NaN", "inf"] {
            assert_eq!(waits(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
        assert_eq!(waits(&[("retry-after", "1e12")]), Some(LONGEST));
        assert_eq!(
            waits(&[("retry-after", "Mon, 23 Nov 2020 15:00:07 GMT")]),
            Some(Duration::ZERO),
            "long past"
        );
    }
}
