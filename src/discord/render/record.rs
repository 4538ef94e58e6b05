//! A finished race to read: its answers page by page and as files, its explanation, the form that continues it.

use serde_json::{Value, json};

use super::{
    body::{Attachment, Body, Component, DESCRIPTION, Embed, OPTION_TEXT, OPTIONS, length, listed},
    escape::{bare, between, bold, color, short, title},
    markdown::Discord,
    race::answers_menu,
};
use crate::{
    button::Page,
    race::{
        RaceId, Record, conversation::FollowUp, figures::tokens, lesson, report::LaneReport, vote::Label,
    },
    view::{
        View,
        limits::{MAX_NUMBERS, MAX_PARAGRAPH},
        page::PageView,
        results::{self, file_name, markdown_file},
        words::{self, joined},
    },
};

/// Characters of a page: what an embed takes.
const MAX_PAGE: usize = 4_000;
/// Files of a message.
const MAX_FILES: usize = 10;
/// Bytes of one of several files: so many of them fit into one request.
const MAX_FILE: usize = 2 << 20;
/// The end of a file that was cut.
const CUT: &str = "\n\n[Cut here: this chat takes no larger file.]\n";
/// Characters of a thread's name (<https://docs.discord.com/developers/resources/channel#start-thread-from-message>).
pub(super) const THREAD_NAME: usize = 100;

/// The custom ids of the fields in the form that continues a race.
pub(crate) const WITH_FIELD: &str = "with";
pub(crate) const PROMPT_FIELD: &str = "prompt";

/// Characters of a text field.
const MAX_FIELD: usize = 4_000;

/// Component types.
const STRING_SELECT: u8 = 3;
const TEXT_INPUT: u8 = 4;
const LABEL: u8 = 18;
/// The style of a text field of several lines.
const PARAGRAPH: u8 = 2;

/// A page of an answer or of its reasoning, with buttons that turn it and a menu of the other answers. An index beyond
/// the last page shows the last one.
pub(crate) fn page(record: &Record, page: Page) -> Body {
    let Some(shown) = PageView::of::<Discord>(record, page, MAX_PAGE) else {
        return super::notice("This race has no such model.");
    };
    let card = &shown.lane.card;
    let embed = Embed {
        title: format!("{}{}", title(card), shown.suffix),
        color: color(card),
        footer: joined([shown.position, bare(&results::numbers(shown.lane), MAX_NUMBERS)]),
        ..Embed::text(shown.text.unwrap_or_else(|| "*nothing was written*".to_owned()))
    };
    let view = View::over("", &record.report);
    let others = answers_menu(&view, page.race, "📖 Read another answer …", Some(shown.index));
    let components = Component::controls(shown.buttons).into_iter().chain(others).collect();
    Body { embeds: vec![embed], components, ..Body::default() }
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
    let attachment = Attachment::new(&answers_file(record.id), "The answers of the race as Markdown");
    let body = Body::text("📄 **Arena** · full answers", listed(lines.into_iter(), ""));
    (Body { attachments: vec![attachment], ..body }, file.into_bytes())
}

/// The full answers of a race whose vote is open, with the names and bytes of their files in the order of the request: a
/// file for each answer, or one for all where a message does not take so many. Each has at most `file_limit` bytes.
pub(crate) fn unnamed_answers(record: &Record, file_limit: usize) -> (Body, Vec<(String, Vec<u8>)>) {
    let lanes = (0..).map_while(Label::at).zip(&record.report.lanes);
    let mut texts: Vec<(String, String, String)> = lanes
        .map(|(label, lane)| {
            let name = format!("answer-{}.md", label.to_string().to_lowercase());
            let text = format!("# Answer {label}\n\n{}", results::whole(lane));
            (name, format!("Answer {label} as Markdown"), text)
        })
        .collect();
    if texts.len() > MAX_FILES {
        let all = texts.into_iter().map(|(.., text)| text).collect::<Vec<_>>().join("\n");
        texts = vec![("answers.md".to_owned(), "All answers as Markdown".to_owned(), all)];
    }
    let limit = file_limit.min(MAX_FILE);
    let (mut attachments, mut files, mut is_cut) = (vec![], vec![], false);
    for (filename, description, mut text) in texts {
        is_cut |= cut_to(&mut text, limit);
        attachments.push(Attachment::new(&filename, &description));
        files.push((filename, text.into_bytes()));
    }
    let mut words = "Every answer in full. Names and numbers are shown once the vote is closed.".to_owned();
    if is_cut {
        words.push_str("\n⚠️ A file is larger than this chat allows, so its end is missing.");
    }
    (Body { attachments, ..Body::text("📄 **Arena** · the answers of this vote", words) }, files)
}

/// Cuts a file to `limit` bytes with a sentence that says so, and returns true if it was longer.
fn cut_to(file: &mut String, limit: usize) -> bool {
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
        let text = short(&paragraph, left.min(MAX_PARAGRAPH));
        if length(&text) > left {
            break;
        }
        description.push_str(if description.is_empty() { "" } else { "\n\n" });
        description.push_str(&text);
    }
    Body::text("💡 **Arena** · what this race shows", description)
}

/// The form that continues the race of `record` by a message of at most `max_prompt` characters; `custom_id` comes back
/// with it (<https://docs.discord.com/developers/components/using-modal-components>).
pub(crate) fn follow_up_form(record: &Record, max_prompt: usize, custom_id: &str) -> Value {
    let option = |(index, (follow_up, words)): (usize, (FollowUp, String))| {
        let label = bare(&words, OPTION_TEXT);
        json!({ "label": label, "value": follow_up.word(), "default": index == 0 })
    };
    let choices = words::follow_ups(&record.report, OPTIONS);
    let options: Vec<Value> = choices.into_iter().enumerate().map(option).collect();
    json!({
        "custom_id": custom_id,
        "title": "Continue this race",
        "components": [
            { "type": LABEL, "label": "Continue with", "description": "Each model remembers its own answers.",
              "component": {
                  "type": STRING_SELECT, "custom_id": WITH_FIELD, "options": options, "required": true } },
            { "type": LABEL, "label": "Your message",
              "component": {
                  "type": TEXT_INPUT, "custom_id": PROMPT_FIELD, "style": PARAGRAPH, "required": true,
                  "min_length": 1, "max_length": max_prompt.clamp(1, MAX_FIELD) } },
        ],
    })
}

/// The name of the thread below a race with this prompt.
pub(crate) fn thread_name(prompt: &str) -> String {
    let name = bare(&words::excerpt(prompt, 1), THREAD_NAME);
    if name.trim().is_empty() { "Follow-ups".to_owned() } else { name }
}
