//! The canaries.

use super::{
    body::{Body, ButtonDto, COMPONENTS, Component, TEXTS, length},
    escape::{between, short},
};
use crate::{arena::CanaryStatus, platform::handlers::WatchReply};

/// Components of a canary: its text, its row and two buttons.
const CANARY: usize = 4;
/// Components beside the canaries: the heading, the note, the number of those without a place.
const OTHERS: usize = 3;
/// Characters of a canary's id, of its schedule and models, and of a sentence.
const ID: usize = 64;
const ABOUT: usize = 160;
const SENTENCE: usize = 200;
/// Characters of the line that counts the canaries without a place.
const OMITTED: usize = 60;

/// The canaries with their states, each with its buttons; as many as a message takes.
pub(crate) fn watch(reply: &WatchReply) -> Body {
    let head = "🐤 **Arena** · canaries: races that start by themselves".to_owned();
    let note = (!reply.may_change).then(|| format!("-# {}", short(&reply.note, SENTENCE)));
    let mut left = TEXTS - length(&head) - note.as_deref().map_or(0, length) - OMITTED;
    let (mut parts, mut shown) = (vec![Component::text(head)], 0);
    for canary in reply.canaries.iter().take((COMPONENTS - OTHERS) / CANARY) {
        let text = text(canary);
        let Some(rest) = left.checked_sub(length(&text)) else { break };
        left = rest;
        parts.push(Component::text(text));
        let buttons = reply.buttons(canary).into_iter();
        let buttons: Vec<_> =
            buttons.map(|(button, emoji, label)| ButtonDto::new(button, emoji, label)).collect();
        parts.extend((!buttons.is_empty()).then(|| Component::buttons(buttons)));
        shown += 1;
    }
    let omitted = reply.canaries.len() - shown;
    let omitted = (omitted > 0).then(|| format!("-# … and {omitted} more in the configuration"));
    parts.extend(omitted.into_iter().chain(note).map(Component::text));
    Body::of(parts)
}

fn text(canary: &CanaryStatus) -> String {
    let mark = if canary.is_paused { "⏸️" } else { "🟢" };
    let next = between("\n-# ", canary.next_run.as_deref().unwrap_or_default(), SENTENCE, "");
    format!(
        "{mark} {}{}\n{}\n-# {}{next}",
        between("**", &canary.id, ID, "** · "),
        short(&canary.state, SENTENCE),
        short(&canary.last_run, SENTENCE),
        short(&canary.about, ABOUT),
    )
}
