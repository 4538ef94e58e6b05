//! Reasoning inside the content: between tags, or in the channels of gpt-oss's harmony format
//! (<https://cookbook.openai.com/articles/openai-harmony>). Tags may be split over several deltas, and their case does
//! not matter.
//!
//! The first tag opens reasoning only at the start of a line; after that, the same tag opens more of it anywhere. A
//! closing tag without an opening one, whose opening tag is in the prompt, makes everything before it reasoning. A tag
//! that is quoted is text, and an answer that writes about tags keeps all of them.

use crate::model::Delta;

/// Opening and closing tags.
const TAGS: [(&str, &str); 6] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
];
const CLOSE_TAGS: [&str; 6] = [TAGS[0].1, TAGS[1].1, TAGS[2].1, TAGS[3].1, TAGS[4].1, TAGS[5].1];
const ALL_TAGS: [&str; 12] = [
    TAGS[0].0, TAGS[1].0, TAGS[2].0, TAGS[3].0, TAGS[4].0, TAGS[5].0, TAGS[0].1, TAGS[1].1, TAGS[2].1,
    TAGS[3].1, TAGS[4].1, TAGS[5].1,
];

const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";
/// The tokens that end a message or begin the next one.
const MESSAGE_ENDS: [&str; 5] = ["<|end|>", "<|return|>", "<|call|>", "<|start|>", CHANNEL];
/// Harmony whose special tokens a server dropped.
const BARE_ANALYSIS: &str = "analysis";
const BARE_FINAL: &str = "assistantfinal";
/// The beginnings of an answer that is not plain text.
const OPENINGS: [&str; 9] =
    [TAGS[0].0, TAGS[1].0, TAGS[2].0, TAGS[3].0, TAGS[4].0, TAGS[5].0, CHANNEL, "<|start|>", BARE_ANALYSIS];

/// Longest text that may still turn out to be a tag: white space before one, or a channel's name.
const MAX_HELD_LEN: usize = 4 << 10;

/// Splits content into reasoning and text.
#[derive(Debug, Default)]
pub(super) struct ThinkSplitter {
    section: Section,
    /// Text that may turn out to be a tag.
    held: String,
    /// The tags that this answer uses, once it opened or closed some.
    tags: Option<(&'static str, &'static str)>,
    /// The last character of the text.
    last: Option<char>,
    /// Reasoning arrived in a field of its own, so a lone closing tag means nothing after the first text.
    has_reasoning_field: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Start,
    Reasoning,
    Answer,
    /// An answer in which tags are text.
    Plain,
    /// Between two messages of harmony.
    Gap,
    /// After [`CHANNEL`]: the channel's name.
    Channel,
    /// A harmony message with reasoning, or with the answer.
    Analysis,
    Final,
    /// Reasoning until [`BARE_FINAL`].
    BareAnalysis,
}

impl ThinkSplitter {
    /// Notes that reasoning arrived outside of the content.
    pub(super) fn reasoning_elsewhere(&mut self) {
        self.has_reasoning_field = true;
    }

    /// Accepts a piece of content and appends the unambiguous part to `out`.
    pub(super) fn push(&mut self, content: &str, out: &mut impl Extend<Delta>) {
        let is_plain =
            self.section == Section::Plain || (self.section == Section::Answer && !may_hold_tag(content));
        if is_plain && self.held.is_empty() {
            return self.emit(content, out);
        }
        self.held.push_str(content);
        if self.held.len() > MAX_HELD_LEN && matches!(self.section, Section::Start | Section::Channel) {
            self.section = Section::Plain;
        }
        while self.step(out) {}
    }

    /// Ends the content: held text is no tag.
    pub(super) fn finish(&mut self, out: &mut impl Extend<Delta>) {
        if self.section == Section::Start {
            self.section = Section::Answer;
        }
        let held = std::mem::take(&mut self.held);
        self.emit(&held, out);
    }

