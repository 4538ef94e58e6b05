//! Making text fit a width, by measuring it.
//!
//! Must not know what the text is.

use unicode_segmentation::UnicodeSegmentation;

use super::text::{Fonts, Style};

/// `text`, or its longest beginning with "…" that is at most `width` pixels wide.
pub(super) fn end(fonts: &'static Fonts, text: &str, style: Style, width: f32) -> String {
    shortened(fonts, text, (style, width), |graphemes, keep| {
        format!("{}…", graphemes[..keep].concat().trim_end())
    })
}

/// `text`, or as much of its beginning and its end as fits, "…" between: names of one family differ at the end.
pub(super) fn middle(fonts: &'static Fonts, text: &str, style: Style, width: f32) -> String {
    shortened(fonts, text, (style, width), |graphemes, keep| {
        let (head, tail) = (keep.div_ceil(2), keep / 2);
        let (head, tail) = (graphemes[..head].concat(), graphemes[graphemes.len() - tail..].concat());
        format!("{}…{}", head.trim_end(), tail.trim_start())
    })
}

/// Tries `cut(graphemes, how many to keep)` by halving.
fn shortened(
    fonts: &'static Fonts,
    text: &str,
    (style, width): (Style, f32),
    cut: impl Fn(&[&str], usize) -> String,
) -> String {
    let fits = |text: &str| fonts.width(text, style) <= width;
    if fits(text) {
        return text.to_owned();
    }
    let graphemes: Vec<&str> = text.graphemes(true).collect();
    let (mut most, mut too_many) = (0, graphemes.len());
    while most + 1 < too_many {
        let keep = most.midpoint(too_many);
        if fits(&cut(&graphemes, keep)) { most = keep } else { too_many = keep }
    }
    cut(&graphemes, most)
}

/// `text` on at most two lines of `width` pixels, broken between words, the second cut where it is too long.
pub(super) fn two_lines(fonts: &'static Fonts, text: &str, style: Style, width: f32) -> Vec<String> {
    if fonts.width(text, style) <= width {
        return vec![text.to_owned()];
    }
    let fitting = text.match_indices(' ').take_while(|(at, _)| fonts.width(&text[..*at], style) <= width);
    match fitting.last() {
        Some((at, _)) => vec![text[..at].to_owned(), end(fonts, &text[at + 1..], style, width)],
        None => vec![end(fonts, text, style, width)],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::text::Face, *};

    const STYLE: Style = Style::new(Face::SemiBold, 26.0);

    fn fonts() -> &'static Fonts {
        Fonts::embedded().expect("the embedded fonts are whole")
    }

    #[test]
    fn what_fits_is_not_touched() {
        assert_eq!(end(fonts(), "Gemma 2B", STYLE, 300.0), "Gemma 2B");
        assert_eq!(middle(fonts(), "Gemma 2B", STYLE, 300.0), "Gemma 2B");
    }

    #[test]
    fn the_end_or_the_middle_gives_way() {
        let name = "Llama 3.3 Instruct Turbo 70B";
        let (cut, folded) = (end(fonts(), name, STYLE, 200.0), middle(fonts(), name, STYLE, 200.0));
        assert!(cut.starts_with("Llama 3.3") && cut.ends_with('…'), "{cut}");
        assert!(folded.starts_with("Llama") && folded.ends_with("70B") && folded.contains('…'), "{folded}");
        assert_eq!(end(fonts(), name, STYLE, 0.0), "…");
    }

    #[test]
    fn two_lines_break_between_words() {
        let text = "rate limited by the provider, try again in 20 s";
        let lines = two_lines(fonts(), text, STYLE, 420.0);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), text);
        assert_eq!(two_lines(fonts(), &"x".repeat(90), STYLE, 420.0).len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_holds_as_much_as_it_can(text in "[a-z ]{1,60}", width in 60f32..500.0) {
            let cut = end(fonts(), &text, STYLE, width);
            prop_assert!(fonts().width(&cut, STYLE) <= width);
            if cut != text {
                prop_assert!(fonts().width(&text, STYLE) > width);
            }
        }
    }
}
