//! The messages that users see on Discord: values of the core as message bodies. Pure; knows Discord's limits.
//!
//! `race` makes the live message, `cards` the messages that are read. Both put their texts through `escape` or
//! `markdown`, which make untrusted text harmless, and build a `body`, which is what the API takes.

mod body;
mod cards;
mod escape;
mod markdown;
mod race;
#[cfg(test)]
mod tests;

pub(super) use self::markdown::Answer;
pub(crate) use self::{
    body::{Body, EPHEMERAL, pressed},
    cards::{answers, answers_file, examples, explanation, help, models, notice},
    race::{CHART_FILE, live},
};
