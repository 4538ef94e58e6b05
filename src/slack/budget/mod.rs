//! The rate limits of a workspace: its edits, the posts of each channel, and the waits that Slack asked for.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! A sans-IO state machine; [`rate_limiter`] adds the clock. A call asks for a slot before it is made and settles it with its
//! outcome; every slot must be settled. `chat.update` is counted over the whole workspace ([`updates`]), posts by their
//! channel ([`posts`]); for every other method only the wait that Slack asked for counts.
//!
//! The limiter is ours because the library's knows neither edits of different urgency nor a fair share for each live
//! message, and sleeps where a live frame must be skipped for a newer one.

mod posts;
mod rate_limiter;
mod updates;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

pub(crate) use self::rate_limiter::{RateLimiter, Share};
pub use self::updates::finals_of;
use self::{
    posts::{Hold, Posts, Ticket},
    updates::Updates,
};
use crate::platform::permit::Limiter;
pub(crate) use crate::platform::permit::Urgency;

/// The method whose limit all live messages of the workspace share.
pub(crate) const UPDATE: &str = "chat.update";

/// Added to every `Retry-After`, which is in whole seconds of Slack's clock.
const RETRY_AFTER_MARGIN: Duration = Duration::from_millis(100);

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It certainly did not reach Slack.
    NotSent,
    /// No answer: it may have counted.
    Lost,
    /// An answer that is no 429.
    Answered,
    /// A 429.
    Limited { retry_after: Duration },
}

/// A granted slot, which counts until it is settled.
#[derive(Debug)]
#[must_use = "a slot that is not settled stays in flight for ever"]
pub(crate) enum Slot {
    Update,
    Post { method: &'static str, channel: String, number: u64 },
}

/// The end of the wait that Slack asked for, by method: no call of the method may be made before.
type Held = HashMap<&'static str, Instant>;

/// All limits of one workspace.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    updates: Updates,
    posts: Posts,
    held: Held,
    next_number: u64,
    /// Notified when a slot is settled or a position given up.
    moved: Arc<Notify>,
}

impl Budget {
    /// Grants a slot for the post `number` to `channel` by `method` at `now`, or books a position for it.
    fn ask_post(
        &mut self,
        method: &'static str,
        channel: &str,
        number: u64,
        now: Instant,
    ) -> Result<Slot, Hold> {
        self.posts.ask(channel, Ticket { number, method }, &self.held, now)
    }

    /// Records that Slack answered `method` at `now` with this `retry_after`.
    fn limited(&mut self, method: &'static str, retry_after: Duration, now: Instant) {
        let until = now + retry_after + RETRY_AFTER_MARGIN;
        let held = self.held.entry(method).or_insert(until);
        *held = until.max(*held);
        if method == UPDATE {
            self.updates.limited(until);
        }
    }

    /// Returns the rest of the wait for `method`.
    fn held(&self, method: &'static str, now: Instant) -> Option<Duration> {
        Some(until(self.held.get(method).copied(), now)).filter(|wait| !wait.is_zero())
    }

    /// Returns the number of a new live message or post.
    fn next_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

impl Limiter for Budget {
    type Slot = Slot;
    type Outcome = Outcome;
    const LOST: Outcome = Outcome::Lost;

    fn settle(&mut self, slot: Slot, outcome: Outcome, now: Instant) {
        if let Outcome::Limited { retry_after } = outcome {
            let method = if let Slot::Post { method, .. } = &slot { method } else { UPDATE };
            self.limited(method, retry_after, now);
        }
        match slot {
            Slot::Update => self.updates.settle(outcome, now),
            Slot::Post { channel, number, .. } => self.posts.settle(&channel, number, outcome, now),
        }
        self.moved.notify_waiters();
    }
}

/// Returns the duration from `now` to a time, or zero if it has passed.
fn until(time: Option<Instant>, now: Instant) -> Duration {
    time.map_or(Duration::ZERO, |time| time.saturating_duration_since(now))
}

#[cfg(test)]
mod tests;
