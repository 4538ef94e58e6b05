//! Messages that are read rather than raced: a sentence, the line-up, the examples, the help, and what a race leaves
//! behind.

use std::{collections::HashSet, sync::Arc};

use super::{
    body::{
        Attachment, BUTTONS, Body, ButtonDto, DESCRIPTION, EMBEDS, Embed, FIELD_VALUE, Field, LABEL, ROWS,
        Row, TOTAL, length, listed,
    },
    escape::{bare, between, bold, color, escape, short, title},
    markdown::Answer,
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    race::{Entrant, RaceId, Record, figures::tokens, lesson, report::LaneReport},
    view::{
        results::{file_name, markdown_file},
        words,
    },
};

/// Characters of a sentence of ours.
const SENTENCE: usize = 2_000;
/// Characters of an example's prompt.
const PROMPT: usize = 160;
/// Characters of an example's lesson.
const LESSON: usize = 120;
/// The end of a file that was cut.
const CUT: &str = "\n\n[Cut here: this chat takes no larger file.]\n";

/// A sentence for one user, such as a refusal. Its code spans stay, and user text within it is harmless.
pub(crate) fn notice(text: &str) -> Body {
    let (text, _) = Answer::new(text, false, 40, false).within(SENTENCE);
    Body::text("", if text.is_empty() { "…".to_owned() } else { text })
}

/// The line-up as its providers list it now: an embed for each model, or a line if there are more models than embeds.
pub(crate) fn models(entrants: &[Entrant]) -> Body {
    let content = "⚔️ **Arena** · the line-up";
    let embeds: Vec<Embed> = entrants.iter().map(entrant).collect();
    if (1..=EMBEDS).contains(&embeds.len()) && embeds.iter().map(Embed::weight).sum::<usize>() <= TOTAL {
        return Body { content: content.to_owned(), embeds, ..Body::default() };
    }
    let lines = entrants.iter().map(|entrant| {
        let (card, about) = (&entrant.card, about(entrant));
        format!("{} {}\n{about}", bold(card, card.simulated), short(&card.size, 24))
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

/// Prompts to try, each with a button that starts a race with it.
pub(crate) fn examples(examples: &[Example]) -> Body {
    let lines = examples.iter().map(|example| {
        let title = between("**", &example.title, LABEL, "**\n");
        let lesson = between("\n-# ", &example.lesson, LESSON, "");
        format!("{title}> {}{lesson}\n", short(&example.prompt, PROMPT))
    });
    let description = listed(lines, "The configuration names no examples.");
    Body { components: rows(examples), ..Body::text("⚔️ **Arena** · try these", description) }
}

/// The buttons, as many as a message takes. Custom ids are unique, so a repeated example is one button.
fn rows(examples: &[Example]) -> Vec<Row> {
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let button = |example: &Example| {
        let named = [&example.title, &example.prompt].map(|text| bare(text, LABEL));
        let label = named.into_iter().find(|label| !label.is_empty()).unwrap_or_else(|| "Try".to_owned());
        ButtonDto::new(Button::Try(example_key(example)), "🏁", label)
    };
    let buttons: Vec<ButtonDto> = unique.map(button).take(ROWS * BUTTONS).collect();
    buttons.chunks(BUTTONS).map(|row| Row::of(row.to_vec())).collect()
}

/// The commands, the definitions of the numbers, the handling of prompts.
pub(crate) fn help(cards: &[Arc<ModelCard>]) -> Body {
    let commands =
        guide::commands().map(|usage| format!("`/arena {}` {}", usage.word, escape(usage.description)));
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
    if file.len() > file_limit {
        lines.push("⚠️ The file is larger than this chat allows, so its end is missing.".to_owned());
        file.truncate(file.floor_char_boundary(file_limit.saturating_sub(CUT.len())));
        file.push_str(CUT);
        file.truncate(file.floor_char_boundary(file_limit));
    }
    lines.extend(report.order().into_iter().map(|i| answer_line(&report.lanes[i])));
    let description = "The answers of the race as Markdown".to_owned();
    let attachment = Attachment { id: 0, filename: answers_file(record.id), description };
    let body = Body::text("📄 **Arena** · full answers", listed(lines.into_iter(), ""));
    (Body { attachments: vec![attachment], ..body }, file.into_bytes())
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
