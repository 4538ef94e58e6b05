//! Parses the Markdown that models write, for each platform to convert into its own.
//!
//! Clients differ on where a code block begins and ends. So every answer goes through two steps: [`canonical`] puts
//! every fence on a line of its own in a form that all clients understand, so that a clip can cut it anywhere, and
//! [`rewritten`] converts a piece of that line by line, for the platform to escape. [`Line`] parses one line.

use unicode_width::UnicodeWidthStr;

use super::text::{cells, plain};

/// The maximum number of consecutive blank lines.
const MAX_BLANK_LINES: usize = 2;
/// The fence of the canonical form.
const FENCE: &str = "```";

/// The text shown for a horizontal rule, which platforms draw differently or not at all.
pub(crate) const RULE: &str = "────────";

/// The maximum width of a table column.
const MAX_COLUMN_WIDTH: usize = 32;
/// The maximum number of table columns; the last one takes the rest of the row.
const MAX_COLUMNS: usize = 12;

/// A block of an answer.
enum Block<'a> {
    /// Lines outside code.
    Text(Vec<&'a str>),
    /// A code block: its language and its lines.
    Code(&'a str, Vec<String>),
}

/// Converts `answer` to the canonical form: without characters that hide or reorder text, without floods of blank
/// lines, with all fences closed, with tables in code blocks.
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

/// Rewrites a piece of a canonical text: `text` appends each line outside code, `code` converts each line of code.
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
        if blanks <= MAX_BLANK_LINES {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// An open fence: its marker and the depth of its quotes and indent.
struct Fence<'a> {
    marker: &'a str,
    quotes: usize,
    indent: usize,
}

/// Splits `text` into blocks. Fences may be indented by any amount and quoted; an open fence ends with the text.
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

/// Strips indent and quote marks from a line; also returns the number of marks and of spaces.
fn unquoted(line: &str) -> (&str, usize, usize) {
    let rest = line.trim_start_matches([' ', '\t', '>']);
    let before = &line[..line.len() - rest.len()];
    let quotes = before.matches('>').count();
    (rest, quotes, before.len() - before.rfind('>').map_or(0, |at| at + 1))
}

/// The fence marker that a line begins with (three or more backticks or tildes) and the info string behind it.
fn marker(line: &str) -> Option<(&str, &str)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let end = line.find(|c| c != mark).unwrap_or(line.len());
    (end >= FENCE.len()).then(|| (&line[..end], line[end..].trim()))
}

/// Strips the quote marks and the indent of its fence from a line of code.
fn undented(line: &str, fence: &Fence<'_>) -> String {
    let mut rest = line;
    for _ in 0..fence.quotes {
        rest = rest.trim_start_matches(' ').strip_prefix('>').unwrap_or(rest);
    }
    let spaces = rest.bytes().take_while(u8::is_ascii_whitespace).count().min(fence.indent);
    rest[spaces..].to_owned()
}

/// The language in an info string, if every client accepts it as one.
fn language(info: &str) -> &str {
    let word = info.split_whitespace().next().unwrap_or_default();
    let is_valid = |c: char| c.is_ascii_alphanumeric() || "_+-.#".contains(c);
    if word.len() <= 20 && word.chars().all(is_valid) { word } else { "" }
}

/// Appends a code block in canonical form, unless it is blank: some clients don't recognize an empty block.
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
        out.push_str(&split_backticks(line, FENCE.len() - 1));
        out.push('\n');
    }
    out.push_str(FENCE);
    out.push('\n');
}

/// Appends text unchanged, except for tables, which become code blocks.
fn push_text(out: &mut String, mut lines: &[&str]) {
    while let Some(line) = lines.first() {
        let rows = table_rows(lines);
        if rows > 0 {
            push_code(out, "", &aligned_table(&lines[..rows]));
            lines = &lines[rows..];
        } else {
            // clients already draw a gap after a code block
            if !(line.is_empty() && out.ends_with("```\n")) {
                out.push_str(line);
                out.push('\n');
            }
            lines = &lines[1..];
        }
    }
}

