//! When a call may go: what Discord's limits allow, learned from its answers and counted here.
//! <https://docs.discord.com/developers/topics/rate-limits>
//!
//! A sans-IO state machine: it reads no clock and sends nothing. A call asks for a slot before it goes and
//! settles it with what came of it; every slot must be settled. Must not know the client.

mod bucket;
mod global;
mod invalid;

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use self::{bucket::Bucket, global::Global, invalid::Invalid};
use super::route::{Key, Route};

pub(super) use self::invalid::Level;

/// Added to every reset: it was rounded, and it comes from one of many servers.
const MARGIN: Duration = Duration::from_millis(50);
/// When to ask again where only an answer under way can tell.
const POLL: Duration = Duration::from_millis(100);
/// No message is edited more often: nobody reads faster.
const LEAST_SPACING: Duration = Duration::from_secs(1);
/// How often buckets that count nothing any more are let go.
const SWEEP: Duration = Duration::from_secs(15);

/// How much a call matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A live edit: a newer one follows. Leaves at least one slot of every window that has more than one.
    Progress,
    /// The last edit of a message: may use every slot, before all progress.
    Final,
    /// An answer to a person: like the last edit.
    Reply,
}

/// Who asks for a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    key: Key,
    who: u64,
    is_exempt: bool,
    urgency: Urgency,
}

/// A slot that was granted. It counts until it is settled.
#[derive(Debug)]
#[must_use = "a slot that is not settled stays in flight for ever"]
pub(super) struct Slot {
    ask: Ask,
    sent: Instant,
}

/// Why no slot was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Ask again after this.
    Wait(Duration),
    /// Too many calls were refused in the last ten minutes.
    Budget,
}

/// What an answer's headers say of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Calls in a window, at least 1.
    pub(super) limit: u32,
    /// Those that were left when it was answered, below `limit`.
    pub(super) remaining: u32,
    /// From then until the window is over.
    pub(super) reset_after: Duration,
}

/// Whose limit a 429 speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Ours at this route.
    User,
    /// Ours at all routes that are not exempt.
    Global,
    /// Everybody's at this resource; no fault of ours.
    Shared,
    /// This machine's address, at everything; not documented, said by what stands before Discord.
    Address,
}

impl Scope {
    /// The value of the metric's label.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Global => "global",
            Self::Shared => "shared",
            Self::Address => "address",
        }
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// It certainly did not reach Discord.
    NotSent,
    /// No answer: it may have counted.
    Lost,
    /// An answer that is no 429, with what it said of its bucket.
    Answered {
        /// From its headers, if they say it.
        window: Option<Window>,
        /// 401 or 403.
        is_invalid: bool,
    },
    /// A 429.
    Limited {
        /// From its headers, if they say it.
        window: Option<Window>,
        /// From its headers or body.
        scope: Scope,
        /// Exactly as it said.
        retry_after: Duration,
    },
}

impl Outcome {
    /// Whether it counts against the budget of calls that Discord refuses.
    pub(super) fn is_invalid(&self) -> bool {
        match self {
            Self::Answered { is_invalid, .. } => *is_invalid,
            Self::Limited { scope, .. } => *scope != Scope::Shared,
            Self::NotSent | Self::Lost => false,
        }
    }
}

impl Ask {
    pub(super) fn new(route: &Route, urgency: Urgency) -> Self {
        Self { key: route.key(), who: route.who(), is_exempt: route.is_interaction(), urgency }
    }
}

/// All limits of one bot.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    buckets: HashMap<Key, Bucket>,
    global: Global,
    invalid: Invalid,
    /// Nothing may go before this.
    shut_until: Option<Instant>,
    swept: Option<Instant>,
}

impl Limiter {
    /// A slot for a call that goes at `now`, or when to ask again. Whoever was refused has a place in the
    /// queue of its bucket, which it loses if it does not come back in time.
    pub(super) fn ask(&mut self, ask: Ask, now: Instant) -> Result<Slot, Refusal> {
        self.sweep(now);
        if !self.invalid.allows(ask.urgency, now) {
            return Err(Refusal::Budget);
        }
        if let Some(wait) = until(self.shut_until, now) {
            return Err(Refusal::Wait(wait));
        }
        let bucket = self.buckets.entry(ask.key).or_insert_with(|| Bucket::new(now));
        bucket.ask(ask.who, ask.urgency, now).map_err(Refusal::Wait)?;
        if !ask.is_exempt {
            self.global.take(ask.urgency, now).map_err(Refusal::Wait)?;
        }
        bucket.take(ask.who, now);
        Ok(Slot { ask, sent: now })
    }

    /// What came of the call that `slot` was for, and when its answer was received (or given up). Says so
    /// when this call brought the refused ones to a new level.
    #[expect(clippy::needless_pass_by_value, reason = "a slot is settled once")]
    pub(super) fn settle(&mut self, slot: Slot, outcome: Outcome, now: Instant) -> Option<Level> {
        let Slot { ask, sent } = slot;
        if !ask.is_exempt {
            self.global.settle(!matches!(outcome, Outcome::NotSent), now);
        }
        if let Outcome::Limited { scope, retry_after, .. } = outcome {
            match scope {
                Scope::Global => self.global.stop(now + retry_after),
                Scope::Address => self.shut_until = self.shut_until.max(Some(now + retry_after)),
                Scope::User | Scope::Shared => {}
            }
        }
        if let Some(bucket) = self.buckets.get_mut(&ask.key) {
            bucket.settle(sent, outcome, now);
        }
        outcome.is_invalid().then(|| self.invalid.add(now)).flatten()
    }

    /// Gives up the place in the queue.
    pub(super) fn leave_queue(&mut self, ask: Ask) {
        if let Some(bucket) = self.buckets.get_mut(&ask.key) {
            bucket.leave_queue(ask.who);
        }
    }

    /// One more live message is edited at the bucket of `key`, which is kept until it [ends](Self::unshare).
    pub(super) fn share(&mut self, key: Key, now: Instant) {
        self.buckets.entry(key).or_insert_with(|| Bucket::new(now)).share(1, now);
    }

    /// A live message is over.
    pub(super) fn unshare(&mut self, key: Key, who: u64, now: Instant) {
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.leave_queue(who);
            bucket.share(-1, now);
        }
    }

    /// How many live messages are edited at the bucket of `key`.
    pub(super) fn sharers(&self, key: Key) -> usize {
        self.buckets.get(&key).map_or(0, Bucket::sharers)
    }

    /// How far apart each of them should be edited, counted from an answer to the next call, so that all of
    /// them together leave a slot of every window to the others; at least a second.
    pub(super) fn spacing(&self, key: Key) -> Duration {
        self.buckets.get(&key).map_or(LEAST_SPACING, Bucket::spacing)
    }

    /// How long the last edits of all live messages may have to wait for their slots.
    pub(super) fn finals(&self) -> Duration {
        self.buckets.values().map(Bucket::finals).max().unwrap_or_default()
    }

    fn sweep(&mut self, now: Instant) {
        if self.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
            self.swept = Some(now);
            self.buckets.retain(|_, bucket| !bucket.is_over(now));
        }
    }
}

/// From `now` to a time that is still to come.
fn until(time: Option<Instant>, now: Instant) -> Option<Duration> {
    time.filter(|time| *time > now).map(|time| time.duration_since(now))
}

#[cfg(test)]
mod tests;
