//! Reading the Markdown that models write, before a platform makes its own of it.
//!
//! Clients differ on what begins a code block and what ends it. So every answer goes through two steps: [`canonical`]
//! puts every fence on lines of its own in the one form that all understand (a clip can then cut it anywhere), and
//! [`rewritten`] takes a piece of that line by line, for the platform to escape. Must not know platforms or limits.

mod line;
mod table;

pub(crate) use self::line::{Line, RULE, What};
use crate::view::text::plain;

/// Blank lines in a row that are kept.
const BLANKS: usize = 2;
/// The fence of the one form.
const FENCE: &str = "```";

/// A part of an answer.
enum Block<'a> {
    /// Lines outside code.
    Text(Vec<&'a str>),
    /// A code block: its language and its lines.
    Code(&'a str, Vec<String>),
}

/// `answer` without characters that hide or reorder text, without floods of blank lines, its fences closed and in
/// one form, its tables in code blocks.
pub(crate) fn canonical(answer: &str) -> String {
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

/// A piece of a canonical text with every line outside code as `text` appends it and every line of code as `code`
/// gives it back.
pub(crate) fn rewritten(
    piece: &str,
    text: impl Fn(&mut String, &str),
    code: impl Fn(String) -> String,
) -> String {
    let mut out = String::with_capacity(piece.len() + piece.len() / 8);
    for block in blocks(piece) {
        match block {
            Block::Code(language, lines) => {
                let lines: Vec<String> = lines.into_iter().map(&code).collect();
                push_code(&mut out, language, &lines);
            }
            Block::Text(lines) => {
                for line in lines {
                    text(&mut out, line);
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

/// The language of an info string, where every client would take it for one.
fn language(info: &str) -> &str {
    let word = info.split_whitespace().next().unwrap_or_default();
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+-.#".contains(c);
    if word.len() <= 20 && word.chars().all(sound) { word } else { "" }
}

/// A block in the one form; none for code that is blank, which some clients do not take for a block.
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
        out.push_str(&broken(line, FENCE.len() - 1));
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

/// Code with a space in every run of more than `most` backticks, so that it cannot end what holds it.
pub(crate) fn broken(code: &str, most: usize) -> String {
    let mut out = String::with_capacity(code.len());
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run > most {
            out.push(' ');
            run = 1;
        }
        out.push(c);
    }
    out
}

/// Where the run of exactly `run` backticks begins that closes a code span which `text` stands behind.
pub(crate) fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].len() - text[start..].trim_start_matches('`').len();
        if length == run {
            return Some(start);
        }
        at = start + length;
    }
    None
}
