//! `chat.update`: 50 a minute for all messages of the workspace together (tier 3).
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! Two limits hold: a bucket of ten tokens that gets one back every 1.2 s, and a window: any 60 seconds hold at most fifty
//! calls. Slack counts a call at an unknown time between its sending and its answer. So a call counts from its sending, and
//! begins to be forgotten only at its answer: then both bounds hold for Slack's count too.
//!
//! Live frames leave a part of both to final frames: nine of the ten tokens and twenty of the fifty calls once there are so many
//! live messages. So the last of twenty finals that come together waits 11 times 1.2 s.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{Outcome, Slot, Urgency, until};
use crate::live::queue::Queue;

/// The number of edits that may be made at once.
pub(super) const CAPACITY: u32 = 10;
/// The time in which a token comes back.
pub(super) const REFILL: Duration = Duration::from_millis(1_200);
/// The number of edits in a [`WINDOW`].
pub(super) const PER_WINDOW: u32 = 50;
/// The span over which Slack counts.
pub(super) const WINDOW: Duration = Duration::from_mins(1);
/// Calls of a window that live frames leave to the finals of each live message, and the most that they leave.
const RESERVE_EACH: u32 = 2;
const MAX_RESERVE: u32 = 20;
/// Live frames that may go at once; later ones are spread over the window, so that it is never full of them.
const LIVE_BURST: u32 = 2;
/// Tokens that count as spent after a wait that Slack asked for, beside those of the refused calls: our count was wrong.
const PENALTY: u32 = 4;
/// Maximum time until the other processes learn of a new one, and from then until the first calls of their busiest window are
/// forgotten: fifty calls take at least 48 s.
const JOIN_DELAY: Duration = Duration::from_secs(3 + 12);
/// The wait if only an answer under way can tell when there is a token.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The limits of one process.
#[derive(Clone, Copy, Debug)]
struct Limits {
    capacity: u32,
    refill: Duration,
    per_window: u32,
}

impl Limits {
    /// The share of one of `processes` processes.
    fn of(processes: u32) -> Self {
        Self {
            capacity: (CAPACITY / processes).max(1),
            refill: REFILL.saturating_mul(processes),
            per_window: (PER_WINDOW / processes).max(1),
        }
    }

    /// The tokens that live frames of so many messages leave.
    fn reserved_tokens(self, messages: u32) -> u32 {
        messages.min(self.capacity * 9 / 10)
    }

    /// The calls of a window that they leave.
    fn reserved_calls(self, messages: u32) -> u32 {
        let most = MAX_RESERVE * self.per_window / PER_WINDOW;
        messages.saturating_mul(RESERVE_EACH).min(most)
    }

    /// The time between two live frames of so many messages.
    fn live_interval(self, messages: u32) -> Duration {
        let calls = self.per_window - self.reserved_calls(messages);
        self.refill.max(WINDOW / calls.saturating_sub(LIVE_BURST).max(1))
    }

    /// Returns the longest wait of the final frames of so many live messages, besides the calls themselves, if live frames
    /// took all that they may as late as they could.
    fn finals(self, messages: u32) -> Duration {
        let live = self.per_window - self.reserved_calls(messages);
        let mut calls: VecDeque<Duration> =
            (0..live).map(|i| WINDOW.saturating_sub(self.refill * (live - 1 - i))).collect();
        let mut tokens_since = WINDOW.saturating_sub(self.refill * self.reserved_tokens(messages));
        let mut last = WINDOW;
        for _ in 0..messages {
            // the later of two times: the window has room, and the bucket has a token
            let room = if calls.len() < self.per_window as usize { WINDOW } else { calls[0] + WINDOW };
            last = last.max(room).max(tokens_since + self.refill);
            tokens_since = (tokens_since + self.refill).max(last.saturating_sub(self.refill * self.capacity));
            if calls.len() >= self.per_window as usize {
                calls.pop_front();
            }
            calls.push_back(last);
        }
        last.saturating_sub(WINDOW)
    }
}

/// Returns the longest wait of the final frames of so many live messages, besides the calls themselves.
#[must_use]
pub fn finals_of(messages: usize) -> Duration {
    Limits::of(1).finals(u32::try_from(messages).unwrap_or(u32::MAX))
}

#[derive(Debug, Default)]
pub(super) struct Updates {
    /// The number of other processes that share the workspace's limit.
    others: u32,
    in_flight: u32,
    /// The end of the wait that Slack asked for: no call may be made before.
    held: Option<Instant>,
    /// The time at which all tokens of answered calls will be back.
    whole: Option<Instant>,
    /// The time at which live frames have their whole burst again.
    live_whole: Option<Instant>,
    /// The answers of the last window, oldest first.
    answered: VecDeque<Instant>,
    sharers: u32,
    queue: Queue,
}