/// Breaks up every run of more than `max` backticks with spaces, so that it cannot close the surrounding code.
pub(crate) fn split_backticks(code: &str, max: usize) -> String {
    let mut out = String::with_capacity(code.len());
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run > max {
            out.push(' ');
            run = 1;
        }
        out.push(c);
    }
    out
}

/// Finds the end of a code span: the position in `text`, which follows its opening, of exactly `run` backticks.
pub(crate) fn closing_backticks(text: &str, run: usize) -> Option<usize> {
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

/// The inside of `<https://...>` at the start of `text`, if it has none of `marks`: it is harmless without its brackets,
/// since text and target are equal.
pub(crate) fn bracketed_url<'a>(text: &'a str, marks: &str) -> Option<&'a str> {
    let (inside, _) = text[1..].split_once('>')?;
    let is_plain = |c: char| c.is_ascii_graphic() && !marks.contains(c);
    let is_url = inside.starts_with("https://") || inside.starts_with("http://");
    (is_url && inside.chars().all(is_plain)).then_some(inside)
}

/// The number of leading `lines` that form a table: a header row, a rule (`|---|---|`) and more rows.
fn table_rows(lines: &[&str]) -> usize {
    let is_row = |line: &&&str| line.trim_start().starts_with('|');
    let ruled = lines.len() > 1 && is_row(&&lines[0]) && is_table_rule(lines[1]);
    if ruled { lines.iter().take_while(is_row).count() } else { 0 }
}

fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') && line.contains('-') && line.chars().all(|c| "|-: ".contains(c))
}

/// Aligns the columns of a table.
fn aligned_table(rows: &[&str]) -> Vec<String> {
    let table: Vec<Vec<String>> =
        rows.iter().filter(|row| !is_table_rule(row)).map(|row| table_cells(row)).collect();
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let all = table.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        all.max().unwrap_or(0).min(MAX_COLUMN_WIDTH)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| cells(cell, *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  ");
    let mut lines: Vec<String> = table.iter().map(line).collect();
    lines.insert(lines.len().min(1), rule);
    lines
}

fn table_cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.splitn(MAX_COLUMNS, '|').map(|cell| cell.trim().replace("**", "").replace('`', "")).collect()
}

/// A line outside code blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The white space before it.
    pub(crate) indent: &'a str,
    /// True if it is quoted, at any depth.
    pub(crate) is_quoted: bool,
    /// Its kind and content.
    pub(crate) kind: LineKind<'a>,
}

/// The kind of a line, with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineKind<'a> {
    /// A horizontal rule.
    Rule,
    /// A list item, without its bullet.
    Item(&'a str),
    /// The text of a heading, without bold marks; never empty.
    Heading(String),
    /// Anything else.
    Other(&'a str),
}

impl<'a> Line<'a> {
    /// Parses a line without its line break.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut rest = text.trim_start();
        let indent = &text[..text.len() - rest.len()];
        let is_quoted = rest.starts_with('>');
        if is_quoted {
            rest = rest.trim_start_matches(['>', ' ', '\t']);
        }
        Self { indent, is_quoted, kind: kind(rest) }
    }
}

fn kind(rest: &str) -> LineKind<'_> {
    if is_rule(rest) {
        return LineKind::Rule;
    }
    if let Some(item) = ["* ", "+ ", "- "].iter().find_map(|bullet| rest.strip_prefix(bullet)) {
        return LineKind::Item(item);
    }
    heading(rest).map_or(LineKind::Other(rest), LineKind::Heading)
}

fn is_rule(line: &str) -> bool {
    let bare: String = line.split_whitespace().collect();
    bare.len() >= 3 && ['-', '*', '_'].into_iter().any(|mark| bare.chars().all(|c| c == mark))
}

/// The text after one to six hashes and a space.
fn heading(line: &str) -> Option<String> {
    let after = line.trim_start_matches('#');
    let hashes = line.len() - after.len();
    let words = after.replace("**", "").trim().to_owned();
    ((1..=6).contains(&hashes) && after.starts_with([' ', '\t']) && !words.is_empty()).then_some(words)
}
