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

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

pub(crate) use self::rate_limiter::{RateLimiter, Share};
pub use self::updates::finals_of;
use self::{
    posts::{Hold, Posts, Ticket},
    updates::Updates,
};

/// The method whose limit all live messages of the workspace share.
pub(crate) const UPDATE: &str = "chat.update";

/// Added to every `Retry-After`, which is in whole seconds of Slack's clock.
const RETRY_AFTER_MARGIN: Duration = Duration::from_millis(100);

/// The urgency of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A live frame, which a newer one follows. Leaves room for finals.
    Live,
    /// The last edit of a message, which goes before all live frames.
    Final,
}

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

/// All limits of one workspace.
#[derive(Debug, Default)]
struct Budget {
    updates: Updates,
    posts: Posts,
    /// No call of the method may be made before this time.
    held: HashMap<&'static str, Instant>,
}

impl Budget {
    /// Grants a slot for an edit by `who` at `now`, or returns the wait before asking again. A refused caller has a
    /// position in the queue, which it loses if it does not ask again in time.
    fn ask_update(&mut self, who: u64, urgency: Urgency, now: Instant) -> Result<Slot, Duration> {
        let held = self.held_until(UPDATE, now);
        self.updates.ask(who, urgency, held, now)?;
        Ok(Slot::Update)
    }

    /// Returns how far apart the edits of one live message should be.
    fn spacing(&self, now: Instant) -> Duration {
        self.updates.spacing(self.held_until(UPDATE, now), now)
    }

    /// Returns how long the last edits of all live messages take together.
    fn finals(&self, now: Instant) -> Duration {
        self.updates.finals(self.held_until(UPDATE, now), now)
    }

    /// Grants a slot for the post `number` to `channel` by `method` at `now`. A refused caller has a position in the
    /// channel's queue until it [leaves](Posts::leave).
    fn ask_post(
        &mut self,
        method: &'static str,
        channel: &str,
        number: u64,
        now: Instant,
    ) -> Result<Slot, Hold> {
        let held = &self.held;
        let until = |method| held.get(method).copied().filter(|until| *until > now);
        self.posts.ask(channel, Ticket { number, method }, until, now)?;
        Ok(Slot::Post { method, channel: channel.into(), number })
    }

    /// Settles `slot` with the outcome of its call, received or given up at `now`.
    fn settle(&mut self, slot: Slot, outcome: Outcome, now: Instant) {
        if let Outcome::Limited { retry_after } = outcome {
            let method = if let Slot::Post { method, .. } = &slot { method } else { UPDATE };
            self.limited(method, retry_after, now);
        }
        match slot {
            Slot::Update => self.updates.settle(outcome, now),
            Slot::Post { channel, number, .. } => self.posts.settle(&channel, number, outcome, now),
        }
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
        self.held_until(method, now).map(|until| until.duration_since(now))
    }

    fn held_until(&self, method: &'static str, now: Instant) -> Option<Instant> {
        self.held.get(method).copied().filter(|until| *until > now)
    }
}

/// Returns the duration from `now` to a time, or zero if it has passed.
fn until(time: Option<Instant>, now: Instant) -> Duration {
    time.map_or(Duration::ZERO, |time| time.saturating_duration_since(now))
}

#[cfg(test)]
mod tests;
