//! When a call may go: the workspace's edits, a channel's posts, what Slack told us to wait.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! A sans-IO state machine: it reads no clock and sends nothing. A call asks for a slot before it goes and settles
//! it with what came of it; every slot must be settled. `chat.update` is counted over the whole workspace
//! ([`updates`]), posts by their channel ([`posts`]); of every other method only the wait that Slack asked for is
//! known. Must not know the client.

mod gate;
mod posts;
mod updates;

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

pub(crate) use self::{
    gate::{Gate, Share},
    updates::finals_of,
};
use self::{
    posts::{Hold, Posts, Ticket},
    updates::Updates,
};

/// The method that all live messages of the workspace share.
pub(crate) const UPDATE: &str = "chat.update";

/// Added to every `Retry-After`: it is in whole seconds, and Slack's clock is not ours.
const HAIR: Duration = Duration::from_millis(100);

/// How much an edit matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A live frame: a newer one follows. Leaves room for finals.
    Live,
    /// The last edit of a message: before all live frames.
    Final,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It certainly did not reach Slack.
    NotSent,
    /// No answer: it may have counted.
    Lost,
    /// An answer that is no 429.
    Answered,
    /// A 429.
    Limited {
        /// As it said.
        retry_after: Duration,
    },
}

/// A slot that was granted. It counts until it is settled.
#[derive(Debug)]
#[must_use = "a slot that is not settled stays in flight for ever"]
pub(crate) struct Slot {
    method: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Update,
    Post { channel: String, number: u64 },
    Other,
}

/// All limits of one workspace.
#[derive(Debug, Default)]
struct Budget {
    updates: Updates,
    posts: Posts,
    /// By method: nothing may go before this.
    held: HashMap<&'static str, Instant>,
}

impl Budget {
    /// A slot for an edit by `who` that goes at `now`, or when to ask again. Whoever was refused has a place in the
    /// queue, which it loses if it does not come back in time.
    fn ask_update(&mut self, who: u64, urgency: Urgency, now: Instant) -> Result<Slot, Duration> {
        let held = self.held_until(UPDATE, now);
        self.updates.ask(who, urgency, held, now)?;
        Ok(Slot { method: UPDATE, kind: Kind::Update })
    }

    /// How far apart the edits of one live message should be.
    fn spacing(&self, now: Instant) -> Duration {
        self.updates.spacing(self.held_until(UPDATE, now), now)
    }

    /// How long the last edits of all live messages take together.
    fn finals(&self, now: Instant) -> Duration {
        self.updates.finals(self.held_until(UPDATE, now), now)
    }

    /// A slot for a post to `channel` by `method` that goes at `now`, for whom `number` stands. Whoever was refused
    /// has a place in the channel's queue until it [leaves](Self::leave).
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
        Ok(Slot { method, kind: Kind::Post { channel: channel.into(), number } })
    }

    /// A slot for a call of another `method`, or how long Slack asked to wait with it.
    fn ask(&self, method: &'static str, now: Instant) -> Result<Slot, Duration> {
        match self.held(method, now) {
            Some(wait) => Err(wait),
            None => Ok(Slot { method, kind: Kind::Other }),
        }
    }

    /// What came of the call that `slot` was for, and when its answer was received (or given up).
    fn settle(&mut self, slot: Slot, outcome: Outcome, now: Instant) {
        if let Outcome::Limited { retry_after } = outcome {
            self.limited(slot.method, retry_after, now);
        }
        match slot.kind {
            Kind::Update => self.updates.settle(outcome, now),
            Kind::Post { channel, number } => self.posts.settle(&channel, number, outcome, now),
            Kind::Other => {}
        }
    }

    /// Slack answered at `now` that nothing of `method` may come before `retry_after`.
    fn limited(&mut self, method: &'static str, retry_after: Duration, now: Instant) {
        let until = now + retry_after + HAIR;
        let held = self.held.entry(method).or_insert(until);
        *held = until.max(*held);
        if method == UPDATE {
            self.updates.limited(until);
        }
    }

    /// How long nothing of `method` may go.
    fn held(&self, method: &'static str, now: Instant) -> Option<Duration> {
        self.held_until(method, now).map(|until| until.duration_since(now))
    }

    fn held_until(&self, method: &'static str, now: Instant) -> Option<Instant> {
        self.held.get(method).copied().filter(|until| *until > now)
    }

    /// Gives up the place in the channel's queue.
    fn leave(&mut self, channel: &str, number: u64) {
        self.posts.leave(channel, number);
    }
}

/// From `now` to a time that is still to come; nothing if it is over.
fn until(time: Option<Instant>, now: Instant) -> Duration {
    time.map_or(Duration::ZERO, |time| time.saturating_duration_since(now))
}

#[cfg(test)]
mod tests;
