//! The answer to a prompt: of the prompt's kind, in the model's manner, and open about being simulated.
//!
//! Each kind of prompt has a module that says *what* there is to say ([`Content`]); [`manner`] says it in
//! the model's way and [`reasoning`] thinks it over before. Pure; must not know tokens or time.

mod chat;
mod code;
mod facts;
mod manner;
mod programs;
mod puzzles;
mod reasoning;
mod skeletons;
mod structured;
mod summaries;

use fastrand::Rng;

use self::manner::Form;
use super::{kind::Kind, profile::Profile, subject::Reading};

/// What a model thinks and says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its thoughts; empty for a model that does not think.
    pub reasoning: String,
    /// Its answer, in Markdown.
    pub text: String,
}

/// What there is to say, before a manner gives it its form.
#[derive(Clone, Debug, Default)]
struct Content {
    /// The point in a sentence or two.
    lead: String,
    /// Reasons, steps or parts: a label and a sentence or two each.
    points: Vec<(String, String)>,
    /// Code or data.
    block: Option<Block>,
    /// A caveat or a check.
    close: String,
}

/// Code or data.
#[derive(Clone, Debug)]
struct Block {
    /// The language, as a fence names it.
    language: &'static str,
    /// Without a line end at its end.
    code: String,
}

impl Content {
    fn new(lead: impl Into<String>, points: &[(&str, &str)], close: impl Into<String>) -> Self {
        let points = points.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect();
        Self { lead: lead.into(), points, block: None, close: close.into() }
    }

    fn with_block(self, language: &'static str, code: impl Into<String>) -> Self {
        Self { block: Some(Block { language, code: code.into() }), ..self }
    }
}

/// Something that is known by heart: the words that call it up, and what there is to say.
struct Known {
    cues: &'static str,
    lead: &'static str,
    points: &'static [(&'static str, &'static str)],
    close: &'static str,
}

impl Known {
    /// The first of `known` all of whose cues are among the words of `reading`.
    fn find<'a>(known: impl IntoIterator<Item = &'a Known>, reading: &Reading) -> Option<Content> {
        let found = known.into_iter().find(|entry| reading.has_all(entry.cues))?;
        Some(Content::new(found.lead, found.points, found.close))
    }
}

/// Writes the answer to `prompt`.
pub(super) fn compose(prompt: &str, profile: &Profile, rng: &mut Rng) -> Answer {
    let reading = Reading::of(prompt);
    let kind = match Kind::of(&reading) {
        Kind::Fact if puzzles::knows(&reading) => Kind::Puzzle,
        kind => kind,
    };
    let content = match kind {
        Kind::Structured if structured::is_bare(&reading) => {
            let reasoning = reasoning::of(profile, kind, &reading, &structured::content(&reading), rng);
            return Answer { reasoning, text: structured::bare(&reading) };
        }
        Kind::Structured => structured::content(&reading),
        Kind::Fact => facts::content(&reading),
        Kind::Code => code::content(&reading),
        Kind::Puzzle => puzzles::content(&reading),
        Kind::Summary => summaries::content(&reading),
        Kind::Chat => chat::content(&reading, profile.manner, rng),
    };
    let reasoning = reasoning::of(profile, kind, &reading, &content, rng);
    Answer { reasoning, text: manner::text(profile.manner, Form::of(kind, &reading), &content, rng) }
}

#[cfg(test)]
mod tests;
