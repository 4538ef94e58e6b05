//! SHELL. The rate limiter with a clock: calls get their permits here, wait for them here, and report their outcomes.

use std::{future, time::Duration};

use ::metrics::counter;
use tokio::time::Instant;

use super::{
    error::RestError,
    limit::{Level, Limiter, Outcome, Reservation, Slot, Urgency},
    route::{Key, Route},
};
use crate::{
    platform::{
        permit::{self, Claim, Shared},
        retry_until,
    },
    telemetry::metrics,
};

/// The limits of one bot. Clones share them.
pub(crate) type RateLimiter = Shared<Limiter>;

pub(super) type Permit = permit::Permit<Limiter>;

/// A live message's share of its bucket; ends when dropped.
pub(crate) type Share = Claim<Limiter, (Key, u64)>;

impl permit::Limiter for Limiter {
    type Slot = Slot;
    type Outcome = Outcome;
    const LOST: Outcome = Outcome::Lost;

    fn settle(&mut self, slot: Slot, outcome: Outcome, at: Instant) {
        counter!(metrics::DISCORD_INVALID_REQUESTS).increment(u64::from(outcome.is_invalid()));
        match Limiter::settle(self, slot, outcome, at) {
            Some(Level::Spent) => {
                tracing::error!("Discord refused 9,000 calls within ten minutes: all calls pause");
            }
            Some(_) => {
                tracing::error!("Discord refused 5,000 calls within ten minutes: live edits pause");
            }
            None => {}
        }
    }
}

impl RateLimiter {
    /// Returns a permit now.
    ///
    /// # Errors
    /// The error that says when to ask again.
    pub(super) fn ask(&self, route: &Route, urgency: Urgency) -> Result<Permit, RestError> {
        let slot = self.lock().ask(Reservation::new(route, urgency), Instant::now())?;
        Ok(self.permit(slot))
    }

    /// Returns a permit for a call that is not a live edit, as soon as there is one.
    ///
    /// # Errors
    /// As [`Self::ask`], at once if the permit would come after `deadline`.
    pub(super) async fn wait(&self, route: &Route, deadline: Instant) -> Result<Permit, RestError> {
        let _position = self.claim((route.key(), route.who()), |limiter, (key, who)| {
            limiter.bucket(key, Instant::now()).queue.leave(who);
        });
        let ask = || future::ready(self.ask(route, Urgency::Final));
        retry_until(deadline, RestError::retry_after, ask).await
    }

    /// Counts one more live message that is edited in `route`'s bucket, until the share is dropped.
    pub(crate) fn share(&self, route: &Route) -> Share {
        let (key, now) = (route.key(), Instant::now());
        self.lock().bucket(key, now).share(now);
        self.claim((key, route.who()), |limiter, (key, who)| {
            let now = Instant::now();
            limiter.bucket(key, now).unshare(who, now);
        })
    }

    /// The longest wait of the last edits of all live messages for their permits: a restart must leave them this time.
    pub(crate) fn finals(&self) -> Duration {
        self.lock().finals()
    }
}

impl Share {
    /// Returns the number of live messages that share the bucket, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> u32 {
        self.with(|limiter, (key, _)| limiter.bucket(key, Instant::now()).sharers)
    }

    /// The time to leave between the edits of the message, from a response to the next call: by what is known of its
    /// bucket and how many share it. At least half a second.
    #[must_use]
    pub(crate) fn spacing(&self) -> Duration {
        self.with(|limiter, (key, _)| limiter.bucket(key, Instant::now()).spacing())
    }
}
