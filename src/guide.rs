//! The texts that every platform shows beside the races: the commands, the help, the state of the line-up, prompts
//! to try. Plain text; each platform adds its own markup.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    command,
    model::{Availability, ModelCard},
    race::{Entrant, figures},
};

/// A prompt to try. Every platform shows it with a button that starts a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// A short title.
    pub title: String,
    /// The prompt.
    pub prompt: String,
    /// The usual lesson of a race with it; may be empty.
    pub lesson: String,
}

/// A use of a message that is raced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The message is the prompt.
    #[default]
    Answer,
    /// They summarise it.
    Summarise,
    /// They explain it.
    Explain,
    /// They mend the code in it.
    FixCode,
    /// They translate it.
    Translate,
}

impl Preset {
    /// All presets, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Answer, Self::Summarise, Self::Explain, Self::FixCode, Self::Translate];

    /// Its name in forms.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Summarise => "summarise",
            Self::Explain => "explain",
            Self::FixCode => "fix",
            Self::Translate => "translate",
        }
    }

    /// Its label, and a description.
    #[must_use]
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => ("Answer", "The message is the prompt as it is"),
            Self::Summarise => ("Summarise", "In three sentences at most"),
            Self::Explain => ("Explain", "In plain words"),
            Self::FixCode => ("Fix the code", "And say what was wrong"),
            Self::Translate => ("Translate", "Into English"),
        }
    }

    /// The prompt that this preset makes of a message.
    #[must_use]
    pub fn prompt(self, message: &str) -> String {
        let task = match self {
            Self::Answer => return message.to_owned(),
            Self::Summarise => "Summarise this message in three sentences at most.",
            Self::Explain => "Explain this message in plain words.",
            Self::FixCode => "Fix the code in this message, and say in a sentence or two what was wrong.",
            Self::Translate => "Translate this message into English.",
        };
        format!("{task}\n\n{message}")
    }
}

/// A command with its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandHelp {
    /// The word after `/arena`.
    pub word: &'static str,
    /// Its description.
    pub description: &'static str,
    /// Its form as a line of text, such as `ask MODEL PROMPT`; `None` if it takes no arguments.
    pub typed: Option<&'static str>,
}

/// A section of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// A paragraph without markup.
    pub text: String,
}

/// The commands, in the order in which the help introduces them.
pub fn commands() -> impl Iterator<Item = CommandHelp> {
    command::WORDS.iter().map(|&(word, text)| match text.split_once(": ") {
        Some((description, typed)) => CommandHelp { word, description, typed: Some(typed) },
        None => CommandHelp { word, description: text, typed: None },
    })
}

/// The sections of the help: the definitions of the numbers, how streaming works, where prompts go.
#[must_use]
pub fn sections(cards: &[Arc<ModelCard>]) -> Vec<Section> {
    let section = |title, text: &str| Section { title, text: text.to_owned() };
    vec![
        section(
            "The numbers",
            "First token is the wait from the request to the first word, total the time to the last one. \
             Speed (tok/s) is how fast a model writes once it has started: the tokens after the first ones, divided by \
             the time in which they arrived. An answer that arrives in one piece has no speed. Token counts come from \
             the servers; ≈ marks an estimate.",
        ),
        section(
            "How it streams",
            "All models get the prompt at the same moment. Their answers arrive piece by piece, and the message is \
             updated as they do. The longer the bar, the faster the model, compared with the fastest so far. \
             Reasoning counts as output; Full answers shows it. Continue asks the next question under a finished race.",
        ),
        Section { title: "Where prompts go", text: destinations(cards) },
    ]
}

/// One or two sentences that say who receives a prompt.
#[must_use]
pub fn destinations(cards: &[Arc<ModelCard>]) -> String {
    let real = cards.iter().filter(|card| !card.simulated).map(|card| card.provider.as_str());
    let providers: Vec<&str> = real.collect::<BTreeSet<_>>().into_iter().collect();
    let simulated = cards.iter().any(|card| card.simulated);
    match (providers.is_empty(), simulated) {
        (true, _) => "All models here are simulated: prompts stay in this service.".into(),
        (false, false) => {
            format!("A prompt is sent to the providers of its models: {}.", providers.join(", "))
        }
        (false, true) => format!(
            "A prompt is sent to the providers of its models: {}. For simulated models it stays in this service.",
            providers.join(", ")
        ),
    }
}

/// Returns true if the model can be reached, with a description of its state.
#[must_use]
pub fn availability(entrant: &Entrant) -> (bool, String) {
    match &entrant.availability {
        _ if entrant.card.simulated => (true, "simulated".to_owned()),
        Availability::Listed => (true, "reachable, listed by its provider".to_owned()),
        Availability::NotListed => (true, "not listed by its provider today".to_owned()),
        Availability::Unknown => (true, "reachable".to_owned()),
        Availability::Unreachable(why) => (false, why.clone()),
    }
}

/// The model's measured speed: the median of the last seven days or else its last speed, with "≈" if a token count
/// behind it is an estimate.
#[must_use]
pub fn measured_speed(entrant: &Entrant) -> Option<String> {
    let speed = |speed, count| figures::speed(Some(speed), count);
    match (entrant.weekly_median, entrant.last_speed) {
        (Some((median, count, 1)), _) => Some(format!("last speed {} tok/s", speed(median, count))),
        (Some((median, count, n)), _) => {
            Some(format!("median of {n} answers this week {} tok/s", speed(median, count)))
        }
        (None, Some((last, count))) => Some(format!("last speed {} tok/s", speed(last, count))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Availability, race::metrics::TokenCount, view::tests::line_up};

    #[test]
    fn the_speed_of_the_week_comes_before_the_last_one() {
        let entrant = |weekly_median, last_speed| Entrant {
            card: (*line_up()[0]).clone(),
            availability: Availability::Listed,
            last_speed,
            weekly_median,
        };
        let said = |entrant| measured_speed(&entrant).unwrap_or_default();
        let (week, last) = ((50.0, TokenCount::Usage, 7), (90.0, TokenCount::Usage));
        assert_eq!(said(entrant(Some(week), Some(last))), "median of 7 answers this week 50 tok/s");
        assert_eq!(said(entrant(None, Some(last))), "last speed 90 tok/s");
    }

    #[test]
    fn a_description_is_split_from_the_typed_form() {
        let all: Vec<CommandHelp> = commands().collect();
        assert_eq!((all[0].word, all[0].description), ("compare", "all models race"));
        assert_eq!(all[0].typed, Some("compare [models=a,b] PROMPT"));
        assert!(all.iter().any(|help| (help.description, help.typed) == ("the line-up", None)));
        assert_eq!(all.len(), command::WORDS.len());
    }
}
