//! Checks every value that the chart takes from a report: texts become short single lines, numbers are finite and in
//! range.

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;

/// The longest prompt, in characters.
pub(super) const PROMPT_CHARS: usize = 200;
/// The longest name, in characters.
pub(super) const NAME_CHARS: usize = 40;
/// The longest error, in characters.
pub(super) const ERROR_CHARS: usize = 160;

/// Tokens per second outside this range are a broken measurement: below it the chart would write 0.00, above it no
/// machine is that fast.
const PLAUSIBLE_SPEEDS: std::ops::RangeInclusive<f64> = 0.005..=1_000_000.0;
/// Longer waits are a broken measurement.
const MAX_WAIT: Duration = Duration::from_hours(1);
/// A letter keeps at most two marks: more would reach into the row above.
const MAX_GRAPHEME_CHARS: usize = 3;

/// A checked decode speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speed {
    /// Finite and in range, in tokens per second.
    Known(f64),
    /// Not defined for this answer.
    Undefined,
    /// Reported, but out of range.
    Unusable,
}

/// Checks a decode speed in tokens per second.
pub(super) fn speed(raw: Option<f64>) -> Speed {
    match raw {
        None => Speed::Undefined,
        Some(speed) if PLAUSIBLE_SPEEDS.contains(&speed) => Speed::Known(speed),
        Some(_) => Speed::Unusable,
    }
}

/// Drops a wait of more than an hour.
pub(super) fn time(raw: Option<Duration>) -> Option<Duration> {
    raw.filter(|time| *time <= MAX_WAIT)
}

/// Returns `text` as one line of at most `max` characters, ending in "…" if it was cut. Control characters and line
/// breaks become spaces, runs of spaces become one, invisible characters are dropped. Reads at most eight times `max`
/// characters.
pub(super) fn line(text: &str, max: usize) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c)).take(8 * max);
    let spaced: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::new();
    for word in spaced.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for grapheme in word.graphemes(true) {
            out.extend(grapheme.chars().take(MAX_GRAPHEME_CHARS));
        }
    }
    cut(out, max)
}

fn cut(text: String, max: usize) -> String {
    if text.chars().count() <= max {
        return text;
    }
    let mut left = max.saturating_sub(1);
    let kept = text.graphemes(true).take_while(|grapheme| {
        let chars = grapheme.chars().count();
        let fits = chars <= left;
        left = left.saturating_sub(chars);
        fits
    });
    kept.collect::<String>().trim_end().to_owned() + "…"
}

/// Returns true for characters without a shape of their own: joiners, bidirectional controls, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_measurable_speeds_pass() {
        assert_eq!(speed(Some(0.05)), Speed::Known(0.05));
        assert_eq!(speed(Some(10_000.0)), Speed::Known(10_000.0));
        assert_eq!(speed(None), Speed::Undefined);
        for wild in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 0.0, 1e-310, 1e300] {
            assert_eq!(speed(Some(wild)), Speed::Unusable, "{wild}");
        }
    }

    #[test]
    fn a_wait_of_more_than_an_hour_is_dropped() {
        assert_eq!(time(Some(MAX_WAIT)), Some(MAX_WAIT));
        assert_eq!(time(Some(Duration::MAX)), None);
    }

    #[test]
    fn a_line_has_no_control_or_invisible_characters() {
        assert_eq!(line("  two\r\n\twords\u{0} \u{202E}x\u{200B}y ", 40), "two words xy");
        assert_eq!(line("⚡\u{FE0F}", 4), "⚡");
        assert_eq!(line("\u{7}\u{200D}", 4), "");
    }

    #[test]
    fn a_letter_keeps_at_most_two_marks() {
        assert_eq!(line(&format!("e{}", "\u{301}".repeat(500)), 40), "e\u{301}\u{301}");
    }

    #[test]
    fn a_long_line_is_cut_between_graphemes() {
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("abc de\u{301}f", 7), "abc d…", "a letter and its mark are cut together");
        let huge = "x".repeat(1_000_000);
        assert_eq!(line(&huge, 200).chars().count(), 200);
    }

    proptest! {
        #[test]
        fn a_line_is_short_and_single(text in any::<String>(), max in 1usize..60) {
            let line = line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }
}
