//! The messages that users see on Discord: values of the core as message bodies. Pure; knows Discord's limits.
//!
//! `race` makes the live message, and leaves that of a blind race to `vote` until its vote closes; `page` makes one answer
//! for one reader, `cards` the other messages that are read, `alert` those of the service itself. All put their texts through `escape` or `markdown`, which
//! make untrusted text harmless, and build a `body`, which is what the API takes.

mod alert;
mod body;
mod cards;
mod escape;
mod form;
mod markdown;
mod overview;
mod page;
mod race;
#[cfg(test)]
mod tests;
mod vote;
mod watch;

pub(super) use self::markdown::Answer;
pub(crate) use self::{
    alert::{ALERT_FILE, alert, alert_thread, alert_with_chart},
    body::{Body, EPHEMERAL, pressed},
    cards::{answers, answers_file, ballot, continued, examples, explanation, help, models, notice, picture},
    form::{PROMPT_FIELD, WITH_FIELD, follow_up_form, thread_name},
    overview::overview,
    page::page,
    race::{CHART_FILE, live},
    vote::unnamed_answers,
    watch::watch,
};
