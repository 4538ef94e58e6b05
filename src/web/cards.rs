//! What is read rather than raced: the line-up, the examples, the help. Pure.
//!
//! Must not know HTTP or tabs.

use std::sync::Arc;

use serde::Serialize;

use super::render::CardDto;
use crate::{
    command,
    guide::{self, Example, Section},
    model::ModelCard,
    race::Entrant,
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
    /// A sentence.
    Notice { text: String },
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

/// A sentence.
pub(super) fn notice(text: String) -> Card<'static> {
    Card::Notice { text }
}

/// The commands, the numbers, where prompts go.
pub(super) fn help(cards: &[Arc<ModelCard>]) -> Card<'static> {
    let section = |section: Section| SectionDto { title: section.title, text: section.text };
    Card::Help { commands: commands(), sections: guide::sections(cards).into_iter().map(section).collect() }
}

fn commands() -> Vec<CommandDto> {
    command::WORDS.iter().map(|&(word, what)| CommandDto { word, what }).collect()
}

fn example(example: &Example) -> ExampleDto<'_> {
    ExampleDto { title: &example.title, prompt: &example.prompt, lesson: &example.lesson }
}

fn entrant(entrant: &Entrant) -> EntrantDto<'_> {
    let (reachable, availability) = guide::availability(entrant);
    EntrantDto {
        model: CardDto::of(&entrant.card),
        reachable,
        availability,
        last_speed: guide::measured_speed(entrant),
    }
}
