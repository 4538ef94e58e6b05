//! SHELL. The checkpointer: a task beside each race that keeps the store up to date, so that a message can be finished if
//! the process dies. A race never waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::StopSender;
use crate::race::{RaceId, Record, run::LaneRequest};
use crate::{
    backoff::Backoff,
    race::{
        cost::Cost,
        event::{EventKind, RaceEvent, StopCause},
        state::{Lane, RaceState},
    },
    store::{Store, StoreError},
};

/// The interval between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// The first wait after the store failed.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(250);
/// The longest wait between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);
/// The time for which a write is retried; the next start finishes what the store does not know by then.
const WRITE_TIMEOUT: Duration = Duration::from_mins(15);

/// A step in the life of a race that the store must know.
enum Milestone {
    /// The message can be edited there, in the platform's terms.
    MessageRef(String),
    /// The race is over.
    Ended(Arc<Record>),
    /// The final frame was shown, or the message is gone.
    Shown,
}

/// The handle of a race's checkpointer. Dropped before [`Self::shown`], it leaves the message to the next start.
pub(super) struct Checkpointer {
    /// `None` where the race is not in a store.
    milestones: Option<mpsc::UnboundedSender<Milestone>>,
}

/// The state of the checkpointer's task.
pub(super) struct Recording {
    pub(super) store: Store,
    pub(super) id: RaceId,
    pub(super) asker_name: String,
    /// Cancelled when a restart interrupts the races: then there is no time for retries.
    pub(super) interrupting: CancellationToken,
    /// The requests of the lanes.
    pub(super) requests: Vec<LaneRequest>,
    /// Ends the race when another replica was asked to stop it.
    pub(super) stop: StopSender,
}

impl Checkpointer {
    /// Returns the handle for a race that is not in a store, and does nothing.
    pub(super) fn disabled() -> Self {
        Self { milestones: None }
    }

    /// Returns a handle and the task that records `race`, to be spawned by the caller.
    pub(super) fn new(
        recording: Recording,
        race: watch::Receiver<RaceState>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (milestones, inbox) = mpsc::unbounded_channel();
        (Self { milestones: Some(milestones) }, recording.run(race, inbox))
    }

    /// Records where the message of the race is.
    pub(super) fn message_ref(&self, message_ref: String) {
        self.send(Milestone::MessageRef(message_ref));
    }

    /// Records how the race ended.
    pub(super) fn ended(&self, record: &Arc<Record>) {
        self.send(Milestone::Ended(Arc::clone(record)));
    }

    /// Records that the message needs no further frame.
    pub(super) fn shown(self) {
        self.send(Milestone::Shown);
    }

    fn send(&self, milestone: Milestone) {
        if let Some(milestones) = &self.milestones {
            // the task ends early only when it panicked
            let _ = milestones.send(milestone);
        }
    }
}

impl Recording {
    async fn run(self, mut race: watch::Receiver<RaceState>, mut inbox: mpsc::UnboundedReceiver<Milestone>) {
        let mut written = Written::default();
        let mut next_checkpoint = Instant::now();
        loop {
            let due = async {
                sleep_until(next_checkpoint).await;
                race.changed().await.is_ok()
            };
            tokio::select! {
                biased;
                milestone = inbox.recv() => match milestone {
                    Some(milestone) => self.reach(milestone).await,
                    None => return,
                },
                true = due => {
                    next_checkpoint = Instant::now() + CHECKPOINT_INTERVAL;
                    let state = race.borrow_and_update().clone();
                    self.checkpoint(state, &mut written).await;
                }
            }
        }
    }

    async fn reach(&self, milestone: Milestone) {
        let (store, id) = (&self.store, self.id);
        let is_written = match milestone {
            Milestone::MessageRef(message_ref) => {
                self.insist(|| store.set_message_ref(id, &message_ref, &self.asker_name)).await.is_some()
            }
            Milestone::Ended(record) => {
                let report = &record.report;
                let ended = self.insist(|| store.mark_ended(id, report)).await;
                let lanes = report.lanes.iter().zip(&self.requests);
                let spent: Cost = lanes.map(|(lane, request)| Cost::charged(lane, &request.prompt)).sum();
                let settled = self.insist(|| store.settle(id, spent)).await;
                ended.is_some() && settled.is_some()
            }
            Milestone::Shown => self.insist(|| store.mark_shown(id)).await.is_some(),
        };
        if !is_written {
            tracing::warn!(race = %id, "failed to record how a race continued");
        }
    }

    async fn insist<T, F: Future<Output = Result<T, StoreError>>>(&self, work: impl Fn() -> F) -> Option<T> {
        insist(&self.interrupting, work).await
    }

    /// Writes the lanes that changed since the last checkpoint, as the store would have to report them if the process
    /// died now.
    async fn checkpoint(&self, mut state: RaceState, written: &mut Written) {
        if state.lanes_are_over() {
            return;
        }
        let lengths: Vec<LaneProgress> = state.lanes.iter().map(LaneProgress::of).collect();
        state.apply(&RaceEvent { at: state.now, kind: EventKind::Stop(StopCause::Restart) });
        let report = state.report();
        let lanes = report.lanes.iter().enumerate();
        let changed: Vec<_> =
            lanes.filter(|(index, _)| written.lanes.get(index) != lengths.get(*index)).collect();
        match self.store.checkpoint(self.id, &changed).await {
            Ok(is_stopped) => {
                written.failed = false;
                let new =
                    changed.iter().filter_map(|(index, _)| Some((*index, lengths.get(*index)?.clone())));
                written.lanes.extend(new);
                if is_stopped {
                    self.stop.send_replace(Some(StopCause::Asked));
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut written.failed, true) {
                    tracing::warn!(race = %self.id, error = error.chain(), "failed to record a checkpoint");
                }
                written.lanes.clear();
            }
        }
    }
}

/// The part of a running race that the store has.
#[derive(Default)]
struct Written {
    lanes: HashMap<usize, LaneProgress>,
    /// The last checkpoint failed, which was logged.
    failed: bool,
}

/// The progress of a lane at its last checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LaneProgress {
    answer: usize,
    reasoning: usize,
    is_over: bool,
    was_sent: bool,
}

impl LaneProgress {
    fn of(lane: &Lane) -> Self {
        Self {
            answer: lane.answer.len(),
            reasoning: lane.reasoning.len(),
            is_over: lane.phase.is_over(),
            was_sent: lane.stamps.sent.is_some(),
        }
    }
}

/// Returns the result of `work`, retried for as long as that makes sense; `None` if it never succeeded.
pub(super) async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
    interrupting: &CancellationToken,
    work: impl Fn() -> F,
) -> Option<T> {
    let (begun, mut backoff) = (Instant::now(), Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY));
    loop {
        match work().await {
            Ok(done) => return Some(done),
            Err(StoreError::Unreadable) => return None,
            Err(_) if interrupting.is_cancelled() || begun.elapsed() > WRITE_TIMEOUT => return None,
            Err(error) => tracing::debug!(error = error.chain(), "store call failed, will retry"),
        }
        interrupting.run_until_cancelled(sleep(backoff.next(fastrand::f64()))).await;
    }
}
