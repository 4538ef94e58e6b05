//! One answer of a finished race, page by page, for one reader.

use super::{
    answer::Slack,
    blocks::{self, Body, actions, bold, context, markdown, paragraph, text},
    cards::notice,
    escape::{bare, icon, short_name},
};
use crate::{
    button::{Button, Page, Part},
    race::Record,
    view::{fit::pages, results, words},
};

/// Bytes of a page, which leave room for its title, its numbers and its buttons.
const MAX_PAGE: usize = 7_200;
/// Characters of the numbers below a page.
const MAX_NUMBERS: usize = 300;

/// A page of an answer or of its reasoning, with buttons that turn it. An index beyond the last page shows the last one.
pub(crate) fn page(record: &Record, page: Page) -> Body {
    let Some((_, lane)) = record.report.lane_at(page.answer) else {
        return notice("This race has no such model.");
    };
    let (answer, other) = match page.part {
        Part::Answer => (&lane.answer, Part::Reasoning),
        Part::Reasoning => (&lane.reasoning, Part::Answer),
    };
    let pages = pages::<Slack>(answer, |_| MAX_PAGE);
    let last = pages.len().saturating_sub(1);
    let index = page.index.min(last);
    let what = if page.part == Part::Reasoning { " · reasoning" } else { "" };
    let name = short_name(&lane.card);
    let title = paragraph([text(&icon(&lane.card)), bold(&name), text(what)]);
    let shown = match pages.into_iter().nth(index) {
        Some(page) => markdown(&page),
        None => paragraph([text("(nothing was written)")]),
    };
    let at = if last > 0 { format!("page {} of {}", index + 1, last + 1) } else { String::new() };
    let numbers = words::joined([at.clone(), bare(&results::numbers(lane), MAX_NUMBERS)]);
    let turn = |index: usize, emoji: &str, label: &str| {
        blocks::button(Button::Read(Page { index, ..page }), emoji, label, "")
    };
    let mut buttons = vec![];
    buttons.extend((index > 0).then(|| turn(index.saturating_sub(1), "◀️", "Back")));
    buttons.extend((index < last).then(|| turn(index + 1, "▶️", "Next")));
    let (emoji, label) = if other == Part::Reasoning { ("🧠", "Reasoning") } else { ("📄", "Answer") };
    let switch = || blocks::button(Button::Read(Page { part: other, index: 0, ..page }), emoji, label, "");
    buttons.extend((!lane.reasoning.trim().is_empty()).then(switch));
    let mut all = vec![title, shown];
    all.extend((!numbers.is_empty()).then(|| context(&numbers)));
    all.extend((!buttons.is_empty()).then(|| actions(buttons)));
    let named = format!("{}{what}", super::escape::mrkdwn(&name, 40));
    Body { text: words::joined([at, named]), blocks: all }
}
