//! An answer's Markdown as lines for a terminal: parsed by pulldown-cmark, wrapped, with styles as escape sequences.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

use super::render::{fit, pad, wrap};
use crate::view::text::plain;

const BOLD: Style = Style("1", "22");
const ITALIC: Style = Style("3", "23");
const UNDERLINE: Style = Style("4", "24");
const STRUCK: Style = Style("9", "29");
const CODE: Style = Style("36", "39");
const GREY: Style = Style("90", "39");

/// The codes that begin and end a style in a Select Graphic Rendition sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style(&'static str, &'static str);

/// Returns `markdown` as lines of at most `columns` cells, without escape sequences unless `has_styles`.
pub(super) fn lines(markdown: &str, columns: usize, has_styles: bool) -> Vec<String> {
    let markdown = plain(markdown);
    let mut writer = Writer { columns: columns.max(8), has_styles, ..Writer::default() };
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        writer.write(event);
    }
    writer.flush();
    while writer.lines.last().is_some_and(|line| line.trim().is_empty()) {
        writer.lines.pop();
    }
    writer.lines
}

/// The beginning of a block's lines, such as the bullet of a list item.
struct Prefix {
    first: String,
    rest: String,
}

#[derive(Default)]
struct Writer {
    columns: usize,
    has_styles: bool,
    lines: Vec<String>,
    /// The inline text of the current block, with its styles.
    text: String,
    prefixes: Vec<Prefix>,
    /// The number of the next item of each open list; `None` in a bulleted one.
    lists: Vec<Option<u64>>,
    /// The target of the open link and the beginning of its text.
    link: Option<(String, usize)>,
    /// True inside a code block.
    is_code: bool,
    /// The rows of the open table.
    rows: Vec<Vec<String>>,
    is_table: bool,
}

impl Writer {
    fn write(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.push(&text),
            Event::Code(code) => {
                self.style(CODE, true);
                self.push(&code);
                self.style(CODE, false);
            }
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Rule => {
                self.gap();
                self.text = "─".repeat(self.columns.min(24));
                self.flush();
            }
            _ => {}
        }
    }

    /// Appends text. An entity such as `&#27;` may have become a character that a terminal would act on.
    fn push(&mut self, text: &str) {
        self.text.push_str(&plain(text));
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.gap(),
            Tag::Heading { .. } => {
                self.gap();
                self.style(BOLD, true);
            }
            Tag::BlockQuote(_) => {
                self.gap();
                self.prefixes.push(Prefix { first: "│ ".into(), rest: "│ ".into() });
            }
            Tag::CodeBlock(kind) => {
                self.gap();
                if let CodeBlockKind::Fenced(language) = kind
                    && !language.is_empty()
                {
                    self.style(GREY, true);
                    self.push(&language);
                    self.style(GREY, false);
                    self.flush();
                }
                self.is_code = true;
            }
            Tag::List(first) => {
                self.gap();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Table(_) => {
                self.gap();
                self.is_table = true;
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(vec![]),
            Tag::Emphasis => self.style(ITALIC, true),
            Tag::Strong => self.style(BOLD, true),
            Tag::Strikethrough => self.style(STRUCK, true),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((plain(&dest_url), self.text.len()));
                self.style(UNDERLINE, true);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.style(BOLD, false);
                self.flush();
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::BlockQuote(_) | TagEnd::Item => {
                self.flush();
                self.prefixes.pop();
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text).replace('\n', " ");
                self.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            TagEnd::Table => self.table(),
            TagEnd::Emphasis => self.style(ITALIC, false),
            TagEnd::Strong => self.style(BOLD, false),
            TagEnd::Strikethrough => self.style(STRUCK, false),
            TagEnd::Link | TagEnd::Image => self.link_end(),
            _ => {}
        }
    }

    /// Begins or ends a style. Cells of tables have none, since they are measured and cut.
    fn style(&mut self, Style(begin, end): Style, is_begin: bool) {
        if self.has_styles && !self.is_table {
            let code = if is_begin { begin } else { end };
            self.text.extend(["\x1b[", code, "m"]);
        }
    }

    /// Ends the current block, and separates the next one with an empty line outside lists.
    fn gap(&mut self) {
        self.flush();
        if self.lists.is_empty() && self.lines.last().is_some_and(|line| !line.trim().is_empty()) {
            let quote: String = self.prefixes.iter().map(|prefix| prefix.rest.as_str()).collect();
            self.lines.push(fit(quote.trim_end(), self.columns));
        }
    }

    fn item(&mut self) {
        self.flush();
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "• ".to_owned(),
        };
        let rest = " ".repeat(bullet.width());
        self.prefixes.push(Prefix { first: bullet, rest });
    }

    fn code_block(&mut self) {
        let code = std::mem::take(&mut self.text);
        self.is_code = false;
        self.prefixes.push(Prefix { first: "  ".into(), rest: "  ".into() });
        for line in code.lines() {
            if line.trim().is_empty() {
                self.lines.push(String::new());
                continue;
            }
            self.style(CODE, true);
            self.text.push_str(line);
            self.style(CODE, false);
            self.flush();
        }
        self.prefixes.pop();
    }

    /// Writes the target of a link behind its text, unless the text is the target.
    fn link_end(&mut self) {
        self.style(UNDERLINE, false);
        let Some((target, start)) = self.link.take() else { return };
        let bare = target.strip_prefix("mailto:").unwrap_or(&target);
        if !target.is_empty() && !self.text[start..].contains(bare) {
            self.text.extend([" (", &target, ")"]);
        }
    }

    fn table(&mut self) {
        self.is_table = false;
        let rows = std::mem::take(&mut self.rows);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0).min(MAX_CELL_WIDTH)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        for (index, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| pad(&fit(cell, *width), *width));
            self.table_line(&cells.collect::<Vec<_>>(), index == 0);
            if index == 0 {
                self.table_line(&rule, false);
            }
        }
    }

    fn table_line(&mut self, cells: &[String], is_head: bool) {
        let (prefix, _) = self.indents();
        let line = fit(cells.join("  ").trim_end(), self.columns.saturating_sub(prefix.width()));
        self.style(BOLD, is_head);
        self.text.push_str(&line);
        self.style(BOLD, false);
        self.flush();
    }

    /// Returns the prefixes of the first line and of the others; empty ones if they would leave too little room.
    fn indents(&self) -> (String, String) {
        let first: String = self.prefixes.iter().map(|prefix| prefix.first.as_str()).collect();
        let rest: String = self.prefixes.iter().map(|prefix| prefix.rest.as_str()).collect();
        if first.width().max(rest.width()) * 2 > self.columns { Default::default() } else { (first, rest) }
    }

    /// Wraps the current block's text and appends it to the lines.
    fn flush(&mut self) {
        if self.text.is_empty() || self.is_code {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let (mut first, rest) = self.indents();
        let mut lines = vec![];
        for line in text.trim_end_matches('\n').split('\n') {
            let room = self.columns.saturating_sub(first.width().max(rest.width()));
            for wrapped in wrap(line, room) {
                lines.push(format!("{first}{wrapped}"));
                first.clone_from(&rest);
            }
        }
        self.lines.extend(balanced(lines));
        for prefix in &mut self.prefixes {
            prefix.first.clone_from(&prefix.rest);
        }
    }
}

