//! A finished race in full: its answers page by page and in a thread, and its explanation.

use slack_morphism::blocks::SlackBlock;

use super::{
    answer::{Answer, Slack},
    blocks::{Body, actions, bold, context, fill, markdown, paragraph, room, text, weight},
    buttons::button,
    cards::{heading, notice},
    escape::{self, bare, icon, mrkdwn, short_name},
};
use crate::{
    button::Page,
    race::{Record, lesson, report::LaneReport},
    view::{
        limits::{MAX_NAME, MAX_NUMBERS, MAX_PARAGRAPH},
        page::PageView,
        results, words,
    },
};

/// Bytes of a page, which leave room for its title, its numbers and its buttons.
const MAX_PAGE: usize = 7_200;
/// Messages in a thread, posted at one a second; further answers are in the file only.
const MAX_MESSAGES: usize = 6;
/// Bytes of an answer's excerpt if only the file holds all of it.
const MAX_EXCERPT: usize = 2_400;
/// Bytes of a message that are kept for its last line.
const RESERVE: usize = 400;

/// A page of an answer or of its reasoning, with buttons that turn it. An index beyond the last page shows the last one.
pub(crate) fn page(record: &Record, page: Page) -> Body {
    let Some(shown) = PageView::of::<Slack>(record, page, MAX_PAGE) else {
        return notice("This race has no such model.");
    };
    let PageView { lane, suffix, position, .. } = shown;
    let name = short_name(&lane.card);
    let named = format!("{}{suffix}", mrkdwn(&name, MAX_NAME));
    let numbers = words::joined([position.clone(), bare(&results::numbers(lane), MAX_NUMBERS)]);
    let answer = shown.text.map(|page| markdown(&page));
    let mut blocks = vec![
        paragraph([text(&icon(&lane.card)), bold(&name), text(suffix)]),
        answer.unwrap_or_else(|| paragraph([text("(nothing was written)")])),
    ];
    blocks.extend((!numbers.is_empty()).then(|| context(&numbers)));
    let buttons = shown.buttons.into_iter();
    blocks.extend(actions(buttons.map(|(meaning, emoji, label)| button(meaning, emoji, label, ""))));
    Body { text: words::joined([position, named]), blocks }
}

/// The answers of a race.
pub(crate) struct Answers {
    /// For the thread, in order; each within the limits of a message.
    pub(crate) messages: Vec<Body>,
    /// Markdown in UTF-8, if an answer is longer than a message or has reasoning.
    pub(crate) file: Option<Vec<u8>>,
}

/// Every answer of a race as messages, and as a file if they don't hold all of it.
pub(crate) fn answers(record: &Record) -> Answers {
    let report = &record.report;
    let lanes: Vec<&LaneReport> = report.order().into_iter().map(|i| &report.lanes[i]).collect();
    let (mut messages, mut left_out): (Vec<Body>, _) = (vec![], 0);
    for block in lanes.iter().map(|lane| block(lane)) {
        let fits = |last: &Body| weight(&block) + RESERVE <= room(&last.blocks);
        if !messages.last().is_some_and(fits) {
            if messages.len() == MAX_MESSAGES {
                left_out += 1;
                continue;
            }
            messages.push(begun(record, !messages.is_empty()));
        }
        left_out += messages.last_mut().map_or(1, |last| fill(&mut last.blocks, [[block]], 0));
    }
    let is_cut = lanes.iter().any(|lane| answer(lane).within(max_answer()).1);
    let has_reasoning = lanes.iter().any(|lane| !lane.reasoning.trim().is_empty());
    let file = (left_out > 0 || is_cut || has_reasoning).then(|| answers_whole(record));
    if messages.is_empty() {
        messages.push(begun(record, false));
    }
    let mut words = vec![];
    words.extend((left_out > 0).then(|| format!("{left_out} more are in the file.")));
    let numbers = if is_voting(record) { "" } else { ", with its numbers" };
    words.extend(file.is_some().then(|| format!("The file below holds every answer in full{numbers}.")));
    words.extend(has_reasoning.then(|| "Reasoning is there below its answer.".to_owned()));
    if let Some(last) = messages.last_mut().filter(|_| !words.is_empty()) {
        last.blocks.push(paragraph([text(&words.join(" "))]));
    }
    Answers { messages, file }
}

/// A message for full answers.
fn begun(record: &Record, is_continued: bool) -> Body {
    let hidden = if is_voting(record) { ", names hidden" } else { "" };
    let continued = if is_continued { ", continued" } else { "" };
    let words = format!("Full answers of race {}{hidden}{continued}", record.id.brief());
    Body { text: format!("📄 {words}"), blocks: vec![heading("📄", &words)] }
}

/// Returns true while the vote on a race is open, which hides its names.
pub(crate) fn is_voting(record: &Record) -> bool {
    record.report.vote.as_ref().is_some_and(|vote| vote.is_open)
}

/// Every answer of a race as a file: Markdown in UTF-8.
pub(crate) fn answers_whole(record: &Record) -> Vec<u8> {
    results::markdown_file(&record.id.to_string(), &record.asker.name, record.started_at, &record.report)
        .into_bytes()
}

fn answer(lane: &LaneReport) -> Answer {
    Answer::new(&lane.answer, false, usize::MAX, false)
}

/// The bytes of an answer in a message of its own.
fn max_answer() -> usize {
    room(&[]) - RESERVE - 1_000
}

/// A lane: its name, its numbers, its answer or an excerpt.
fn block(lane: &LaneReport) -> SlackBlock {
    let numbers = escape::markdown(&results::numbers(lane), 240);
    let numbers = if numbers.is_empty() { numbers } else { format!("\n\n_{numbers}_") };
    let head = format!("{}{numbers}", escape::title(&lane.card));
    let answer = answer(lane);
    let (mut shown, cut) = answer.within(max_answer());
    if cut {
        shown = format!("{}\n\n_The full answer is in the file._", answer.within(MAX_EXCERPT).0);
    }
    markdown(&format!("{head}\n\n{}", if shown.is_empty() { "(no answer)" } else { &shown }))
}

/// The lesson of a race, at length.
pub(crate) fn explanation(record: &Record) -> Body {
    let title = "What this race shows";
    let mut blocks = vec![heading("💡", title)];
    let paragraphs = lesson::explanation(&record.report).into_iter();
    let paragraphs = paragraphs.map(|words| [paragraph([text(&bare(&words, MAX_PARAGRAPH))])]);
    let _left_out = fill(&mut blocks, paragraphs, 0);
    Body { text: format!("💡 {title}"), blocks }
}
