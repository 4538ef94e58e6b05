//! SHELL. Races that no one sees: the runs of canaries, and the probes that confirm a suspicion.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Arena, Origin, Recorded, Refused};
use crate::{
    model::ModelId,
    race::{Asker, Record, cost::Cost, vote::RaceKind},
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// The name under which quiet races are stored as a platform.
pub const QUIET: &str = "canary";
/// The most output tokens of an answer.
pub(super) const MAX_TOKENS: u32 = 256;

/// A race that no one sees.
#[derive(Clone, Debug)]
pub struct QuietRace {
    /// The id of the canary, by which its races are grouped.
    pub tag: String,
    /// The models; all if empty.
    pub models: Vec<ModelId>,
    /// The prompt. A unique line is put before it, so that no provider answers from a cache.
    pub prompt: String,
    /// The most that all races with this tag may cost in a day (UTC).
    pub day_budget: Option<Cost>,
}

impl Arena {
    /// Runs a race that no one sees, at temperature 0 and with at most 256 tokens an answer, and returns its record. It
    /// reserves money and requests like any other.
    ///
    /// # Errors
    /// [`Refused`], as for any race.
    pub async fn race_quietly(&self, race: QuietRace) -> Result<Arc<Record>, Refused> {
        let recorded = self.record_quietly(race, Timestamp::now(), None).await?;
        Ok(self.run_quietly(recorded).await)
    }

    /// Admits and records a race that no one sees, which starts at `now`, and once for each `delivery`.
    ///
    /// # Errors
    /// [`Refused`], as for any race.
    pub(super) async fn record_quietly(
        &self,
        race: QuietRace,
        now: Timestamp,
        delivery: Option<String>,
    ) -> Result<Recorded, Refused> {
        let asker = Asker { id: format!("{QUIET}:{}", race.tag), name: race.tag.clone() };
        let mut admitted = self.admit(asker, &race.models, race.prompt)?.of_kind(RaceKind::Canary);
        admitted.prompt = format!("Run {}.\n\n{}", admitted.id.brief(), admitted.prompt);
        (admitted.tag, admitted.day_budget, admitted.started_at) = (Some(race.tag), race.day_budget, now);
        let origin = Origin { platform: QUIET, server: QUIET.into(), delivery, ..Origin::default() };
        self.record(admitted, &origin).await
    }

    /// Runs a race that no one sees.
    pub(super) async fn run_quietly(&self, recorded: Recorded) -> Arc<Record> {
        self.race(recorded, &mut NoSurface).await
    }
}

/// The surface of a race that no one sees.
struct NoSurface;

impl Surface for NoSurface {
    fn pace(&self) -> Pace {
        Pace { before_final: Duration::ZERO, ..Pace::every(Duration::from_secs(1)) }
    }

    async fn show(&mut self, _view: &View) -> Result<Learned, SurfaceError> {
        Ok(Learned::default())
    }

    fn wants_chart(&self) -> bool {
        false
    }

    async fn attach(&mut self, _chart: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}
