//! A model's answer as Discord may show it: its Markdown stays, what deceives or breaks the layout does not.
//!
//! Discord differs from the Markdown that models write: three backticks begin a code block anywhere, an empty block
//! swallows the text after it, tildes fence nothing, `>>> ` quotes all that follows, a hash alone makes a heading of the
//! next line. [`crate::view::markdown`] puts fences in one form, [`escape_markdown`] escapes what is left, line by line.
//!
//! Within a line, Discord looks for the end of an emphasis anywhere behind its beginning, in code spans and code blocks
//! too, and tears code open there. So a mark stays only if its partner is on the same line with nothing between them
//! that Discord could take for the partner.

use super::body::{DESCRIPTION, length};
#[cfg(test)]
pub(super) use crate::view::markdown::canonical;
use crate::view::{
    fit::{self, Dialect},
    markdown::{Line, LineKind, RULE, bracketed_url, closing_backticks, rewritten, split_backticks},
    text::Measure,
};

/// An answer as Discord shows and counts it; none is longer than an embed.
pub(in crate::discord) struct Discord;

impl Dialect for Discord {
    const MEASURE: Measure = Measure::Utf16;
    const MAX_LENGTH: usize = DESCRIPTION;

    fn length(text: &str) -> usize {
        length(text)
    }

    fn escape(piece: &str) -> String {
        escape_markdown(piece)
    }
}

/// An answer in UTF-16 units.
pub(in crate::discord) type Answer = fit::AnswerText<Discord>;

/// A piece of a canonical text with everything escaped that Discord must not act on: masked links (text and target
/// are shown), mentions, timestamps, custom emoji, spoilers, quotes without end. Bold, code, lists and quotes work;
/// a heading becomes a bold line, as it would be larger than the model's name above it.
pub(super) fn escape_markdown(piece: &str) -> String {
    rewritten(piece, line, |code| code)
}

/// Appends one line outside code blocks: the mark at its beginning, then its content.
fn line(out: &mut String, text: &str) {
    let line = Line::parse(text);
    out.push_str(line.indent);
    out.push_str(if line.is_quoted { "> " } else { "" });
    let (mark, content) = match line.kind {
        LineKind::Rule => return out.push_str(RULE),
        LineKind::Item(item) => ("- ", guarded(item)),
        LineKind::Heading(words) => ("", bold(guarded(&words))),
        LineKind::Other(rest) => match rest.strip_prefix("-# ") {
            Some(small) => ("-# ", guarded(small)),
            // not a heading to us, but to Discord: a hash without words takes the next line
            None => (if rest.starts_with('#') { "\\" } else { "" }, rest.to_owned()),
        },
    };
    out.push_str(mark);
    push(out, &content);
}

/// Content of a line, escaped where it would begin a block.
fn guarded(text: &str) -> String {
    let text = text.trim();
    let marked = ["#", ">", "-#"].iter().any(|mark| text.starts_with(mark));
    if marked { format!("\\{text}") } else { text.to_owned() }
}

/// A heading as bold text.
fn bold(words: String) -> String {
    if words.contains('*') { words } else { format!("**{words}**") }
}

/// Marks that a backslash precedes in LaTeX; in Markdown they need none.
const LATEX: &str = "()[]{},;:";

/// A part of a line.
enum Token {
    /// Text that Discord does not act on.
    Safe(String),
    /// A code span, ready to be shown.
    Code(String),
    /// An address from its `://` on: for Discord it extends to a space or `<`, backslashes included.
    Address(String),
    /// Asterisks, underscores or tildes in a row.
    Run(Run),
}

#[derive(Clone, Copy)]
struct Run {
    mark: char,
    length: usize,
    opens: bool,
    closes: bool,
    live: bool,
}

impl Run {
    fn shown(self) -> String {
        let mark = if self.live { self.mark.to_string() } else { format!("\\{}", self.mark) };
        mark.repeat(self.length)
    }
}

/// Appends `text`, a line outside code blocks, with masked links, mentions, timestamps, custom emoji and spoilers shown as
/// text.
pub(super) fn push(out: &mut String, text: &str) {
    let mut tokens = tokens(text);
    pair(&mut tokens);
    let mut after_address = false;
    for token in &tokens {
        let (apart, text) = match token {
            Token::Safe(text) => (after_address && !text.starts_with(char::is_whitespace), text),
            // also after an escaped backtick: three in a row would begin a block
            Token::Code(text) => (after_address || out.ends_with('`'), text),
            Token::Address(text) => (after_address, text),
            Token::Run(run) => (after_address, &run.shown()),
        };
        out.push_str(if apart { " " } else { "" });
        out.push_str(text);
        after_address = matches!(token, Token::Address(_));
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let (mut at, mut before) = (0, None);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
            _ if !is_special(c) => {
                let length = rest.find(is_special).unwrap_or(rest.len());
                (Token::Safe(rest[..length].to_owned()), length)
            }
            '`' => code_span(rest),
            '*' | '_' | '~' => run(rest, c, before, matches!(tokens.last(), Some(Token::Address(_)))),
            ':' if rest.starts_with("://") => address(&text[..at], rest),
            _ => safe(rest, c, before),
        };
        before = text[at..at + length].chars().next_back();
        at += length;
        match (token, tokens.last_mut()) {
            (Token::Safe(more), Some(Token::Safe(safe))) => safe.push_str(&more),
            (token, _) => tokens.push(token),
        }
    }
    tokens
}

