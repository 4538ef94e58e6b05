//! The JSON beside races: the line-up, and the cards that answer commands.

use std::sync::Arc;

use serde::Serialize;

use super::{Line, ModelDto, Owned, Plain, overview};
use crate::{
    arena::{CanaryStatus, NO_CANARY},
    command,
    guide::{self, Example, Section},
    model::ModelCard,
    race::Entrant,
};

/// The data that the page needs before the user types.
#[derive(Serialize)]
pub(in crate::web) struct LineupDto<'a> {
    models: Vec<ModelDto<'a>>,
    commands: Vec<CommandDto>,
    examples: Vec<ExampleDto<'a>>,
    /// The variables that hold the missing keys of simulated models.
    missing_keys: &'a [String],
}

impl<'a> LineupDto<'a> {
    pub(in crate::web) fn new(
        cards: &'a [Arc<ModelCard>],
        examples: &'a [Example],
        missing_keys: &'a [String],
    ) -> Self {
        Self {
            missing_keys,
            models: cards.iter().map(|card| ModelDto::of(card)).collect(),
            commands: commands(),
            examples: examples.iter().map(example).collect(),
        }
    }
}

/// A reply that only the asking user sees.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::web) enum ReplyCard<'a> {
    /// The line-up with its availability now.
    Models { models: Vec<EntrantDto<'a>> },
    /// Example prompts.
    Examples { examples: Vec<ExampleDto<'a>> },
    /// The board or the history of speeds.
    Overview(overview::OverviewDto<'a>),
    /// The canaries.
    Watch { canaries: Vec<CanaryDto<'a>> },
    /// A sentence.
    Notice { text: Owned },
    /// The commands, the definitions of the numbers, and where prompts are sent.
    Help { commands: Vec<CommandDto>, sections: Vec<SectionDto> },
}

impl<'a> ReplyCard<'a> {
    pub(in crate::web) fn models(entrants: &'a [Entrant]) -> Self {
        Self::Models { models: entrants.iter().map(entrant).collect() }
    }

    pub(in crate::web) fn examples(examples: &'a [Example]) -> Self {
        Self::Examples { examples: examples.iter().map(example).collect() }
    }

    pub(in crate::web) fn watch(canaries: &'a [CanaryStatus]) -> Self {
        if canaries.is_empty() {
            return Self::notice(NO_CANARY.replace('`', ""));
        }
        Self::Watch { canaries: canaries.iter().map(canary).collect() }
    }

    pub(in crate::web) fn notice(text: String) -> Self {
        Self::Notice { text: Owned(text) }
    }

    pub(in crate::web) fn help(cards: &[Arc<ModelCard>]) -> Self {
        let section = |section: Section| SectionDto { title: section.title, text: Owned(section.text) };
        Self::Help {
            commands: commands(),
            sections: guide::sections(cards).into_iter().map(section).collect(),
        }
    }
}

#[derive(Serialize)]
pub(in crate::web) struct CommandDto {
    word: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
pub(in crate::web) struct ExampleDto<'a> {
    title: Line<'a>,
    prompt: Plain<'a>,
    lesson: Plain<'a>,
}

#[derive(Serialize)]
pub(in crate::web) struct EntrantDto<'a> {
    model: ModelDto<'a>,
    reachable: bool,
    availability: Owned,
    last_speed: Option<String>,
}

#[derive(Serialize)]
pub(in crate::web) struct CanaryDto<'a> {
    key: String,
    id: Line<'a>,
    state: Line<'a>,
    /// Its last run, its next run, its schedule with its models.
    lines: Vec<Line<'a>>,
    is_paused: bool,
}

#[derive(Serialize)]
pub(in crate::web) struct SectionDto {
    title: &'static str,
    text: Owned,
}

fn commands() -> Vec<CommandDto> {
    command::WORDS.iter().map(|&(word, what)| CommandDto { word, what }).collect()
}

fn example(example: &Example) -> ExampleDto<'_> {
    ExampleDto { title: Line(&example.title), prompt: Plain(&example.prompt), lesson: Plain(&example.lesson) }
}

fn canary(canary: &CanaryStatus) -> CanaryDto<'_> {
    let lines = [Some(&canary.last_run), canary.next_run.as_ref(), Some(&canary.about)];
    CanaryDto {
        key: format!("{:016x}", canary.key),
        id: Line(&canary.id),
        state: Line(&canary.state),
        lines: lines.into_iter().flatten().map(|line| Line(line)).collect(),
        is_paused: canary.is_paused,
    }
}

fn entrant(entrant: &Entrant) -> EntrantDto<'_> {
    let (reachable, availability) = guide::availability(entrant);
    EntrantDto {
        model: ModelDto::of(&entrant.card),
        reachable,
        availability: Owned(availability),
        last_speed: guide::measured_speed(entrant),
    }
}
