//! The metrics of Discord and Slack. Labels are few: a platform, a command's word, an outcome.

use metrics::{counter, histogram};
use tokio::time::Instant;

use crate::{
    surface::SurfaceError,
    telemetry::{field, metrics as name},
};

/// The metrics of one platform.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlatformMetrics {
    /// The platform's name, as in [`crate::arena::Origin::platform`].
    pub(crate) platform: &'static str,
}

impl PlatformMetrics {
    /// Counts a call of the platform's API by its route or method.
    pub(crate) fn called(self, route: &'static str, outcome: &'static str) {
        counter!(
            name::PLATFORM_REQUESTS,
            field::PLATFORM => self.platform, field::ROUTE => route, field::OUTCOME => outcome
        )
        .increment(1);
    }

    /// Counts a command by its word, or another kind of interaction by its name.
    pub(crate) fn command(self, command: &'static str) {
        counter!(name::COMMANDS, field::PLATFORM => self.platform, field::COMMAND => command).increment(1);
    }

    /// Records the time from a delivery at `since` to its first answer.
    pub(crate) fn answered(self, since: Instant, is_ok: bool) {
        let outcome = if is_ok { "ok" } else { "failed" };
        histogram!(name::FIRST_ANSWER_SECONDS, field::PLATFORM => self.platform, field::OUTCOME => outcome)
            .record(since.elapsed());
    }

    /// Records an edit of a live message that was sent at `since`.
    pub(crate) fn edited<T>(self, since: Instant, result: &Result<T, SurfaceError>) {
        let outcome = result.as_ref().map_or_else(SurfaceError::outcome, |_| "sent");
        counter!(name::MESSAGE_EDITS, field::PLATFORM => self.platform, field::OUTCOME => outcome)
            .increment(1);
        histogram!(name::EDIT_SECONDS, field::PLATFORM => self.platform).record(since.elapsed());
    }
}
