//! Reasoning written into the content between `<think>` and `</think>`, the tags split over deltas at will.
//!
//! Only a tag at the very start of an answer opens reasoning (white space may stand before it): a later "<"
//! is text, and so is a `</think>` that nothing opened. Must not know events or JSON.

use crate::model::Delta;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Sorts content into text and reasoning.
#[derive(Debug, Default)]
pub(super) struct Think {
    place: Place,
    /// What may turn out to be a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Reasoning,
    Answer,
}

impl Think {
    /// Takes the next piece of content and puts what is sure of it to `out`.
    pub(super) fn push(&mut self, content: &str, out: &mut impl Extend<Delta>) {
        if self.place == Place::Answer {
            return emit(Delta::Text, content, out);
        }
        self.held.push_str(content);
        if self.place == Place::Start {
            self.open(out);
        }
        if self.place == Place::Reasoning {
            self.close(out);
        }
    }

    /// The content is over: what was held is what it looks like.
    pub(super) fn finish(&mut self, out: &mut impl Extend<Delta>) {
        let kind = if self.place == Place::Reasoning { Delta::Reasoning } else { Delta::Text };
        emit(kind, &std::mem::take(&mut self.held), out);
    }

    fn open(&mut self, out: &mut impl Extend<Delta>) {
        let start = self.held.trim_start();
        if let Some(thought) = start.strip_prefix(OPEN) {
            self.held = thought.to_owned();
            self.place = Place::Reasoning;
        } else if !OPEN.starts_with(start) {
            self.place = Place::Answer;
            self.finish(out);
        }
    }

    fn close(&mut self, out: &mut impl Extend<Delta>) {
        if let Some((thought, answer)) = self.held.split_once(CLOSE) {
            emit(Delta::Reasoning, thought, out);
            emit(Delta::Text, answer, out);
            self.place = Place::Answer;
            self.held = String::new();
        } else {
            let sure = self.held.len() - tag_begin(&self.held);
            emit(Delta::Reasoning, &self.held[..sure], out);
            self.held.drain(..sure);
        }
    }
}

/// How many bytes at the end of `text` may be the begin of a closing tag.
fn tag_begin(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|&len| text.ends_with(&CLOSE[..len])).unwrap_or(0)
}

fn emit(kind: fn(String) -> Delta, text: &str, out: &mut impl Extend<Delta>) {
    out.extend((!text.is_empty()).then(|| kind(text.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reasoning and text of the pieces, each joined.
    fn sorted<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let (mut think, mut deltas) = (Think::default(), Vec::new());
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
    fn tags_are_found_in_whatever_pieces_they_come() {
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
            assert_eq!(sorted([content]), want, "{content:?} whole");
            assert_eq!(sorted(content.split_inclusive(|_| true)), want, "{content:?} by character");
            for (at, _) in content.char_indices() {
                assert_eq!(sorted([&content[..at], &content[at..]]), want, "{content:?} cut at {at}");
            }
        }
    }

    #[test]
    fn nothing_is_held_once_the_answer_began() {
        let (mut think, mut deltas) = (Think::default(), Vec::new());
        think.push("Hi", &mut deltas);
        think.push("<", &mut deltas);
        assert_eq!(deltas, [Delta::Text("Hi".into()), Delta::Text("<".into())]);
    }
}
