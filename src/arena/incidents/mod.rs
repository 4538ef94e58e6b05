//! SHELL. The watch over all models: it opens, confirms and closes incidents, and keeps their messages up to date.
//!
//! ```text
//! Store::samples -> history::watch -> Store::update_incident    at the end of each day
//!                   probes         -> Store::update_incident    of suspicions, where the budget has room
//! Arena::changed_answers           -> Store::open_incident      every hour
//! a button                         -> Store::update_incident    in any replica
//! Store::incident -> notice -> publish -> AlertChannel          one message each, edited
//! ```
//!
//! One process at a time watches. A change that another process was faster to make is not made.

mod notice;
mod probe;
mod publish;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::probe::Probed;
use super::{Arena, ChangedAnswers, lock};
use crate::{
    alert::AlertChannel,
    history::{
        self, Cause, DAY_MS, Incident, IncidentAction, IncidentEvent, IncidentId, IncidentKind, Member, Step,
        Suspicion, TypicalAnswers, WINDOW_DAYS, Watched,
    },
    model::ModelId,
    race::{Asker, RaceId},
    store::{SampleKind, Store, StoreError, StoredIncident, StoredSeries},
};

/// The longest interval between two looks.
const LOOK_INTERVAL: Duration = Duration::from_hours(1);
/// The time after midnight at which the day before is judged: races that began in it are over.
const AFTER_MIDNIGHT_MS: i64 = 15 * 60_000;
/// The samples that are read: both windows before an incident, and those since.
const READ_DAYS: i64 = 2 * WINDOW_DAYS;
/// The attempts of a person's press against changes by others.
const MAX_PRESSES: usize = 5;

/// The settings of the watch.
pub struct WatchSettings {
    /// The channels in which incidents are posted.
    pub channels: Vec<Arc<dyn AlertChannel>>,
    /// The models of each canary, and its prompt.
    pub canaries: Vec<(Vec<ModelId>, String)>,
    /// The time between two probes.
    pub probe_interval: Duration,
}

/// The watch of this process.
pub(super) struct IncidentWatch {
    settings: WatchSettings,
    /// The newest day that was judged.
    judged_on: Mutex<Option<i64>>,
    /// Held while messages are posted and edited.
    publishing: tokio::sync::Mutex<()>,
}

/// A press on a button of an incident.
#[derive(Clone, Copy, Debug)]
pub struct Press<'a> {
    /// The platform's name.
    pub platform: &'a str,
    /// The place of the message, in the form in which buttons are sealed.
    pub place: &'a str,
    /// The person.
    pub person: &'a Asker,
}

impl Arena {
    /// Sets up the watch. Called once, after the platforms were made, whose channels hold this arena.
    pub fn set_watch(&self, settings: WatchSettings) {
        let watch = IncidentWatch {
            settings,
            judged_on: Mutex::default(),
            publishing: tokio::sync::Mutex::default(),
        };
        if self.watch.set(watch).is_err() {
            tracing::error!("the watch was set up twice");
        }
    }

    /// Looks at all models at once, then soon after each midnight (UTC) and once an hour, until `closed` is cancelled.
    pub async fn watch(self: Arc<Self>, closed: CancellationToken) {
        while closed.run_until_cancelled(self.look(Timestamp::now())).await.is_some() {
            let now = Timestamp::now().as_millisecond();
            let midnight = (now - AFTER_MIDNIGHT_MS).div_euclid(DAY_MS) + 1;
            let due = u64::try_from(midnight * DAY_MS + AFTER_MIDNIGHT_MS - now).unwrap_or(0);
            if closed
                .run_until_cancelled(sleep(LOOK_INTERVAL.min(Duration::from_millis(due))))
                .await
                .is_none()
            {
                return;
            }
        }
    }

