//! Markdown tables, which chats do not know or allow but once, as aligned lines for a code block.
//!
//! Must not know answers or races.

use unicode_width::UnicodeWidthStr;

use crate::view::text::cells;

/// The widest column.
const COLUMN: usize = 32;
/// Columns that are told apart; more stand in the last one.
const COLUMNS: usize = 12;

/// How many of the first `lines` are one table: a row, a rule (`|---|---|`), and the rows behind it.
pub(super) fn rows(lines: &[&str]) -> usize {
    let is_row = |line: &&&str| line.trim_start().starts_with('|');
    let ruled = lines.len() > 1 && is_row(&&lines[0]) && is_rule(lines[1]);
    if ruled { lines.iter().take_while(is_row).count() } else { 0 }
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') && line.contains('-') && line.chars().all(|c| "|-: ".contains(c))
}

/// The rows with their columns below each other.
pub(super) fn aligned(rows: &[&str]) -> Vec<String> {
    let table: Vec<Vec<String>> = rows.iter().filter(|row| !is_rule(row)).map(|row| split(row)).collect();
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let all = table.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        all.max().unwrap_or(0).min(COLUMN)
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

fn split(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.splitn(COLUMNS, '|').map(|cell| cell.trim().replace("**", "").replace('`', "")).collect()
}
