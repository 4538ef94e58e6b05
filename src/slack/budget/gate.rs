//! SHELL. The budget with a clock: calls pass here, wait here, and report what came of them.
//!
//! Must not know what is sent.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

use super::{Budget, Outcome, Slot, Urgency};

/// The budget of one workspace. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// A slot was settled or a place given up.
    moved: Notify,
}

#[derive(Default)]
struct State {
    budget: Budget,
    next: u64,
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// A granted slot. Dropped without a word (its call was given up) it counts as sent.
#[must_use = "it counts as sent when it is dropped"]
pub(crate) struct Pass {
    gate: Gate,
    slot: Option<Slot>,
}

impl Gate {
    /// Counts one more live message of the workspace, until the share is dropped.
    pub(crate) fn share(&self) -> Share {
        let mut state = self.lock();
        state.budget.updates.share();
        let who = state.number();
        drop(state);
        Share { gate: self.clone(), who }
    }

    /// So many processes edit messages of this workspace: each spends its part.
    pub(crate) fn shared_by(&self, processes: u64) {
        self.lock().budget.updates.shared_by(processes, Instant::now());
    }

    /// How far apart the edits of one live message should be, counted from an answer to the next call: 1.5 s for
    /// each live message of the workspace, longer while the budget recovers.
    #[must_use]
    pub(crate) fn spacing(&self) -> Duration {
        self.lock().budget.spacing(Instant::now())
    }

    /// How long the last edits of all messages that are live now have to wait for each other: what a restart must
    /// leave them.
    #[must_use]
    pub(crate) fn finals(&self) -> Duration {
        self.lock().budget.finals(Instant::now())
    }

    /// A slot for `chat.update` now.
    ///
    /// # Errors
    /// When to ask again. The message has a place in the queue then, held for half a second after that time.
    pub(crate) fn ask_update(&self, share: &Share, urgency: Urgency) -> Result<Pass, Duration> {
        let slot = self.lock().budget.ask_update(share.who, urgency, Instant::now())?;
        Ok(self.pass(slot))
    }

    /// A slot for a post to `channel` by `method`, as soon as there is one.
    ///
    /// # Errors
    /// How long there is none, at the least: as soon as it is known that `deadline` is before that.
    pub(crate) async fn wait_post(
        &self,
        method: &'static str,
        channel: &str,
        deadline: Instant,
    ) -> Result<Pass, Duration> {
        let place = Place { gate: self, channel, number: self.lock().number() };
        loop {
            let moved = self.0.moved.notified();
            let now = Instant::now();
            // the lock ends with the statement
            let asked = self.lock().budget.ask_post(method, channel, place.number, now);
            let hold = match asked {
                Ok(slot) => return Ok(self.pass(slot)),
                Err(hold) => hold,
            };
            if now >= deadline || now + hold.soonest > deadline {
                return Err(hold.soonest);
            }
            select! {
                () = moved => {}
                () = sleep_until((now + hold.latest).min(deadline)) => {}
            }
        }
    }

    /// A slot for a call of another `method`, when Slack's last wait for it is over.
    ///
    /// # Errors
    /// How long it is, at once, if it ends after `deadline`.
    pub(crate) async fn wait(&self, method: &'static str, deadline: Instant) -> Result<Pass, Duration> {
        loop {
            let now = Instant::now();
            let asked = self.lock().budget.ask(method, now);
            match asked {
                Ok(slot) => return Ok(self.pass(slot)),
                Err(wait) if now + wait > deadline => return Err(wait),
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// How long Slack asked to wait with `method`, from now.
    pub(in crate::slack) fn held(&self, method: &'static str) -> Option<Duration> {
        self.lock().budget.held(method, Instant::now())
    }

    /// Slack answered right now that nothing of `method` may come before `retry_after`.
    pub(in crate::slack) fn limited(&self, method: &'static str, retry_after: Duration) {
        self.lock().budget.limited(method, retry_after, Instant::now());
    }

    fn pass(&self, slot: Slot) -> Pass {
        Pass { gate: self.clone(), slot: Some(slot) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// What came of the call. To be said as soon as it is known: what was spent comes back from then on.
    pub(crate) fn settle(mut self, outcome: impl Into<Outcome>) {
        self.end(outcome.into());
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(slot) = self.slot.take() else { return };
        self.gate.lock().budget.settle(slot, outcome, Instant::now());
        self.gate.0.moved.notify_waiters();
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.end(Outcome::Lost);
    }
}

/// A place in a channel's queue, which is given up when nobody waits any more.
struct Place<'g> {
    gate: &'g Gate,
    channel: &'g str,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.lock().budget.leave(self.channel, self.number);
        self.gate.0.moved.notify_waiters();
    }
}

/// A live message's part of the workspace's edits; ends when dropped.
#[must_use = "a share ends when it is dropped"]
pub(crate) struct Share {
    gate: Gate,
    who: u64,
}

impl Share {
    /// How many live messages share the edits now, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> usize {
        self.gate.lock().budget.updates.sharers()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.gate.lock().budget.updates.unshare(self.who);
    }
}

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque!(Gate, Pass, Share);
