//! Words that every platform shows beside the races: the commands, how the numbers are defined, where prompts
//! go, who can be reached, prompts to try. Must not know platforms, their markup or the network.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    command,
    model::{Availability, ModelCard},
    race::{figures, metrics::TokenCount},
};

/// A prompt to try, one tap away from a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it is, in a few words.
    pub title: String,
    /// What is asked.
    pub prompt: String,
    /// What a race with it usually teaches; may be empty.
    pub lesson: String,
}

/// A command and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The word after `/arena`.
    pub word: &'static str,
    /// What it does.
    pub what: &'static str,
    /// How its line is typed where there is only a line of text; `None` where the word is all.
    pub typed: Option<&'static str>,
}

/// A part of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub title: &'static str,
    /// A paragraph without markup.
    pub text: String,
}

/// The commands, in the order in which people should meet them.
pub fn commands() -> impl Iterator<Item = Usage> {
    command::WORDS.iter().map(|&(word, what)| match what.split_once(": ") {
        Some((what, typed)) => Usage { word, what, typed: Some(typed) },
        None => Usage { word, what, typed: None },
    })
}

/// How the numbers are defined, how an answer streams, where prompts go with this line-up.
#[must_use]
pub fn sections(cards: &[Arc<ModelCard>]) -> Vec<Section> {
    let section = |title, text: &str| Section { title, text: text.to_owned() };
    vec![
        section(
            "The numbers",
            "First token is the wait from the request to the first word, total the time to the last one. \
             Speed (tok/s) is how fast a model writes once it has begun: (tokens - 1) / (last token - first \
             token). Token counts are the servers' own; ≈ marks an estimate.",
        ),
        section(
            "How it streams",
            "All models are asked at the same moment. Their words arrive piece by piece and everybody here \
             watches the same message fill up; a bar is as long as its model is fast, measured against the \
             fastest so far. Thinking counts as output and is shown under Full answers.",
        ),
        Section { title: "Where prompts go", text: destinations(cards) },
    ]
}

/// One or two sentences on who gets a prompt.
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

/// Whether the model of `card` can be asked, and that in words.
#[must_use]
pub fn availability(card: &ModelCard, said: &Availability) -> (bool, String) {
    match said {
        _ if card.simulated => (true, "simulated, always there".to_owned()),
        Availability::Listed => (true, "reachable, listed by its provider".to_owned()),
        Availability::NotListed => (true, "not listed by its provider today".to_owned()),
        Availability::Unknown => (true, "reachable".to_owned()),
        Availability::Unreachable(why) => (false, why.clone()),
    }
}

/// How fast a model was: the median of the last days and how many answers that is of, else its last speed; in tokens per
/// second, with "≈" where a count behind it is an estimate.
#[must_use]
pub fn measured(last: Option<(f64, TokenCount)>, lately: Option<(f64, TokenCount, usize)>) -> Option<String> {
    let speed = |speed, count| figures::speed(Some(speed), count);
    match (lately, last) {
        (Some((median, count, 1)), _) => Some(format!("last speed {} tok/s", speed(median, count))),
        (Some((median, count, n)), _) => {
            Some(format!("median of {n} answers in a week {} tok/s", speed(median, count)))
        }
        (None, Some((last, count))) => Some(format!("last speed {} tok/s", speed(last, count))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_apart_from_how_it_is_typed() {
        let all: Vec<Usage> = commands().collect();
        assert_eq!((all[0].word, all[0].what), ("compare", "all models race"));
        assert_eq!(all[0].typed, Some("compare [models=a,b] PROMPT"));
        assert_eq!((all[2].what, all[2].typed), ("the line-up", None));
        assert_eq!(all.len(), command::WORDS.len());
    }
}
