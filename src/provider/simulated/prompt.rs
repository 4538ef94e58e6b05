//! A prompt's plain words, and a short subject that is safe to repeat in an answer.
//!
//! Nothing else of a prompt gets into an answer: the subject is a few words of bounded length, made of
//! letters, digits, single hyphens and apostrophes. The work is bounded for prompts of any length.

use std::collections::HashMap;

use super::assets::WORDS;

/// Characters read from the beginning of a prompt.
const HEAD_CHARS: usize = 2_000;
/// Characters read from its end, as an instruction may follow a long text.
const TAIL_CHARS: usize = 500;
/// Words at the beginning and at the end of a long text that may be the instruction.
const EDGE_WORDS: (usize, usize) = (45, 25);
/// A longer tag is taken as text.
const MAX_TAG_CHARS: usize = 300;
/// Longer words are not part of a subject.
const MAX_WORD_CHARS: usize = 20;
const MAX_SUBJECT_WORDS: usize = 5;
/// A prompt with more content words gets its subject by their frequency, not by their order.
const MAX_ORDERED_WORDS: usize = 60;

/// A prompt, split into plain words.
#[derive(Clone, Debug, Default)]
pub(super) struct ParsedPrompt {
    /// The words in lower case, in order.
    pub words: Vec<String>,
    /// The single words in double quotes or backticks, as written. Most are names of keys.
    pub quoted: Vec<String>,
    /// The number of words in the whole prompt.
    pub length: usize,
}

impl ParsedPrompt {
    pub(super) fn of(prompt: &str) -> Self {
        let text = without_tags(&excerpt(prompt));
        let words = text.split_whitespace().filter(|word| !is_address(word)).flat_map(words_of).collect();
        Self { words, quoted: quoted(&text), length: prompt.split_whitespace().count() }
    }

    /// Returns this prompt with only its first and last words: an instruction is before or after a text.
    pub(super) fn edges(&self) -> Self {
        let (first, last) = EDGE_WORDS;
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

    /// Returns true if one of `cues`, separated by spaces, is among the words.
    pub(super) fn has_any(&self, cues: &str) -> bool {
        self.position(cues).is_some()
    }

    /// Returns the position of the first word that is one of `cues`, separated by spaces.
    pub(super) fn position(&self, cues: &str) -> Option<usize> {
        self.words.iter().position(|word| is_among(word, cues))
    }

    /// Returns at most five words that carry the meaning: the first of a sentence, the most frequent of a
    /// long text.
    pub(super) fn subject_words(&self) -> Vec<&str> {
        let is_content = |word: &&str| is_repeatable(word) && !is_among(word, &WORDS.stop_words);
        let content: Vec<&str> = self.words.iter().map(String::as_str).filter(is_content).collect();
        let mut subject: Vec<&str> = Vec::new();
        let ranked = if content.len() > MAX_ORDERED_WORDS { by_frequency(&content) } else { content };
        for word in ranked {
            if !subject.contains(&word) && subject.len() < MAX_SUBJECT_WORDS {
                subject.push(word);
            }
        }
        subject
    }

    /// Returns the subject as a quoted phrase, or "your question" if there is none.
    pub(super) fn subject(&self) -> String {
        match self.subject_words().as_slice() {
            [] => "your question".into(),
            words => format!("“{}”", words.join(" ")),
        }
    }
}

/// Returns the beginning and the end of a long prompt.
fn excerpt(prompt: &str) -> String {
    let Some((head, _)) = prompt.char_indices().nth(HEAD_CHARS) else { return prompt.to_owned() };
    let tail = prompt.char_indices().rev().nth(TAIL_CHARS - 1).map_or(head, |(at, _)| at.max(head));
    format!("{} {}", &prompt[..head], &prompt[tail..])
}

/// Replaces each tag with a space.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        plain.push_str(&rest[..open]);
        plain.push(' ');
        let tag = &rest[open + 1..];
        let is_tag =
            tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?' | '@' | '#'));
        let end = tag.char_indices().take(MAX_TAG_CHARS).find(|&(_, c)| c == '>');
        rest = end.filter(|_| is_tag).map_or(tag, |(at, _)| &tag[at + 1..]);
    }
    plain + rest
}

/// Returns true if `word` is in `list`, words separated by spaces.
pub(super) fn is_among(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|own| own == word)
}

/// Returns the single words in double quotes or backticks.
fn quoted(text: &str) -> Vec<String> {
    let is_name = |part: &&str| {
        part.len() <= MAX_WORD_CHARS
            && part.starts_with(char::is_alphabetic)
            && !part.contains(char::is_whitespace)
    };
    let inside = |mark| text.split(mark).skip(1).step_by(2).filter(is_name).map(str::to_owned);
    inside('"').chain(inside('`')).collect()
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@') || word.starts_with("www.")
}

/// Returns the words in a token without spaces; a final sign stays, for C++ and C#.
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
    word.chars().all(is_plain) && !word.contains("--") && word.chars().count() <= MAX_WORD_CHARS
}

/// Sorts the words by frequency, ties by their order. Drops very short words, which mean little in a long
/// text.
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
        ParsedPrompt::of(prompt).subject()
    }

    #[test]
    fn the_subject_is_made_of_the_content_words() {
        assert_eq!(subject("Why is the sky blue?"), "“sky blue”");
        assert_eq!(subject("Tell me about the Hanseatic League, please."), "“hanseatic league”");
        assert_eq!(subject("???"), "your question");
        assert_eq!(subject(""), "your question");
    }

    #[test]
    fn markup_addresses_and_mentions_are_dropped() {
        let prompt = "<b onclick='evil()'>Tides</b> @everyone <@U123> [x](https://evil.example/a) **and** `moon` \u{202e}\u{0}";
        assert_eq!(subject(prompt), "“tides moon”");
        assert_eq!(ParsedPrompt::of("is 1 < 2 and 3 > 2").words, ["is", "1", "2", "and", "3", "2"]);
    }

    #[test]
    fn a_long_text_has_its_frequent_words_as_subject_and_its_end_is_read() {
        let text = format!(
            "{} Summarise this.",
            "The glacier moved. Ice and rock formed a moraine. Glacier ice! ".repeat(80)
        );
        let prompt = ParsedPrompt::of(&text);
        assert_eq!(prompt.subject_words()[..2], ["glacier", "ice"]);
        assert!(prompt.has_any("summarise"));
        assert!(prompt.words.len() < 600, "{}", prompt.words.len());
    }

    #[test]
    fn languages_keep_their_signs() {
        assert!(ParsedPrompt::of("A parser in C++, or C#.").has_all("c++ c#"));
    }
}
