//! One bucket: a number of calls per window that begins with its first call, both learned from responses.
//!
//! Only bounds of the window are known. A response that says "resets in `d`" was written between the sending of its
//! call and its receipt, so the window ends between sent + `d` and received + `d`. No window is assumed to be over
//! before the later of the two. A call in flight may fall into this window or into the next one, so it counts in both.

use std::time::Duration;

use tokio::time::Instant;

use super::{MARGIN, MIN_SPACING, Outcome, POLL, Scope, UNKNOWN_SPACING, Urgency, Window, until};
use crate::live::queue::Queue;

/// The time for which a bucket that no longer counts anything is kept for what was learned.
const KEPT_FOR: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Bucket {
    learned: Option<Learned>,
    /// Calls that may be in the window, those in flight included.
    used: u32,
    in_flight: u32,
    /// The earliest time at which the first of them was sent.
    since: Instant,
    /// The latest end of the window; `None` before the first response within it.
    reset: Option<Instant>,
    /// The earliest end of the window.
    floor: Instant,
    /// No call may be sent before this, as Discord said.
    blocked: Option<Instant>,
    /// A 429 came although we had counted: one call at a time until the next response.
    is_careful: bool,
    /// The live messages that are edited in it.
    pub(crate) sharers: u32,
    pub(crate) queue: Queue,
    touched: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    limit: u32,
    /// The longest time to a reset that was seen: never more than the window, and its full length once a response to
    /// the first call of a window was seen.
    period: Duration,
}

impl Learned {
    /// The time from one window to the next, as we count.
    fn cycle(self) -> Duration {
        self.period + MARGIN
    }

