//! SHELL. Runs a race: prepares every lane, releases all of them from one barrier and folds their events.
//!
//! Each lane has its own task, so a lane that fails, hangs or panics doesn't affect the others. The lanes may have a runtime
//! of their own: with one thread, a token wakes no second one on its way from the socket to the race, and drawing and
//! sending frames take no time from the thread that stamps the reads.

use std::{future::pending, io, sync::Arc, thread, time::Duration};

use futures::{FutureExt, StreamExt};
use tokio::{
    runtime::{Builder, Handle},
    sync::{Barrier, watch},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    event::{Elapsed, EventKind, LaneEvent, RaceEvent, StopCause},
    plausible::UsageBounds,
    state::{Lane, RaceState},
};
use crate::{
    estimate,
    model::{Availability, ChatModel, Delta, ModelError, Prompt, Stamped},
};

/// The time that a lane has to connect before the start. A lane that is not ready by then starts on a cold
/// connection, which is noted beside its numbers, and does not hold up the others.
pub const PREPARE_TIMEOUT: Duration = Duration::from_secs(3);

/// The interval of [`EventKind::Tick`].
pub const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// Upper bound of the text of one token: the longest ones in common vocabularies are runs of white space.
const MAX_TOKEN_BYTES: usize = 128;

/// The signal that ends a race early: `None` until it is given.
pub type StopSignal = watch::Receiver<Option<StopCause>>;

/// The part of one lane in a race.
#[derive(Clone)]
pub struct LaneRequest {
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// Its prompt: lanes of a conversation may each have their own history.
    pub prompt: Arc<Prompt>,
}

/// Runs one lane for each of `lanes` on `runtime`, in the order of the state's lanes, until all are over or `stop`
/// gives a cause. Unfinished requests are then cancelled at their providers. When this returns, the state in `race` is over.
pub async fn run(
    lanes: &[LaneRequest],
    runtime: &Handle,
    mut stop: StopSignal,
    race: &watch::Sender<RaceState>,
) {
    let clock = Clock { start: Instant::now(), race: race.clone() };
    let start_line = Arc::new(Barrier::new(lanes.len()));
    let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
    for (index, request) in lanes.iter().enumerate() {
        let lane = lane(index, request.clone(), Arc::clone(&start_line), clock.clone());
        tasks.spawn_on(cancel.clone().run_until_cancelled_owned(lane), runtime);
    }
    tasks.close();
    let mut tick = interval_at(clock.start + TICK_INTERVAL, TICK_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = tasks.wait() => break,
            cause = stopped(&mut stop) => {
                clock.fold(Instant::now(), EventKind::Stop(cause));
                cancel.cancel();
                break;
            }
            _ = tick.tick() => clock.fold(Instant::now(), EventKind::Tick),
        }
    }
    tasks.wait().await;
    clock.fail_lanes_of_panicked_tasks(lanes.len());
}

/// Starts a thread for the lanes of all races, which ends with the process, and returns its runtime.
///
/// # Errors
/// The system cannot create the thread, or the file descriptors of its runtime.
pub fn start_lane_thread() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name("lanes".into()).spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}

/// The clock of the race and the only writer of its state.
#[derive(Clone)]
struct Clock {
    start: Instant,
    race: watch::Sender<RaceState>,
}

impl Clock {
    fn fold(&self, at: Instant, kind: EventKind) {
        let at = Elapsed::new(at.saturating_duration_since(self.start));
        self.race.send_modify(|state| state.apply(&RaceEvent { at, kind }));
    }

    /// Loads what the tokens of a lane without a count are estimated with, in the background: other lanes are being measured.
    async fn load_estimate(&self, lane: usize) {
        let is_needed = self.race.borrow().lanes.get(lane).is_some_and(Lane::lacks_count);
        if is_needed && tokio::task::spawn_blocking(estimate::load).await.is_err() {
            tracing::error!("failed to load the token estimate");
        }
    }

    /// Ends the lanes whose tasks panicked; otherwise the race would never be over.
    fn fail_lanes_of_panicked_tasks(&self, lanes: usize) {
        for index in 0..lanes {
            if !self.race.borrow().lanes[index].phase.is_over() {
                tracing::error!(lane = index, "lane task panicked");
                let error = ModelError::Corrupt("an internal error, see the log");
                self.fold(Instant::now(), EventKind::Lane(index, LaneEvent::Failed(error)));
            }
        }
    }
}

async fn lane(index: usize, request: LaneRequest, line: Arc<Barrier>, clock: Clock) {
    let LaneRequest { model, prompt } = request;
    let fold = |at, event| clock.fold(at, EventKind::Lane(index, event));
    let availability = timeout(PREPARE_TIMEOUT, model.prepare())
        .map(|ready| ready.unwrap_or_else(|_| Availability::Unreachable("no answer before the start".into())))
        .await;
    fold(Instant::now(), LaneEvent::Prepared(availability));
    let mut bytes_left = MAX_TOKEN_BYTES * prompt.max_output_tokens as usize;
    let mut answer = model.stream(Arc::clone(&prompt));
    line.wait().await;
    let mut bounds = UsageBounds::new(model.card(), &prompt);
    let mut words = None;
    while let Some(item) = answer.next().await {
        match item.and_then(|stamped| within_cap(&mut bytes_left, stamped)) {
            Ok(Stamped { at, arrived, mut delta }) => {
                bounds.receive(arrived);
                if let Delta::Usage(usage) = &mut delta {
                    let claimed = std::mem::replace(usage, bounds.believed(*usage));
                    if claimed != *usage {
                        tracing::warn!(model = %model.card().id, ?claimed, "usage not believed: more than the lane can have");
                        fold(at, LaneEvent::CountRejected);
                    }
                }
                if let Delta::ProviderMessage(message) = &delta {
                    words = Some(message.clone());
                }
                fold(at, LaneEvent::Delta { arrived, delta });
            }
            Err(error) => {
                let (model, error_chain, words) = (&model.card().id, error.chain(), words.as_deref());
                let status = words.and_then(http_status);
                tracing::warn!(%model, error = error_chain, status, provider_message = words, "lane failed");
                clock.load_estimate(index).await;
                return fold(Instant::now(), LaneEvent::Failed(error));
            }
        }
    }
    clock.load_estimate(index).await;
    fold(Instant::now(), LaneEvent::Closed);
}

/// The status with which a provider's message begins: "HTTP 429: ...".
fn http_status(message: &str) -> Option<u16> {
    message.strip_prefix("HTTP ")?.get(..3)?.parse().ok()
}

/// Deducts the text of a delta from the bytes left under the output cap, so that a server that ignores the cap cannot
/// exhaust memory.
fn within_cap(bytes_left: &mut usize, stamped: Stamped) -> Result<Stamped, ModelError> {
    if let Delta::Reasoning(text) | Delta::Text(text) | Delta::Tool(text) = &stamped.delta {
        *bytes_left =
            bytes_left.checked_sub(text.len()).ok_or(ModelError::Corrupt("an answer far beyond its cap"))?;
    }
    Ok(stamped)
}

/// Waits for the stop signal; forever if its sender is gone.
async fn stopped(stop: &mut StopSignal) -> StopCause {
    let cause = stop.wait_for(Option::is_some).await.ok().and_then(|cause| *cause);
    match cause {
        Some(cause) => cause,
        None => pending().await,
    }
}
