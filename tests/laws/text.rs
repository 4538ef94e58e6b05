//! Text: clips fit, end between graphemes and leave no fence open; no hostile character survives.

use llm_arena::view::text::{Keep, Measure, bar, clip, one_line, open_fence, plain, window};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

fn measures() -> impl Strategy<Value = Measure> {
    prop_oneof![Just(Measure::Chars), Just(Measure::Bytes), Just(Measure::Utf16)]
}

fn ends() -> impl Strategy<Value = Keep> {
    prop_oneof![Just(Keep::Head), Just(Keep::Tail)]
}

/// Text that is hard to clip: fences, joined emoji, combining marks, wide characters.
fn hard_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```rust\n".to_owned()),
        Just("```\n".to_owned()),
        Just("~~~~\n".to_owned()),
        Just("👩‍👩‍👧‍👦".to_owned()),
        Just("e\u{301}".to_owned()),
        Just("🇩🇪".to_owned()),
        Just("日本語".to_owned()),
        Just("\n".to_owned()),
        "[a-z` ]{1,12}".prop_map(|s| s),
        "\\PC{0,6}".prop_map(|s| s),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_window_is_an_end_of_the_text_cut_between_graphemes(
        text in hard_text(), limit in 0..120_usize, measure in measures(), keep in ends(),
    ) {
        let (kept, cut) = window(&text, limit, measure, keep);
        prop_assert!(measure.of(kept) <= limit);
        prop_assert_eq!(cut, kept.len() < text.len());
        let edge = match keep {
            Keep::Head => { prop_assert!(text.starts_with(kept)); kept.len() }
            Keep::Tail => { prop_assert!(text.ends_with(kept)); text.len() - kept.len() }
        };
        let edges: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        prop_assert!(edges.contains(&edge), "cut at {edge} within a grapheme");
        let longer = match keep {
            Keep::Head => edges.iter().find(|&&at| at > edge).map(|&at| &text[..at]),
            Keep::Tail => edges.iter().rev().find(|&&at| at < edge).map(|&at| &text[at..]),
        };
        prop_assert!(longer.is_none_or(|text| measure.of(text) > limit), "one more grapheme would fit");
    }

    #[test]
    fn a_clip_fits_and_leaves_no_fence_open(
        text in hard_text(), limit in 0..200_usize, measure in measures(), keep in ends(),
    ) {
        let clipped = clip(&text, limit, measure, keep);
        prop_assert!(measure.of(&clipped) <= limit, "{} > {limit}: {clipped:?}", measure.of(&clipped));
        prop_assert_eq!(open_fence(&clipped), None, "{:?}", clipped);
    }

    #[test]
    fn plain_text_has_no_control_or_bidirectional_characters(text in "\\PC*|[\\x00-\\x1f\\x7f-\\x9f\u{202a}-\u{202e}\u{2066}-\u{2069}a]{0,40}") {
        let plain = plain(&text);
        prop_assert!(!plain.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)), "{plain:?}");
        prop_assert!(!one_line(&text).contains(['\n', '\t', '\r']));
    }
}

#[test]
fn a_tail_inside_a_code_block_reopens_the_block() {
    let text = format!("See:\n```rust\n{}\nfn main() {{}}", "// one more line\n".repeat(20));
    let clipped = clip(&text, 60, Measure::Chars, Keep::Tail);
    assert!(clipped.starts_with("…\n```rust\n"), "{clipped}");
    assert!(clipped.ends_with("fn main() {}\n```"), "{clipped}");
}

#[test]
fn a_head_inside_a_code_block_closes_the_block() {
    let clipped =
        clip("```rust\nfn main() { println!(\"a long line\"); }\n```\nbye", 30, Measure::Chars, Keep::Head);
    assert!(clipped.starts_with("```rust\nfn main()") && clipped.ends_with("…\n```"), "{clipped}");
}

#[test]
fn text_that_fits_is_unchanged() {
    for text in ["", "short", "```\ncode\n```", "👩‍👩‍👧‍👦"] {
        assert_eq!(clip(text, 100, Measure::Bytes, Keep::Head), text);
    }
}

#[test]
fn a_code_span_is_not_a_fence_and_a_longer_fence_contains_a_shorter_one() {
    assert_eq!(open_fence("```not a fence``` here"), None);
    assert_eq!(open_fence("````\n```\n````"), None);
    assert!(open_fence("````\n```").is_some());
    assert!(open_fence("    ```\n").is_none(), "four spaces in is code already");
}

#[test]
fn bars_are_eighth_blocks() {
    assert_eq!([bar(0), bar(3), bar(8), bar(21)], ["", "▍", "█", "██▋"]);
}
