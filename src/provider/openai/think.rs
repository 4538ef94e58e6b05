//! Reasoning inside the content, between `<think>` and `</think>`. The tags may be split over several deltas.
//!
//! Only a tag at the very start of an answer opens reasoning (white space may precede it): a later `<think>` is text,
//! and so is an unopened `</think>`.

use crate::model::Delta;

const OPEN_TAG: &str = "<think>";
const CLOSE_TAG: &str = "</think>";

/// Splits content into reasoning and text.
#[derive(Debug, Default)]
pub(super) struct ThinkSplitter {
    section: Section,
    /// Text that may turn out to be a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Start,
    Reasoning,
    Answer,
}

impl ThinkSplitter {
    /// Accepts a piece of content and appends the unambiguous part to `out`.
    pub(super) fn push(&mut self, content: &str, out: &mut impl Extend<Delta>) {
        if self.section == Section::Answer {
            return emit(Delta::Text, content, out);
        }
        self.held.push_str(content);
        if self.section == Section::Start {
            self.open(out);
        }
        if self.section == Section::Reasoning {
            self.close(out);
        }
    }

    /// Ends the content: held text is no tag.
    pub(super) fn finish(&mut self, out: &mut impl Extend<Delta>) {
        let kind = if self.section == Section::Reasoning { Delta::Reasoning } else { Delta::Text };
        emit(kind, &std::mem::take(&mut self.held), out);
    }

    fn open(&mut self, out: &mut impl Extend<Delta>) {
        let start = self.held.trim_start();
        if let Some(reasoning) = start.strip_prefix(OPEN_TAG) {
            self.held = reasoning.to_owned();
            self.section = Section::Reasoning;
        } else if !OPEN_TAG.starts_with(start) {
            self.section = Section::Answer;
            self.finish(out);
        }
    }

    fn close(&mut self, out: &mut impl Extend<Delta>) {
        if let Some((reasoning, answer)) = self.held.split_once(CLOSE_TAG) {
            emit(Delta::Reasoning, reasoning, out);
            emit(Delta::Text, answer, out);
            self.section = Section::Answer;
            self.held = String::new();
        } else {
            let sure = self.held.len() - partial_tag_len(&self.held);
            emit(Delta::Reasoning, &self.held[..sure], out);
            self.held.drain(..sure);
        }
    }
}

/// The length of the longest end of `text` that may begin a closing tag.
fn partial_tag_len(text: &str) -> usize {
    (1..CLOSE_TAG.len()).rev().find(|&len| text.ends_with(&CLOSE_TAG[..len])).unwrap_or(0)
}

fn emit(kind: fn(String) -> Delta, text: &str, out: &mut impl Extend<Delta>) {
    out.extend((!text.is_empty()).then(|| kind(text.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reasoning and the text of `pieces`, each joined.
    fn split<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let (mut think, mut deltas) = (ThinkSplitter::default(), Vec::new());
        pieces.into_iter().for_each(|piece| think.push(piece, &mut deltas));
        think.finish(&mut deltas);
        let (mut reasoning, mut text) = (String::new(), String::new());
        for delta in deltas {
            match delta {
                Delta::Reasoning(part) if !part.is_empty() => reasoning.push_str(&part),
                Delta::Text(part) if !part.is_empty() => text.push_str(&part),
                other => panic!("an empty or foreign delta: {other:?}"),
            }
        }
        (reasoning, text)
    }

    #[test]
    fn tags_are_found_however_they_are_split() {
        let rows = [
            ("<think>a</think>b", "a", "b"),
            (" \n<think>\na\n</think>\n\nb", "\na\n", "\n\nb"),
            ("<think>a</thinker></think>b</think>", "a</thinker>", "b</think>"),
            ("<think>never closed </thi", "never closed </thi", ""),
            ("<think></think>", "", ""),
            ("plain <think>x</think>", "", "plain <think>x</think>"),
            ("a < b", "", "a < b"),
            ("< b", "", "< b"),
            ("<thinking>x", "", "<thinking>x"),
            ("opened by the template</think>b", "", "opened by the template</think>b"),
            ("  ", "", "  "),
            ("<thi", "", "<thi"),
            ("<think>ü</t</think>ü", "ü</t", "ü"),
        ];
        for (content, reasoning, text) in rows {
            let want = (reasoning.to_owned(), text.to_owned());
            assert_eq!(split([content]), want, "{content:?} whole");
            assert_eq!(split(content.split_inclusive(|_| true)), want, "{content:?} by character");
            for (at, _) in content.char_indices() {
                assert_eq!(split([&content[..at], &content[at..]]), want, "{content:?} cut at {at}");
            }
        }
    }

    #[test]
    fn nothing_is_held_back_after_the_answer_began() {
        let (mut think, mut deltas) = (ThinkSplitter::default(), Vec::new());
        think.push("Hi", &mut deltas);
        think.push("<", &mut deltas);
        assert_eq!(deltas, [Delta::Text("Hi".into()), Delta::Text("<".into())]);
    }
}