/// Returns true for a character that Discord may act on. The others are taken in one piece: a token each would make
/// the escaping the most expensive step of an edit.
fn is_special(c: char) -> bool {
    matches!(c, '`' | '*' | '_' | '~' | ':' | '\\' | '<' | '[' | ']' | '|' | '@')
}

/// One special character (or an escape, or an address in angle brackets), escaped if necessary; and its length in bytes.
fn safe(rest: &str, c: char, before: Option<char>) -> (Token, usize) {
    let length = c.len_utf8();
    let marks = match c {
        '\\' => match rest[1..].chars().next().filter(char::is_ascii_punctuation) {
            // not an escape but LaTeX, such as `\(x\)` or `a\,b`
            Some(next) if LATEX.contains(next) => true,
            Some(next) => return (Token::Safe(format!("\\{next}")), 2),
            None => true,
        },
        '<' => match bracketed_url(rest, "<`\\[]|\"@*_~") {
            Some(address) => {
                // an underscore before it would no longer end an emphasis
                let apart = if before == Some('_') { " " } else { "" };
                return (Token::Safe(format!("{apart}{address} ")), address.len() + 2);
            }
            None => true,
        },
        '[' | ']' => true,
        '|' => before == Some('|') || rest.starts_with("||"),
        '@' => rest.starts_with("@everyone") || rest.starts_with("@here"),
        _ => false,
    };
    (Token::Safe(if marks { format!("\\{c}") } else { c.to_string() }), length)
}

/// An address from its `://` on. It may hold marks only if Discord is sure to see an address too.
fn address(before: &str, rest: &str) -> (Token, usize) {
    let scheme = before.strip_suffix("https").or_else(|| before.strip_suffix("http"));
    let apart = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\\');
    let named = rest[3..].starts_with(char::is_alphanumeric);
    let known = named && scheme.is_some_and(apart);
    let ends = |c: char| c.is_whitespace() || "<`[]\\*~|".contains(c) || (matches!(c, '_' | '@') && !known);
    let length = rest.find(ends).unwrap_or(rest.len());
    (Token::Address(rest[..length].to_owned()), length)
}

fn run(rest: &str, mark: char, before: Option<char>, after_address: bool) -> (Token, usize) {
    let length = rest.len() - rest.trim_start_matches(mark).len();
    let after = rest[length..].chars().next();
    let word = |c: Option<char>| mark == '_' && c.is_some_and(|c| c.is_alphanumeric() || c == '\\');
    let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let sound = if mark == '~' { length == 2 } else { length <= 3 };
    let closes = sound && !space(before) && !word(after) && (!after_address || length == 2);
    let run = Run {
        mark,
        length,
        opens: sound && !space(after) && !word(before),
        closes: closes && !(mark == '~' && after == Some('_')),
        live: mark == '~' && length == 1,
    };
    (Token::Run(run), length)
}

/// A code span, or escaped backticks where it is not closed on its line.
fn code_span(rest: &str) -> (Token, usize) {
    let run = rest.len() - rest.trim_start_matches('`').len();
    let Some(end) = closing_backticks(&rest[run..], run) else {
        return (Token::Safe("\\`".repeat(run)), run);
    };
    let (code, length) = (rest[run..run + end].trim(), run + end + run);
    match code {
        // nothing would be left of it, and the text behind it would begin the line
        "" => (Token::Safe(rest[..length].replace('`', "\\`")), length),
        code if code.contains('`') => (Token::Code(format!("`` {} ``", split_backticks(code, 1))), length),
        code => (Token::Code(format!("`{code}`")), length),
    }
}

/// Enables the runs that are sure to find each other.
fn pair(tokens: &mut [Token]) {
    let mut open: Vec<(usize, Run)> = vec![];
    for at in 0..tokens.len() {
        let run = match &tokens[at] {
            Token::Run(run) => *run,
            Token::Code(text) | Token::Address(text) => {
                open.retain(|(_, open)| !text.contains(open.mark));
                continue;
            }
            Token::Safe(_) => continue,
        };
        let nearest = open.iter().rposition(|(_, open)| open.mark == run.mark);
        let partner = nearest.filter(|&i| run.closes && open[i].1.length == run.length);
        if let Some(i) = partner {
            for paired in [open[i].0, at] {
                tokens[paired] = Token::Run(Run { live: true, ..run });
            }
            open.truncate(i);
        }
        open.retain(|(_, open)| open.mark != run.mark);
        open.extend((run.opens && partner.is_none()).then_some((at, run)));
    }
}
