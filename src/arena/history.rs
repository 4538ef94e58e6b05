//! The finished races of this process, newest last, for Race again, Full answers and Explain. Bounded: the oldest is
//! dropped first, and its buttons then say that it has expired.

use std::{collections::VecDeque, sync::Arc};

use crate::race::{PastRace, RaceId, Record};
use crate::{model::ModelId, race::metrics::TokenCount};

/// The number of races in memory.
const MAX_RACES: usize = 200;
/// The bytes of text in memory over all races; the newest race is kept whatever its size.
const MAX_BYTES: usize = 32 << 20;

/// The finished races.
#[derive(Debug, Default)]
pub(super) struct History {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
    /// The newest races that were dropped because their askers wanted it.
    forgotten: VecDeque<RaceId>,
}

impl History {
    /// Adds a race, in place of an earlier record of it.
    pub(super) fn push(&mut self, record: Arc<Record>) {
        if let Some(earlier) = self.records.iter().position(|earlier| earlier.id == record.id) {
            self.bytes -= self.records.remove(earlier).map_or(0, |earlier| size(&earlier));
        }
        self.bytes += size(&record);
        self.records.push_back(record);
        while self.records.len() > MAX_RACES || (self.bytes > MAX_BYTES && self.records.len() > 1) {
            self.bytes -= self.records.pop_front().map_or(0, |oldest| size(&oldest));
        }
    }

    pub(super) fn find(&self, id: RaceId) -> Option<Arc<Record>> {
        self.records.iter().rev().find(|record| record.id == id).cloned()
    }

    /// Returns the newest five races of the person `id`, newest first.
    pub(super) fn past_races(&self, id: &str) -> Vec<PastRace> {
        let theirs = self.records.iter().rev().filter(|record| record.asker.id == id).take(5);
        let race = |record: &Arc<Record>| PastRace {
            prompt: record.report.prompt.clone(),
            started_at: record.started_at,
        };
        theirs.map(race).collect()
    }

    /// Returns the races of the person `id`.
    pub(super) fn races_of(&self, id: &str) -> Vec<RaceId> {
        self.records.iter().filter(|record| record.asker.id == id).map(|record| record.id).collect()
    }

    /// Drops all races for which `is_forgotten` is true and returns their ids.
    pub(super) fn forget(&mut self, is_forgotten: impl Fn(&Record) -> bool) -> Vec<RaceId> {
        let (forgotten, kept): (VecDeque<_>, _) =
            std::mem::take(&mut self.records).into_iter().partition(|record| is_forgotten(record));
        self.records = kept;
        self.forgotten.extend(forgotten.iter().map(|record| record.id));
        let excess = self.forgotten.len().saturating_sub(MAX_RACES);
        self.forgotten.drain(..excess);
        self.bytes = self.records.iter().map(|record| size(record)).sum();
        forgotten.iter().map(|record| record.id).collect()
    }

    /// Returns true if the race was dropped because its asker wanted it.
    pub(super) fn has_forgotten(&self, id: RaceId) -> bool {
        self.forgotten.contains(&id)
    }

    /// Returns the newest decode speed of `model` and the source of its token count.
    pub(super) fn last_speed(&self, model: &ModelId) -> Option<(f64, TokenCount)> {
        let is_shown = |record: &&Arc<Record>| record.report.vote.as_ref().is_none_or(|vote| !vote.is_open);
        let lanes = self.records.iter().rev().filter(is_shown).flat_map(|record| &record.report.lanes);
        let mut lanes = lanes.filter(|lane| lane.card.id == *model);
        lanes.find_map(|lane| Some((lane.own_speed()?, lane.metrics.token_count)))
    }
}

/// Returns the bytes of text in a record.
fn size(record: &Record) -> usize {
    let lanes = record.report.lanes.iter().map(|lane| lane.answer.len() + lane.reasoning.len());
    record.report.prompt.len() + lanes.sum::<usize>()
}
