//! Values of the core as message bodies and as the modal. Pure; owns Slack's limits.
//!
//! ```text
//! View   -> race    the live message            Entrant, Example -> cards   what users read
//!           vote    a blind race before its end
//! Record -> record  full answers, explanation   Form             -> modal   the form
//!           page    one answer to read           Entrant, PastRace -> home    the Home tab
//! Notice -> alert   what the service noticed by itself
//!                 answer, mrkdwn, escape: untrusted text made harmless    blocks: block types and limits
//! ```
//!
//! Short texts (names, prompts, statuses, figures) are in `rich_text` blocks, whose parts are typed: nothing in them is
//! read as markup, so they need no character-wise escaping. A single answer is in a `markdown` block; the answers of several
//! models are in containers, whose sections are `mrkdwn`, as is the fallback text.

mod alert;
mod answer;
mod blocks;
mod byline;
mod cards;
mod chart;
mod escape;
pub(crate) mod follow_up;
mod home;
pub(crate) mod modal;
mod mrkdwn;
mod overview;
mod page;
mod race;
mod record;
#[cfg(test)]
mod tests;
mod vote;
mod watch;

pub(super) use self::answer::Answer;
pub(crate) use self::{
    alert::alert,
    blocks::{Body, Pressed, is_form, pressed, question},
    cards::{ballot, examples, help, models, notice, on_it, suggestion},
    follow_up::follow_up,
    home::home,
    modal::{Form, message_modal, modal},
    overview::overview,
    page::page,
    race::{Extras, live, opening},
    record::{answers, answers_whole, explanation, is_voting},
    watch::watch,
};
