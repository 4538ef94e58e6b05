//! The use cases: admit, record, race, present, finish; look up, stop, forget.
//!
//! ```text
//! admit -> Admitted -> record -> Recorded -> race -> Record
//!          (memory)              (store)     (lanes, edit loop and checkpointer side by side)
//! ```
//!
//! Platforms call this module and hand it a [`Surface`](crate::surface::Surface). A race whose process dies is an
//! orphan: [`Arena::recover`] adopts it in another process and finishes its message through a [`Finisher`].

mod admission;
mod admitted;
mod canaries;
mod caps;
mod channel;
mod checkpoint;
mod conversation;
mod digest;
mod files;
mod history;
mod incidents;
mod lookup;
mod metrics;
mod orphans;
mod overview;
mod persona;
mod quiet;
mod record;
mod session;
mod speed_history;
mod vote;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};
use uuid::Uuid;

use self::session::Live;
pub use self::{
    admission::{Limits, Refused},
    admitted::Admitted,
    canaries::{Canary, CanaryRunner, CanaryStatus, ChangedAnswers, DueCanary, NO_CANARY},
    caps::Caps,
    channel::{ChannelHistory, chart_alt},
    conversation::ContinueError,
    digest::WeeklyDigest,
    files::ExpectedFile,
    incidents::{Press, WatchSettings},
    lookup::{LookupError, StopError, forget_reply},
    orphans::Finisher,
    overview::{Overview, OverviewCell, OverviewKind, OverviewRow, OverviewTable},
    persona::{ContenderNames, Persona},
    quiet::{QUIET, QuietRace},
    record::{Origin, Recorded},
    speed_history::{ModelSpeeds, SpeedHistory, SpeedSeries},
    vote::{BlindSettings, CastBallot, VoteError},
};
#[cfg(test)]
pub(crate) use self::{digest::sample as digest_sample, overview::samples};
use crate::{
    model::{Availability, ChatModel, ModelCard, ModelId},
    race::{
        Asker, Circumstances, Entrant, RaceId, Record, blind::Telltales, event::StopCause, vote::RaceKind,
    },
    store::{Speed, Store},
};

/// Charts drawn at once: each takes some milliseconds of a whole core.
const MAX_CONCURRENT_CHARTS: usize = 2;

/// The days that median speeds cover.
const SPEED_DAYS: u64 = 7;

/// Ends a race when it is sent a cause.
type StopSender = watch::Sender<Option<StopCause>>;

/// The arena: the line-up, its limits and its races.
pub struct Arena {
    models: Vec<Arc<dyn ChatModel>>,
    cards: Vec<Arc<ModelCard>>,
    admission: admission::Admission,
    store: Option<Store>,
    canaries: Vec<Canary>,
    caps: Caps,
    personas: Vec<Persona>,
    blind: BlindSettings,
    telltales: Arc<Telltales>,
    votes: vote::FollowedVotes,
    watch: OnceLock<incidents::IncidentWatch>,
    live: Mutex<HashMap<RaceId, Live>>,
    history: Mutex<history::History>,
    charts: Semaphore,
    reads: Semaphore,
    /// The runtime of the lanes; if `None`, they use the one that runs the race.
    lane_runtime: Option<Handle>,
    tasks: TaskTracker,
    closing: CancellationToken,
    interrupting: CancellationToken,
}

impl Arena {
    /// Creates an arena with this line-up, without persistence.
    #[must_use]
    pub fn new(models: Vec<Arc<dyn ChatModel>>, limits: Limits) -> Self {
        let identities = models.iter().map(|model| (model.card().id.clone(), model.identity()));
        Self {
            telltales: Arc::new(Telltales::of(identities)),
            personas: vec![],
            blind: BlindSettings::default(),
            votes: vote::FollowedVotes::default(),
            watch: OnceLock::new(),
            cards: models.iter().map(|model| Arc::new(model.card().clone())).collect(),
            models,
            admission: admission::Admission::new(limits),
            store: None,
            canaries: vec![],
            caps: Caps::default(),
            live: Mutex::default(),
            history: Mutex::default(),
            charts: Semaphore::new(MAX_CONCURRENT_CHARTS),
            reads: Semaphore::new(files::MAX_CONCURRENT_READS),
            lane_runtime: None,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            interrupting: CancellationToken::new(),
        }
    }

    /// Returns this arena with persistence: every race is recorded in `store`, and `caps` hold over all processes that
    /// share it.
    #[must_use]
    pub fn with_store(self, store: Store, caps: Caps) -> Self {
        Self { store: Some(store), caps, ..self }
    }

    /// Returns this arena with a runtime on which the lanes of all races read their answers; see [`crate::race::run`].
    #[must_use]
    pub fn with_lane_runtime(self, runtime: Handle) -> Self {
        Self { lane_runtime: Some(runtime), ..self }
    }

    /// Returns the runtime of the lanes, which is the current one unless they have their own.
    fn lane_runtime(&self) -> Handle {
        self.lane_runtime.clone().unwrap_or_else(Handle::current)
    }

    /// Returns this arena with these settings of blind races.
    #[must_use]
    pub fn with_blind_races(self, blind: BlindSettings) -> Self {
        Self { blind, ..self }
    }

    /// Returns this arena with these canaries, which a [`CanaryRunner`] runs.
    #[must_use]
    pub fn with_canaries(self, canaries: Vec<Canary>) -> Self {
        Self { canaries, ..self }
    }

