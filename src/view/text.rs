//! Text functions for all renderers: clipping between graphemes, closing code fences, removing hostile characters,
//! padding, bars.

use std::fmt::Write as _;

use unicode_segmentation::{GraphemeCursor, GraphemeIncomplete, UnicodeSegmentation};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The mark of omitted text.
pub const ELLIPSIS: &str = "…";

/// A unit for the length of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Unicode scalar values.
    Chars,
    /// UTF-8 bytes.
    Bytes,
    /// UTF-16 code units.
    Utf16,
}

impl Measure {
    /// The length of `text`.
    #[must_use]
    pub fn of(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    fn of_char(self, c: char) -> usize {
        match self {
            Self::Chars => 1,
            Self::Bytes => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }
}

/// The end of a text to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The beginning.
    Head,
    /// The newest end.
    Tail,
}

/// The head or tail of `text`, cut between graphemes and at most `limit` long, and true if anything was left out.
#[must_use]
pub fn window(text: &str, limit: usize, measure: Measure, keep: Keep) -> (&str, bool) {
    if text.len() <= limit || measure.of(text) <= limit {
        return (text, false);
    }
    match keep {
        Keep::Head => {
            let cut = fitting_bytes(text.chars(), limit, measure);
            let end = boundary(text, cut, GraphemeCursor::prev_boundary).unwrap_or(0);
            (&text[..end], true)
        }
        Keep::Tail => {
            let cut = text.len() - fitting_bytes(text.chars().rev(), limit, measure);
            let start = boundary(text, cut, GraphemeCursor::next_boundary).unwrap_or(text.len());
            (&text[start..], true)
        }
    }
}

/// The number of bytes of `chars` that fit in `limit`.
fn fitting_bytes(chars: impl Iterator<Item = char>, limit: usize, measure: Measure) -> usize {
    let mut room = limit;
    let fits = |c: char| {
        room = room.checked_sub(measure.of_char(c))?;
        Some(c.len_utf8())
    };
    chars.map_while(fits).sum()
}

type Step = fn(&mut GraphemeCursor, &str, usize) -> Result<Option<usize>, GraphemeIncomplete>;

/// Returns `at` if it lies between graphemes, otherwise the next boundary in the direction of `step`.
fn boundary(text: &str, at: usize, step: Step) -> Option<usize> {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => Some(at),
        _ => step(&mut cursor, text, 0).ok()?,
    }
}

/// An open code fence: the marker that closes it, and the line that opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    marker: String,
    pub(crate) opening: String,
}

impl Fence {
    /// The line that closes it.
    #[must_use]
    pub fn marker(&self) -> &str {
        &self.marker
    }
}

/// The code fence that is open at the end of `text`, if any: three or more backticks or tildes, indented by at most
/// three spaces, closed by at least as many.
#[must_use]
pub fn open_fence(text: &str) -> Option<Fence> {
    text.lines().fold(None, |open, line| {
        let Some((marker, info)) = fence_line(line) else { return open };
        match open {
            None if marker.starts_with('`') && info.contains('`') => None,
            None => Some(Fence { marker: marker.to_owned(), opening: line.trim().to_owned() }),
            Some(fence) if info.trim().is_empty() && marker.starts_with(&fence.marker) => None,
            open => open,
        }
    })
}

fn fence_line(line: &str) -> Option<(&str, &str)> {
    let trimmed = line.trim_start_matches(' ');
    let mark = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let end = trimmed.find(|c| c != mark).unwrap_or(trimmed.len());
    (line.len() - trimmed.len() <= 3 && end >= 3).then(|| trimmed.split_at(end))
}

/// Clips `text` to `limit`, additions included: marks omitted text with an ellipsis, closes a code fence that the cut
/// left open, and reopens one that was open before a tail.
#[must_use]
pub fn clip(text: &str, limit: usize, measure: Measure, keep: Keep) -> String {
    let (whole, cut) = window(text, limit, measure, keep);
    if !cut && open_fence(whole).is_none() {
        return whole.to_owned();
    }
    let (mut room, mut step) = (limit, 1);
    loop {
        let (kept, cut) = window(text, room, measure, keep);
        let repaired = repair(text, kept, cut, keep);
        let over = measure.of(&repaired).saturating_sub(limit);
        if over == 0 {
            return repaired;
        }
        if room == 0 {
            return window(ELLIPSIS, limit, measure, Keep::Head).0.to_owned();
        }
        room = room.saturating_sub(over.max(step));
        step *= 2;
    }
}

