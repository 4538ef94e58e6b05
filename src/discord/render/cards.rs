//! Messages to read: a sentence, the answer to a ballot, the line-up, the examples, the help, a picture.

use std::{collections::HashSet, sync::Arc};

use super::{
    body::{
        Attachment, Body, COMPONENTS, Component, EMBEDS, Embed, FIELD_VALUE, TEXTS, TOTAL, length, listed,
    },
    escape::{between, bold, color, escape, full_title, short},
    markdown::Answer,
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    platform::handlers::BallotReply,
    race::Entrant,
    view::{
        Control,
        limits::{
            MAX_ABOUT_MODEL, MAX_EXAMPLE_PROMPT, MAX_EXAMPLE_TITLE, MAX_NOTICE, MAX_PROVIDER, MAX_SIZE,
        },
        words::{self, size},
    },
};

/// Lines of a sentence of ours.
const MAX_LINES: usize = 40;
/// Characters of an example's lesson, more than any has.
const MAX_LESSON: usize = 600;
/// Components of an item in a [`catalogue`]: its text, its row and two buttons.
const ITEM: usize = 4;
/// Components beside the items: the heading, the number of those left out, the note.
const OTHERS: usize = 3;
/// Characters of the line that counts the items left out.
const OMITTED: usize = 60;

/// The answer to a ballot, with the buttons that name the second best answer.
pub(crate) fn ballot(ballot: &BallotReply) -> Body {
    let buttons = ballot.buttons.iter().map(|(button, text)| {
        let is_answer = matches!(button, Button::Second(.., Some(_)));
        Component::button(*button, "", &if is_answer { format!("Second: {text}") } else { text.clone() })
    });
    let components = Component::rows(&buttons.collect::<Vec<_>>()).collect();
    Body { components, ..notice(&ballot.text) }
}

/// A sentence for one user, such as a refusal. Its code spans stay, and user text within it is harmless.
pub(crate) fn notice(text: &str) -> Body {
    let (text, _) = Answer::new(text, false, MAX_LINES, false).within(MAX_NOTICE);
    Body::text("", if text.is_empty() { "…".to_owned() } else { text })
}

/// The answer to a follow-up that continues in the thread with this id.
pub(crate) fn continued(thread: u64) -> Body {
    Body::text("", format!("💬 Continued in <#{thread}>."))
}

/// A message that is a picture, the first file of the request, with the alternative text `alt`.
pub(crate) fn picture(heading: &str, filename: &str, alt: &str) -> Body {
    let attachments = vec![Attachment::new(filename, alt)];
    Body { content: heading.to_owned(), attachments, ..Body::default() }
}

/// The line-up as its providers list it now: an embed for each model, or a line if there are more models than embeds.
/// `command` is the id of the registered command.
pub(crate) fn models(entrants: &[Entrant], command: Option<u64>) -> Body {
    let content = format!("⚔️ **Arena** · the line-up · race them with {}", mention("compare", command));
    let embeds: Vec<Embed> = entrants.iter().map(entrant).collect();
    if (1..=EMBEDS).contains(&embeds.len()) && embeds.iter().map(Embed::weight).sum::<usize>() <= TOTAL {
        return Body { content, embeds, ..Body::default() };
    }
    let lines = entrants.iter().map(|entrant| {
        let (card, about) = (&entrant.card, about(entrant));
        format!("{} {}\n{about}", bold(card, card.simulated), short(size(card), MAX_SIZE))
    });
    Body::text(&content, listed(lines, "The line-up is empty: the configuration names no model."))
}

fn entrant(entrant: &Entrant) -> Embed {
    let card = &entrant.card;
    let purpose = between("Best for ", &card.best_for, MAX_ABOUT_MODEL, ".\n");
    Embed { title: full_title(card), color: color(card), ..Embed::text(purpose + &about(entrant)) }
}

/// The model's availability, provider and speed.
fn about(entrant: &Entrant) -> String {
    let (is_reachable, words) = guide::availability(entrant);
    let mark = if is_reachable { "🟢" } else { "🔴" };
    let known = [short(&entrant.card.provider, MAX_PROVIDER), short(&words, MAX_ABOUT_MODEL)];
    let known = words::joined(known.into_iter().chain(guide::measured_speed(entrant)));
    format!("-# {mark} {known}")
}

/// A command of this application: a mention that sends it when tapped, if the id of the registered command is known
/// (<https://docs.discord.com/developers/reference#message-formatting-formats>).
fn mention(word: &str, command: Option<u64>) -> String {
    command.map_or_else(|| format!("`/arena {word}`"), |id| format!("</arena {word}:{id}>"))
}

/// Prompts to try, each with buttons that start a race or a blind race with it; as many as a message takes. Custom ids
/// are unique, so a repeated example is shown once. `command` is the id of the registered command.
pub(crate) fn examples(examples: &[Example], command: Option<u64>) -> Body {
    let compare = mention("compare", command);
    if examples.is_empty() {
        let text = format!("The configuration names no examples. Try {compare} with a prompt of yours.");
        return Body::text("", text);
    }
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let items = unique.map(|example| {
        let title = between("**", &example.title, MAX_EXAMPLE_TITLE, "**\n");
        let prompt = short(&example.prompt, MAX_EXAMPLE_PROMPT);
        let lesson = between("\n-# ", &example.lesson, MAX_LESSON, "");
        let key = example_key(example);
        let buttons = vec![(Button::Try(key), "🏁", "Race"), (Button::TryBlind(key), "🙈", "Race blind")];
        (format!("{title}> {prompt}{lesson}"), buttons)
    });
    catalogue(format!("⚔️ **Arena** · try these, or {compare} with a prompt of yours"), items, None)
}

/// A heading, as many of `items` as a message takes, each with its buttons, the number of the others, and a note.
pub(super) fn catalogue(
    heading: String,
    items: impl Iterator<Item = (String, Vec<Control>)>,
    note: Option<String>,
) -> Body {
    let mut left = TEXTS - length(&heading) - note.as_deref().map_or(0, length) - OMITTED;
    let (mut parts, mut shown, mut omitted) = (vec![Component::Text(heading)], 0, 0);
    for (text, buttons) in items {
        let rest = left.checked_sub(length(&text)).filter(|_| shown < (COMPONENTS - OTHERS) / ITEM);
        let Some(rest) = rest.filter(|_| omitted == 0) else {
            omitted += 1;
            continue;
        };
        (left, shown) = (rest, shown + 1);
        parts.push(Component::Text(text));
        parts.extend(Component::controls(buttons));
    }
    let omitted = (omitted > 0).then(|| format!("-# … and {omitted} more in the configuration"));
    parts.extend(omitted.into_iter().chain(note).map(Component::Text));
    Body::of(parts)
}

/// The commands, the definitions of the numbers, the handling of prompts. `command` is the id of the registered command.
pub(crate) fn help(cards: &[Arc<ModelCard>], command: Option<u64>) -> Body {
    let commands = guide::commands()
        .map(|usage| format!("{} {}", mention(usage.word, command), escape(usage.description)));
    let commands = ("Commands".to_owned(), commands.collect::<Vec<_>>().join("\n"));
    let sections = guide::sections(cards).into_iter();
    let sections = sections.map(|part| (part.title.to_owned(), short(&part.text, FIELD_VALUE / 2)));
    let fields = [commands].into_iter().chain(sections).collect();
    let embed = Embed { fields, ..Embed::text(String::new()) };
    Body { embeds: vec![embed], ..Body::text("⚔️ **Arena** · help", String::new()) }
}