    /// Returns the most output tokens of an answer in a race of this kind.
    fn max_output_tokens(&self, kind: RaceKind) -> u32 {
        let most = self.admission.limits().output_tokens;
        if kind == RaceKind::Canary { most.min(quiet::MAX_TOKENS) } else { most }
    }

    /// Returns the cards of the line-up, in its order.
    #[must_use]
    pub fn cards(&self) -> &[Arc<ModelCard>] {
        &self.cards
    }

    /// Returns the limits of admission.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.admission.limits()
    }

    /// Admits a race of `models` (all if none is named) for `asker`. Memory only.
    ///
    /// # Errors
    /// [`Refused`], whose text is for the asker alone.
    pub fn admit(&self, asker: Asker, models: &[ModelId], prompt: String) -> Result<Admitted, Refused> {
        self.decide(asker, models, prompt).inspect_err(metrics::refused)
    }

    fn decide(&self, asker: Asker, models: &[ModelId], prompt: String) -> Result<Admitted, Refused> {
        if self.closing.is_cancelled() {
            return Err(Refused::Restarting);
        }
        let named = |model: &&Arc<dyn ChatModel>| models.is_empty() || models.contains(&model.card().id);
        let chosen: Vec<_> = self.models.iter().filter(named).cloned().collect();
        if chosen.is_empty() {
            return Err(if models.is_empty() { Refused::NoModels } else { Refused::ModelGone });
        }
        let since = Instant::now();
        let slot = self.admission.admit(&asker.id, &prompt, since)?;
        Ok(Admitted {
            id: RaceId::new(Uuid::now_v7()),
            asker,
            prompt,
            circumstances: Circumstances::default(),
            persona: None,
            models: chosen,
            expected: vec![],
            files: vec![],
            sat_out: vec![],
            original: None,
            kind: RaceKind::Open,
            conversation: None,
            notes: vec![],
            tag: None,
            day_budget: None,
            started_at: Timestamp::now(),
            since,
            slot: Mutex::new(Some(slot)),
        })
    }

    /// Spawns a task that shutdown waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Returns the result of `work`, or `None` once a restart interrupts the races: for work that shutdown must not wait
    /// for.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.interrupting.run_until_cancelled(work).await
    }

    /// Ends all live races for `cause`.
    fn end_all(&self, cause: StopCause) {
        for live in lock(&self.live).values() {
            live.stop.send_replace(Some(cause));
        }
    }

    /// Stops a live race on a person's request. Returns false if it is not live (any more).
    pub fn stop(&self, id: RaceId) -> bool {
        lock(&self.live).get(&id).is_some_and(|live| live.stop.send(Some(StopCause::Asked)).is_ok())
    }

    /// Returns the asker of a live race.
    #[must_use]
    pub fn asker(&self, id: RaceId) -> Option<Asker> {
        lock(&self.live).get(&id).map(|live| live.asker.clone())
    }

    /// Returns a race of this process whose lanes are over and that is still in memory, without its names while its vote
    /// is open.
    #[must_use]
    pub fn record_of(&self, id: RaceId) -> Option<Arc<Record>> {
        let record = lock(&self.history).find(id)?;
        Some(self.blinded(&record).map_or(record, Arc::new))
    }

    /// Returns the line-up with its availability and speeds, asking all providers at once for at most `limit`. Connections
    /// are opened on the runtime of the lanes, which may use them next.
    pub async fn entrants(&self, limit: Duration) -> Vec<Entrant> {
        let runtime = self.lane_runtime();
        let speeds = timeout(limit, self.speeds()).await.unwrap_or_default();
        let asked = self.models.iter().map(|model| async {
            let silent = || Availability::Unreachable("no answer in time".into());
            let asked = AbortOnDropHandle::new(runtime.spawn(model.prepare()));
            let availability = timeout(limit, asked).await.ok().and_then(Result::ok).unwrap_or_else(silent);
            let card = model.card().clone();
            let last_speed = lock(&self.history).last_speed(&card.id);
            let weekly = speeds.iter().find(|speed| speed.model == card.id);
            let weekly_median = weekly.map(|speed| (speed.median, speed.count, speed.answers));
            Entrant { card, availability, last_speed, weekly_median }
        });
        join_all(asked).await
    }

    async fn speeds(&self) -> Vec<Speed> {
        let Some(store) = &self.store else { return vec![] };
        store.speeds(SPEED_DAYS).await.unwrap_or_else(|error| {
            tracing::debug!(error = error.chain(), "failed to look up speeds");
            vec![]
        })
    }

    /// Refuses new races from now on.
    pub fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
    }

    /// Lets live races end by themselves until `stop_at`, then interrupts them and waits for their final frames until
    /// `deadline`. No chart is drawn or attached once races are interrupted. Returns true if all ended in time.
    pub async fn drain(&self, stop_at: Instant, deadline: Instant) -> bool {
        self.close();
        if timeout_at(stop_at, self.tasks.wait()).await.is_ok() {
            return true;
        }
        self.interrupting.cancel();
        self.end_all(StopCause::Restart);
        timeout_at(deadline, self.tasks.wait()).await.is_ok()
    }
}

/// Locks `mutex`. Every critical section here is a few plain steps, so a poisoned lock still holds sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
