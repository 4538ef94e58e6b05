//! What is read rather than raced: a sentence, the line-up, the examples, the help.
//!
//! Must not know interactions or when a race runs.

use std::{collections::HashSet, sync::Arc};

use super::{
    body::{Body, ButtonDto, Embed, Field, Row, Style},
    escape::{bare, between, escape, short},
    fit::Answer,
    headline::COLOR,
    limits::{BUTTONS, EMBEDS, FIELD_VALUE, LABEL, ROWS, TOTAL, fitting, weight},
    name,
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    race::Entrant,
};

/// Characters of a sentence of ours.
const SENTENCE: usize = 2_000;
/// Characters of an example's prompt.
const PROMPT: usize = 160;
/// Characters of an example's lesson.
const LESSON: usize = 120;

/// A sentence for one person, such as a refusal. Its code spans stay, and what a user wrote within it is harmless.
pub(crate) fn notice(text: &str) -> Body {
    let (text, _) = Answer::new(text, false, 40, false).within(SENTENCE);
    let description = if text.is_empty() { "…".to_owned() } else { text };
    Body { embeds: vec![Embed { description, color: COLOR, ..Embed::default() }], ..Body::default() }
}

/// The line-up as its providers see it today: an embed a model, or a line where there are more than embeds.
pub(crate) fn models(entrants: &[Entrant]) -> Body {
    let content = "⚔️ **Arena** · the line-up".to_owned();
    let apart: Vec<Embed> = entrants.iter().map(entrant).collect();
    if (1..=EMBEDS).contains(&apart.len()) && apart.iter().map(weight).sum::<usize>() <= TOTAL {
        return Body { content, embeds: apart, ..Body::default() };
    }
    let lines = entrants.iter().map(|entrant| {
        let (card, about) = (&entrant.card, about(entrant));
        format!("{} {}\n{about}", name::bold(card, card.simulated), short(&card.size, 24))
    });
    let description = fitting(lines, "\n", "The line-up is empty: the configuration names no model.");
    Body { content, embeds: vec![Embed { description, color: COLOR, ..Embed::default() }], ..Body::default() }
}

fn entrant(entrant: &Entrant) -> Embed {
    let card = &entrant.card;
    let purpose = between("Best for ", &card.best_for, 120, ".\n");
    Embed {
        title: name::title(card, card.simulated),
        description: purpose + &about(entrant),
        color: name::color(card),
        ..Embed::default()
    }
}

/// Whether it can be asked, who runs it, how fast it was.
fn about(entrant: &Entrant) -> String {
    let (reachable, words) = guide::availability(entrant);
    let mark = if reachable { "🟢" } else { "🔴" };
    let provider = short(&entrant.card.provider, 40);
    let said = [provider, short(&words, 120)];
    let mut parts: Vec<String> = said.into_iter().filter(|part| !part.is_empty()).collect();
    parts.extend(guide::measured_speed(entrant));
    format!("-# {mark} {}", parts.join(" · "))
}

/// Prompts to try, each with a button that starts a race with it.
pub(crate) fn examples(examples: &[Example]) -> Body {
    let lines = examples.iter().map(|example| {
        let title = between("**", &example.title, LABEL, "**\n");
        let lesson = between("\n-# ", &example.lesson, LESSON, "");
        format!("{title}> {}{lesson}", short(&example.prompt, PROMPT))
    });
    let description = fitting(lines, "\n\n", "The configuration names no examples.");
    Body {
        content: "⚔️ **Arena** · try these".to_owned(),
        embeds: vec![Embed { description, color: COLOR, ..Embed::default() }],
        components: rows(examples),
        ..Body::default()
    }
}

/// The buttons, as many as a message takes. The same example twice is one button: custom ids are unique.
fn rows(examples: &[Example]) -> Vec<Row> {
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let button = |example: &Example| {
        let named = [&example.title, &example.prompt].map(|text| bare(text, LABEL));
        let label = named.into_iter().find(|label| !label.is_empty()).unwrap_or_else(|| "Try".to_owned());
        ButtonDto::new(Button::Try(example_key(example)), Style::Secondary, "🏁", label)
    };
    let buttons: Vec<ButtonDto> = unique.map(button).take(ROWS * BUTTONS).collect();
    buttons.chunks(BUTTONS).map(|row| Row::of(row.to_vec())).collect()
}

/// The commands, how the numbers are defined, where prompts go.
pub(crate) fn help(cards: &[Arc<ModelCard>]) -> Body {
    let commands =
        guide::commands().map(|usage| format!("`/arena {}` {}", usage.word, escape(usage.description)));
    let commands = Field { name: "Commands".to_owned(), value: commands.collect::<Vec<_>>().join("\n") };
    let sections = guide::sections(cards).into_iter().map(|section| Field {
        name: section.title.to_owned(),
        value: short(&section.text, FIELD_VALUE / 2),
    });
    let fields = [commands].into_iter().chain(sections).collect();
    Body {
        content: "⚔️ **Arena** · help".to_owned(),
        embeds: vec![Embed { fields, color: COLOR, ..Embed::default() }],
        ..Body::default()
    }
}
