//! SHELL. The rate limiter with a clock: calls get their permits here, wait for them here, and report their outcomes.

use std::{sync::Arc, time::Duration};

use tokio::{
    select,
    time::{Instant, sleep_until},
};

use super::{Budget, Urgency};
use crate::platform::permit::{self, Claim, Shared};

/// The budget of one workspace. Clones share it.
pub(crate) type RateLimiter = Shared<Budget>;

pub(crate) type Permit = permit::Permit<Budget>;

/// A live message's share of the workspace's edits; ends when dropped.
pub(crate) type Share = Claim<Budget, u64>;

impl RateLimiter {
    /// Counts one more live message of the workspace, until the share is dropped.
    pub(crate) fn share(&self) -> Share {
        let mut budget = self.lock();
        budget.updates.share();
        let who = budget.next_number();
        drop(budget);
        self.claim(who, |budget, who| budget.updates.unshare(who))
    }

    /// Shares the budget of edits with `processes` processes, this one included.
    pub(crate) fn shared_by(&self, processes: u64) {
        self.lock().updates.shared_by(processes, Instant::now());
    }

    /// Returns the spacing of the edits of one live message, counted from an answer to the next call: 1.3 s to 2.2 s for
    /// each live message of the workspace, longer while the budget recovers.
    #[must_use]
    pub(crate) fn spacing(&self) -> Duration {
        self.lock().updates.spacing(Instant::now())
    }

    /// Returns the longest wait of the final edits of all live messages for each other: a restart must leave them this
    /// time.
    #[must_use]
    pub(crate) fn finals(&self) -> Duration {
        self.lock().updates.finals(Instant::now())
    }

    /// Returns a permit for `chat.update` now.
    ///
    /// # Errors
    /// The wait before asking again. The message keeps its position in the queue for half a second after that.
    pub(crate) fn ask_update(&self, share: &Share, urgency: Urgency) -> Result<Permit, Duration> {
        let slot = share.with(|budget, who| budget.updates.ask(who, urgency, Instant::now()))?;
        Ok(self.permit(slot))
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
            let mut budget = self.lock();
            (budget.next_number(), Arc::clone(&budget.moved))
        };
        let _position = self.claim((channel, number), |budget, (channel, number)| {
            budget.posts.leave(channel, number);
            budget.moved.notify_waiters();
        });
        loop {
            let notified = moves.notified();
            let now = Instant::now();
            // the lock ends with the statement
            let asked = self.lock().ask_post(method, channel, number, now);
            let hold = match asked {
                Ok(slot) => return Ok(self.permit(slot)),
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
        self.lock().held(method, Instant::now())
    }

    /// Records that Slack just answered `method` with this `retry_after`.
    pub(in crate::slack) fn limited(&self, method: &'static str, retry_after: Duration) {
        self.lock().limited(method, retry_after, Instant::now());
    }
}

impl Share {
    /// Returns the number of live messages that share the edits, this one included.
    #[must_use]
    pub(crate) fn sharers(&self) -> u32 {
        self.with(|budget, _| budget.updates.sharers())
    }
}