impl Updates {
    /// Grants a slot for an edit by `who`, or returns the wait before asking again. A refused caller has a position in the
    /// queue, which it loses if it does not ask again in time.
    pub(super) fn ask(&mut self, who: u64, urgency: Urgency, now: Instant) -> Result<Slot, Duration> {
        self.answered.retain(|at| *at + WINDOW > now);
        let is_live = urgency == Urgency::Live;
        let ahead = u32::try_from(self.queue.ahead(who, is_live, now)).unwrap_or(u32::MAX);
        let wait = self.wait(urgency, ahead, now);
        if wait.is_zero() {
            if is_live {
                let interval = self.limits().live_interval(self.sharers);
                self.live_whole = Some(self.live_whole.map_or(now, |whole| whole.max(now)) + interval);
            }
            self.in_flight += 1;
            self.queue.leave(who);
            return Ok(Slot::Update);
        }
        let wait = wait.max(POLL_INTERVAL);
        self.queue.book(who, is_live, now + wait, now);
        Err(wait)
    }

    /// Returns the wait for an edit with `ahead` others before it, if those in flight were answered now. It ends after
    /// `held`.
    fn wait(&self, urgency: Urgency, ahead: u32, now: Instant) -> Duration {
        let limits = self.limits();
        let (tokens, calls) = match urgency {
            Urgency::Live => (limits.reserved_tokens(self.sharers), limits.reserved_calls(self.sharers)),
            Urgency::Final => (0, 0),
        };
        let wanted = ahead.saturating_add(1);
        let spent = limits.refill * self.in_flight + until(self.whole, now);
        let token = (spent + limits.refill.saturating_mul(wanted))
            .saturating_sub(limits.refill * (limits.capacity - tokens));
        let interval = limits.live_interval(self.sharers);
        let spread = (until(self.live_whole, now) + interval.saturating_mul(wanted))
            .saturating_sub(interval * LIVE_BURST);
        let spread = if urgency == Urgency::Live { spread } else { Duration::ZERO };
        let room = self.wait_for_room(limits.per_window - calls, wanted, now);
        token.max(spread).max(room).max(until(self.held, now))
    }

    /// Returns the wait until the window has room for `wanted` more calls of `allowed` ones.
    fn wait_for_room(&self, allowed: u32, wanted: u32, now: Instant) -> Duration {
        let recent = self.answered.iter().filter(|at| **at + WINDOW > now);
        let count = u32::try_from(recent.clone().count()).unwrap_or(u32::MAX);
        let total = count.saturating_add(self.in_flight).saturating_add(wanted);
        let Some(beyond) = total.checked_sub(allowed + 1) else { return Duration::ZERO };
        let leaving = recent.clone().nth(beyond as usize).map(|at| *at + WINDOW - now);
        leaving.unwrap_or(WINDOW)
    }

    /// The limits of this process.
    fn limits(&self) -> Limits {
        Limits::of(self.others.saturating_add(1))
    }

    /// Shares the limit with `processes`, this one included. If there are more than before, this one starts without
    /// tokens: a new process has spent nothing yet, but the others may have.
    pub(super) fn shared_by(&mut self, processes: u64, now: Instant) {
        let others = u32::try_from(processes.saturating_sub(1)).unwrap_or(u32::MAX);
        if std::mem::replace(&mut self.others, others) < others {
            let limits = self.limits();
            let empty = now + JOIN_DELAY + limits.refill * limits.capacity;
            self.whole = Some(self.whole.map_or(empty, |whole| whole.max(empty)));
        }
    }

    /// Returns the longest wait of the last edits of all live messages.
    pub(super) fn finals(&self, now: Instant) -> Duration {
        let ahead = self.sharers.checked_sub(1);
        let at_least = ahead.map_or(until(self.held, now), |ahead| self.wait(Urgency::Final, ahead, now));
        self.limits().finals(self.sharers).max(at_least)
    }

    pub(super) fn settle(&mut self, outcome: Outcome, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if outcome != Outcome::NotSent {
            self.whole = Some(self.whole.map_or(now, |whole| whole.max(now)) + self.limits().refill);
            self.answered.push_back(now);
        }
    }

    /// Records that Slack counted more calls than we, and refuses all before `until`.
    pub(super) fn limited(&mut self, until: Instant) {
        self.held = self.held.max(Some(until));
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

    /// Returns the spacing of the edits of one live message, from an answer to the next call, so that all messages together
    /// spend what live frames may; longer before `held` and while the reserve for finals is coming back.
    pub(super) fn spacing(&self, now: Instant) -> Duration {
        let sharers = self.sharers.max(1);
        let each = self.limits().live_interval(sharers).saturating_mul(sharers);
        each.max(self.wait(Urgency::Live, 0, now))
    }
}
