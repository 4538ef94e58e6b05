//! The substance of an answer by the kind of the prompt: a known answer if there is one, else a template
//! that says openly how a real model would proceed.

use fastrand::Rng;

use super::json;
use crate::provider::simulated::{
    assets::{CAPITALS, CHAT, Content, FACTS, LANGUAGES, PROGRAMS, PUZZLES, SUBJECTS, TEXTS, Topic, fill},
    kind::Kind,
    profile::Manner,
    prompt::{ParsedPrompt, is_among},
};

/// A prompt of more words contains the text that it asks to summarise.
const MAX_WORDS_WITHOUT_TEXT: usize = 120;

/// Returns the content of the answer.
pub(super) fn of(kind: Kind, prompt: &ParsedPrompt, manner: Manner, rng: &mut Rng) -> Content {
    match kind {
        Kind::Fact => fact(prompt),
        Kind::Puzzle => topic(&PUZZLES, prompt),
        Kind::Summary if prompt.length > MAX_WORDS_WITHOUT_TEXT => text_summary(prompt),
        Kind::Summary => topic(&SUBJECTS, prompt),
        Kind::Code => program(prompt),
        Kind::Json => json::content(prompt),
        Kind::Chat => chat(prompt, manner, rng),
    }
}

fn topic(topic: &Topic, prompt: &ParsedPrompt) -> Content {
    topic
        .find(prompt)
        .map_or_else(|| topic.general.fill(&[("subject", &prompt.subject())]), |known| known.content.clone())
}

fn fact(prompt: &ParsedPrompt) -> Content {
    let asks_for = |country: &str| prompt.has_any("capital") && prompt.has_any(&country.to_lowercase());
    let capital = CAPITALS.cities.iter().find(|(country, _)| asks_for(country));
    match capital {
        Some((country, city)) if FACTS.find(prompt).is_none() => {
            CAPITALS.answer.fill(&[("country", country), ("city", city)])
        }
        _ => topic(&FACTS, prompt),
    }
}

fn text_summary(prompt: &ParsedPrompt) -> Content {
    if let Some(known) = TEXTS.find(prompt) {
        return known.content.clone();
    }
    let words = prompt.subject_words();
    let [first, second] = [0, 1].map(|at| words.get(at).copied().unwrap_or("the subject"));
    let themes = if words.is_empty() { "no single theme".to_owned() } else { words.join(", ") };
    let length = prompt.length.to_string();
    TEXTS.general.fill(&[("first", first), ("second", second), ("themes", &themes), ("length", &length)])
}

fn chat(prompt: &ParsedPrompt, manner: Manner, rng: &mut Rng) -> Content {
    let matches = |cues: &[String]| cues.iter().any(|cue| prompt.has_all(cue));
    let reply = CHAT.replies.iter().find(|reply| matches(&reply.cues));
    let texts = reply.map_or(&CHAT.greetings, |reply| &reply.texts);
    let lead =
        rng.choice(texts).map_or_else(String::new, |text| fill(text, &[("offer", &CHAT.offers[&manner])]));
    Content { lead, points: CHAT.points.clone(), close: CHAT.close.clone(), block: None }
}

/// Returns a known program in the requested language, else the skeleton of one.
fn program(prompt: &ParsedPrompt) -> Content {
    let language = language(prompt).unwrap_or("python");
    // JavaScript is valid TypeScript
    let language_of_known = if language == "typescript" { "javascript" } else { language };
    let known = PROGRAMS.find(prompt).and_then(|known| {
        let code = known.code.get(language_of_known)?;
        Some(known.content.clone().with_block(language_of_known, code))
    });
    known.unwrap_or_else(|| {
        let code = LANGUAGES[language].skeleton.replace("NAME", &function_name(prompt));
        PROGRAMS.general.fill(&[("subject", &prompt.subject())]).with_block(language, code)
    })
}

/// Returns the language that the prompt names first.
fn language(prompt: &ParsedPrompt) -> Option<&'static str> {
    let named = LANGUAGES.iter().filter_map(|(name, one)| Some((prompt.position(&one.words)?, name)));
    named.min().map(|(_, name)| name.as_str())
}

/// Returns a function name in snake case made of the subject's plain words.
fn function_name(prompt: &ParsedPrompt) -> String {
    let is_plain = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase());
    let is_language = |word: &str| LANGUAGES.values().any(|one| is_among(word, &one.words));
    let words = prompt.subject_words();
    let words: Vec<&str> =
        words.into_iter().filter(is_plain).filter(|word| !is_language(word)).take(3).collect();
    match words.as_slice() {
        [] => "process_lines".into(),
        // a single word could be a keyword
        [word] => format!("process_{word}"),
        words => words.join("_"),
    }
}
