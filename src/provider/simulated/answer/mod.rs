//! The answer to a prompt: its reasoning and its text.
//!
//! [`content`] chooses the substance by the kind of the prompt ([`json`] for data), [`reasoning`] thinks
//! it over, [`format`] writes it in the model's manner. Every answer says that it is simulated.

mod content;
mod format;
mod json;
#[cfg(test)]
mod tests;

use fastrand::Rng;

use self::format::Form;
use super::{
    assets::{Content, PUZZLES, REASONING, fill},
    kind::Kind,
    profile::{Profile, Thinking},
    prompt::ParsedPrompt,
};

/// An answer before it is cut into tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComposedAnswer {
    /// The model's thoughts; empty if it does not reason.
    pub reasoning: String,
    /// Markdown, or bare JSON.
    pub text: String,
}

/// Writes the answer to the prompt `text`.
pub(super) fn compose(text: &str, profile: &Profile, rng: &mut Rng) -> ComposedAnswer {
    let prompt = ParsedPrompt::of(text);
    let kind = match Kind::of(&prompt) {
        Kind::Fact if PUZZLES.find(&prompt).is_some() => Kind::Puzzle,
        kind => kind,
    };
    let content = content::of(kind, &prompt, profile.manner, rng);
    let reasoning = match profile.thinking {
        Thinking::Never => String::new(),
        Thinking::Short => short_reasoning(kind, &prompt),
        Thinking::Long => long_reasoning(kind, &prompt, &content, rng),
    };
    let text = if kind == Kind::Json && json::is_bare(&prompt) {
        json::bare(&prompt)
    } else {
        format::text(profile.manner, Form::of(kind, &prompt), &content, rng)
    };
    ComposedAnswer { reasoning, text }
}

fn short_reasoning(kind: Kind, prompt: &ParsedPrompt) -> String {
    let texts = REASONING.of(kind);
    let values = [("subject", &*prompt.subject()), ("task", &texts.task), ("plan", &texts.plan)];
    fill(&REASONING.brief, &values)
}

/// A walk through the points of the answer, with doubts and a conclusion.
fn long_reasoning(kind: Kind, prompt: &ParsedPrompt, content: &Content, rng: &mut Rng) -> String {
    let opener = rng.choice(&REASONING.openers).map_or("", String::as_str);
    let texts = REASONING.of(kind);
    let values = [("opener", opener), ("subject", &*prompt.subject()), ("task", &texts.task)];
    let mut paragraphs = vec![fill(&REASONING.start, &values)];
    let mut remarks: Vec<&String> = REASONING.remarks.iter().collect();
    rng.shuffle(&mut remarks);
    let points = content.points.iter().zip(remarks.iter().cycle());
    paragraphs.extend(points.map(|((label, text), remark)| format!("{label}: {text} {remark}")));
    paragraphs.push(fill(&REASONING.check, &[("close", &content.close)]));
    paragraphs.push(fill(&REASONING.conclusion, &[("lead", &content.lead)]));
    paragraphs.push(texts.plan.clone());
    paragraphs.join("\n\n")
}
