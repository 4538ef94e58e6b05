//! A race as one message: its first post, live, and final.
//!
//! Must not know when it is shown.

use std::sync::Arc;

use serde_json::Value;

use super::{
    body::{Body, Style, actions, button, rich, section, text},
    headline, lanes,
    limits::room,
    name,
};
use crate::{
    button::Button,
    model::ModelCard,
    race::RaceId,
    view::{View, words},
};

/// The first post: true even if nothing follows it, so it names who asks what of whom and nothing that happens. It
/// pings nobody: the asker is `name` (or the `user` id where that is unknown) as text.
pub(crate) fn opening(asker: &str, user: &str, prompt: &str, cards: &[Arc<ModelCard>]) -> Body {
    let who = if asker.trim().is_empty() { user } else { asker };
    let what = format!(" asks {}", words::models(cards.len()));
    let mut names: Vec<String> = cards.iter().take(20).map(|card| name::full(card, card.simulated)).collect();
    names.extend((cards.len() > names.len()).then(|| format!("{} more", cards.len() - names.len())));
    let mut blocks = vec![headline::asked(who, &what, prompt)];
    if !names.is_empty() {
        blocks.push(rich(vec![section([text(&names.join(", "))])]));
    }
    Body { text: headline::asks(who, cards.len()), blocks }
}

/// The message of `race`, live or final; `native_chart` lets Slack draw the speeds when it is over.
pub(crate) fn live(view: &View, race: RaceId, native_chart: bool) -> Body {
    let mut blocks = headline::above(view, native_chart);
    // Weighed with the words that something was shortened, so that the room is there if they are needed.
    let mut weighed = [&blocks[..], &headline::below(view, race, true), &[buttons(view, race)]].concat();
    let too_heavy = room(&weighed) < ANSWERS && native_chart;
    if too_heavy {
        blocks = headline::above(view, false);
        weighed = [&blocks[..], &headline::below(view, race, true), &[buttons(view, race)]].concat();
    }
    let (answers, shortened) = lanes::blocks(&view.lanes, room(&weighed));
    blocks.extend(answers);
    blocks.extend(headline::below(view, race, shortened));
    blocks.push(buttons(view, race));
    Body { text: headline::fallback(view), blocks }
}

/// Bytes that the answers have at the least where there is a chart.
const ANSWERS: usize = 4_000;

fn buttons(view: &View, race: RaceId) -> Value {
    if !view.is_final() {
        return actions(vec![button(Button::Stop(race), Style::Danger, "🛑 Stop", "")]);
    }
    let again = if view.lanes.len() == 1 { "🔁 Ask again" } else { "🔁 Race again" };
    actions(vec![
        button(Button::Again(race), Style::Primary, again, ""),
        button(Button::Answers(race), Style::Default, "📄 Full answers", ""),
        button(Button::Explain(race), Style::Default, "💡 Explain", ""),
    ])
}