    /// Slots of a window that calls of this urgency must leave.
    fn reserve(self, urgency: Urgency) -> u32 {
        u32::from(urgency == Urgency::Live && self.limit > 1)
    }
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            learned: None,
            used: 0,
            in_flight: 0,
            since: now,
            reset: None,
            floor: now,
            blocked: None,
            is_careful: false,
            sharers: 0,
            queue: Queue::default(),
            touched: now,
        }
    }

    /// Allows a call now; otherwise books a position and returns the time until the caller should ask again.
    pub(super) fn ask(&mut self, who: u64, urgency: Urgency, now: Instant) -> Result<(), Duration> {
        self.roll(now);
        self.touched = now;
        let is_live = urgency == Urgency::Live;
        let blocked = self.blocked.filter(|blocked| *blocked > now);
        let due = || self.due(self.queue.ahead(who, is_live, now), urgency, now);
        let Some(due) = blocked.or_else(due) else { return Ok(()) };
        self.queue.book(who, is_live, due, now);
        Err(due.duration_since(now))
    }

    /// The time at which a call with `ahead` others before it may be sent; `None` is now.
    fn due(&self, ahead: usize, urgency: Urgency, now: Instant) -> Option<Instant> {
        let Some(learned) = self.learned.filter(|_| !self.is_careful) else {
            return (self.in_flight > 0 || ahead > 0).then(|| now + POLL);
        };
        let reserve = learned.reserve(urgency);
        let free = learned.limit.saturating_sub(self.used + reserve) as usize;
        let beyond = ahead.checked_sub(free)?;
        let whole = u32::try_from(beyond).unwrap_or(u32::MAX) / (learned.limit - reserve);
        Some(self.next_window(learned.cycle(), now) + learned.cycle().saturating_mul(whole))
    }

    fn next_window(&self, cycle: Duration, now: Instant) -> Instant {
        match self.reset {
            Some(reset) => reset,
            None if self.used > 0 => (self.since + cycle).max(now + POLL),
            None => now + cycle,
        }
    }

    /// Counts a call that is sent now.
    pub(super) fn take(&mut self, who: u64, now: Instant) {
        if self.used == 0 {
            self.since = now;
        }
        self.used += 1;
        self.in_flight += 1;
        self.queue.leave(who);
    }

    /// Ends the window if it must be over: only calls in flight can be in the next one.
    fn roll(&mut self, now: Instant) {
        if self.reset.is_some_and(|reset| reset <= now) {
            self.reset = None;
            self.used = self.in_flight;
            self.since = now;
        }
    }

    pub(super) fn settle(&mut self, sent: Instant, outcome: Outcome, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.touched = now;
        match outcome {
            Outcome::NotSent => self.used = self.used.saturating_sub(1),
            Outcome::Answered { window: Some(window), .. } => self.learn(window, sent, now),
            Outcome::Lost | Outcome::Answered { window: None, .. } => self.spend(now),
            Outcome::Limited { window, scope, retry_after } => {
                self.blocked = self.blocked.max(Some(now + retry_after));
                match (scope, window) {
                    (Scope::Shared, Some(window)) => self.learn(window, sent, now),
                    (Scope::User, _) => self.refuse(now + retry_after),
                    _ => self.spend(now),
                }
            }
        }
    }

    /// Counts a call in an unknown window, which ends no later than one that began now.
    fn spend(&mut self, now: Instant) {
        if let Some(learned) = self.learned {
            self.reset = self.reset.max(Some(now + learned.cycle()));
        }
    }

    /// Corrects our count by a 429, which says when the window ends.
    fn refuse(&mut self, reset: Instant) {
        self.used = self.used.max(self.learned.map_or(1, |learned| learned.limit));
        self.reset = Some(reset);
        self.is_careful = true;
    }

    fn learn(&mut self, window: Window, sent: Instant, now: Instant) {
        let Window { limit, remaining, reset_after } = window;
        let seen = limit.saturating_sub(remaining).max(1);
        let known = self.learned.map_or(Duration::ZERO, |learned| learned.period);
        // a response to the first call of a window shows its full length
        let period = if seen == 1 { reset_after } else { known.max(reset_after) };
        self.learned = Some(Learned { limit, period });
        self.is_careful = false;
        let (earliest, latest) = (sent + reset_after, now + reset_after + MARGIN);
        match self.reset.filter(|reset| earliest <= *reset) {
            // all other responses are from windows that are over by then
            None => {
                (self.reset, self.floor) = (Some(latest), earliest);
                self.used = seen + self.in_flight;
            }
            Some(reset) => {
                let is_not_later = latest < self.floor + period;
                let is_not_earlier = earliest + period > reset;
                let bound =
                    if is_not_later && is_not_earlier { reset.min(latest) } else { reset.max(latest) };
                self.reset = Some(bound);
                self.floor = self.floor.max(earliest);
                self.used = self.used.max(seen);
            }
        }
    }

    /// Counts one more live message that is edited in the bucket, until it is [over](Self::unshare).
    pub(crate) fn share(&mut self, now: Instant) {
        self.sharers += 1;
        self.touched = now;
    }

    /// Stops counting a live message.
    pub(crate) fn unshare(&mut self, who: u64, now: Instant) {
        self.queue.leave(who);
        self.sharers = self.sharers.saturating_sub(1);
        self.touched = now;
    }

    /// The time to leave between the edits of each live message, from a response to the next call, so that all of them
    /// together leave a slot of every window to other calls; at least half a second.
    pub(crate) fn spacing(&self) -> Duration {
        let Some(learned) = self.learned else { return UNKNOWN_SPACING };
        let usable = learned.limit - learned.reserve(Urgency::Live);
        MIN_SPACING.max(learned.cycle().saturating_mul(self.sharers.max(1)) / usable)
    }

    /// The longest wait of the last edits of all sharers, from any moment: by then live edits can have taken every slot
    /// that they may. Where no slot is left for an edit that fails, it waits for the next window.
    pub(super) fn finals(&self) -> Duration {
        let Some(learned) = self.learned.filter(|_| self.sharers > 0) else { return Duration::ZERO };
        let each = learned.cycle().as_millis() / self.spacing().as_millis() + 1;
        let live = self.sharers.saturating_mul(u32::try_from(each).unwrap_or(u32::MAX));
        let free = learned.limit - live.min(learned.limit - learned.reserve(Urgency::Live));
        if free > self.sharers {
            return Duration::ZERO;
        }
        learned.cycle().saturating_mul(self.sharers.div_ceil(learned.limit))
    }

    /// Returns true if the bucket has no sharers and counts nothing.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let counts = self.in_flight > 0
            || self.sharers > 0
            || until(self.blocked, now).is_some()
            || until(self.reset, now).is_some();
        !counts && now.duration_since(self.touched) >= KEPT_FOR
    }
}
