//! `chat.update`: 50 a minute for all messages of the workspace together (tier 3).
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! A bucket of ten tokens that gets forty a minute, so no 60 seconds hold more than fifty. When Slack counts a call
//! is not known but for that it is between its sending and its answer. So a token is taken when the call goes, and
//! begins to come back only when its answer is there: then the bound holds for Slack's count too. Must not know
//! other methods.

use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, Urgency, until};
use crate::live::queue::Queue;

/// The most that go at once.
pub(super) const CAPACITY: u32 = 10;
/// How long a token takes to come back: forty a minute.
pub(super) const REFILL: Duration = Duration::from_millis(1_500);
/// The most tokens that live frames leave to finals; one for each live message up to this.
const RESERVE_MOST: usize = 8;
/// Tokens that are taken as spent when a wait that Slack asked for is over, beside those of the calls it refused: our
/// count was wrong.
const DOUBTED: u32 = 4;
/// How long the others may take to hear of one more process.
const LEARN: Duration = Duration::from_secs(3);
/// When to ask again where only an answer under way can tell.
const POLL: Duration = Duration::from_millis(50);

/// How long the last edits of so many live messages take together, whatever live frames do until then.
pub(crate) fn finals_of(messages: usize) -> Duration {
    // live frames may spend all but what is kept
    let beyond = u32::try_from(messages - messages.min(RESERVE_MOST)).unwrap_or(u32::MAX);
    REFILL.saturating_mul(beyond)
}

#[derive(Debug, Default)]
pub(super) struct Updates {
    /// Other processes that edit messages of the same workspace: each has its part of all this.
    others: u32,
    in_flight: u32,
    /// When all tokens of calls that were answered will be back.
    whole: Option<Instant>,
    sharers: usize,
    queue: Queue,
}

impl Updates {
    /// Takes a token, or says when to ask again. Nothing goes before `held`.
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
        let wait = wait.max(POLL);
        self.queue.book(who, is_live, now + wait, now);
        Err(wait)
    }

    /// Until there is a token for an edit that has so many before it, if those in flight were answered now.
    fn wait(&self, urgency: Urgency, ahead: u32, now: Instant) -> Duration {
        let refill = self.refill();
        let spent = refill * self.in_flight + until(self.whole, now);
        let wanted = refill.saturating_mul(ahead.saturating_add(1));
        (spent + wanted).saturating_sub(refill * (self.capacity() - self.reserve(urgency)))
    }

    /// How long a token of this process takes to come back.
    fn refill(&self) -> Duration {
        REFILL.saturating_mul(self.others.saturating_add(1))
    }

    /// The most that go at once from this process.
    fn capacity(&self) -> u32 {
        (CAPACITY / self.others.saturating_add(1)).max(1)
    }

    /// So many processes share the budget. Where there are more than before, this one begins with none of its tokens: a
    /// new one has spent nothing yet, but the others may have.
    pub(super) fn shared_by(&mut self, processes: u64, now: Instant) {
        let others = u32::try_from(processes.saturating_sub(1)).unwrap_or(u32::MAX);
        if std::mem::replace(&mut self.others, others) < others {
            let empty = now + LEARN + self.refill() * self.capacity();
            self.whole = Some(self.whole.map_or(empty, |whole| whole.max(empty)));
        }
    }

    /// How long the last edits of all live messages take together, whatever live frames do until then.
    pub(super) fn finals(&self, held: Option<Instant>, now: Instant) -> Duration {
        let finals = u32::try_from(self.sharers).unwrap_or(u32::MAX);
        let at_least =
            finals.checked_sub(1).map_or(Duration::ZERO, |ahead| self.wait(Urgency::Final, ahead, now));
        finals_of(self.sharers)
            .saturating_mul(self.others.saturating_add(1))
            .max(at_least)
            .max(until(held, now))
    }

    /// Tokens that are kept from such edits.
    fn reserve(&self, urgency: Urgency) -> u32 {
        let reserve = u32::try_from(self.sharers.min(RESERVE_MOST)).unwrap_or(u32::MAX);
        let reserve = reserve.min(self.capacity() * 4 / 5);
        if urgency == Urgency::Live { reserve } else { 0 }
    }

    pub(super) fn settle(&mut self, outcome: Outcome, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if outcome != Outcome::NotSent {
            self.whole = Some(self.whole.map_or(now, |whole| whole.max(now)) + self.refill());
        }
    }

    /// Slack counted otherwise, and lets nothing through before `until`.
    pub(super) fn limited(&mut self, until: Instant) {
        self.whole = self.whole.max(Some(until + REFILL * DOUBTED));
    }

    pub(super) fn share(&mut self) {
        self.sharers += 1;
    }

    pub(super) fn unshare(&mut self, who: u64) {
        self.sharers = self.sharers.saturating_sub(1);
        self.queue.leave(who);
    }

    pub(super) fn sharers(&self) -> usize {
        self.sharers
    }

    /// How far apart the edits of one live message should be, counted from an answer to the next call, so that all
    /// of them together spend what comes back; longer before `held` and while what was kept for finals is coming back.
    pub(super) fn spacing(&self, held: Option<Instant>, now: Instant) -> Duration {
        let sharers = u32::try_from(self.sharers).unwrap_or(u32::MAX).max(1);
        self.refill().saturating_mul(sharers).max(self.wait(Urgency::Live, 0, now)).max(until(held, now))
    }
}
