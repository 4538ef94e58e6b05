//! `chat.update`: 50 a minute for all messages of the workspace together (tier 3).
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! A bucket of ten tokens that gets forty a minute, so no 60 seconds hold more than fifty. Slack counts a call at an
//! unknown time between its sending and its answer. So a token is taken when the call is made, and begins to come back
//! only at the answer: then the bound holds for Slack's count too.

use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, Urgency, until};
use crate::live::queue::Queue;

/// The number of edits that may be made at once.
pub(super) const CAPACITY: u32 = 10;
/// The time in which a token comes back: forty a minute.
pub(super) const REFILL: Duration = Duration::from_millis(1_500);
/// Live frames leave one token to the final of each live message, up to this number.
const MAX_RESERVE: u32 = 8;
/// Tokens that count as spent after a wait that Slack asked for, beside those of the refused calls: our count was wrong.
const PENALTY: u32 = 4;
/// Maximum time until the other processes learn of a new one.
const JOIN_DELAY: Duration = Duration::from_secs(3);
/// The wait if only an answer under way can tell when there is a token.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Returns how long the final frames of so many live messages have to wait at most, besides the calls themselves.
#[must_use]
pub fn finals_of(messages: usize) -> Duration {
    let messages = u32::try_from(messages).unwrap_or(u32::MAX);
    // live frames may spend all but the reserve
    REFILL.saturating_mul(messages.saturating_sub(MAX_RESERVE))
}

#[derive(Debug, Default)]
pub(super) struct Updates {
    /// The number of other processes that share the workspace's limit.
    others: u32,
    in_flight: u32,
    /// The time at which all tokens of answered calls will be back.
    whole: Option<Instant>,
    sharers: u32,
    queue: Queue,
}

impl Updates {
    /// Takes a token, or returns the wait before asking again. There is none before `held`.
    pub(super) fn ask(
        &mut self,
        who: u64,
        urgency: Urgency,
        held: Option<Instant>,
        now: Instant,
    ) -> Result<(), Duration> {
        let is_live = urgency == Urgency::Live;
        let ahead = u32::try_from(self.queue.ahead(who, is_live, now)).unwrap_or(u32::MAX);
        let wait = self.wait(urgency, ahead, now).max(until(held, now));
        if wait.is_zero() {
            self.in_flight += 1;
            self.queue.leave(who);
            return Ok(());
        }
        let wait = wait.max(POLL_INTERVAL);
        self.queue.book(who, is_live, now + wait, now);
        Err(wait)
    }

    /// Returns the wait for an edit with `ahead` others before it, if those in flight were answered now.
    fn wait(&self, urgency: Urgency, ahead: u32, now: Instant) -> Duration {
        let refill = self.refill();
        let spent = refill * self.in_flight + until(self.whole, now);
        let wanted = refill.saturating_mul(ahead.saturating_add(1));
        (spent + wanted).saturating_sub(refill * (self.capacity() - self.reserve(urgency)))
    }

    /// Returns how long a token of this process takes to come back.
    fn refill(&self) -> Duration {
        REFILL.saturating_mul(self.others.saturating_add(1))
    }

    /// Returns the number of edits that this process may make at once.
    fn capacity(&self) -> u32 {
        (CAPACITY / self.others.saturating_add(1)).max(1)
    }

    /// Shares the limit with `processes`, this one included. If there are more than before, this one starts without
    /// tokens: a new process has spent nothing yet, but the others may have.
    pub(super) fn shared_by(&mut self, processes: u64, now: Instant) {
        let others = u32::try_from(processes.saturating_sub(1)).unwrap_or(u32::MAX);
        if std::mem::replace(&mut self.others, others) < others {
            let empty = now + JOIN_DELAY + self.refill() * self.capacity();
            self.whole = Some(self.whole.map_or(empty, |whole| whole.max(empty)));
        }
    }

    /// Returns how long the last edits of all live messages take together at the most.
    pub(super) fn finals(&self, held: Option<Instant>, now: Instant) -> Duration {
        let at_least =
            self.sharers.checked_sub(1).map_or(Duration::ZERO, |ahead| self.wait(Urgency::Final, ahead, now));
        finals_of(self.sharers as usize)
            .saturating_mul(self.others.saturating_add(1))
            .max(at_least)
            .max(until(held, now))
    }

    /// Returns the tokens that such edits must leave.
    fn reserve(&self, urgency: Urgency) -> u32 {
        let reserve = self.sharers.min(MAX_RESERVE).min(self.capacity() * 4 / 5);
        if urgency == Urgency::Live { reserve } else { 0 }
    }

    pub(super) fn settle(&mut self, outcome: Outcome, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if outcome != Outcome::NotSent {
            self.whole = Some(self.whole.map_or(now, |whole| whole.max(now)) + self.refill());
        }
    }

    /// Records that Slack counted more calls than we, and refuses all before `until`.
    pub(super) fn limited(&mut self, until: Instant) {
        self.whole = self.whole.max(Some(until + REFILL * PENALTY));
    }

    pub(super) fn share(&mut self) {
        self.sharers += 1;
    }

    pub(super) fn unshare(&mut self, who: u64) {
        self.sharers = self.sharers.saturating_sub(1);
        self.queue.leave(who);
    }

    pub(super) fn sharers(&self) -> u32 {
        self.sharers
    }

    /// Returns how far apart the edits of one live message should be, from an answer to the next call, so that all
    /// messages together spend what comes back; longer before `held` and while the reserve for finals is coming back.
    pub(super) fn spacing(&self, held: Option<Instant>, now: Instant) -> Duration {
        let sharers = self.sharers.max(1);
        self.refill().saturating_mul(sharers).max(self.wait(Urgency::Live, 0, now)).max(until(held, now))
    }
}