/// The widest cell of a table.
const MAX_CELL_WIDTH: usize = 32;

/// Ends every open style at the end of its line and begins it again on the next one, so that lines can be cut apart.
fn balanced(lines: Vec<String>) -> Vec<String> {
    let mut open: Vec<Style> = vec![];
    let balance = |line: String| {
        let before: String = open.iter().flat_map(|Style(begin, _)| ["\x1b[", *begin, "m"]).collect();
        for (start, _) in line.match_indices("\x1b[") {
            let code = line[start + 2..].split('m').next().unwrap_or_default();
            match [BOLD, ITALIC, UNDERLINE, STRUCK, CODE, GREY].into_iter().find(|style| style.0 == code) {
                Some(style) => open.push(style),
                None => open.retain(|style| style.1 != code),
            }
        }
        let after = if open.is_empty() { "" } else { "\x1b[0m" };
        format!("{before}{line}{after}")
    };
    lines.into_iter().map(balance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, columns: usize) -> String {
        lines(markdown, columns, false).join("\n")
    }

    #[test]
    fn blocks_are_separated_and_lists_are_indented() {
        let text = "# Title\nOne *two* **three**\nfour\n- a `b`\n- c\n  1. d\n  2. e\n\n> quoted\n> text\n\n---\nend";
        insta::assert_snapshot!(shown(text, 40), @r"
        Title

        One two three
        four

        • a b
        • c
          1. d
          2. e

        │ quoted
        │ text

        ────────────────────────

        end
        ");
    }

    #[test]
    fn code_keeps_its_indent_and_tables_are_aligned() {
        let text = "```rust\nfn main() {\n    run();\n\n}\n```\n| colour | nm |\n|---|---:|\n| **blue** | 450 |\n| r | 7 |";
        insta::assert_snapshot!(shown(text, 40), @r"
        rust
          fn main() {
              run();

          }

        colour  nm
        ──────  ───
        blue    450
        r       7
        ");
    }

    #[test]
    fn a_link_shows_its_target() {
        let text = "[here](https://a.test/x), <https://b.test>, ![a cat](https://c.test/cat.png)";
        assert_eq!(
            shown(text, 100),
            "here (https://a.test/x), https://b.test, a cat (https://c.test/cat.png)"
        );
    }

    #[test]
    fn long_text_wraps_behind_its_bullet() {
        assert_eq!(shown("- one two three four", 12), "• one two\n  three four");
    }

    #[test]
    fn styles_end_with_their_line() {
        let wrapped = lines("**one two three**", 8, true);
        assert_eq!(wrapped, ["\x1b[1mone two\x1b[0m", "\x1b[1mthree\x1b[22m"]);
    }

    #[test]
    fn entities_do_not_become_escape_sequences() {
        for hostile in ["&#27;[2J", "&#x9b;2J", "`\x1b[2J`", "[a](<&#27;[2J>)", "&#x202e;abc"] {
            let shown = shown(hostile, 80);
            assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{hostile}: {shown:?}");
        }
    }
}
