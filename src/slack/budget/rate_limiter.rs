//! SHELL. The rate limiter with a clock: calls get their permits here, wait for them here, and report their outcomes.

use std::{sync::Arc, time::Duration};

use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{Budget, Outcome, Slot, Urgency};
use crate::platform::permit::{self, Claim, Shared};

/// The budget of one workspace. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimiter(Shared<State>);

pub(crate) type Permit = permit::Permit<State>;

#[derive(Debug, Default)]
pub(crate) struct State {
    budget: Budget,
    next_number: u64,
    /// Notified when a slot is settled or a position given up.
    moved: Arc<Notify>,
}

impl State {
    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

impl permit::Limiter for State {
    type Slot = Slot;
    type Outcome = Outcome;

    fn lost() -> Outcome {
        Outcome::Lost
    }

    fn settle(&mut self, slot: Slot, outcome: Outcome, at: Instant) {
        self.budget.settle(slot, outcome, at);
        self.moved.notify_waiters();
    }
}

impl RateLimiter {
    /// Counts one more live message of the workspace, until the share is dropped.
    pub(crate) fn share(&self) -> Share {
        let mut state = self.0.lock();
        state.budget.updates.share();
        let who = state.number();
        drop(state);
        Share(self.0.claim(who, |state, who| state.budget.updates.unshare(who)))
    }

    /// Shares the budget of edits with `processes` processes, this one included.
    pub(crate) fn shared_by(&self, processes: u64) {
        self.0.lock().budget.updates.shared_by(processes, Instant::now());
    }

    /// Returns how far apart the edits of one live message should be, counted from an answer to the next call: 1.3 s
    /// to 2.2 s for each live message of the workspace, longer while the budget recovers.
    #[must_use]
    pub(crate) fn spacing(&self) -> Duration {
        self.0.lock().budget.spacing(Instant::now())
    }

    /// Returns how long the final edits of all live messages have to wait for each other, which a restart must leave
    /// them.
    #[must_use]
    pub(crate) fn finals(&self) -> Duration {
        self.0.lock().budget.finals(Instant::now())
    }

    /// Returns a permit for `chat.update` now.
    ///
    /// # Errors
    /// The wait before asking again. The message keeps its position in the queue for half a second after that.
    pub(crate) fn ask_update(&self, share: &Share, urgency: Urgency) -> Result<Permit, Duration> {
        let slot = share.0.with(|state, who| state.budget.ask_update(who, urgency, Instant::now()))?;
        Ok(self.0.permit(slot))
    }

    /// Returns a permit for a post to `channel` by `method`, as soon as there is one.
    ///
    /// # Errors
    /// The minimum wait, as soon as it is known to end after `deadline`.
    pub(crate) async fn wait_post(
        &self,
        method: &'static str,
        channel: &str,
        deadline: Instant,
    ) -> Result<Permit, Duration> {
        let (number, moves) = {
            let mut state = self.0.lock();
            (state.number(), Arc::clone(&state.moved))
        };
        let _position = self.0.claim((channel, number), |state, (channel, number)| {
            state.budget.posts.leave(channel, number);
            state.moved.notify_waiters();
        });
        loop {
            let notified = moves.notified();
            let now = Instant::now();
            // the lock ends with the statement
            let asked = self.0.lock().budget.ask_post(method, channel, number, now);
            let hold = match asked {
                Ok(slot) => return Ok(self.0.permit(slot)),
                Err(hold) => hold,
            };
            if now >= deadline || now + hold.soonest > deadline {
                return Err(hold.soonest);
            }
            select! {
                () = notified => {}
                () = sleep_until((now + hold.latest).min(deadline)) => {}
            }
        }
    }

    /// Returns the rest of the wait that Slack asked for with `method`.
    pub(in crate::slack) fn held(&self, method: &'static str) -> Option<Duration> {
        self.0.lock().budget.held(method, Instant::now())
    }

    /// Records that Slack just answered `method` with this `retry_after`.
    pub(in crate::slack) fn limited(&self, method: &'static str, retry_after: Duration) {
        self.0.lock().budget.limited(method, retry_after, Instant::now());
    }
}

/// A live message's share of the workspace's edits; ends when dropped.
#[derive(Debug)]
pub(crate) struct Share(Claim<State, u64>);

impl Share {
    /// Returns how many live messages share the edits, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> u32 {
        self.0.with(|state, _| state.budget.updates.sharers())
    }
}