    /// Emits held text up to the next tag and enters the section after it. Returns false if more text is needed.
    fn step(&mut self, out: &mut impl Extend<Delta>) -> bool {
        if self.section == Section::Start {
            return self.open();
        }
        let (tags, count) = self.tags_here();
        let found = find(&self.held, &tags[..count]);
        if self.section == Section::Channel && !matches!(found, Some((_, Some(_)))) {
            return false; // the channel's name is read as a whole
        }
        let before = self.held.split_off(found.map_or(self.held.len(), |(at, _)| at));
        let before = std::mem::replace(&mut self.held, before);
        self.emit(&before, out);
        let Some((_, Some(tag))) = found else { return false };
        let rest = self.held.split_off(tag.len());
        let tag_text = std::mem::replace(&mut self.held, rest);
        if self.is_text(tag) {
            self.emit(&tag_text, out);
        } else {
            self.enter(tag, before.trim(), out);
        }
        !self.held.is_empty()
    }

    /// Decides how the answer begins.
    fn open(&mut self) -> bool {
        let start = self.held.trim_start();
        let begins = |tag: &&str| start.get(..tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag));
        let undecided = |tag: &str| is_prefix(start, tag) || (tag == BARE_ANALYSIS && start == tag);
        if OPENINGS.into_iter().any(undecided) {
            return false;
        }
        let tag = OPENINGS.iter().find(|tag| begins(tag)).copied();
        let is_bare = |start: &str| start[BARE_ANALYSIS.len()..].starts_with(char::is_uppercase);
        self.section = match tag {
            Some(BARE_ANALYSIS) if start.starts_with(BARE_ANALYSIS) && is_bare(start) => {
                Section::BareAnalysis
            }
            None | Some(BARE_ANALYSIS) => Section::Answer,
            Some(CHANNEL) => Section::Channel,
            Some("<|start|>") => Section::Gap,
            Some(tag) => {
                self.tags = TAGS.into_iter().find(|(open, _)| *open == tag);
                Section::Reasoning
            }
        };
        if let Some(tag) = tag.filter(|_| self.section != Section::Answer) {
            self.held = start[tag.len()..].to_owned();
        }
        !self.held.is_empty()
    }

    /// The tags that end the current section.
    fn tags_here(&self) -> ([&'static str; 12], usize) {
        let mut tags = [""; 12];
        let list: &[&'static str] = match (self.section, &self.tags) {
            (Section::Reasoning, Some((_, close))) => &[*close],
            (Section::Answer, Some((open, close))) => &[*open, *close],
            (Section::Gap, _) => &[CHANNEL],
            (Section::Channel, _) => &[MESSAGE],
            (Section::Analysis | Section::Final, _) => &MESSAGE_ENDS,
            (Section::BareAnalysis, _) => &[BARE_FINAL],
            (Section::Plain, _) => &[],
            _ => &ALL_TAGS,
        };
        tags[..list.len()].copy_from_slice(list);
        (tags, list.len())
    }

    /// Returns true if `tag` is a part of the answer; from then on all are, unless it was quoted or closed no reasoning.
    fn is_text(&mut self, tag: &str) -> bool {
        if self.section != Section::Answer {
            return false;
        }
        let is_quoted = matches!(self.last, Some('`' | '"' | '\'' | '“'));
        let is_close = CLOSE_TAGS.contains(&tag);
        let is_late_close =
            is_close && (self.tags.is_some() || (self.has_reasoning_field && self.last.is_some()));
        let is_inline_open = !is_close && self.tags.is_none() && !matches!(self.last, None | Some('\n'));
        if is_inline_open && !is_quoted {
            self.section = Section::Plain;
        }
        is_quoted || is_late_close || is_inline_open
    }

    /// Enters the section that `tag` begins.
    fn enter(&mut self, tag: &'static str, channel: &str, out: &mut impl Extend<Delta>) {
        self.section = match self.section {
            Section::Answer if CLOSE_TAGS.contains(&tag) => {
                self.tags = TAGS.into_iter().find(|(_, close)| *close == tag);
                self.last = None;
                if !self.has_reasoning_field {
                    out.extend([Delta::AnswerWasReasoning]);
                }
                Section::Answer
            }
            Section::Answer => {
                self.tags = TAGS.into_iter().find(|(open, _)| *open == tag);
                Section::Reasoning
            }
            Section::Gap => Section::Channel,
            Section::Channel if channel.starts_with("final") => Section::Final,
            Section::Channel => Section::Analysis,
            Section::Analysis | Section::Final if tag == CHANNEL => Section::Channel,
            Section::Analysis | Section::Final => Section::Gap,
            Section::Start | Section::Reasoning | Section::BareAnalysis | Section::Plain => Section::Answer,
        };
    }

    fn emit(&mut self, text: &str, out: &mut impl Extend<Delta>) {
        let delta: fn(String) -> Delta = match self.section {
            Section::Reasoning | Section::Analysis | Section::BareAnalysis => Delta::Reasoning,
            Section::Gap | Section::Channel => return,
            Section::Start | Section::Answer | Section::Plain | Section::Final => {
                self.last = text.chars().next_back().or(self.last);
                Delta::Text
            }
        };
        out.extend((!text.is_empty()).then(|| delta(text.to_owned())));
    }
}

