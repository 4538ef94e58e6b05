//! Values of the core as message bodies and as the modal. Pure; owns Slack's limits.
//!
//! ```text
//! View   -> race    the live message            Entrant, Example           -> cards     what users read, the Home tab
//!           vote    a blind race before its end  Overview, Notice, canaries -> overview  about many races
//! Record -> record  pages, full answers, the explanation
//!                                                Form, Report               -> modal, follow_up  the forms
//!                 answer, mrkdwn, escape: untrusted text made harmless    blocks, buttons: their types and limits
//! ```
//!
//! Short texts (names, prompts, statuses, figures) are in `rich_text` blocks, whose parts are typed: nothing in them is
//! read as markup, so they need no character-wise escaping. A single answer is in a `markdown` block; the answers of several
//! models are in containers, whose sections are `mrkdwn`, as is the fallback text.

mod answer;
mod blocks;
mod buttons;
mod cards;
mod chart;
mod escape;
pub(crate) mod follow_up;
pub(crate) mod modal;
mod mrkdwn;
mod overview;
mod race;
mod record;
#[cfg(test)]
mod tests;
mod vote;

pub(super) use self::answer::Answer;
pub(crate) use self::{
    blocks::Body,
    buttons::{Pressed, is_form, pressed, question},
    cards::{ballot, examples, help, home, models, notice, on_it, suggestion},
    follow_up::follow_up,
    modal::{Form, message_modal, modal},
    overview::{alert, overview, watch},
    race::{Extras, live, opening},
    record::{answers, answers_whole, explanation, is_voting, page},
};
