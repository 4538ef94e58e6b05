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
#[derive(Clone, Default)]
pub(crate) struct RateLimiter(Shared<Limiter>);

pub(super) type Permit = permit::Permit<Limiter>;

impl permit::Limiter for Limiter {
    type Slot = Slot;
    type Outcome = Outcome;

    fn lost() -> Outcome {
        Outcome::Lost
    }

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
        let slot = self.0.lock().ask(Reservation::new(route, urgency), Instant::now())?;
        Ok(self.0.permit(slot))
    }

    /// Returns a permit as soon as there is one.
    ///
    /// # Errors
    /// As [`Self::ask`], at once if the permit would come after `deadline`.
    pub(super) async fn wait(
        &self,
        route: &Route,
        urgency: Urgency,
        deadline: Instant,
    ) -> Result<Permit, RestError> {
        let _position = self.0.claim(Reservation::new(route, urgency), Limiter::leave_queue);
        let ask = || future::ready(self.ask(route, urgency));
        retry_until(deadline, RestError::retry_after, ask).await
    }

    /// Counts one more live message that is edited in `route`'s bucket, until the share is dropped.
    pub(crate) fn share(&self, route: &Route) -> Share {
        let key = route.key();
        self.0.lock().share(key, Instant::now());
        let unshare = |limiter: &mut Limiter, (key, who)| limiter.unshare(key, who, Instant::now());
        Share(self.0.claim((key, route.who()), unshare))
    }

    /// The longest wait of the last edits of all live messages for their permits: a restart must leave them this time.
    pub(crate) fn finals(&self) -> Duration {
        self.0.lock().finals()
    }
}

/// A live message's share of its bucket; ends when dropped.
pub(crate) struct Share(Claim<Limiter, (Key, u64)>);

impl Share {
    /// Returns how many live messages share the bucket, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> u32 {
        self.0.with(|limiter, (key, _)| limiter.sharers(key))
    }

    /// The time to leave between the edits of the message, from a response to the next call: by what is known of its
    /// bucket and how many share it. At least a second.
    #[must_use]
    pub(crate) fn spacing(&self) -> Duration {
        self.0.with(|limiter, (key, _)| limiter.spacing(key))
    }
}
