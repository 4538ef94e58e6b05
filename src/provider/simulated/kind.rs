//! The kind of answer that a prompt asks for, judged by cue words.

use serde::Deserialize;

use super::{
    assets::WORDS,
    prompt::{ParsedPrompt, is_among},
};

/// A kind of prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A question about the world, and the fallback.
    Fact,
    /// A program.
    Code,
    /// A puzzle or a calculation.
    Puzzle,
    /// A summary; also the guess for a very long prompt.
    Summary,
    /// Data in JSON.
    Json,
    /// Small talk.
    Chat,
}

/// A prompt of more words is a text to summarise.
const MAX_QUESTION_WORDS: usize = 180;
const MAX_SMALL_TALK_WORDS: usize = 12;

impl Kind {
    /// Returns the kind of `prompt`; the kinds with the clearest cues are tried first.
    pub(super) fn of(prompt: &ParsedPrompt) -> Self {
        let prompt = &prompt.edges();
        if is_code(prompt) {
            Self::Code
        } else if prompt.has_any("json") {
            Self::Json
        } else if prompt.has_any(&WORDS.summary) || prompt.has_all("key points") {
            Self::Summary
        } else if is_puzzle(prompt) {
            Self::Puzzle
        } else if prompt.length > MAX_QUESTION_WORDS {
            Self::Summary
        } else if is_small_talk(prompt) {
            Self::Chat
        } else {
            Self::Fact
        }
    }
}

fn is_code(prompt: &ParsedPrompt) -> bool {
    let is_in_language = |pair: &[String]| pair[0] == "in" && is_among(&pair[1], &WORDS.ambiguous_languages);
    let names_language = prompt.has_any(&WORDS.languages) || prompt.words.windows(2).any(is_in_language);
    let asks_how = prompt.has_all("how to") || prompt.has_all("how do i");
    let is_program = prompt.has_any("function program script regex sql");
    let asks_for_code = prompt.has_any(&WORDS.code_verbs) && prompt.has_any(&WORDS.code_nouns);
    let is_about_code =
        prompt.has_any(&WORDS.code) || (names_language && (asks_how || prompt.has_any(&WORDS.code_verbs)));
    // "a JSON object with a country code" is data, "a function that parses JSON" is a program
    if prompt.has_any("json") { is_program && asks_for_code } else { asks_for_code || is_about_code }
}

fn is_puzzle(prompt: &ParsedPrompt) -> bool {
    let is_number = |word: &String| word.starts_with(|c: char| c.is_ascii_digit());
    let numbers = prompt.words.iter().filter(|word| is_number(word)).count();
    let asks_amount = prompt.has_any(&WORDS.quantities);
    let calculates = numbers > 1 && (asks_amount || prompt.has_all("what is"));
    let describes_case = asks_amount && (numbers > 0 || prompt.has_any(&WORDS.numbers)) && prompt.length > 15;
    prompt.has_any(&WORDS.puzzle) || calculates || describes_case
}

fn is_small_talk(prompt: &ParsedPrompt) -> bool {
    let is_about_you = prompt.has_all("are you") && prompt.has_any("how who what");
    let greets = prompt.position(&WORDS.greetings).is_some_and(|at| at < 2);
    let is_verse = prompt.has_any("poem haiku limerick joke");
    prompt.length <= MAX_SMALL_TALK_WORDS && (greets || is_about_you || is_verse)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(Kind, &[&str])] = &[
        (
            Kind::Fact,
            &[
                "Why is the sky blue?",
                "Who was Ada Lovelace?",
                "why does iron rust",
                "How do I go to Lisbon?",
                "Translate 'good morning' into French",
                "What is the capital of Australia, and why is it not Sydney? Answer in two sentences.",
                "",
                "何ですか",
            ],
        ),
        (
            Kind::Code,
            &[
                "Write a Rust function that reverses the words of a sentence",
                "Implement quicksort in Python",
                "Fix this bug in my C++ code",
                "Write a function that parses JSON",
                "fizzbuzz",
                "How do I sort a list in Python?",
                "implement a rate limiter in go",
            ],
        ),
        (
            Kind::Puzzle,
            &[
                "A bat and a ball cost $1.10 together. The bat costs $1 more than the ball. How much is the ball?",
                "Three friends have different pets; Ana is allergic to cats and Ben only swims. Who owns the dog?",
                "Solve this riddle: what gets wetter as it dries?",
                "What is 17 * 23?",
            ],
        ),
        (
            Kind::Summary,
            &[
                "Write a long summary of the history of the Internet",
                "Give me the key points of Hamlet",
                "tl;dr tldr",
            ],
        ),
        (
            Kind::Json,
            &[
                "Return a JSON object with the fields name, country code and population",
                "List three planets as JSON",
            ],
        ),
        (Kind::Chat, &["Hello!", "how are you today?", "tell me a joke", "thanks a lot", "Write a haiku"]),
    ];

    #[test]
    fn prompts_are_classified() {
        for (kind, prompts) in TABLE {
            for prompt in *prompts {
                assert_eq!(Kind::of(&ParsedPrompt::of(prompt)), *kind, "{prompt}");
            }
        }
        let text = "The ship left port at dawn and the crew was tired. ".repeat(40);
        let story = format!("{text} They had to write a program in Rust and build a function. {text}");
        assert_eq!([&text, &story].map(|text| Kind::of(&ParsedPrompt::of(text))), [Kind::Summary; 2]);
    }
}
