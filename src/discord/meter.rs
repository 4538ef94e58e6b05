//! What the desk and the live messages count. Labels are few: a command's word, an outcome.
//!
//! Must not know what was asked.

use metrics::{counter, histogram};
use tokio::time::Instant;

use super::{
    interaction::Kind,
    rest::{Answer, RestError},
};
use crate::{
    surface::SurfaceError,
    telemetry::{field, metrics as name},
};

pub(super) const PLATFORM: &str = "discord";

/// An interaction came.
pub(super) fn came(kind: &Kind) {
    let command = match kind {
        Kind::Command { word, .. } => match word.as_str() {
            "ask" => "ask",
            "compare" => "compare",
            "models" => "models",
            "examples" => "examples",
            "help" => "help",
            "forget" => "forget",
            _ => "other",
        },
        Kind::Completion { .. } => "completion",
        Kind::Button { .. } => "button",
        Kind::Unreadable { .. } => "unreadable",
    };
    counter!(name::COMMANDS, field::PLATFORM => PLATFORM, field::COMMAND => command).increment(1);
}

/// The first answer to what was received at `since`.
pub(super) fn answered(since: Instant, sent: &Result<Answer, RestError>) {
    let outcome = if sent.is_ok() { "ok" } else { "failed" };
    histogram!(name::FIRST_ANSWER_SECONDS, field::PLATFORM => PLATFORM, field::OUTCOME => outcome)
        .record(Instant::now().duration_since(since));
}

/// A live message was edited, or not.
pub(super) fn edited(since: Instant, result: &Result<(), SurfaceError>) {
    let outcome = result.as_ref().map_or_else(SurfaceError::outcome, |()| "sent");
    counter!(name::MESSAGE_EDITS, field::PLATFORM => PLATFORM, field::OUTCOME => outcome).increment(1);
    histogram!(name::EDIT_SECONDS, field::PLATFORM => PLATFORM).record(since.elapsed());
}
