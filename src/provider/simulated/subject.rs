//! What a prompt speaks of: its plain words, and a short subject that is safe to repeat anywhere.
//!
//! Nothing of a prompt gets into an answer but through [`Reading::subject`]: letters, digits and single
//! hyphens or apostrophes, a few words of bounded length. Pure; bounded work on prompts of any length.

use std::collections::HashMap;

use super::assets::WORDS;

/// Characters that are read from the beginning of a prompt.
const HEAD: usize = 2_000;
/// Characters that are read from its end: an instruction may follow a long text.
const TAIL: usize = 500;
/// A tag that is not closed within so many characters is no tag.
const LONGEST_TAG: usize = 300;
/// The longest word that is repeated, in characters.
const LONGEST_WORD: usize = 20;
/// Words at the beginning and at the end of a long text that may be the instruction.
const EDGES: (usize, usize) = (45, 25);
/// The most words in a subject.
const SUBJECT_WORDS: usize = 5;
/// Texts with more content words than this have their subject by frequency.
const LONG_TEXT: usize = 60;

/// A prompt as plain words.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Its words in lower case, in order, from the parts that were read.
    pub words: Vec<String>,
    /// The single words that stand in double quotes or backticks, as written: names of keys, as a rule.
    pub quoted: Vec<String>,
    /// The length of the whole prompt in words.
    pub length: usize,
}

impl Reading {
    /// Reads a prompt.
    pub(super) fn of(prompt: &str) -> Self {
        let text = without_tags(&excerpt(prompt));
        let words = text.split_whitespace().filter(|word| !is_address(word)).flat_map(words_of).collect();
        Self { words, quoted: quoted(&text), length: prompt.split_whitespace().count() }
    }

    /// This reading with the beginning and the end of its words alone: where a long text comes along,
    /// the instruction stands before or after it.
    pub(super) fn edges(&self) -> Self {
        let (first, last) = EDGES;
        let middle = first..self.words.len().saturating_sub(last).max(first);
        let kept = self.words.iter().enumerate().filter(|(at, _)| !middle.contains(at));
        Self { words: kept.map(|(_, word)| word.clone()).collect(), ..self.clone() }
    }

    /// Returns true if each of `cues`, separated by spaces, is among the words. A cue with a `*` at its
    /// end is the beginning of a word.
    pub(super) fn has_all(&self, cues: &str) -> bool {
        let matches = |word: &str, cue: &str| {
            cue.strip_suffix('*').map_or(word == cue, |beginning| word.starts_with(beginning))
        };
        cues.split_whitespace().all(|cue| self.words.iter().any(|word| matches(word, cue)))
    }

    /// True when one of `cues`, words with spaces between, is among the words.
    pub(super) fn has_any(&self, cues: &str) -> bool {
        self.position(cues).is_some()
    }

    /// Where the first of `cues`, words with spaces between, stands among the words.
    pub(super) fn position(&self, cues: &str) -> Option<usize> {
        self.words.iter().position(|word| is_among(word, cues))
    }

    /// The words that carry the meaning, at most five: in order for a sentence, by frequency for a text.
    pub(super) fn subject_words(&self) -> Vec<&str> {
        let carries = |word: &&str| is_repeatable(word) && !is_among(word, &WORDS.stop_words);
        let content: Vec<&str> = self.words.iter().map(String::as_str).filter(carries).collect();
        let mut subject: Vec<&str> = Vec::new();
        let ranked = if content.len() > LONG_TEXT { by_frequency(&content) } else { content };
        for word in ranked {
            if !subject.contains(&word) && subject.len() < SUBJECT_WORDS {
                subject.push(word);
            }
        }
        subject
    }

    /// The subject in one phrase, in quotation marks; "your question" where there is none.
    pub(super) fn subject(&self) -> String {
        match self.subject_words().as_slice() {
            [] => "your question".into(),
            words => format!("“{}”", words.join(" ")),
        }
    }
}

