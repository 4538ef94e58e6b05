//! The limits over all routes: 50 calls a second, and the refused calls (401, 403, 429) within ten minutes.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{MARGIN, POLL, Urgency, until};

/// Calls per second.
const LIMIT: usize = 50;
/// Calls per second that live edits leave to other calls.
const RESERVED: usize = 5;
const SECOND: Duration = Duration::from_secs(1);

/// From here on only calls that a user waits for are allowed.
const SHORT: usize = 5_000;
/// From here on no calls are allowed.
const SPENT: usize = 9_000;
/// A refused call counts for ten minutes and a margin, since Discord counts it at an unknown time before its response.
const SPAN: Duration = Duration::from_secs(10 * 60 + 10);

/// The calls of one second. <https://docs.discord.com/developers/topics/rate-limits#global-rate-limit>
///
/// Discord's division of time into seconds is unknown, so a call counts from when it is sent until a second after its
/// response: then no second at Discord holds more, wherever it begins.
#[derive(Debug, Default)]
pub(super) struct Global {
    in_flight: usize,
    /// The times at which finished calls stop counting.
    finished: VecDeque<Instant>,
    stopped_until: Option<Instant>,
}

impl Global {
    /// Takes a permit, or returns the time until the caller should ask again.
    pub(super) fn take(&mut self, urgency: Urgency, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = until(self.stopped_until, now) {
            return Err(wait);
        }
        while self.finished.pop_front_if(|finished| *finished <= now).is_some() {}
        let room = if urgency == Urgency::Live { LIMIT - RESERVED } else { LIMIT };
        if self.in_flight + self.finished.len() < room {
            self.in_flight += 1;
            return Ok(());
        }
        Err(until(self.finished.front().copied(), now).unwrap_or(POLL))
    }

    pub(super) fn settle(&mut self, was_sent: bool, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if was_sent {
            self.finished.push_back(now + SECOND + MARGIN);
        }
    }

    /// Allows nothing before `until`, as Discord asked.
    pub(super) fn stop(&mut self, until: Instant) {
        self.stopped_until = self.stopped_until.max(Some(until));
    }
}

/// The spent share of the budget of refused calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Little.
    #[default]
    Fine,
    /// Half: live edits are refused.
    Short,
    /// Nearly all: everything is refused.
    Spent,
}

/// The refused calls. Past 10,000 within ten minutes Discord bans the address.
/// <https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
#[derive(Debug, Default)]
pub(super) struct Invalid {
    /// The times of their responses, oldest first.
    calls: VecDeque<Instant>,
    reported: Level,
}

impl Invalid {
    pub(super) fn allows(&mut self, urgency: Urgency, now: Instant) -> bool {
        self.expire(now);
        self.level() <= if urgency == Urgency::Live { Level::Fine } else { Level::Short }
    }

    /// Counts one refused call. Returns the level if it is worse than the last one that was returned.
    pub(super) fn add(&mut self, now: Instant) -> Option<Level> {
        self.expire(now);
        self.calls.push_back(now);
        let level = self.level();
        let is_worse = level > self.reported;
        self.reported = level.max(self.reported);
        is_worse.then_some(level)
    }

    fn level(&self) -> Level {
        match self.calls.len() {
            SPENT.. => Level::Spent,
            SHORT.. => Level::Short,
            _ => Level::Fine,
        }
    }

    fn expire(&mut self, now: Instant) {
        while self.calls.pop_front_if(|call| now.duration_since(*call) >= SPAN).is_some() {}
        self.reported = self.reported.min(self.level());
    }
}
