//! A model's answer as Discord may show it: its Markdown stays, what deceives or breaks the layout does not.
//!
//! Discord differs from the Markdown that models write: three backticks begin a code block wherever they stand and
//! an empty block swallows the text after it, tildes fence nothing, `>>> ` quotes all that follows, a hash alone
//! makes a heading of the next line. [`crate::view::markdown`] puts fences in one form, [`defused`] escapes what is left over,
//! line by line. Must not know limits.

use super::inline;
#[cfg(test)]
pub(super) use crate::view::markdown::canonical;
use crate::view::markdown::{Line, LineKind, RULE, rewritten};

/// A piece of a canonical text with everything escaped that Discord must not act on: masked links (text and target
/// are shown), mentions, timestamps, custom emoji, spoilers, quotes without end. Bold, code, lists and quotes work;
/// a heading becomes a bold line, for it would be larger than the model's name above it.
pub(super) fn defused(piece: &str) -> String {
    rewritten(piece, line, |code| code)
}

/// One line outside code blocks. What begins it is told from what stands in it.
fn line(out: &mut String, text: &str) {
    let line = Line::parse(text);
    out.push_str(line.indent);
    out.push_str(if line.is_quoted { "> " } else { "" });
    match line.kind {
        LineKind::Rule => out.push_str(RULE),
        LineKind::Item(item) => {
            out.push_str("- ");
            inline::push(out, &guarded(item));
        }
        LineKind::Heading(words) => heading(out, &guarded(&words)),
        LineKind::Other(rest) => other(out, rest),
    }
}

fn other(out: &mut String, rest: &str) {
    if let Some(small) = rest.strip_prefix("-# ") {
        out.push_str("-# ");
        inline::push(out, &guarded(small));
    } else {
        // What only looks like a heading: a hash without words takes the next line.
        out.push_str(if rest.starts_with('#') { "\\" } else { "" });
        inline::push(out, rest);
    }
}

/// What stands within a line, without what would begin a block there.
fn guarded(text: &str) -> String {
    let text = text.trim();
    let marked = ["#", ">", "-#"].iter().any(|mark| text.starts_with(mark));
    if marked { format!("\\{text}") } else { text.to_owned() }
}

/// A heading as a bold line.
fn heading(out: &mut String, words: &str) {
    if words.contains('*') {
        inline::push(out, words);
    } else {
        inline::push(out, &format!("**{words}**"));
    }
}