/// Adds the ellipsis to `kept` and completes its fences.
fn repair(text: &str, kept: &str, cut: bool, keep: Keep) -> String {
    let mut out = String::with_capacity(kept.len() + 16);
    if cut && keep == Keep::Tail {
        let before = &text[..text.len() - kept.len()];
        out.push_str(if before.ends_with('\n') { "…\n" } else { ELLIPSIS });
        if let Some(fence) = open_fence(before) {
            out.push_str(if out.ends_with('\n') { "" } else { "\n" });
            out.push_str(window(&fence.opening, fence.marker.len() + 20, Measure::Chars, Keep::Head).0);
            out.push('\n');
        }
    }
    out.push_str(kept);
    if cut && keep == Keep::Head {
        out.push_str(ELLIPSIS);
    }
    if let Some(fence) = open_fence(&out) {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&fence.marker);
    }
    out
}

/// The most marks, joiners and other characters without a width on one base; the tallest Tibetan stacks have as many.
const MAX_MARKS: usize = 8;

/// The flags that are written in tag characters: England, Scotland, Wales.
const TAGGED_FLAGS: [&str; 3] = [
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

/// Removes characters that can control a terminal, hide text or disguise its order: control characters except line
/// breaks and tabs, bidirectional overrides and isolates, tags outside flags, and other invisible format marks. Joiners
/// and combining marks are kept up to eight on one base, since emoji and several scripts need them.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut marks) = (text, 0);
    while let Some(c) = rest.chars().next() {
        // most text is ASCII
        let printable = rest.bytes().take_while(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')).count();
        if printable > 0 {
            let (piece, after) = rest.split_at(printable);
            out.push_str(piece);
            (rest, marks) = (after, 0);
            continue;
        }
        let flag = TAGGED_FLAGS.iter().find(|flag| c == '\u{1F3F4}' && rest.starts_with(*flag));
        let (piece, after) = rest.split_at(flag.map_or(c.len_utf8(), |flag| flag.len()));
        rest = after;
        if is_hostile(c) {
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks <= MAX_MARKS {
            out.push_str(piece);
        }
    }
    out
}

/// Returns true if `c` is drawn on the character before it, or not at all.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.width() == Some(0)
}

/// [`plain`] on one line: every run of white space becomes one space.
#[must_use]
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// A bar of `eighths` eighth blocks.
#[must_use]
pub fn bar(eighths: u16) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let (full, part) = (usize::from(eighths / 8), usize::from(eighths % 8));
    "█".repeat(full) + PARTS[part]
}

/// Trims `text` and cuts it to `limit`, with an ellipsis if it was longer.
#[must_use]
pub fn clipped(text: &str, limit: usize, measure: Measure) -> String {
    let text = text.trim();
    if measure.of(text) <= limit {
        return text.to_owned();
    }
    let (kept, _) = window(text, limit.saturating_sub(measure.of(ELLIPSIS)), measure, Keep::Head);
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// Cuts or pads `text` to `columns` cells, on one line and without backticks, for code blocks.
#[must_use]
pub fn cells(text: &str, columns: usize) -> String {
    let text = one_line(text).replace('`', "'");
    let mut kept = String::new();
    if text.width() <= columns {
        kept = text;
    } else {
        for grapheme in text.graphemes(true) {
            if kept.width() + grapheme.width() + 1 > columns {
                break;
            }
            kept.push_str(grapheme);
        }
        kept.push_str(ELLIPSIS);
    }
    let gap = columns.saturating_sub(kept.width());
    kept + &" ".repeat(gap)
}

/// Joins `first` and as many of `lines` as fit in `limit`, followed by the number of the others.
pub(crate) fn fitting(
    lines: impl Iterator<Item = String>,
    first: String,
    limit: usize,
    length: impl Fn(&str) -> usize,
) -> String {
    let (mut out, mut omitted) = (first, 0);
    for line in lines {
        if omitted > 0 || length(&out) + length(&line) + 1 > limit {
            omitted += 1;
            continue;
        }
        out.push_str(if out.is_empty() { "" } else { "\n" });
        out.push_str(&line);
    }
    if omitted > 0 {
        let _ = write!(out, "\n… and {omitted} more");
    }
    out
}
