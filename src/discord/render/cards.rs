//! Messages that are read rather than raced: a sentence, the line-up, the examples, the help, and what a race leaves
//! behind.

use std::{collections::HashSet, sync::Arc};

use super::{
    body::{
        Attachment, Body, ButtonDto, COMPONENTS, Component, DESCRIPTION, EMBEDS, Embed, FIELD_VALUE, Field,
        TEXTS, TOTAL, length, listed,
    },
    escape::{between, bold, color, escape, short, title},
    markdown::Answer,
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    platform::handlers::BallotReply,
    race::{Entrant, RaceId, Record, figures::tokens, lesson, report::LaneReport},
    view::{
        results::{file_name, markdown_file},
        words::{self, size},
    },
};

/// Characters of a sentence of ours.
const SENTENCE: usize = 2_000;
/// Characters of an example's prompt.
const PROMPT: usize = 160;
/// Characters of an example's title.
const TITLE: usize = 80;
/// Characters of an example's lesson, more than any has.
const LESSON: usize = 600;
/// Buttons in a row.
const BUTTONS: usize = 5;
/// Components of an example: its text, its row and two buttons.
const EXAMPLE: usize = 4;
/// Characters of the line that counts the examples without a place.
const OMITTED: usize = 60;
/// The end of a file that was cut.
const CUT: &str = "\n\n[Cut here: this chat takes no larger file.]\n";

/// The answer to a ballot, with the buttons that name the second best answer.
pub(crate) fn ballot(ballot: &BallotReply) -> Body {
    let buttons = ballot.buttons.iter().map(|(button, text)| {
        let is_answer = matches!(button, Button::Second(.., Some(_)));
        ButtonDto::new(*button, "", if is_answer { format!("Second: {text}") } else { text.clone() })
    });
    let buttons: Vec<ButtonDto> = buttons.collect();
    let components = buttons.chunks(BUTTONS).map(|row| Component::buttons(row.to_vec())).collect();
    Body { components, ..notice(&ballot.text) }
}

/// A sentence for one user, such as a refusal. Its code spans stay, and user text within it is harmless.
pub(crate) fn notice(text: &str) -> Body {
    let (text, _) = Answer::new(text, false, 40, false).within(SENTENCE);
    Body::text("", if text.is_empty() { "…".to_owned() } else { text })
}

/// The answer to a follow-up that goes on in the thread with this id.
pub(crate) fn continued(thread: u64) -> Body {
    Body::text("", format!("💬 Continued in <#{thread}>."))
}

/// The line-up as its providers list it now: an embed for each model, or a line if there are more models than embeds.
/// `command` is the id of the registered command.
pub(crate) fn models(entrants: &[Entrant], command: Option<u64>) -> Body {
    let content = format!("⚔️ **Arena** · the line-up · race them with {}", mention("compare", command));
    let content = content.as_str();
    let embeds: Vec<Embed> = entrants.iter().map(entrant).collect();
    if (1..=EMBEDS).contains(&embeds.len()) && embeds.iter().map(Embed::weight).sum::<usize>() <= TOTAL {
        return Body { content: content.to_owned(), embeds, ..Body::default() };
    }
    let lines = entrants.iter().map(|entrant| {
        let (card, about) = (&entrant.card, about(entrant));
        format!("{} {}\n{about}", bold(card, card.simulated), short(size(card), 24))
    });
    Body::text(content, listed(lines, "The line-up is empty: the configuration names no model."))
}

fn entrant(entrant: &Entrant) -> Embed {
    let card = &entrant.card;
    let purpose = between("Best for ", &card.best_for, 120, ".\n");
    let (title, color) = (title(card, card.simulated), color(card));
    Embed { title, color, ..Embed::text(purpose + &about(entrant)) }
}

/// The model's availability, provider and speed.
fn about(entrant: &Entrant) -> String {
    let (is_reachable, words) = guide::availability(entrant);
    let mark = if is_reachable { "🟢" } else { "🔴" };
    let known = [short(&entrant.card.provider, 40), short(&words, 120)];
    let known = words::joined(known.into_iter().chain(guide::measured_speed(entrant)));
    format!("-# {mark} {known}")
}

/// A command of this application: a mention that sends it when tapped, if the id of the registered command is known
/// (<https://docs.discord.com/developers/reference#message-formatting-formats>).
fn mention(word: &str, command: Option<u64>) -> String {
    command.map_or_else(|| format!("`/arena {word}`"), |id| format!("</arena {word}:{id}>"))
}

