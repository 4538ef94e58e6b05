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
    let opener = rng.choice(["Okay", "Alright", "Hmm"]).unwrap_or("Okay");
    let mut paragraphs = vec![format!(
        "{opener}, the user asks about {}. This looks like {}, so let me think it through before I write.",
        reading.subject(),
        task(kind)
    )];
    let mut turns = TURNS;
    rng.shuffle(&mut turns);
    let points = content.points.iter().zip(turns.iter().cycle());
    paragraphs.extend(points.map(|((label, text), turn)| format!("{label}: {text} {turn}")));
    let check = if content.close.is_empty() { "Nothing contradicts it." } else { content.close.as_str() };
    paragraphs.push(format!("Wait, let me double-check before I commit. {check}"));
    paragraphs.push(format!(
        "Once more from the other end. The conclusion would be: {} That is consistent with every step above, so \
         I am fairly confident.",
        content.lead
    ));
    paragraphs.push(plan(kind).to_owned());
    paragraphs.join("\n\n")
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
