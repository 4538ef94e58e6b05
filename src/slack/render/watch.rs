//! The canaries.

use slack_morphism::blocks::SlackBlock;

use super::{
    blocks::{Body, actions, bold, button, context, paragraph, text},
    cards::card,
    escape::bare,
};
use crate::{arena::CanaryStatus, platform::handlers::WatchReply};

/// Characters of a canary's id, of its schedule and models, and of a sentence.
const MAX_ID: usize = 64;
const MAX_ABOUT: usize = 160;
const MAX_SENTENCE: usize = 200;

/// The canaries with their states, each with its buttons; as many as a message holds.
pub(crate) fn watch(reply: &WatchReply) -> Body {
    let note = (!reply.may_change).then(|| vec![context(&bare(&reply.note, MAX_SENTENCE))]);
    let canaries = reply.canaries.iter().map(|canary| blocks(reply, canary));
    card("🐤", "Canaries", note.into_iter().chain(canaries).collect(), "")
}

fn blocks(reply: &WatchReply, canary: &CanaryStatus) -> Vec<SlackBlock> {
    let mark = if canary.is_paused { "⏸️ " } else { "🟢 " };
    let lines = [Some(&canary.state), Some(&canary.last_run), canary.next_run.as_ref()];
    let lines = lines.into_iter().flatten().map(|line| bare(line, MAX_SENTENCE));
    let (id, about) = (bare(&canary.id, MAX_ID), bare(&canary.about, MAX_ABOUT));
    let words = format!("\n{}\n{about}", lines.collect::<Vec<_>>().join("\n"));
    let about = paragraph([text(mark), bold(&id), text(&words)]);
    let buttons = reply.buttons(canary).into_iter();
    let buttons: Vec<_> = buttons
        .map(|(meaning, emoji, label)| button(meaning, emoji, label, &format!("{label}: {id}")))
        .collect();
    let row = (!buttons.is_empty()).then(|| actions(buttons));
    [about].into_iter().chain(row).collect()
}