/// The beginning of a long prompt and its end.
fn excerpt(prompt: &str) -> String {
    let Some((head, _)) = prompt.char_indices().nth(HEAD) else { return prompt.to_owned() };
    let tail = prompt.char_indices().rev().nth(TAIL - 1).map_or(head, |(at, _)| at.max(head));
    format!("{} {}", &prompt[..head], &prompt[tail..])
}

/// The text with a space for each tag.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        plain.push_str(&rest[..open]);
        plain.push(' ');
        let tag = &rest[open + 1..];
        let is_tag =
            tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?' | '@' | '#'));
        let end = tag.char_indices().take(LONGEST_TAG).find(|&(_, c)| c == '>');
        rest = end.filter(|_| is_tag).map_or(tag, |(at, _)| &tag[at + 1..]);
    }
    plain + rest
}

/// True when `word` is one of `list`, words with spaces between.
pub(super) fn is_among(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|own| own == word)
}

/// The single words between two equal marks.
fn quoted(text: &str) -> Vec<String> {
    let is_name = |part: &&str| {
        part.len() <= LONGEST_WORD
            && part.starts_with(char::is_alphabetic)
            && !part.contains(char::is_whitespace)
    };
    let inside = |mark| text.split(mark).skip(1).step_by(2).filter(is_name).map(str::to_owned);
    inside('"').chain(inside('`')).collect()
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@') || word.starts_with("www.")
}

/// The words within a token without spaces; a sign at the end stays, for C++ and C#.
fn words_of(token: &str) -> impl Iterator<Item = String> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_' | '+' | '#');
    let pieces = token.split(move |c| !belongs(c));
    let trimmed = pieces.map(|word| {
        word.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(['\'', '’', '-', '_'])
    });
    trimmed.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn is_repeatable(word: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-');
    word.chars().all(is_plain) && !word.contains("--") && word.chars().count() <= LONGEST_WORD
}

/// The words, the most frequent first; ties in their order. Single letters say nothing in a long text.
fn by_frequency<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words.iter().filter(|word| word.chars().count() > 2) {
        *counts.entry(word).or_default() += 1;
    }
    let mut ranked: Vec<&str> = words.iter().copied().filter(|word| counts.contains_key(word)).collect();
    ranked.sort_by_key(|word| std::cmp::Reverse(counts[word]));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(prompt: &str) -> String {
        Reading::of(prompt).subject()
    }

    #[test]
    fn the_subject_is_what_the_words_are_about() {
        assert_eq!(subject("Why is the sky blue?"), "“sky blue”");
        assert_eq!(subject("Tell me about the Hanseatic League, please."), "“hanseatic league”");
        assert_eq!(subject("???"), "your question");
        assert_eq!(subject(""), "your question");
    }

    #[test]
    fn markup_addresses_and_mentions_do_not_pass() {
        let prompt = "<b onclick='evil()'>Tides</b> @everyone <@U123> [x](https://evil.example/a) **and** `moon` \u{202e}\u{0}";
        assert_eq!(subject(prompt), "“tides moon”");
        assert_eq!(Reading::of("is 1 < 2 and 3 > 2").words, ["is", "1", "2", "and", "3", "2"]);
    }

    #[test]
    fn a_long_text_is_known_by_its_frequent_words_and_its_end_is_read() {
        let text = format!(
            "{} Summarise this.",
            "The glacier moved. Ice and rock formed a moraine. Glacier ice! ".repeat(80)
        );
        let reading = Reading::of(&text);
        assert_eq!(reading.subject_words()[..2], ["glacier", "ice"]);
        assert!(reading.has_any("summarise"));
        assert!(reading.words.len() < 600, "{}", reading.words.len());
    }

    #[test]
    fn languages_keep_their_signs() {
        assert!(Reading::of("A parser in C++, or C#.").has_all("c++ c#"));
    }
}
