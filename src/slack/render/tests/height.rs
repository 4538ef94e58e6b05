//! A race of five models is at most one and a half phone screens high, estimated from the widths of characters and the
//! sizes in `preview.css`: within a few pixels of what a browser measures of the previews at 390 px.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    ALL, blocks,
    samples::{finished, race, running},
    shown::{NONE, all, string},
    vote,
};
use crate::{
    race::{Circumstances, Quote, event::StopCause},
    slack::render::{Body, live},
};

/// One and a half screens of a phone.
const MAX_HEIGHT: f64 = 900.0;
/// The width that is left for a block.
const WIDTH: f64 = 326.0;
/// A line in the size of texts, and in that of small ones.
const LINE: f64 = 22.0;
const SMALL_LINE: f64 = 18.0;

/// The width of `text` at 1 px, in the font of the previews.
fn width(text: &str) -> f64 {
    let grapheme = |grapheme: &str| match grapheme.chars().next().unwrap_or_default() {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.27,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '·' | '-' | '/' => 0.34,
        'm' | 'w' | 'M' | 'W' => 0.85,
        c if c.is_ascii_uppercase() || c.is_ascii_digit() => 0.66,
        '▁'..='█' | '▏' | '░' => 0.48,
        '≈' | '…' | '÷' | '–' => 0.6,
        c if c.is_ascii() => 0.58,
        _ => 1.25,
    };
    text.graphemes(true).map(grapheme).sum()
}

/// The number of lines of `text` in a font of `size`, broken between words.
fn lines(text: &str, size: f64, room: f64) -> f64 {
    let of = |line: &str| {
        let (mut lines, mut used) = (1.0, 0.0);
        for word in line.split_inclusive(' ') {
            if used > 0.0 && used + size * width(word.trim_end()) > room {
                (lines, used) = (lines + 1.0, 0.0);
            }
            used += size * width(word);
        }
        lines
    };
    text.trim_end().split('\n').map(of).sum()
}

/// The height of a block with the gap below it.
fn height(block: &Value) -> f64 {
    let texts = |of: &Value| {
        let texts = all(of).map(|part| {
            string(&part["text"]).to_owned() + if part["type"] == "date" { "today at 10:52 AM" } else { "" }
        });
        texts.collect::<String>()
    };
    let rich = |part: &Value| match string(&part["type"]) {
        "rich_text_preformatted" => 18.0 * lines(&texts(&part["elements"]), 7.2, 9_999.0) + 22.0,
        "rich_text_quote" => LINE * lines(&texts(&part["elements"]), 15.0, WIDTH - 16.0) + 4.0,
        _ => LINE * lines(&texts(&part["elements"]), 15.0, WIDTH) + 4.0,
    };
    match string(&block["type"]) {
        "rich_text" => all(&block["elements"]).map(rich).sum(),
        "context" => SMALL_LINE * lines(&texts(&block["elements"]), 12.0, WIDTH) + 4.0,
        "actions" => {
            let widths = all(&block["elements"]).map(|one| {
                let label = if one["type"] == "static_select" { &one["placeholder"] } else { &one["text"] };
                let arrow = if one["type"] == "static_select" { " ▾" } else { "" };
                34.0 + 13.5 * width(&format!("{}{arrow}", string(&label["text"])))
            });
            let row = |(rows, used): (f64, f64), width: f64| {
                if used + width - 8.0 > WIDTH { (rows + 1.0, width) } else { (rows, used + width) }
            };
            37.0 * widths.fold((1.0, 0.0), row).0
        }
        "data_visualization" => 184.0,
        "container" => {
            let (title, subtitle) = (string(&block["title"]["text"]), string(&block["subtitle"]["text"]));
            let beside = 15.0 * (width(title) + width(subtitle)) + 12.0 + 20.0 <= WIDTH - 26.0;
            let below = if beside { 0.0 } else { LINE * lines(subtitle, 15.0, WIDTH - 26.0) };
            16.0 + LINE + below + 6.0
        }
        other => panic!("a height of {other}"),
    }
}

/// The height of a message with the name of its author.
fn message(body: &Body) -> f64 {
    LINE + 6.0 + blocks(body).iter().map(height).sum::<f64>()
}

#[test]
fn a_race_of_five_models_is_one_and_a_half_phone_screens_high() {
    let mut quoting = finished().view();
    let quote = Some(Quote { author: "Ben Okafor".into(), url: None });
    quoting.circumstances = Circumstances { quote, persona: Some("terse".into()), parent: None };
    for (name, view) in [
        ("live", running().tick(2_100)),
        ("final", finished().view()),
        ("stopped", running().stop(2_400, StopCause::Asked)),
        ("interrupted", running().stop(2_400, StopCause::Restart)),
        ("quoting", quoting),
        ("blind-writing", vote::writing().view()),
        ("blind-open", vote::open(2).view()),
        ("blind-closed", vote::closed().view()),
    ] {
        for extras in [ALL, NONE] {
            let height = message(&live(&view, race(), extras));
            assert!(height <= MAX_HEIGHT, "{name}: {height} px");
        }
    }
}
