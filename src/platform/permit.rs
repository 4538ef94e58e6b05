//! Permits of a rate limiter: a sans-IO limiter behind a lock, and slots that are settled exactly once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The urgency of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A live edit, which a newer one follows: it leaves room for final ones.
    Live,
    /// The last edit of a message, or an answer to a user: it goes before all live edits.
    Final,
}

/// A sans-IO limiter that grants slots for calls and learns from their outcomes.
pub(crate) trait Limiter {
    /// A granted slot.
    type Slot;
    /// The outcome of a call.
    type Outcome;

    /// The outcome of a call that was given up: it may have taken effect.
    const LOST: Self::Outcome;

    /// Settles a slot with the outcome that was received at `at`.
    fn settle(&mut self, slot: Self::Slot, outcome: Self::Outcome, at: Instant);
}

/// A limiter, or another state behind a lock, that calls or connections share. Clones are the same one.
#[derive(Debug, Default)]
pub(crate) struct Shared<L>(Arc<Mutex<L>>);

impl<L: Limiter> Shared<L> {
    /// Returns the permit for a slot that the limiter granted.
    pub(crate) fn permit(&self, slot: L::Slot) -> Permit<L> {
        Permit { limiter: self.clone(), slot: Some(slot) }
    }
}

impl<L> Shared<L> {
    /// Creates the first handle.
    pub(crate) fn new(limiter: L) -> Self {
        Self(Arc::new(Mutex::new(limiter)))
    }

    /// Locks the limiter for a few plain steps.
    pub(crate) fn lock(&self) -> MutexGuard<'_, L> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a claim on `what`, which `release` gives back.
    pub(crate) fn claim<C: Copy>(&self, what: C, release: fn(&mut L, C)) -> Claim<L, C> {
        Claim { limiter: self.clone(), what, release }
    }
}

impl<L> Clone for Shared<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A claim on something of a limiter, such as a position in a queue or a share of the limit. It ends when it is dropped.
#[derive(Debug)]
#[must_use = "a claim ends when it is dropped"]
pub(crate) struct Claim<L, C: Copy> {
    limiter: Shared<L>,
    what: C,
    release: fn(&mut L, C),
}

impl<L, C: Copy> Claim<L, C> {
    /// Locks the limiter for a few plain steps with the claim.
    pub(crate) fn with<T>(&self, step: impl FnOnce(&mut L, C) -> T) -> T {
        step(&mut self.limiter.lock(), self.what)
    }
}

impl<L, C: Copy> Drop for Claim<L, C> {
    fn drop(&mut self) {
        self.with(self.release);
    }
}

/// The right to one call. Dropped without [`Self::settle`], because its call was given up, it counts as lost.
#[must_use = "it counts as a lost call when it is dropped"]
pub(crate) struct Permit<L: Limiter> {
    limiter: Shared<L>,
    slot: Option<L::Slot>,
}

impl<L: Limiter> Permit<L> {
    /// Settles the permit with the outcome of its call, which is known since now.
    pub(crate) fn settle(self, outcome: impl Into<L::Outcome>) {
        self.settle_at(outcome, Instant::now());
    }

    /// Settles the permit with the outcome of its call, which was received at `at`.
    pub(crate) fn settle_at(mut self, outcome: impl Into<L::Outcome>, at: Instant) {
        self.end(outcome.into(), at);
    }

    fn end(&mut self, outcome: L::Outcome, at: Instant) {
        if let Some(slot) = self.slot.take() {
            self.limiter.lock().settle(slot, outcome, at);
        }
    }
}

impl<L: Limiter> Drop for Permit<L> {
    fn drop(&mut self) {
        self.end(L::LOST, Instant::now());
    }
}
