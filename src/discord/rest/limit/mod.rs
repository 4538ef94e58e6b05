//! Discord's rate limits: learned from its responses, counted here.
//! <https://docs.discord.com/developers/topics/rate-limits>
//!
//! A sans-IO state machine. A call takes a slot before it is sent: from its `bucket`, and from the `global` limits.
//! Every slot must be settled with the outcome of its call.

mod bucket;
mod global;

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

pub(super) use self::global::Level;
use self::{
    bucket::Bucket,
    global::{Global, Invalid},
};
use super::{
    error::RestError,
    route::{Key, Route},
};
pub(crate) use crate::platform::permit::Urgency;

/// Added to every reset time, which is rounded and comes from one of many servers.
const MARGIN: Duration = Duration::from_millis(50);
/// The time until the caller asks again where only a pending response can decide.
const POLL: Duration = Duration::from_millis(100);
/// The shortest time between edits of a message: readers are no faster.
const MIN_SPACING: Duration = Duration::from_millis(500);
/// The time between edits of a message before Discord's limit is known.
const UNKNOWN_SPACING: Duration = Duration::from_secs(1);
/// Between two removals of buckets that no longer count anything.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// A request for a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reservation {
    key: Key,
    who: u64,
    is_exempt: bool,
    urgency: Urgency,
}

/// A slot that was granted. It counts until it is settled.
#[derive(Debug)]
#[must_use = "a slot that is not settled stays in flight for ever"]
pub(crate) struct Slot {
    reservation: Reservation,
    sent: Instant,
}

/// The state of a bucket by a response's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Calls per window, at least 1.
    pub(super) limit: u32,
    /// Calls that were left at the time of the response, below `limit`.
    pub(super) remaining: u32,
    /// The time from then to the end of the window.
    pub(super) reset_after: Duration,
}

/// The limit that a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Ours at this route.
    User,
    /// Ours at all routes that are not exempt.
    Global,
    /// All clients' limit at this resource; no fault of ours.
    Shared,
    /// This machine's address, everywhere; not documented, sent by a proxy before Discord.
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

/// The outcome of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It certainly did not reach Discord.
    NotSent,
    /// No response: it may have counted.
    Lost,
    /// A response that is not a 429.
    Answered {
        /// From its headers, if present.
        window: Option<Window>,
        /// 401 or 403.
        is_invalid: bool,
    },
    /// A 429.
    Limited {
        /// From its headers, if present.
        window: Option<Window>,
        /// From its headers or body.
        scope: Scope,
        /// As the response says.
        retry_after: Duration,
    },
}

impl Outcome {
    /// Returns true if the call counts towards the limit of refused calls.
    pub(super) fn is_invalid(&self) -> bool {
        match self {
            Self::Answered { is_invalid, .. } => *is_invalid,
            Self::Limited { scope, .. } => *scope != Scope::Shared,
            Self::NotSent | Self::Lost => false,
        }
    }
}

impl Reservation {
    pub(super) fn new(route: &Route, urgency: Urgency) -> Self {
        Self { key: route.key(), who: route.who(), is_exempt: route.is_interaction(), urgency }
    }
}

/// All limits of one bot.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    buckets: HashMap<Key, Bucket>,
    global: Global,
    invalid: Invalid,
    /// No call may be sent before this.
    shut_until: Option<Instant>,
    swept: Option<Instant>,
}

impl Limiter {
    /// Grants a slot for a call that is sent at `now`.
    ///
    /// # Errors
    /// [`RestError::Limited`] with the time until the caller should ask again. It has a position in the queue of its
    /// bucket, which it loses if it does not come back in time. [`RestError::Budget`] if too many calls were refused.
    pub(super) fn ask(&mut self, reservation: Reservation, now: Instant) -> Result<Slot, RestError> {
        self.sweep(now);
        if !self.invalid.allows(reservation.urgency, now) {
            return Err(RestError::Budget);
        }
        let limited = |retry_after| RestError::Limited { retry_after };
        if let Some(wait) = until(self.shut_until, now) {
            return Err(limited(wait));
        }
        let bucket = self.buckets.entry(reservation.key).or_insert_with(|| Bucket::new(now));
        bucket.ask(reservation.who, reservation.urgency, now).map_err(limited)?;
        if !reservation.is_exempt {
            self.global.take(reservation.urgency, now).map_err(limited)?;
        }
        bucket.take(reservation.who, now);
        Ok(Slot { reservation, sent: now })
    }

    /// Settles `slot` with the outcome of its call and the time of the response (or of giving up). Returns the level of
    /// refused calls if this one raised it.
    #[expect(clippy::needless_pass_by_value, reason = "a slot is settled once")]
    pub(super) fn settle(&mut self, slot: Slot, outcome: Outcome, now: Instant) -> Option<Level> {
        let Slot { reservation, sent } = slot;
        if !reservation.is_exempt {
            self.global.settle(!matches!(outcome, Outcome::NotSent), now);
        }
        if let Outcome::Limited { scope, retry_after, .. } = outcome {
            match scope {
                Scope::Global => self.global.stop(now + retry_after),
                Scope::Address => self.shut_until = self.shut_until.max(Some(now + retry_after)),
                Scope::User | Scope::Shared => {}
            }
        }
        if let Some(bucket) = self.buckets.get_mut(&reservation.key) {
            bucket.settle(sent, outcome, now);
        }
        outcome.is_invalid().then(|| self.invalid.add(now)).flatten()
    }

    /// Returns the bucket of `key`, created at `now` if nothing is known of it.
    pub(super) fn bucket(&mut self, key: Key, now: Instant) -> &mut Bucket {
        self.buckets.entry(key).or_insert_with(|| Bucket::new(now))
    }

    /// The longest wait of the last edits of all live messages for their slots.
    pub(super) fn finals(&self) -> Duration {
        self.buckets.values().map(Bucket::finals).max().unwrap_or_default()
    }

    fn sweep(&mut self, now: Instant) {
        if self.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP_INTERVAL) {
            self.swept = Some(now);
            self.buckets.retain(|_, bucket| !bucket.is_over(now));
        }
    }
}

/// The time from `now` to `time`, if that is in the future.
fn until(time: Option<Instant>, now: Instant) -> Option<Duration> {
    time.filter(|time| *time > now).map(|time| time.duration_since(now))
}

#[cfg(test)]
mod tests;
