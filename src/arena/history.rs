//! The races of this process that are over, newest last: what Race again, Full answers and Explain need.
//!
//! Bounded; the oldest is forgotten first, and its buttons then say that it has expired.

use std::{collections::VecDeque, sync::Arc};

use super::{RaceId, Record};
use crate::{model::ModelId, race::metrics::TokenCount};

/// How many races are remembered at most.
const RACES: usize = 200;
/// How many bytes of text they may hold together; the newest race is remembered whatever it holds.
const BYTES: usize = 32 << 20;

/// The races that are over.
#[derive(Debug, Default)]
pub(super) struct History {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
}

impl History {
    pub(super) fn push(&mut self, record: Arc<Record>) {
        self.bytes += size(&record);
        self.records.push_back(record);
        while self.records.len() > RACES || (self.bytes > BYTES && self.records.len() > 1) {
            self.bytes -= self.records.pop_front().map_or(0, |oldest| size(&oldest));
        }
    }

    pub(super) fn find(&self, id: RaceId) -> Option<Arc<Record>> {
        self.records.iter().rev().find(|record| record.id == id).cloned()
    }

    /// Forgets all races of the person `id`; tells how many.
    pub(super) fn forget(&mut self, id: &str) -> u64 {
        let before = self.records.len();
        self.records.retain(|record| record.asker.id != id);
        self.bytes = self.records.iter().map(|record| size(record)).sum();
        (before - self.records.len()).try_into().unwrap_or(u64::MAX)
    }

    /// The newest decode speed that `model` reached, and where the count behind it comes from.
    pub(super) fn last_speed(&self, model: &ModelId) -> Option<(f64, TokenCount)> {
        let lanes = self.records.iter().rev().flat_map(|record| &record.report.lanes);
        let metrics = lanes.filter(|lane| lane.card.id == *model).map(|lane| &lane.metrics);
        metrics.into_iter().find_map(|metrics| Some((metrics.tokens_per_second?, metrics.token_count)))
    }
}

/// Bytes of text in a record.
fn size(record: &Record) -> usize {
    let lanes = record.report.lanes.iter().map(|lane| lane.answer.len() + lane.reasoning.len());
    record.report.prompt.len() + lanes.sum::<usize>()
}
