//! One line of an answer outside code blocks: emphasis, code spans and addresses live, all else is escaped.
//!
//! Discord looks for the end of an emphasis anywhere behind its beginning, in code spans and code blocks too, and
//! what it finds there tears the code open. So a mark stays only where its partner stands on the same line with
//! nothing between them that Discord could take for the partner. Must not know blocks.

use crate::view::markdown::{closing_backticks, split_backticks};

/// A part of a line.
enum Token {
    /// Nothing that Discord acts on.
    Safe(String),
    /// A code span, ready to be shown.
    Code(String),
    /// An address from its `://` on: Discord takes all up to a space or `<` for it, backslashes too.
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

/// Appends `text` to `out`, so that masked links, mentions, timestamps, custom emoji and spoilers are shown as text.
pub(super) fn push(out: &mut String, text: &str) {
    let mut tokens = tokens(text);
    pair(&mut tokens);
    let mut address = false;
    for token in &tokens {
        let after_address = std::mem::replace(&mut address, matches!(token, Token::Address(_)));
        match token {
            Token::Safe(safe) => {
                push_apart(out, after_address && !safe.starts_with(char::is_whitespace), safe);
            }
            // Also after an escaped backtick: nobody shall see three in a row.
            Token::Code(text) => {
                let apart = after_address || out.ends_with('`');
                push_apart(out, apart, text);
            }
            Token::Address(text) => push_apart(out, after_address, text),
            Token::Run(run) => {
                let mark = if run.live { run.mark.to_string() } else { format!("\\{}", run.mark) };
                push_apart(out, after_address, &mark.repeat(run.length));
            }
        }
    }
}

fn push_apart(out: &mut String, apart: bool, text: &str) {
    out.push_str(if apart { " " } else { "" });
    out.push_str(text);
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let (mut at, mut before) = (0, None);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
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

/// One character (or an escape, or an address in angle brackets), escaped where it must be; and its bytes.
fn safe(rest: &str, c: char, before: Option<char>) -> (Token, usize) {
    let length = c.len_utf8();
    let marks = match c {
        '\\' => match rest[1..].chars().next().filter(char::is_ascii_punctuation) {
            Some(next) => return (Token::Safe(format!("\\{next}")), 2),
            None => true,
        },
        '<' => match bracketed(rest) {
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

/// The inside of `<https://...>`, which may stand without its brackets: text and target are the same.
fn bracketed(rest: &str) -> Option<&str> {
    let (inside, _) = rest[1..].split_once('>')?;
    let sound = |c: char| c.is_ascii_graphic() && !"<`\\[]|\"@*_~".contains(c);
    let known = inside.starts_with("https://") || inside.starts_with("http://");
    (known && inside.chars().all(sound)).then_some(inside)
}

/// An address from its `://` on. Only where Discord is sure to see one too, it may hold what would be a mark.
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
        // Nothing would be left of it, and what stands behind it would begin the line.
        "" => (Token::Safe(rest[..length].replace('`', "\\`")), length),
        code if code.contains('`') => (Token::Code(format!("`` {} ``", split_backticks(code, 1))), length),
        code => (Token::Code(format!("`{code}`")), length),
    }
}

/// Makes those runs live that are sure to find each other.
fn pair(tokens: &mut [Token]) {
    let mut open: Vec<usize> = vec![];
    for at in 0..tokens.len() {
        let run = match &tokens[at] {
            Token::Run(run) if !run.live => *run,
            Token::Run(Run { mark: '~', .. }) => {
                open.retain(|&i| mark(&tokens[i]) != Some('~'));
                continue;
            }
            Token::Code(text) | Token::Address(text) => {
                open.retain(|&i| mark(&tokens[i]).is_some_and(|mark| !text.contains(mark)));
                continue;
            }
            _ => continue,
        };
        let partner = open.iter().rposition(|&i| mark(&tokens[i]) == Some(run.mark));
        match partner.map(|place| (place, open[place])) {
            Some((place, i)) if run.closes && length(&tokens[i]) == run.length => {
                enliven(&mut tokens[i]);
                enliven(&mut tokens[at]);
                open.truncate(place);
                open.retain(|&i| mark(&tokens[i]) != Some(run.mark));
            }
            _ => {
                open.retain(|&i| mark(&tokens[i]) != Some(run.mark));
                open.extend(run.opens.then_some(at));
            }
        }
    }
}

fn mark(token: &Token) -> Option<char> {
    if let Token::Run(run) = token { Some(run.mark) } else { None }
}

fn length(token: &Token) -> usize {
    if let Token::Run(run) = token { run.length } else { 0 }
}

fn enliven(token: &mut Token) {
    if let Token::Run(run) = token {
        run.live = true;
    }
}
