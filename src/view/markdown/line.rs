//! One line outside code blocks: what begins it, told from what stands in it.
//!
//! Must not know the lines around it.

/// Shown for a line across the text, which chats draw differently or not at all.
pub(crate) const RULE: &str = "────────";

/// A line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The white space before it.
    pub(crate) indent: &'a str,
    /// Whether it is quoted, however deep.
    pub(crate) is_quoted: bool,
    /// The rest.
    pub(crate) what: What<'a>,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// A line across the text.
    Rule,
    /// A point of a list, without its bullet.
    Item(&'a str),
    /// The words of a heading, without bold marks; never empty.
    Heading(String),
    /// Anything else.
    Other(&'a str),
}

impl<'a> Line<'a> {
    /// Reads a line without its line break.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut rest = text.trim_start();
        let indent = &text[..text.len() - rest.len()];
        let is_quoted = rest.starts_with('>');
        if is_quoted {
            rest = rest.trim_start_matches(['>', ' ', '\t']);
        }
        Self { indent, is_quoted, what: what(rest) }
    }
}

fn what(rest: &str) -> What<'_> {
    if is_rule(rest) {
        return What::Rule;
    }
    if let Some(item) = ["* ", "+ ", "- "].iter().find_map(|bullet| rest.strip_prefix(bullet)) {
        return What::Item(item);
    }
    heading(rest).map_or(What::Other(rest), What::Heading)
}

fn is_rule(line: &str) -> bool {
    let bare: String = line.split_whitespace().collect();
    bare.len() >= 3 && ['-', '*', '_'].into_iter().any(|mark| bare.chars().all(|c| c == mark))
}

/// The words behind one to six hashes and a space.
fn heading(line: &str) -> Option<String> {
    let after = line.trim_start_matches('#');
    let hashes = line.len() - after.len();
    let words = after.replace("**", "").trim().to_owned();
    ((1..=6).contains(&hashes) && after.starts_with([' ', '\t']) && !words.is_empty()).then_some(words)
}
