//! The use cases: admit, race, present, chart, remember; stop; who is in the line-up.
//!
//! Platforms call this module and hand it a [`Surface`](crate::surface::Surface); it must not know which platform they are.

mod admission;
mod caps;
mod entry;
mod history;
mod meter;
mod recall;
mod recovery;
mod running;
mod scribe;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::running::Live;
pub use self::{
    admission::{Limits, Refused},
    caps::Caps,
    entry::Origin,
    recall::{NotRemembered, NotStopped},
    recovery::Salvage,
};
use crate::{
    model::{Availability, ChatModel, ModelCard, ModelId},
    race::{Asker, Entrant, RaceId, Record, event::StopCause},
    store::{Speed, Store},
};

/// Charts drawn at once: a drawing takes some milliseconds of a whole core.
const CHARTS_AT_ONCE: usize = 2;

/// Of how many days the median speeds are.
const DAYS: u64 = 7;

/// The right to run one race. Dropping it gives the slot back.
pub struct Permit {
    id: RaceId,
    asker: Asker,
    prompt: String,
    models: Vec<Arc<dyn ChatModel>>,
    started_at: Timestamp,
    admitted_at: Instant,
    /// It stands in the store.
    is_kept: bool,
    /// The platform's word, and its id of what it delivered: for the log.
    platform: &'static str,
    delivery: String,
    _slot: OwnedSemaphorePermit,
}

impl Permit {
    /// The id of the race to be.
    #[must_use]
    pub fn id(&self) -> RaceId {
        self.id
    }

    /// What is asked.
    #[must_use]
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// What people call the one who asks.
    #[must_use]
    pub fn asker(&self) -> &str {
        &self.asker.name
    }

    /// The same with the name of the one who asks, where it was not known before.
    #[must_use]
    pub fn asked_by(mut self, name: String) -> Self {
        self.asker.name = name;
        self
    }

    /// Who races.
    #[must_use]
    pub fn lanes(&self) -> impl ExactSizeIterator<Item = &ModelCard> {
        self.models.iter().map(|model| model.card())
    }
}

/// The arena.
pub struct Arena {
    models: Vec<Arc<dyn ChatModel>>,
    cards: Vec<Arc<ModelCard>>,
    admission: admission::Admission,
    store: Option<Store>,
    caps: Caps,
    live: Mutex<HashMap<RaceId, Live>>,
    history: Mutex<history::History>,
    charts: Semaphore,
    tasks: TaskTracker,
    closing: CancellationToken,
    interrupting: CancellationToken,
}

impl Arena {
    /// An arena with this line-up.
    #[must_use]
    pub fn new(models: Vec<Arc<dyn ChatModel>>, limits: Limits) -> Self {
        Self {
            cards: models.iter().map(|model| Arc::new(model.card().clone())).collect(),
            models,
            admission: admission::Admission::new(limits),
            store: None,
            caps: Caps::default(),
            live: Mutex::default(),
            history: Mutex::default(),
            charts: Semaphore::new(CHARTS_AT_ONCE),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            interrupting: CancellationToken::new(),
        }
    }

    /// The same that writes its races down in `store`, and holds to `caps` with all others that use it.
    #[must_use]
    pub fn keeping(self, store: Store, caps: Caps) -> Self {
        Self { store: Some(store), caps, ..self }
    }

    /// What people see of the line-up, in its order.
    #[must_use]
    pub fn cards(&self) -> &[Arc<ModelCard>] {
        &self.cards
    }

    /// The limits that admission holds to.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.admission.limits()
    }

    /// Lets `asker` start a race of `models` (none named: all) or says why not. Memory only.
    ///
    /// # Errors
    /// [`Refused`], whose text is for the asker alone.
    pub fn admit(&self, asker: Asker, models: &[ModelId], prompt: String) -> Result<Permit, Refused> {
        self.decide(asker, models, prompt).inspect_err(meter::refused)
    }

    fn decide(&self, asker: Asker, models: &[ModelId], prompt: String) -> Result<Permit, Refused> {
        if self.closing.is_cancelled() {
            return Err(Refused::Restarting);
        }
        let named = |model: &&Arc<dyn ChatModel>| models.is_empty() || models.contains(&model.card().id);
        let chosen: Vec<_> = self.models.iter().filter(named).cloned().collect();
        if chosen.is_empty() {
            return Err(if models.is_empty() { Refused::NoModels } else { Refused::ModelGone });
        }
        let admitted_at = Instant::now();
        let slot = self.admission.admit(&asker.id, &prompt, admitted_at)?;
        Ok(Permit {
            id: RaceId::new(Uuid::now_v7()),
            asker,
            prompt,
            models: chosen,
            started_at: Timestamp::now(),
            admitted_at,
            is_kept: false,
            platform: "",
            delivery: String::new(),
            _slot: slot,
        })
    }

    /// Spawns a task that shutdown waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// What comes of `work`, which is given up when a restart interrupts the races: for what shutdown must not wait
    /// for. `None` then.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.interrupting.run_until_cancelled(work).await
    }

    /// Ends all live races for this cause.
    fn end_all(&self, cause: StopCause) {
        for live in lock(&self.live).values() {
            live.stop.send_replace(Some(cause));
        }
    }

    /// Ends a live race because a person asked for it. False when it is not live (any more).
    pub fn stop(&self, id: RaceId) -> bool {
        self.end(id, StopCause::Asked)
    }

    /// Ends a live race for this cause. False when it is not live (any more).
    pub fn end(&self, id: RaceId, cause: StopCause) -> bool {
        lock(&self.live).get(&id).is_some_and(|live| live.stop.send(Some(cause)).is_ok())
    }

    /// Who asked for a race that is live now.
    #[must_use]
    pub fn asker(&self, id: RaceId) -> Option<Asker> {
        lock(&self.live).get(&id).map(|live| live.asker.clone())
    }

    /// A race that is over and still remembered.
    #[must_use]
    pub fn record(&self, id: RaceId) -> Option<Arc<Record>> {
        lock(&self.history).find(id)
    }

    /// The line-up today, asking every provider at once; each gets at most `patience`.
    pub async fn entrants(&self, patience: Duration) -> Vec<Entrant> {
        let speeds = timeout(patience, self.speeds()).await.unwrap_or_default();
        let asked = self.models.iter().map(|model| async {
            let silent = || Availability::Unreachable("no answer in time".into());
            let availability = timeout(patience, model.prepare()).await.unwrap_or_else(|_| silent());
            let card = model.card().clone();
            let last_speed = lock(&self.history).last_speed(&card.id);
            let weekly_median = speeds.iter().find(|speed| speed.model == card.id);
            let weekly_median = weekly_median.map(|speed| (speed.median, speed.count, speed.answers));
            Entrant { card, availability, last_speed, weekly_median }
        });
        join_all(asked).await
    }

    async fn speeds(&self) -> Vec<Speed> {
        let Some(store) = &self.store else { return vec![] };
        store.speeds(DAYS).await.unwrap_or_else(|error| {
            tracing::debug!(error = error.chain(), "speeds were not looked up");
            vec![]
        })
    }

    /// Refuses new races from now on.
    pub fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
    }

    /// Lets live races end by themselves until `stop_at`, then interrupts them, and waits until every
    /// message has its final frame or `deadline` is there. No chart is drawn or attached once races are
    /// interrupted. True when all ended in time.
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

/// Every critical section here is a few plain steps, so a poisoned lock still holds sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
