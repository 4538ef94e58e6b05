//! What kind of answer a prompt asks for.
//!
//! Pure; works on the plain words alone.

use serde::Deserialize;

use super::{
    assets::WORDS,
    subject::{Reading, is_among},
};

/// A kind of prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A question about the world; also whatever fits nowhere else.
    Fact,
    /// A program.
    Code,
    /// A puzzle or a calculation.
    Puzzle,
    /// A summary, or a text so long that little else can be meant.
    Summary,
    /// Data in JSON.
    Json,
    /// Small talk.
    Chat,
}

/// A prompt of more words than this is a text.
const TEXT: usize = 180;
/// Small talk is short.
const SMALL_TALK: usize = 12;

impl Kind {
    /// Judges by cue words, the clearest kinds first.
    pub(super) fn of(reading: &Reading) -> Self {
        let reading = &reading.edges();
        if is_code(reading) {
            Self::Code
        } else if reading.has_any("json") {
            Self::Json
        } else if reading.has_any(&WORDS.summary) || reading.has_all("key points") {
            Self::Summary
        } else if is_puzzle(reading) {
            Self::Puzzle
        } else if reading.length > TEXT {
            Self::Summary
        } else if is_small_talk(reading) {
            Self::Chat
        } else {
            Self::Fact
        }
    }
}

fn is_code(reading: &Reading) -> bool {
    let is_in_language = |pair: &[String]| pair[0] == "in" && is_among(&pair[1], &WORDS.ambiguous_languages);
    let names_language = reading.has_any(&WORDS.languages) || reading.words.windows(2).any(is_in_language);
    let asks_how = reading.has_all("how to") || reading.has_all("how do i");
    let is_program = reading.has_any("function program script regex sql");
    let asks_for_code = reading.has_any(&WORDS.code_verbs) && reading.has_any(&WORDS.code_nouns);
    let is_about_code =
        reading.has_any(&WORDS.code) || (names_language && (asks_how || reading.has_any(&WORDS.code_verbs)));
    // "a JSON object with a country code" is data, "a function that parses JSON" is a program
    if reading.has_any("json") { is_program && asks_for_code } else { asks_for_code || is_about_code }
}

fn is_puzzle(reading: &Reading) -> bool {
    let is_number = |word: &String| word.starts_with(|c: char| c.is_ascii_digit());
    let numbers = reading.words.iter().filter(|word| is_number(word)).count();
    let asks_amount = reading.has_any(&WORDS.quantities);
    let calculates = numbers > 1 && (asks_amount || reading.has_all("what is"));
    let tells_a_case = asks_amount && (numbers > 0 || reading.has_any(&WORDS.numbers)) && reading.length > 15;
    reading.has_any(&WORDS.puzzle) || calculates || tells_a_case
}

fn is_small_talk(reading: &Reading) -> bool {
    let is_about_you = reading.has_all("are you") && reading.has_any("how who what");
    let greets = reading.position(&WORDS.greetings).is_some_and(|at| at < 2);
    let is_verse = reading.has_any("poem haiku limerick joke");
    reading.length <= SMALL_TALK && (greets || is_about_you || is_verse)
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
    fn prompts_are_told_apart() {
        for (kind, prompts) in TABLE {
            for prompt in *prompts {
                assert_eq!(Kind::of(&Reading::of(prompt)), *kind, "{prompt}");
            }
        }
        let text = "The ship left port at dawn and the crew was tired. ".repeat(40);
        let story = format!("{text} They had to write a program in Rust and build a function. {text}");
        assert_eq!([&text, &story].map(|text| Kind::of(&Reading::of(text))), [Kind::Summary; 2]);
    }
}
