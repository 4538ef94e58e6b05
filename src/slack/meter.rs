//! What the desk and the live messages count. Labels are few: a command's word, an outcome.
//!
//! Must not know what was asked.

use metrics::{counter, histogram};
use tokio::time::Instant;

use crate::{
    surface::SurfaceError,
    telemetry::{field, metrics as name},
};

pub(super) const PLATFORM: &str = "slack";

/// Somebody asked for this: a command's word, or what else was done.
pub(super) fn came(command: &'static str) {
    counter!(name::COMMANDS, field::PLATFORM => PLATFORM, field::COMMAND => command).increment(1);
}

/// A live message was edited, or not.
pub(super) fn edited(since: Instant, result: &Result<(), SurfaceError>) {
    let outcome = result.as_ref().map_or_else(SurfaceError::outcome, |()| "sent");
    counter!(name::MESSAGE_EDITS, field::PLATFORM => PLATFORM, field::OUTCOME => outcome).increment(1);
    histogram!(name::EDIT_SECONDS, field::PLATFORM => PLATFORM).record(since.elapsed());
}

/// What Slack is answered at once is ready; it came at `since`.
pub(super) fn answered(since: Instant) {
    histogram!(name::FIRST_ANSWER_SECONDS, field::PLATFORM => PLATFORM, field::OUTCOME => "ok")
        .record(since.elapsed());
}
