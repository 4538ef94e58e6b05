//! SHELL. Runs a race: prepares every lane, releases all from one barrier, folds what comes.
//!
//! One task a lane, so that no lane waits for another; a lane that fails, hangs or panics ends alone.
//! Must not know platforms, views or how a model is reached.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use tokio::{
    sync::{Barrier, watch},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    estimate,
    event::{Elapsed, EventKind, LaneEvent, RaceEvent, StopCause},
    state::RaceState,
};
use crate::model::{Availability, ChatModel, Delta, ModelError, Prompt, Stamped};

/// How long the start line waits for connections. A lane that is not ready then starts cold and says so:
/// its first token is late by the time of its connection, but it does not hold up the others.
pub const START_GRACE: Duration = Duration::from_secs(3);

/// How often the clock of a waiting lane moves.
pub const TICK: Duration = Duration::from_secs(1);

/// The most text of a token, in bytes: the longest ones of common vocabularies are runs of white space.
const TOKEN_BYTES: usize = 128;

/// The word that ends a race early: `None` until somebody says it.
pub type StopSignal = watch::Receiver<Option<StopCause>>;

/// Runs one lane for each of `models` (in the order of the state's lanes) until all are over or `stop`
/// says a cause; requests still running then are cancelled at their providers. When it returns, the
/// state in `race` is over.
pub async fn run(
    models: &[Arc<dyn ChatModel>],
    prompt: Arc<Prompt>,
    mut stop: StopSignal,
    race: &watch::Sender<RaceState>,
) {
    let clock = Clock { start: Instant::now(), race: race.clone() };
    let start_line = Arc::new(Barrier::new(models.len() + 1));
    let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
    for (index, model) in models.iter().enumerate() {
        let lane =
            lane(index, Arc::clone(model), Arc::clone(&prompt), Arc::clone(&start_line), clock.clone());
        tasks.spawn(cancel.clone().run_until_cancelled_owned(lane));
    }
    tasks.spawn(cancel.clone().run_until_cancelled_owned(open(start_line)));
    tasks.close();
    let mut tick = interval_at(clock.start + TICK, TICK);
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
    clock.end_lanes_of_dead_tasks(models.len());
}

/// The race's clock and the only writer of its state.
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

    /// A lane whose task panicked said nothing more; without this its race would never be over.
    fn end_lanes_of_dead_tasks(&self, lanes: usize) {
        for index in 0..lanes {
            if !self.race.borrow().lanes[index].phase.is_over() {
                tracing::error!(lane = index, "the lane's task died");
                let error = ModelError::Corrupt("a fault of ours, see the log");
                self.fold(Instant::now(), EventKind::Lane(index, LaneEvent::Failed(error)));
            }
        }
    }
}

/// Opens the start line once the token estimate is loaded, which no measurement should pay for.
async fn open(line: Arc<Barrier>) {
    if tokio::task::spawn_blocking(estimate::load).await.is_err() {
        tracing::error!("the token estimate could not be loaded");
    }
    line.wait().await;
}

async fn lane(
    index: usize,
    model: Arc<dyn ChatModel>,
    prompt: Arc<Prompt>,
    line: Arc<Barrier>,
    clock: Clock,
) {
    let fold = |at, event| clock.fold(at, EventKind::Lane(index, event));
    let availability = timeout(START_GRACE, model.prepare())
        .map(|ready| ready.unwrap_or_else(|_| Availability::Unreachable("no answer before the start".into())))
        .await;
    fold(Instant::now(), LaneEvent::Prepared(availability));
    let mut room = TOKEN_BYTES * prompt.max_output_tokens as usize;
    let mut answer = model.stream(prompt);
    line.wait().await;
    while let Some(item) = answer.next().await {
        match item.and_then(|stamped| within(&mut room, stamped)) {
            Ok(stamped) => fold(stamped.at, LaneEvent::Delta(stamped.delta)),
            Err(error) => {
                tracing::warn!(model = %model.card().id, error = error.chain(), "lane failed");
                return fold(Instant::now(), LaneEvent::Failed(error));
            }
        }
    }
    fold(Instant::now(), LaneEvent::Closed);
}

/// Takes the text of a delta off the room that the output cap leaves; a server that ignores the cap must not
/// fill the memory.
fn within(room: &mut usize, stamped: Stamped) -> Result<Stamped, ModelError> {
    if let Delta::Reasoning(text) | Delta::Text(text) | Delta::Tool(text) = &stamped.delta {
        *room = room.checked_sub(text.len()).ok_or(ModelError::Corrupt("an answer far beyond its cap"))?;
    }
    Ok(stamped)
}

/// Waits until somebody ends the race; for ever when nobody can any more.
async fn stopped(stop: &mut StopSignal) -> StopCause {
    let said = stop.wait_for(Option::is_some).await.ok().and_then(|cause| *cause);
    match said {
        Some(cause) => cause,
        None => std::future::pending().await,
    }
}
