//! What the desk and the live messages count. Labels are few: a command's word, an outcome.
//!
//! Must not know what was asked.

use metrics::counter;

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
pub(super) fn edited(result: &Result<(), SurfaceError>) {
    let outcome = result.as_ref().map_or_else(SurfaceError::outcome, |()| "sent");
    counter!(name::MESSAGE_EDITS, field::PLATFORM => PLATFORM, field::OUTCOME => outcome).increment(1);
}