/// A quick look for the first bytes of [`TAGS`].
fn may_hold_tag(text: &str) -> bool {
    memchr::memchr3(b'<', b'[', "◁".as_bytes()[0], text.as_bytes()).is_some()
}

/// Returns true if `text` is a beginning of `tag`, shorter than it.
fn is_prefix(text: &str, tag: &str) -> bool {
    text.len() < tag.len() && tag.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
}

/// The position of the first of `tags` in `text` and the tag, or `None` in its place if `text` ends within it.
fn find<'t>(text: &str, tags: &[&'t str]) -> Option<(usize, Option<&'t str>)> {
    text.char_indices().filter(|(_, c)| matches!(c, '<' | '[' | '◁' | 'a' | 'A')).find_map(|(at, _)| {
        let rest = &text[at..];
        let whole = |tag: &&&str| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        if let Some(tag) = tags.iter().find(whole) {
            return Some((at, Some(*tag)));
        }
        tags.iter().any(|tag| is_prefix(rest, tag)).then_some((at, None))
    })
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
                Delta::AnswerWasReasoning => reasoning.push_str(&std::mem::take(&mut text)),
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
            ("<THINK>a</Think>b", "a", "b"),
            ("<thinking>a</thinking>b", "a", "b"),
            ("[THINK]a[/THINK]b [1]", "a", "b [1]"),
            ("◁think▷a◁/think▷b “c”", "a", "b “c”"),
            ("<|begin_of_thought|>a<|end_of_thought|>b", "a", "b"),
            ("<think>a</think>b<think>c</think>d", "ac", "bd"),
            ("<think>a</think>b `<think>` c", "a", "b `<think>` c"),
            ("plain <think>x</think>", "", "plain <think>x</think>"),
            ("Well.\n<think>a</think>b", "a", "Well.\nb"),
            ("a < b", "", "a < b"),
            ("< b", "", "< b"),
            ("a[0] = [1]", "", "a[0] = [1]"),
            ("the template opened it</think>b", "the template opened it", "b"),
            ("it ends with `</think>`, b", "", "it ends with `</think>`, b"),
            ("analysisWe must.assistantfinalIt is.", "We must.", "It is."),
            ("analysis of the sky", "", "analysis of the sky"),
            ("analysis", "", "analysis"),
            ("Analysis", "", "Analysis"),
            ("an answer", "", "an answer"),
            (
                "<|channel|>analysis<|message|>We must.<|end|><|start|>assistant<|channel|>final<|message|>It is.<|return|>",
                "We must.",
                "It is.",
            ),
            ("<|start|>assistant<|channel|>final <|constrain|>json<|message|>{}", "", "{}"),
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
    fn a_stray_closing_tag_is_dropped_where_reasoning_has_its_own_field() {
        for (content, want) in [("</think>\n\nb", "\n\nb"), ("a</think>b", "a</think>b")] {
            let (mut think, mut deltas) = (ThinkSplitter::default(), Vec::new());
            think.reasoning_elsewhere();
            think.push(content, &mut deltas);
            think.finish(&mut deltas);
            let text = deltas.iter().map(|d| if let Delta::Text(text) = d { text } else { panic!("{d:?}") });
            assert_eq!(text.cloned().collect::<String>(), want);
        }
    }

    #[test]
    fn only_what_may_be_a_tag_is_held_back() {
        let (mut think, mut deltas) = (ThinkSplitter::default(), Vec::new());
        for piece in ["Hi", " there’s", " <", "b"] {
            think.push(piece, &mut deltas);
        }
        let text = |text: &str| Delta::Text(text.into());
        assert_eq!(deltas, [text("Hi"), text(" there’s"), text(" "), text("<b")]);
    }
}
