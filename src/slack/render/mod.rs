//! What people see on Slack: values of the core as message bodies and as the modal. Pure; owns Slack's limits.
//!
//! `body` is what the Web API takes, `limits` how long it may be; `escape`, `inline` and `markdown` make untrusted text
//! harmless; `race`, `headline`, `lanes` and `chart` are the live message, `cards` and `record` what is read, `modal`
//! the form. Must not know methods, tokens or envelopes.
//!
//! # What stands where
//!
//! Short texts (names, prompts, statuses, figures) stand in `rich_text` blocks, whose parts are typed: nothing in them
//! is read as markup, so nothing has to be escaped letter by letter. Answers stand in `markdown` blocks, one a lane.
//! `mrkdwn` is only in the fallback text, which is ours.

mod body;
mod cards;
mod chart;
mod escape;
mod headline;
mod inline;
mod lanes;
mod limits;
mod markdown;
pub(crate) mod modal;
mod name;
mod race;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    body::{Body, Pressed, pressed},
    cards::{examples, help, models, notice, on_it},
    modal::{Draft, modal},
    race::{live, opening},
    record::{answers, answers_file, answers_whole, explanation},
};