/// Prompts to try, each with buttons that start a race or a blind race with it; as many as a message takes. Custom ids are unique,
/// so a repeated example is shown once. `command` is the id of the registered command.
pub(crate) fn examples(examples: &[Example], command: Option<u64>) -> Body {
    let compare = mention("compare", command);
    if examples.is_empty() {
        return Body::text(
            "",
            format!("The configuration names no examples. Try {compare} with a prompt of yours."),
        );
    }
    let mut seen = HashSet::new();
    let unique: Vec<&Example> = examples.iter().filter(|example| seen.insert(example_key(example))).collect();
    let head = format!("⚔️ **Arena** · try these, or {compare} with a prompt of yours");
    let mut left = TEXTS - length(&head) - OMITTED;
    let (mut parts, mut shown) = (vec![Component::text(head)], 0);
    for example in unique.iter().take((COMPONENTS - 2) / EXAMPLE) {
        let text = example_text(example);
        let Some(rest) = left.checked_sub(length(&text)) else { break };
        left = rest;
        let key = example_key(example);
        parts.push(Component::text(text));
        parts.push(Component::buttons(vec![
            ButtonDto::new(Button::Try(key), "🏁", "Race"),
            ButtonDto::new(Button::TryBlind(key), "🙈", "Race blind"),
        ]));
        shown += 1;
    }
    let omitted = unique.len() - shown;
    parts.extend(
        (omitted > 0).then(|| Component::text(format!("-# … and {omitted} more in the configuration"))),
    );
    Body::of(parts)
}

/// The title, the prompt and the lesson.
fn example_text(example: &Example) -> String {
    let title = between("**", &example.title, TITLE, "**\n");
    let lesson = between("\n-# ", &example.lesson, LESSON, "");
    format!("{title}> {}{lesson}", short(&example.prompt, PROMPT))
}

/// The commands, the definitions of the numbers, the handling of prompts. `command` is the id of the registered command.
pub(crate) fn help(cards: &[Arc<ModelCard>], command: Option<u64>) -> Body {
    let commands = guide::commands()
        .map(|usage| format!("{} {}", mention(usage.word, command), escape(usage.description)));
    let commands = Field { name: "Commands".to_owned(), value: commands.collect::<Vec<_>>().join("\n") };
    let sections = guide::sections(cards).into_iter().map(|section| Field {
        name: section.title.to_owned(),
        value: short(&section.text, FIELD_VALUE / 2),
    });
    let fields = [commands].into_iter().chain(sections).collect();
    let embed = Embed { fields, ..Embed::text(String::new()) };
    Body { embeds: vec![embed], ..Body::text("⚔️ **Arena** · help", String::new()) }
}

/// The name of the file with the answers of `race`.
pub(crate) fn answers_file(race: RaceId) -> String {
    file_name(&race.brief())
}

/// The message that describes the file of full answers, and the file: Markdown, UTF-8, at most `file_limit` bytes. It
/// must be the first file of the request, under the name of [`answers_file`].
pub(crate) fn answers(record: &Record, file_limit: usize) -> (Body, Vec<u8>) {
    let report = &record.report;
    let mut file = markdown_file(&record.id.to_string(), &record.asker.name, record.started_at, report);
    let mut lines =
        vec!["Every answer of this race in full, with its numbers; reasoning follows its answer.".to_owned()];
    if cut_to(&mut file, file_limit) {
        lines.push("⚠️ The file is larger than this chat allows, so its end is missing.".to_owned());
    }
    lines.extend(report.order().into_iter().map(|i| answer_line(&report.lanes[i])));
    let description = "The answers of the race as Markdown".to_owned();
    let attachment = Attachment { id: 0, filename: answers_file(record.id), description };
    let body = Body::text("📄 **Arena** · full answers", listed(lines.into_iter(), ""));
    (Body { attachments: vec![attachment], ..body }, file.into_bytes())
}

/// A message that is a picture, the first file of the request, with the alternative text `alt`.
pub(crate) fn picture(heading: &str, filename: &str, alt: &str) -> Body {
    let attachment = Attachment::of(filename, alt);
    Body { content: heading.to_owned(), attachments: vec![attachment], ..Body::default() }
}

/// Cuts a file to `limit` bytes with a sentence that says so, and returns true if it was longer.
pub(super) fn cut_to(file: &mut String, limit: usize) -> bool {
    let is_longer = file.len() > limit;
    if is_longer {
        file.truncate(file.floor_char_boundary(limit.saturating_sub(CUT.len())));
        file.push_str(CUT);
        file.truncate(file.floor_char_boundary(limit));
    }
    is_longer
}

fn answer_line(lane: &LaneReport) -> String {
    let tokens = tokens(lane.metrics.output_tokens, lane.metrics.token_count);
    let error = lane.error.as_deref().map(|error| between(" · ", error, 80, "")).unwrap_or_default();
    format!("{} · {tokens} tokens{error}", bold(&lane.card, lane.simulated))
}

/// The lesson of a race, at length.
pub(crate) fn explanation(record: &Record) -> Body {
    let mut description = String::new();
    for paragraph in lesson::explanation(&record.report) {
        let left = DESCRIPTION.saturating_sub(length(&description) + 2);
        // escaped marks can double a paragraph, which ours hardly do
        let text = short(&paragraph, left.min(1_500));
        if length(&text) > left {
            break;
        }
        description.push_str(if description.is_empty() { "" } else { "\n\n" });
        description.push_str(&text);
    }
    Body::text("💡 **Arena** · what this race shows", description)
}
