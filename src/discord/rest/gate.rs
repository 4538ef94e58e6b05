//! SHELL. The limiter with a clock: calls pass here, wait here, and report what came of them.
//!
//! Must not know what is sent.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::metrics::counter;
use tokio::time::{Instant, sleep};

use super::{
    error::RestError,
    limit::{Ask, Level, Limiter, Outcome, Refusal, Slot, Urgency},
    route::{Key, Route},
};
use crate::telemetry::metrics;

#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<Limiter>>);

/// A granted slot. Dropped without a word (its call was given up) it counts as sent.
pub(super) struct Pass {
    gate: Gate,
    slot: Option<Slot>,
}

impl Gate {
    /// A slot now, or the error that says when.
    pub(super) fn ask(&self, route: &Route, urgency: Urgency) -> Result<Pass, RestError> {
        match self.lock().ask(Ask::new(route, urgency), Instant::now()) {
            Ok(slot) => Ok(Pass { gate: self.clone(), slot: Some(slot) }),
            Err(Refusal::Wait(retry_after)) => Err(RestError::Limited { retry_after }),
            Err(Refusal::Budget) => Err(RestError::Budget),
        }
    }

    /// A slot as soon as there is one; the error at once if that is after `deadline`.
    pub(super) async fn wait(
        &self,
        route: &Route,
        urgency: Urgency,
        deadline: Instant,
    ) -> Result<Pass, RestError> {
        let _place = Place { gate: self, ask: Ask::new(route, urgency) };
        loop {
            match self.ask(route, urgency) {
                Err(RestError::Limited { retry_after }) if Instant::now() + retry_after < deadline => {
                    sleep(retry_after).await;
                }
                other => return other,
            }
        }
    }

    pub(super) fn share(&self, route: &Route) -> Share {
        let key = route.key();
        self.lock().share(key, Instant::now());
        Share { gate: self.clone(), key, who: route.who() }
    }

    pub(super) fn spacing(&self, route: &Route) -> Duration {
        self.lock().spacing(route.key())
    }

    pub(super) fn finals(&self) -> Duration {
        self.lock().finals()
    }

    fn lock(&self) -> MutexGuard<'_, Limiter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// What came of the call, and when its answer was received.
    pub(super) fn settle(mut self, outcome: Outcome, at: Instant) {
        self.end(outcome, at);
    }

    fn end(&mut self, outcome: Outcome, at: Instant) {
        let Some(slot) = self.slot.take() else { return };
        counter!(metrics::DISCORD_INVALID_REQUESTS).increment(u64::from(outcome.is_invalid()));
        let level = self.gate.lock().settle(slot, outcome, at);
        match level {
            Some(Level::Spent) => {
                tracing::error!("Discord refused 9,000 calls within ten minutes: nothing is sent for now");
            }
            Some(_) => {
                tracing::error!("Discord refused 5,000 calls within ten minutes: live edits stop for now");
            }
            None => {}
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.end(Outcome::Lost, Instant::now());
    }
}

/// A place in a queue, which is given up when nobody waits any more.
struct Place<'g> {
    gate: &'g Gate,
    ask: Ask,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.lock().leave_queue(self.ask);
    }
}

/// A live message's part of its bucket; ends when dropped.
#[must_use = "a share ends when it is dropped"]
pub(crate) struct Share {
    gate: Gate,
    key: Key,
    who: u64,
}

impl Share {
    /// How many live messages share the bucket now, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> usize {
        self.gate.lock().sharers(self.key)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.gate.lock().unshare(self.key, self.who, Instant::now());
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").finish_non_exhaustive()
    }
}
