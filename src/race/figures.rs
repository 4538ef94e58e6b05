//! Numbers formatted for people, in the same way in messages, charts and lessons.

use std::time::Duration;

use super::metrics::TokenCount;

/// The definition of the speed, below charts and messages.
pub const SPEED_DEFINITION: &str = "tok/s = tokens after the first ÷ the time they took";

/// Formats a time: "0.21 s", "12.3 s", "2 min 5 s".
#[must_use]
pub fn seconds(time: Duration) -> String {
    let secs = time.as_secs_f64();
    match secs {
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 99.95 => format!("{s:.1} s"),
        _ => minutes(secs.round()),
    }
}

/// Formats a running clock: "2.1 s", "42 s", "2 min 5 s". Coarser than [`seconds`], to avoid flicker.
#[must_use]
pub fn clock(time: Duration) -> String {
    let secs = time.as_secs_f64();
    match secs {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        _ => minutes(secs.round()),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
fn minutes(secs: f64) -> String {
    let secs = secs as u64;
    if secs < 120 { format!("{secs} s") } else { format!("{} min {} s", secs / 60, secs % 60) }
}

/// Formats a speed without its unit: "214", "9.4", "0.05", "10,000", "≈97"; "n/a" if there is none.
#[must_use]
pub fn speed(tokens_per_second: Option<f64>, count: TokenCount) -> String {
    match tokens_per_second {
        None => "n/a".into(),
        Some(speed) => format!("{}{}", count.mark(), bare_speed(speed)),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
fn bare_speed(speed: f64) -> String {
    match speed {
        s if s < 0.095 => format!("{s:.2}"),
        s if s < 9.95 => format!("{s:.1}"),
        s => thousands(s.round() as u64),
    }
}

/// Formats a token count: "231", "1,310", "≈88". Zero is never marked as an estimate.
#[must_use]
pub fn tokens(n: u64, count: TokenCount) -> String {
    let mark = if n == 0 { "" } else { count.mark() };
    format!("{mark}{}", thousands(n))
}

/// Formats a number with thousands separators: "10,000".
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a time in seconds without its unit in at most four columns: "0.57", "12.3", "125", "9999".
#[must_use]
pub fn brief_seconds(time: Duration) -> String {
    let secs = time.as_secs_f64();
    match secs {
        s if s < 9.995 => format!("{s:.2}"),
        s if s < 99.95 => format!("{s:.1}"),
        s => format!("{:.0}", s.min(9_999.0)),
    }
}

/// Formats a token count in at most four columns: "274", "9999", "12k", "≈88", "≈2k", "3M".
#[must_use]
pub fn brief_tokens(n: u64, count: TokenCount) -> String {
    let mark = if n == 0 { "" } else { count.mark() };
    format!("{mark}{}", brief_number(n, 4 - mark.chars().count()))
}

/// Formats a speed without its unit in at most five columns: "217", "9.4", "10000", "≈97", "123k".
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
pub fn brief_speed(tokens_per_second: f64, count: TokenCount) -> String {
    let mark = count.mark();
    match tokens_per_second {
        s if s < 9.95 => format!("{mark}{}", bare_speed(s)),
        s => format!("{mark}{}", brief_number(s.round() as u64, 5 - mark.chars().count())),
    }
}

/// A number in at most `columns` digits, or rounded to thousands, millions, and so on.
fn brief_number(n: u64, columns: usize) -> String {
    let digits = n.to_string();
    if digits.len() <= columns {
        return digits;
    }
    let rounded = |unit: u64| n / unit + u64::from(n % unit >= unit / 2);
    let units = [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1_000_000_000_000, "T")];
    let mut short = units.iter().map(|(unit, sign)| format!("{}{sign}", rounded(*unit)));
    short.find(|short| short.len() <= columns).unwrap_or_else(|| "?".repeat(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brief_figures_fit_their_columns() {
        let time = |ms| brief_seconds(Duration::from_millis(ms));
        assert_eq!([time(570), time(12_345), time(125_000)], ["0.57", "12.3", "125"]);
        let tokens = |n| brief_tokens(n, TokenCount::Usage);
        assert_eq!([tokens(0), tokens(9_999), tokens(12_345), tokens(2_600_000)], ["0", "9999", "12k", "3M"]);
        let estimated = |n| brief_tokens(n, TokenCount::Estimated);
        assert_eq!([estimated(0), estimated(88), estimated(1_310)], ["0", "≈88", "≈1k"]);
        assert_eq!(brief_speed(217.4, TokenCount::Usage), "217");
        assert_eq!(brief_speed(0.05, TokenCount::Estimated), "≈0.05");
        assert_eq!(brief_speed(123_456.0, TokenCount::Estimated), "≈123k");
        assert_eq!(brief_tokens(u64::MAX, TokenCount::Usage), "????", "no one believes such a count");
    }

    #[test]
    fn longer_times_have_fewer_decimals() {
        let text = |ms| seconds(Duration::from_millis(ms));
        assert_eq!(
            [text(212), text(9_994), text(12_345), text(125_000)],
            ["0.21 s", "9.99 s", "12.3 s", "2 min 5 s"]
        );
        assert_eq!(clock(Duration::from_millis(2_140)), "2.1 s");
        assert_eq!(clock(Duration::from_millis(9_960)), "10 s");
    }

    #[test]
    fn estimated_speeds_and_counts_are_marked() {
        assert_eq!(speed(Some(214.4), TokenCount::Usage), "214");
        assert_eq!(speed(Some(9.44), TokenCount::Estimated), "≈9.4");
        assert_eq!(speed(Some(10_000.0), TokenCount::Usage), "10,000");
        assert_eq!(speed(Some(0.05), TokenCount::Usage), "0.05");
        assert_eq!(speed(None, TokenCount::Estimated), "n/a");
        assert_eq!(tokens(1_310, TokenCount::Estimated), "≈1,310");
        assert_eq!([thousands(0), thousands(999), thousands(1_000_000)], ["0", "999", "1,000,000"]);
    }
}
