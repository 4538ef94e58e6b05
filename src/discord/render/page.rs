//! One answer of a finished race, page by page, for one reader.

use super::{
    body::{Body, ButtonDto, Component, Embed, Footer},
    escape::{bare, color, icon, short},
    markdown::Discord,
    race::menu,
};
use crate::{
    button::{Button, Page, Part},
    race::Record,
    view::{
        View,
        fit::pages,
        results,
        words::{joined, model_name},
    },
};

/// Characters of a page: what an embed takes.
const PAGE: usize = 4_000;
/// Characters of the numbers below a page.
const NUMBERS: usize = 300;

/// A page of an answer or of its reasoning, with buttons that turn it and a menu of the other answers. An index beyond
/// the last page shows the last one.
pub(crate) fn page(record: &Record, page: Page) -> Body {
    let Some((index_in_race, lane)) = record.report.lane_at(page.answer) else {
        return super::notice("This race has no such model.");
    };
    let (text, other) = match page.part {
        Part::Answer => (&lane.answer, Part::Reasoning),
        Part::Reasoning => (&lane.reasoning, Part::Answer),
    };
    let pages = pages::<Discord>(text, |_| PAGE);
    let last = pages.len().saturating_sub(1);
    let index = page.index.min(last);
    let text = pages.into_iter().nth(index).unwrap_or_else(|| "*nothing was written*".to_owned());
    let what = if page.part == Part::Reasoning { " · reasoning" } else { "" };
    let is_voting = record.report.vote.as_ref().is_some_and(|vote| vote.is_open);
    let numbers = if is_voting { String::new() } else { bare(&results::numbers(lane), NUMBERS) };
    let at = if last > 0 { format!("page {} of {}", index + 1, last + 1) } else { String::new() };
    let footer = joined([at, numbers]);
    let embed = Embed {
        title: format!("{}{}{what}", icon(&lane.card), short(&model_name(&lane.card), 48)),
        color: color(&lane.card),
        footer: (!footer.is_empty()).then_some(Footer { text: footer }),
        ..Embed::text(text)
    };
    let turn = |index: usize, emoji: &str, label: &str| {
        ButtonDto::new(Button::Read(Page { index, ..page }), emoji, label)
    };
    let mut buttons = vec![];
    buttons.extend((index > 0).then(|| turn(index.saturating_sub(1), "◀️", "Back")));
    buttons.extend((index < last).then(|| turn(index + 1, "▶️", "Next")));
    let has_reasoning = !lane.reasoning.trim().is_empty();
    let (emoji, label) = if other == Part::Reasoning { ("🧠", "Reasoning") } else { ("📄", "Answer") };
    let switch = ButtonDto::new(Button::Read(Page { part: other, index: 0, ..page }), emoji, label);
    buttons.extend(has_reasoning.then_some(switch));
    let others =
        menu(&View::over("", &record.report), page.race, "📖 Read another answer …", Some(index_in_race));
    let buttons = (!buttons.is_empty()).then(|| Component::buttons(buttons));
    let components = buttons.into_iter().chain(others).collect();
    Body { embeds: vec![embed], components, ..Body::default() }
}
