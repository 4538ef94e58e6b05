//! The limit over all routes: 50 calls a second.
//! <https://docs.discord.com/developers/topics/rate-limits#global-rate-limit>
//!
//! How Discord divides time into seconds is not known, so a call counts from when it is sent until a second
//! after it was answered: then no second at their end holds more, wherever it begins. Must not know routes.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{MARGIN, POLL, Urgency, until};

/// Calls a second.
const LIMIT: usize = 50;
/// Those that progress leaves to the others.
const RESERVED: usize = 5;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Global {
    in_flight: usize,
    /// When calls that are over stop to count.
    over: VecDeque<Instant>,
    stopped_until: Option<Instant>,
}

impl Global {
    /// Takes a slot, or says when to ask again.
    pub(super) fn take(&mut self, urgency: Urgency, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = until(self.stopped_until, now) {
            return Err(wait);
        }
        while self.over.front().is_some_and(|over| *over <= now) {
            self.over.pop_front();
        }
        let room = if urgency == Urgency::Progress { LIMIT - RESERVED } else { LIMIT };
        if self.in_flight + self.over.len() < room {
            self.in_flight += 1;
            return Ok(());
        }
        Err(until(self.over.front().copied(), now).unwrap_or(POLL))
    }

    pub(super) fn settle(&mut self, was_sent: bool, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if was_sent {
            self.over.push_back(now + SECOND + MARGIN);
        }
    }

    /// Discord said that nothing may go before `until`.
    pub(super) fn stop(&mut self, until: Instant) {
        self.stopped_until = self.stopped_until.max(Some(until));
    }
}
