//! The messages that users see on Discord: values of the core as message bodies. Pure.
//!
//! ```text
//! View    -> race      the live message            Entrant, Example          -> cards      what users read
//!            vote      a blind race before its end  Overview, Notice, canaries -> overview   about many races
//! Record  -> record    pages, files, the explanation, the form to continue
//!                   escape, markdown: untrusted text made harmless    body: the wire format and its limits
//! ```

mod body;
mod cards;
mod escape;
mod markdown;
mod overview;
mod race;
mod record;
#[cfg(test)]
mod tests;
mod vote;

pub(super) use self::markdown::Answer;
pub(crate) use self::{
    body::{Body, EPHEMERAL, pressed},
    cards::{ballot, continued, examples, help, models, notice, picture},
    overview::{ALERT_FILE, alert, alert_thread, alert_with_chart, overview, watch},
    race::{CHART_FILE, live},
    record::{
        PROMPT_FIELD, WITH_FIELD, answers, answers_file, explanation, follow_up_form, page, thread_name,
        unnamed_answers,
    },
};
