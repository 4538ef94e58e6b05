//! What a reasoning model thinks before it answers: a few sentences, or a long walk round the question.
//!
//! Must not know how the answer is formatted.

use fastrand::Rng;

use super::Content;
use crate::provider::simulated::{
    kind::Kind,
    profile::{Profile, Thinking},
    subject::Reading,
};

/// The thoughts of this profile on the way to `content`; empty for a model that does not think.
pub(super) fn of(
    profile: &Profile,
    kind: Kind,
    reading: &Reading,
    content: &Content,
    rng: &mut Rng,
) -> String {
    match profile.thinking {
        Thinking::Never => String::new(),
        Thinking::Short => short(kind, reading),
        Thinking::Long => long(kind, reading, content, rng),
    }
}

fn short(kind: Kind, reading: &Reading) -> String {
    let subject = reading.subject();
    format!("The user asks about {subject}: {}. {} Keep it compact.", task(kind), plan(kind))
}

fn long(kind: Kind, reading: &Reading, content: &Content, rng: &mut Rng) -> String {
    let subject = reading.subject();
    let opener = rng.choice(["Okay", "Alright", "Hmm"]).unwrap_or("Okay");
    let mut out = format!(
        "{opener}, the user asks about {subject}. This looks like {}, so let me think it through before I write.\n\n",
        task(kind)
    );
    for (label, text) in &content.points {
        let turn = rng.choice(TURNS).unwrap_or_default();
        out.push_str(&format!(
            "{label}: {}{text} {turn}\n\n",
            if out.len() < 300 { "first of all, " } else { "" }
        ));
    }
    let check = if content.close.is_empty() { "Nothing contradicts it." } else { content.close.as_str() };
    out.push_str(&format!(
        "Wait, let me double-check before I commit. {check} Going over it once more from the other end: the \
         conclusion is that {} That is consistent with every step above, so I am fairly confident.\n\n{}",
        lower_first(&content.lead),
        plan(kind)
    ));
    out
}

const TURNS: [&str; 5] = [
    "That holds up.",
    "Is that always so? In the usual case, yes.",
    "I should say this plainly and not bury it.",
    "Good, this follows from what came before.",
    "Let me keep that in mind for the answer.",
];

fn task(kind: Kind) -> &'static str {
    match kind {
        Kind::Fact => "a question with a known explanation",
        Kind::Code => "a small programming task",
        Kind::Puzzle => "a puzzle that rewards care",
        Kind::Summary => "a request for an overview",
        Kind::Structured => "a request for structured data",
        Kind::Chat => "small talk",
    }
}

fn plan(kind: Kind) -> &'static str {
    match kind {
        Kind::Fact => "I will lead with the cause, then give the reasons in order.",
        Kind::Code => "I will give the code first, then how it works and where it could surprise.",
        Kind::Puzzle => "I will state the result first and then show each step so that it can be verified.",
        Kind::Summary => "I will order the points and drop what does not carry weight.",
        Kind::Structured => "The output has to be valid JSON with stable keys and no trailing commas.",
        Kind::Chat => "A short and friendly reply is enough.",
    }
}

fn lower_first(text: &str) -> String {
    let is_acronym = text.chars().nth(1).is_some_and(char::is_uppercase) || text.starts_with("I ");
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !is_acronym => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
