//! SHELL. Probes: races that no one sees, which confirm or clear a suspicion.

use std::sync::Arc;

use tokio::time::sleep;

use super::{IncidentWatch, save};
use crate::{
    arena::{Arena, QuietRace, Refused},
    history::{Incident, IncidentEvent, IncidentKind, Measured, Member, PROBES},
    model::ModelId,
    race::Record,
    store::{Store, StoreError, StoredIncident},
};

/// The tag of all probes.
const TAG: &str = "probe";
/// A prompt with an answer of about 200 tokens.
const PROMPT: &str =
    "Explain in about 150 words how a rainbow forms. Write plain sentences without headings or lists.";
/// The models that stand for a provider.
const MAX_MODELS: usize = 4;

/// The end of a round of probes.
pub(super) enum Probed {
    /// The suspicion was confirmed, cleared, or left for another day.
    Decided,
    /// The probes could not run just now.
    Later,
}

impl Arena {
    /// Runs the probes that `suspicion` still needs, and records each.
    pub(super) async fn probe(
        self: &Arc<Self>,
        store: &Store,
        watch: &IncidentWatch,
        suspicion: StoredIncident,
        now: i64,
    ) -> Result<Probed, StoreError> {
        let race = if watch.settings.channels.is_empty() {
            None
        } else {
            self.probe_race(watch, &suspicion.incident)
        };
        let id = suspicion.incident.id;
        loop {
            let probed = match &race {
                None => Err(Refused::NoModels),
                Some(race) => self.run_probe(race.clone()).await,
            };
            // others may have changed it meanwhile
            let Some(mut current) =
                store.incident(id).await?.filter(|current| current.incident.needs_probes())
            else {
                return Ok(Probed::Decided);
            };
            let (event, is_last) = match probed {
                Ok(record) => {
                    let is_last = current.incident.details.probes.len() + 1 == PROBES;
                    (IncidentEvent::Probed(ratios(&current.incident, &record)), is_last)
                }
                Err(Refused::BudgetSpent { .. } | Refused::NoModels) => (IncidentEvent::NoRoom, true),
                Err(refused) => {
                    tracing::info!(incident = %id, %refused, "a probe has to wait");
                    return Ok(Probed::Later);
                }
            };
            if current.incident.apply(event, now) && !save(store, &current).await? {
                return Ok(Probed::Later);
            }
            if is_last {
                return Ok(Probed::Decided);
            }
            sleep(watch.settings.probe_interval).await;
        }
    }

    /// Runs a race that no one sees in a task of its own: it ends properly whatever becomes of its caller.
    async fn run_probe(self: &Arc<Self>, race: QuietRace) -> Result<Arc<Record>, Refused> {
        let arena = Arc::clone(self);
        let running = self.tasks.spawn(async move { arena.race_quietly(race).await });
        running.await.unwrap_or(Err(Refused::Restarting))
    }

    /// Returns the probe of `incident`; `None` if none of its contenders is in the line-up.
    fn probe_race(&self, watch: &IncidentWatch, incident: &Incident) -> Option<QuietRace> {
        let is_member =
            |contender: &str| incident.details.members.iter().any(|member| member.contender == contender);
        let in_line_up = self.models.iter().filter(|model| is_member(model.identity().contender.as_str()));
        let most = self.caps.lanes_per_race.unwrap_or(MAX_MODELS).min(MAX_MODELS);
        let models: Vec<ModelId> = in_line_up.map(|model| model.card().id.clone()).take(most).collect();
        let first = models.first()?;
        let canary = watch.settings.canaries.iter().find(|(models, _)| models.contains(first));
        let prompt = canary.map_or_else(|| PROMPT.to_owned(), |(_, prompt)| prompt.clone());
        Some(QuietRace { tag: TAG.into(), models, prompt, day_budget: None })
    }
}

/// The ratio of each lane to the baseline of its member, as in [`crate::history::Details::probes`].
fn ratios(incident: &Incident, record: &Record) -> Vec<Option<f64>> {
    let lanes = record.report.lanes.iter();
    let ratio = |lane| {
        let measured = Measured::of(lane)?;
        let mut members = incident.details.members.iter();
        let member: &Member = members.find(|member| member.model == lane.card.id.as_str())?;
        let value = match incident.kind {
            IncidentKind::Speed | IncidentKind::Behaviour => {
                measured.speed.map(|speed| speed / member.before)
            }
            IncidentKind::FirstToken => measured.first_token.map(|time| time / member.before),
            IncidentKind::Failures => Some(1.0),
        };
        Some(value.filter(|_| !measured.has_failed))
    };
    lanes.filter_map(ratio).collect()
}
