//! What is read rather than raced: a sentence, the line-up, the examples, the help.
//!
//! Must not know envelopes or when a race runs.

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;

use super::{
    body::{Body, Style, actions, bold, button, code, fill, in_thread, italic, quote, rich, section, text},
    escape::{bare, between, lines, mrkdwn, spans},
    limits::FALLBACK,
    name,
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    race::Entrant,
    view::{text::plain, words},
};

/// Characters of a sentence of ours.
const SENTENCE: usize = 2_000;
/// Characters of an example's prompt.
const PROMPT: usize = 160;
/// Characters of an example's lesson.
const LESSON: usize = 120;
/// Characters of a title.
const TITLE: usize = 80;
/// Bytes that are kept for the words that something is left out.
const RESERVE: usize = 200;

/// A sentence for one person, such as a refusal. Its code spans are code, and what a user wrote within it is text.
pub(crate) fn notice(sentence: &str) -> Body {
    // backticks and blanks alone are nothing that could be shown
    let nothing = plain(sentence).chars().all(|c| c == '`' || c.is_whitespace());
    let sentence = if nothing { "…" } else { sentence };
    let spans = spans(sentence, SENTENCE).into_iter().enumerate();
    let texts: Vec<Value> =
        spans.map(|(i, part)| if i % 2 == 1 { code(&part) } else { text(&part) }).collect();
    Body { text: mrkdwn(sentence, FALLBACK / 2), blocks: vec![rich(vec![section(texts)])] }
}

/// What is said at once of a race that begins with so many models.
pub(crate) fn on_it(models: usize) -> Body {
    notice(&format!("On it: asking {}.", words::models(models)))
}

/// The line-up as its providers see it today.
pub(crate) fn models(entrants: &[Entrant]) -> Body {
    let parts = entrants.iter().map(|entrant| vec![about(entrant)]).collect();
    card("⚔️", "The line-up", parts, "The line-up is empty: the configuration names no model.")
}

/// A model: whether it can be asked, who runs it, how fast it was.
fn about(entrant: &Entrant) -> Value {
    let card = &entrant.card;
    let (reachable, words) = guide::availability(entrant);
    let said = [bare(&card.provider, 40), bare(&words, 120)];
    let mut said: Vec<String> = said.into_iter().filter(|part| !part.is_empty()).collect();
    said.extend(guide::measured_speed(entrant));
    let size = between(" · ", &card.size, 24, "");
    let simulated = if card.simulated { " · simulated" } else { "" };
    let purpose = between("Best for ", &card.best_for, 120, ".\n");
    let mark = if reachable { "🟢" } else { "🔴" };
    rich(vec![section([
        text(&name::icon(card)),
        bold(&name::short(card)),
        text(&format!("{size}{simulated}\n{purpose}{mark} {}", said.join(" · "))),
    ])])
}

/// Prompts to try, each with a button that starts a race with it, in `thread` where they are shown in one.
pub(crate) fn examples(examples: &[Example], thread: Option<&str>) -> Body {
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let parts = unique.map(|one| example(one, thread)).collect();
    card("⚔️", "Try these", parts, "The configuration names no examples.")
}

fn example(example: &Example, thread: Option<&str>) -> Vec<Value> {
    let title = bare(&example.title, TITLE);
    let mut parts = vec![];
    if !title.is_empty() {
        parts.push(section([bold(&title)]));
    }
    let prompt = bare(&example.prompt, PROMPT);
    parts.push(quote(if prompt.is_empty() { "…" } else { &prompt }));
    let lesson = bare(&example.lesson, LESSON);
    if !lesson.is_empty() {
        parts.push(section([italic(&lesson)]));
    }
    let spoken = format!("Race: {}", if title.is_empty() { prompt } else { title });
    let race = button(Button::Try(example_key(example)), Style::Default, "🏁 Race", &spoken);
    vec![rich(parts), actions(vec![in_thread(race, thread)])]
}

/// The commands with their lines, how the numbers are defined, where prompts go.
pub(crate) fn help(cards: &[Arc<ModelCard>]) -> Body {
    let commands = guide::commands().flat_map(|usage| {
        let line = format!("/arena {}", usage.typed.unwrap_or(usage.word));
        [code(&line), text(&format!(" {}\n", usage.description))]
    });
    let more =
        "Nothing behind /arena opens a form. In a thread, or in a direct message, mention me in its place.";
    let commands = [bold("Commands"), text("\n")].into_iter().chain(commands).chain([text(more)]);
    let sections = guide::sections(cards).into_iter().map(|part| {
        let words = format!("\n{}", lines(&part.text, 1_000));
        vec![rich(vec![section([bold(part.title), text(&words)])])]
    });
    let parts = [vec![rich(vec![section(commands)])]].into_iter().chain(sections).collect();
    card("⚔️", "How it works", parts, "")
}

/// A title and as many of `parts` as a message holds, the rest counted; `nothing` where there are none.
fn card(mark: &str, title: &str, parts: Vec<Vec<Value>>, nothing: &str) -> Body {
    let mut blocks =
        vec![rich(vec![section([text(&format!("{mark} ")), bold(&format!("Arena · {title}"))])])];
    let last = match parts.len() {
        0 => nothing.to_owned(),
        _ => match fill(&mut blocks, parts, RESERVE) {
            0 => String::new(),
            unsaid => format!("… and {unsaid} more"),
        },
    };
    if !last.is_empty() {
        blocks.push(rich(vec![section([text(&last)])]));
    }
    Body { text: format!("{mark} Arena: {title}"), blocks }
}
