//! SHELL. The task that starts due canaries.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Canary, day_ms};
use crate::{
    arena::{Arena, Recorded, Refused, caps::THIS_CANARY},
    race::Record,
    store::{RefusedBy, Store, StoreError},
};

/// The longest sleep: the clock of the machine may be set.
const MAX_SLEEP: Duration = Duration::from_mins(1);
/// The wait before a race that was refused, or a claim that failed, is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(20);

/// Starts the canaries of an arena when they are due. One of all processes on a store claims each due time.
pub struct CanaryRunner {
    arena: Arc<Arena>,
    /// The newest due time of each canary that is known to be claimed, in milliseconds since 1970.
    claimed: HashMap<String, i64>,
    /// True while claims fail, which was logged.
    is_failing: bool,
}

/// A due time that this process claimed.
#[derive(Clone, Debug)]
pub struct DueCanary {
    canary: Canary,
    /// The time of the claim.
    now: Timestamp,
    /// The time until which a refused race is tried again.
    until: Timestamp,
}

impl DueCanary {
    /// Returns the id of the canary.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.canary.id
    }
}

impl CanaryRunner {
    /// Returns a runner of the canaries of `arena`.
    #[must_use]
    pub fn new(arena: Arc<Arena>) -> Self {
        Self { arena, claimed: HashMap::new(), is_failing: false }
    }

    /// Starts canaries until `closed` is cancelled. Does nothing without a store.
    pub async fn start(self, closed: CancellationToken) {
        self.start_by(Timestamp::now, closed).await;
    }

    /// Starts canaries by the wall clock `now` until `closed` is cancelled. It reads the clock twice for each look: before
    /// it, and to sleep until the next one.
    pub async fn start_by(mut self, now: impl Fn() -> Timestamp, closed: CancellationToken) {
        let Some(store) = self.arena.store.clone().filter(|_| !self.arena.canaries.is_empty()) else {
            return;
        };
        closed.run_until_cancelled(store.wait_until_connected(MAX_SLEEP)).await;
        loop {
            let (due, next) = self.due(now()).await;
            for due in due {
                let arena = Arc::clone(&self.arena);
                self.arena.spawn(async move {
                    arena.run_canary(due).await;
                });
            }
            let wait = next.duration_since(now());
            let wait =
                Duration::try_from(wait).unwrap_or_default().clamp(Duration::from_millis(1), MAX_SLEEP);
            if closed.run_until_cancelled(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Claims what is due at `now`: of due times that all processes missed only the last one. Returns it with the time of
    /// the next look.
    pub async fn due(&mut self, now: Timestamp) -> (Vec<DueCanary>, Timestamp) {
        let mut next = now + MAX_SLEEP.saturating_mul(60);
        let Some(store) = self.arena.store.clone() else { return (vec![], next) };
        let (arena, mut due, mut failure) = (Arc::clone(&self.arena), vec![], None);
        for canary in &arena.canaries {
            match self.claim(&store, canary, now).await {
                Ok(is_due) => {
                    let until = canary.next_start(now);
                    next = next.min(until.unwrap_or(next));
                    let claimed = || DueCanary { canary: canary.clone(), now, until: until.unwrap_or(now) };
                    due.extend(is_due.then(claimed));
                }
                Err(error) => {
                    next = next.min(now + RETRY_DELAY);
                    failure = Some((&canary.id, error));
                }
            }
        }
        if let Some((canary, error)) = &failure
            && !self.is_failing
        {
            tracing::warn!(canary, error = error.chain(), "failed to claim the run of a canary, will retry");
        }
        self.is_failing = failure.is_some();
        (due, next)
    }

    /// Claims the last due time of `canary`, if its start has come. Returns true if it is to be run.
    async fn claim(&mut self, store: &Store, canary: &Canary, now: Timestamp) -> Result<bool, StoreError> {
        let Some(tick) = canary.schedule.last_at(now) else { return Ok(false) };
        let tick_ms = tick.as_millisecond();
        if !self.claimed.contains_key(&canary.id) {
            canary.register(store, now).await?;
            self.claimed.insert(canary.id.clone(), i64::MIN);
        }
        if self.claimed.get(&canary.id).is_some_and(|claimed| *claimed >= tick_ms)
            || canary.start_of(tick) > now
        {
            return Ok(false);
        }
        let is_due = store.promptly(store.claim_tick(&canary.id, tick_ms)).await?;
        self.claimed.insert(canary.id.clone(), tick_ms);
        Ok(is_due == Some(true))
    }
}

impl Arena {
    /// Runs a canary that is due and returns the record of its race; `None` if it could not start before it is due again.
    pub async fn run_canary(&self, due: DueCanary) -> Option<Arc<Record>> {
        let begun = Instant::now();
        let DueCanary { canary, now, until } = due;
        loop {
            let now = now + begun.elapsed();
            let refused = match self.record_canary(&canary, now, None).await {
                Ok(recorded) => return Some(self.run_quietly(recorded).await),
                Err(refused) => refused,
            };
            let is_passing = matches!(
                refused,
                Refused::Busy { .. }
                    | Refused::TooFast { .. }
                    | Refused::TooManyRaces { .. }
                    | Refused::ProviderBusy { .. }
                    | Refused::StoreUnavailable
            );
            if matches!(refused, Refused::BudgetSpent { .. } | Refused::Restarting) {
                return None;
            }
            if !is_passing || now + RETRY_DELAY >= until {
                tracing::warn!(canary = canary.id, reason = %refused, "skipped the run of a canary");
                return None;
            }
            self.closing.run_until_cancelled(sleep(RETRY_DELAY)).await?;
        }
    }

    /// Admits and records a race of `canary`. A refusal by a budget is recorded, and logged once a day.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) async fn record_canary(
        &self,
        canary: &Canary,
        now: Timestamp,
        delivery: Option<String>,
    ) -> Result<Recorded, Refused> {
        let recorded = self.record_quietly(canary.race(), now, delivery).await;
        if let Err(refused @ Refused::BudgetSpent { whose, .. }) = &recorded {
            let by = if *whose == THIS_CANARY { RefusedBy::Canary } else { RefusedBy::Service };
            self.refuse_canary(canary, refused, by, now).await;
        }
        recorded
    }

    async fn refuse_canary(&self, canary: &Canary, refused: &Refused, by: RefusedBy, now: Timestamp) {
        let Some(store) = &self.store else { return };
        let recorded = store.refuse_canary(&canary.id, by, now.as_millisecond(), day_ms(now)).await;
        let is_first = recorded.unwrap_or_else(|error| {
            tracing::debug!(error = error.chain(), "failed to record that a budget stopped a canary");
            false
        });
        if is_first {
            tracing::warn!(canary = canary.id, reason = %refused, "a budget stops a canary until 00:00 UTC");
        }
    }
}