    /// Judges the days that ended before `now`, unless this process has done so, probes what is suspected, judges the
    /// answers to canaries, and brings all messages up to date.
    pub async fn look(self: &Arc<Self>, now: Timestamp) {
        let (Some(store), Some(watch)) = (&self.store, self.watch.get()) else { return };
        let now = now.as_millisecond();
        let last_day = now.div_euclid(DAY_MS) - 1;
        if lock(&watch.judged_on).is_none_or(|judged_on| judged_on < last_day) {
            match self.judge(store, last_day, now).await {
                // a suspicion that could not be probed just now is tried again
                Ok(()) if self.probe_all(store, watch, now).await => *lock(&watch.judged_on) = Some(last_day),
                Ok(()) => {}
                Err(error) => tracing::warn!(error = error.chain(), "failed to judge the history"),
            }
        }
        if let Err(error) = self.judge_answers(store, now).await {
            tracing::warn!(error = error.chain(), "failed to judge the answers of canaries");
        }
        self.publish_all(now).await;
    }

    /// Judges the samples of all series up to the end of `last_day`.
    async fn judge(&self, store: &Store, last_day: i64, now: i64) -> Result<(), StoreError> {
        let from = (last_day - READ_DAYS) * DAY_MS;
        let series = store.samples_between(from, (last_day + 1) * DAY_MS).await?;
        let stored = store.incidents(from).await?;
        let incidents: Vec<Incident> = stored.iter().map(|stored| stored.incident.clone()).collect();
        let judging = tokio::task::spawn_blocking(move || {
            let watched: Vec<Watched<'_>> = series.iter().map(watched).collect();
            history::watch(&watched, &incidents, last_day, now)
        });
        let steps = judging.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the judgement of the history panicked");
            vec![]
        });
        for mut known in stored {
            if known.incident.apply(IncidentEvent::Tick, now) {
                save(store, &known).await?;
            }
        }
        for step in steps {
            take(store, step, now).await?;
        }
        Ok(())
    }

    /// Opens an incident for each model that answers a canary differently than before.
    async fn judge_answers(&self, store: &Store, now: i64) -> Result<(), StoreError> {
        let changes = self.changed_answers().await?;
        if changes.is_empty() {
            return Ok(());
        }
        let from = now - READ_DAYS * DAY_MS;
        let stored = store.incidents(from).await?;
        // the last change of a canary that was paused long ago was reported then
        for change in changes.into_iter().filter(|change| change.since_ms >= from) {
            let cause = Cause::Model(change.contender.clone());
            let is_known = |known: &StoredIncident| {
                known.incident.cause == cause && known.incident.has_answers_since(change.since_ms)
            };
            if stored.iter().any(is_known) {
                continue;
            }
            let card = self.cards.iter().find(|card| card.id.as_str() == change.model);
            let provider = card.map(|card| card.provider.clone()).unwrap_or_default();
            take(store, Step::Open(suspicion(change, cause, provider), None), now).await?;
        }
        Ok(())
    }

    /// Probes all suspicions. Returns false if one could not be probed just now.
    async fn probe_all(self: &Arc<Self>, store: &Store, watch: &IncidentWatch, now: i64) -> bool {
        let suspicions = match store.incidents(i64::MAX).await {
            Ok(open) => open.into_iter().filter(|stored| stored.incident.needs_probes()),
            Err(error) => {
                tracing::warn!(error = error.chain(), "failed to read the incidents");
                return false;
            }
        };
        let mut is_done = true;
        for suspicion in suspicions {
            let id = suspicion.incident.id;
            match self.probe(store, watch, suspicion, now).await {
                Ok(Probed::Decided) => {}
                Ok(Probed::Later) => is_done = false,
                Err(error) => {
                    tracing::warn!(incident = %id, error = error.chain(), "failed to record a probe");
                    is_done = false;
                }
            }
        }
        is_done
    }

    /// Carries out a button of an incident and returns the answer for the person.
    pub async fn respond_to_incident(
        &self,
        id: IncidentId,
        action: IncidentAction,
        press: Press<'_>,
    ) -> String {
        self.respond_to_incident_at(id, action, press, Timestamp::now()).await
    }

    /// Carries out a button that was pressed at `now`.
    pub async fn respond_to_incident_at(
        &self,
        id: IncidentId,
        action: IncidentAction,
        press: Press<'_>,
        now: Timestamp,
    ) -> String {
        let Some(store) = &self.store else { return notice::GONE.into() };
        let answer = respond(store, id, action, press, now.as_millisecond()).await;
        if answer.is_ok() {
            self.publish(id, now.as_millisecond()).await;
        }
        answer.unwrap_or_else(|refusal| match refusal {
            Refusal::Sentence(sentence) => sentence.into(),
            Refusal::Store(error) => {
                tracing::warn!(incident = %id, error = error.chain(), "failed to record a button");
                notice::UNAVAILABLE.into()
            }
        })
    }
}

