//! SHELL. Writes a race down while it runs, as it would have to be told if the process died at that moment, and what
//! became of it. A race never waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{RaceId, Record};
use crate::{
    race::{
        cost::Cost,
        event::{EventKind, RaceEvent, StopCause},
        state::{Lane, RaceState},
    },
    store::{Store, StoreError},
};

/// How often a running race is written down.
const EVERY: Duration = Duration::from_secs(1);
/// The first wait after the store failed; it doubles.
const AGAIN: Duration = Duration::from_millis(250);
const AGAIN_MOST: Duration = Duration::from_secs(10);
/// How long the store is insisted with: what it does not know by then the next start will tell.
const LONGEST: Duration = Duration::from_mins(15);

/// Writes one race down.
pub(super) struct Scribe {
    pub(super) store: Store,
    pub(super) id: RaceId,
    /// Cancelled when a restart interrupts the races: then there is no time to insist.
    pub(super) interrupting: CancellationToken,
    pub(super) most_output: u32,
}

/// What tells the scribe how a race went on after its last token.
pub(super) struct News {
    /// The race is over.
    pub(super) over: oneshot::Receiver<Arc<Record>>,
    /// Its last frame is shown, or can never be.
    pub(super) shown: oneshot::Receiver<()>,
}

impl Scribe {
    /// Follows `race` to its last frame. `stop` is called where another replica was asked to stop it.
    pub(super) async fn follow(self, race: watch::Receiver<RaceState>, news: News, stop: impl Fn()) {
        let News { mut over, shown } = news;
        let record = tokio::select! {
            record = &mut over => record,
            () = self.write(race, stop) => over.await,
        };
        // nobody will tell: the next start has what was written last
        let Ok(record) = record else { return };
        let (store, report) = (&self.store, &record.report);
        let ended = insist(&self.interrupting, || store.mark_ended(self.id, report)).await;
        let charged = |lane| Cost::charged(lane, &report.prompt, self.most_output);
        let spent: Cost = report.lanes.iter().map(charged).sum();
        let settled = insist(&self.interrupting, || store.settle(self.id, spent)).await;
        if shown.await.is_err() {
            return;
        }
        let shown = insist(&self.interrupting, || store.mark_shown(self.id)).await;
        if ended.is_none() || settled.is_none() || shown.is_none() {
            tracing::warn!(race = %self.id, "the store does not know how a race ended");
        }
    }

    async fn write(&self, mut race: watch::Receiver<RaceState>, stop: impl Fn()) {
        let mut written = HashMap::new();
        let mut failed = false;
        while race.changed().await.is_ok() {
            let begun = Instant::now();
            let state = race.borrow_and_update().clone();
            if state.is_over() {
                return;
            }
            match self.checkpoint(state, &mut written).await {
                Ok(is_stopped) if is_stopped => stop(),
                Ok(_) => failed = false,
                Err(error) => {
                    if !std::mem::replace(&mut failed, true) {
                        tracing::warn!(race = %self.id, error = error.chain(), "a running race was not written down");
                    }
                    written.clear();
                }
            }
            sleep_until(begun + EVERY).await;
        }
    }

    /// Writes what changed since `written`. True where the race shall stop.
    async fn checkpoint(
        &self,
        mut state: RaceState,
        written: &mut HashMap<usize, Mark>,
    ) -> Result<bool, StoreError> {
        let marks: Vec<Mark> = state.lanes.iter().map(Mark::of).collect();
        state.apply(&RaceEvent { at: state.now, kind: EventKind::Stop(StopCause::Restart) });
        let report = state.report();
        let changed =
            report.lanes.iter().enumerate().filter(|(place, _)| written.get(place) != marks.get(*place));
        let changed: Vec<_> = changed.collect();
        let is_stopped = self.store.checkpoint(self.id, &changed).await?;
        written.extend(changed.iter().filter_map(|(place, _)| Some((*place, marks.get(*place)?.clone()))));
        Ok(is_stopped)
    }
}

/// How far a lane was when it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    answer: usize,
    reasoning: usize,
    is_over: bool,
    was_sent: bool,
}

impl Mark {
    fn of(lane: &Lane) -> Self {
        Self {
            answer: lane.answer.len(),
            reasoning: lane.reasoning.len(),
            is_over: lane.phase.is_over(),
            was_sent: lane.stamps.sent.is_some(),
        }
    }
}

/// What comes of `work`, which is tried again for as long as that makes sense; `None` if it never worked.
pub(super) async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
    interrupting: &CancellationToken,
    work: impl Fn() -> F,
) -> Option<T> {
    let (begun, mut wait) = (Instant::now(), AGAIN);
    loop {
        match work().await {
            Ok(done) => return Some(done),
            Err(StoreError::Unreadable) => return None,
            Err(_) if interrupting.is_cancelled() || begun.elapsed() > LONGEST => return None,
            Err(error) => tracing::debug!(error = error.chain(), "the store will be tried again"),
        }
        interrupting.run_until_cancelled(sleep(wait)).await;
        wait = (wait * 2).min(AGAIN_MOST);
    }
}
