//! What is read rather than raced: the line-up, the examples, the help. Pure.
//!
//! Must not know HTTP or tabs.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;

use super::{Example, render::CardDto};
use crate::{
    arena::Entrant,
    command,
    model::{Availability, ModelCard},
    race::figures,
};

/// What the page knows before anybody types.
#[derive(Serialize)]
pub(super) struct LineupDto<'a> {
    models: Vec<CardDto<'a>>,
    commands: Vec<CommandDto>,
    examples: Vec<ExampleDto<'a>>,
}

#[derive(Serialize)]
pub(super) struct CommandDto {
    word: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
pub(super) struct ExampleDto<'a> {
    title: &'a str,
    prompt: &'a str,
    lesson: &'a str,
}

/// A card that only the asker sees.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Card<'a> {
    /// The line-up today.
    Models { models: Vec<EntrantDto<'a>> },
    /// Prompts to try.
    Examples { examples: Vec<ExampleDto<'a>> },
    /// How it works.
    Help { commands: Vec<CommandDto>, sections: Vec<SectionDto> },
}

#[derive(Serialize)]
pub(super) struct EntrantDto<'a> {
    model: CardDto<'a>,
    reachable: bool,
    availability: String,
    last_speed: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SectionDto {
    title: &'static str,
    text: String,
}

/// Models, commands and examples.
pub(super) fn lineup<'a>(cards: &'a [Arc<ModelCard>], examples: &'a [Example]) -> LineupDto<'a> {
    LineupDto {
        models: cards.iter().map(|card| CardDto::of(card)).collect(),
        commands: commands(),
        examples: examples.iter().map(example).collect(),
    }
}

/// The line-up as its providers see it today.
pub(super) fn models(entrants: &[Entrant]) -> Card<'_> {
    Card::Models { models: entrants.iter().map(entrant).collect() }
}

/// Prompts to try.
pub(super) fn examples(examples: &[Example]) -> Card<'_> {
    Card::Examples { examples: examples.iter().map(example).collect() }
}

/// The commands, the numbers, where prompts go.
pub(super) fn help(cards: &[Arc<ModelCard>]) -> Card<'static> {
    let section = |title, text: &str| SectionDto { title, text: text.to_owned() };
    Card::Help {
        commands: commands(),
        sections: vec![
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
            SectionDto { title: "Where prompts go", text: destinations(cards) },
        ],
    }
}

fn destinations(cards: &[Arc<ModelCard>]) -> String {
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

fn commands() -> Vec<CommandDto> {
    command::WORDS.iter().map(|&(word, what)| CommandDto { word, what }).collect()
}

fn example(example: &Example) -> ExampleDto<'_> {
    ExampleDto { title: &example.title, prompt: &example.prompt, lesson: &example.lesson }
}

fn entrant(entrant: &Entrant) -> EntrantDto<'_> {
    let (reachable, availability) = match &entrant.availability {
        _ if entrant.card.simulated => (true, "simulated, always there".to_owned()),
        Availability::Listed => (true, "reachable, listed by its provider".to_owned()),
        Availability::NotListed => (true, "not listed by its provider today".to_owned()),
        Availability::Unknown => (true, "reachable".to_owned()),
        Availability::Unreachable(why) => (false, why.clone()),
    };
    let speed = |(speed, count)| format!("{} tok/s", figures::speed(Some(speed), count));
    EntrantDto {
        model: CardDto::of(&entrant.card),
        reachable,
        availability,
        last_speed: entrant.last_speed.map(speed),
    }
}