/// The reason why a press had no effect.
enum Refusal {
    Sentence(&'static str),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn respond(
    store: &Store,
    id: IncidentId,
    action: IncidentAction,
    press: Press<'_>,
    now: i64,
) -> Result<String, Refusal> {
    let messages = store.promptly(store.incident_messages(id)).await?;
    if messages.is_empty() {
        return Err(Refusal::Sentence(notice::GONE));
    }
    if !messages.iter().any(|message| message.platform == press.platform && message.is_in(press.place)) {
        return Err(Refusal::Sentence(notice::ELSEWHERE));
    }
    for _ in 0..MAX_PRESSES {
        let Some(mut stored) = store.incident(id).await? else { return Err(Refusal::Sentence(notice::GONE)) };
        if !stored.incident.state.is_open() {
            return Err(Refusal::Sentence(notice::OVER));
        }
        stored.incident.apply(IncidentEvent::Pressed(action, press.person.clone()), now);
        if save(store, &stored).await? {
            return Ok(notice::pressed(&stored.incident, action));
        }
    }
    Err(Refusal::Sentence(notice::UNAVAILABLE))
}

/// The suspicion that the model of `provider` was exchanged. A change of answers has no size.
fn suspicion(change: ChangedAnswers, cause: Cause, provider: String) -> Suspicion {
    let ChangedAnswers { canary, contender, model, since_ms, p, before, now, .. } = change;
    let member = Member {
        contender,
        model,
        provider,
        is_canary: true,
        since_ms,
        back_ms: None,
        before: 1.0,
        after: 1.0,
        count_before: 0,
        count_after: 0,
        p,
        answers: Some(TypicalAnswers { canary, before: key(before), now: key(now) }),
    };
    let day = since_ms.div_euclid(DAY_MS);
    Suspicion { kind: IncidentKind::Behaviour, cause, members: vec![member], day }
}

fn key((race, place): (RaceId, usize)) -> (String, usize) {
    (race.to_string(), place)
}

fn new_id() -> IncidentId {
    IncidentId::new(Uuid::now_v7())
}

fn watched(series: &StoredSeries) -> Watched<'_> {
    Watched {
        contender: &series.contender,
        model: &series.model,
        provider: &series.provider,
        is_canary: series.kind == SampleKind::Canary,
        speeds: &series.speeds,
        first_tokens: &series.first_tokens,
        attempts: &series.attempts,
    }
}

/// Takes a step of [`history::watch`].
async fn take(store: &Store, step: Step, now: i64) -> Result<(), StoreError> {
    match step {
        Step::Open(suspicion, muted_until) => {
            let mut incident = Incident::open(new_id(), suspicion, now);
            incident.details.muted_until = muted_until;
            tracing::info!(incident = %incident.id, cause = incident.cause.key(), kind = incident.kind.as_str(),
                "suspected an incident");
            store.open_incident(&incident).await.map(drop)
        }
        Step::Event(id, event) => {
            // a step or a person may have changed it since it was judged
            let Some(mut known) = store.incident(id).await? else { return Ok(()) };
            if known.incident.apply(event, now) {
                save(store, &known).await?;
            }
            Ok(())
        }
    }
}

/// Stores an incident that was changed. Returns false if another process was faster.
async fn save(store: &Store, changed: &StoredIncident) -> Result<bool, StoreError> {
    let is_saved = store.update_incident(&changed.incident, changed.version).await?;
    if is_saved {
        let incident = &changed.incident;
        tracing::info!(incident = %incident.id, state = incident.state.as_str(), "recorded a change of an incident");
    }
    Ok(is_saved)
}
