//! A model's answer as Discord may show it: its Markdown stays, what deceives or breaks the layout does not.
//!
//! Discord differs from the Markdown that models write: three backticks begin a code block wherever they stand and
//! an empty block swallows the text after it, tildes fence nothing, `>>> ` quotes all that follows, a hash alone
//! makes a heading of the next line. So answers go through two steps: [`canonical`] puts every fence on lines of its
//! own in the one form that both understand (the clip can then cut it anywhere), [`defused`] escapes what is left
//! over, line by line. Must not know limits.

use super::{inline, table};
use crate::view::text::plain;

/// Blank lines in a row that are kept.
const BLANKS: usize = 2;
/// A code fence of Discord.
const FENCE: &str = "```";
/// Stands for a line across the text, which Discord does not draw.
const RULE: &str = "────────";

/// A part of an answer.
enum Block<'a> {
    /// Lines outside code.
    Text(Vec<&'a str>),
    /// A code block: its language and its lines.
    Code(&'a str, Vec<String>),
}

/// `answer` without characters that hide or reorder text, without floods of blank lines, its fences closed and in
/// one form, its tables in code blocks (Discord has none).
pub(super) fn canonical(answer: &str) -> String {
    let squeezed = squeezed(&plain(answer));
    let mut out = String::with_capacity(squeezed.len() + 16);
    for block in blocks(&squeezed) {
        match block {
            Block::Code(language, lines) => push_code(&mut out, language, &lines),
            Block::Text(lines) => push_text(&mut out, &lines),
        }
    }
    out
}

/// A piece of a canonical text with everything escaped that Discord must not act on: masked links (text and target
/// are shown), mentions, timestamps, custom emoji, spoilers, quotes without end. Bold, code, lists and quotes work;
/// a heading becomes a bold line, for it would be larger than the model's name above it.
pub(super) fn defused(piece: &str) -> String {
    let mut out = String::with_capacity(piece.len() + piece.len() / 8);
    for block in blocks(piece) {
        match block {
            Block::Code(language, lines) => push_code(&mut out, language, &lines),
            Block::Text(lines) => {
                for text in lines {
                    line(&mut out, text);
                    out.push('\n');
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blanks = 0;
    for line in text.lines().map(str::trim_end) {
        blanks = if line.is_empty() { blanks + 1 } else { 0 };
        if blanks <= BLANKS {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// An open fence: how it is closed, and how far in it stands.
struct Fence<'a> {
    marker: &'a str,
    quotes: usize,
    indent: usize,
}

/// `text` as its blocks. A fence is one however far in it stands, and within a quote too; one that is not closed
/// ends with the text.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = vec![];
    let mut open: Option<Fence<'_>> = None;
    for line in text.lines() {
        let (inside, quotes, indent) = unquoted(line);
        match (&open, marker(inside)) {
            (Some(fence), Some((marker, ""))) if marker.starts_with(fence.marker) => open = None,
            (Some(fence), _) => {
                if let Some(Block::Code(_, lines)) = found.last_mut() {
                    lines.push(undented(line, fence));
                }
            }
            (None, Some((marker, info))) if !info.contains('`') => {
                found.push(Block::Code(language(info), vec![]));
                open = Some(Fence { marker, quotes, indent });
            }
            (None, _) => match found.last_mut() {
                Some(Block::Text(lines)) => lines.push(line),
                _ => found.push(Block::Text(vec![line])),
            },
        }
    }
    found
}

/// A line without its indent and its quote marks, with how many marks and how many spaces there were.
fn unquoted(line: &str) -> (&str, usize, usize) {
    let rest = line.trim_start_matches([' ', '\t', '>']);
    let before = &line[..line.len() - rest.len()];
    let quotes = before.matches('>').count();
    (rest, quotes, before.len() - before.rfind('>').map_or(0, |at| at + 1))
}

/// The fence that a line begins with (three or more backticks or tildes) and what stands behind it.
fn marker(line: &str) -> Option<(&str, &str)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let end = line.find(|c| c != mark).unwrap_or(line.len());
    (end >= FENCE.len()).then(|| (&line[..end], line[end..].trim()))
}

/// A line of code without the quote marks and the indent of its fence.
fn undented(line: &str, fence: &Fence<'_>) -> String {
    let mut rest = line;
    for _ in 0..fence.quotes {
        rest = rest.trim_start_matches(' ').strip_prefix('>').unwrap_or(rest);
    }
    let spaces = rest.bytes().take_while(u8::is_ascii_whitespace).count().min(fence.indent);
    rest[spaces..].to_owned()
}

/// The language of an info string, where Discord would take it for one.
fn language(info: &str) -> &str {
    let word = info.split_whitespace().next().unwrap_or_default();
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+-.#".contains(c);
    if word.len() <= 20 && word.chars().all(sound) { word } else { "" }
}

/// A block in the one form; none for code that is blank, which Discord would not take for a block.
fn push_code(out: &mut String, language: &str, lines: &[String]) {
    if lines.iter().all(|line| line.trim().is_empty()) {
        return;
    }
    out.truncate(out.trim_end().len());
    out.push_str(if out.is_empty() { "" } else { "\n" });
    out.push_str(FENCE);
    out.push_str(language);
    out.push('\n');
    for line in lines {
        out.push_str(&inline::broken(line, FENCE.len() - 1));
        out.push('\n');
    }
    out.push_str(FENCE);
    out.push('\n');
}

/// Text as it is, with its tables in code blocks.
fn push_text(out: &mut String, mut lines: &[&str]) {
    while let Some(line) = lines.first() {
        let rows = table::rows(lines);
        if rows > 0 {
            push_code(out, "", &table::aligned(&lines[..rows]));
            lines = &lines[rows..];
        } else {
            // A code block keeps its own distance.
            if !(line.is_empty() && out.ends_with("```\n")) {
                out.push_str(line);
                out.push('\n');
            }
            lines = &lines[1..];
        }
    }
}

/// One line outside code blocks. What begins it is told from what stands in it.
fn line(out: &mut String, text: &str) {
    let mut rest = text.trim_start();
    out.push_str(&text[..text.len() - rest.len()]);
    if rest.starts_with('>') {
        out.push_str("> ");
        rest = rest.trim_start_matches(['>', ' ', '\t']);
    }
    let bullet = ["* ", "+ ", "- "].iter().find_map(|bullet| rest.strip_prefix(bullet));
    if is_rule(rest) {
        out.push_str(RULE);
    } else if let Some(item) = bullet {
        out.push_str("- ");
        inline::push(out, &guarded(item));
    } else if let Some(small) = rest.strip_prefix("-# ") {
        out.push_str("-# ");
        inline::push(out, &guarded(small));
    } else if rest.starts_with('#') {
        heading(out, rest);
    } else {
        inline::push(out, rest);
    }
}

/// What stands within a line, without what would begin a block there.
fn guarded(text: &str) -> String {
    let text = text.trim();
    let marked = ["#", ">", "-#"].iter().any(|mark| text.starts_with(mark));
    if marked { format!("\\{text}") } else { text.to_owned() }
}

fn is_rule(line: &str) -> bool {
    let bare: String = line.split_whitespace().collect();
    bare.len() >= 3 && ['-', '*', '_'].into_iter().any(|mark| bare.chars().all(|c| c == mark))
}

/// A heading as a bold line; what only looks like one (a hash without words takes the next line) is escaped.
fn heading(out: &mut String, line: &str) {
    let after = line.trim_start_matches('#');
    let words = guarded(&after.replace("**", ""));
    if line.len() - after.len() > 6 || !after.starts_with([' ', '\t']) || words.is_empty() {
        out.push('\\');
        inline::push(out, line);
    } else if words.contains('*') {
        inline::push(out, &words);
    } else {
        inline::push(out, &format!("**{words}**"));
    }
}
