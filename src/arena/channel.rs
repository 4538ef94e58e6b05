//! The races of a platform whose messages exist in this service alone: restored from the store after a start, and
//! deleted one by one.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Arena, LookupError, lock, lookup::unavailable};
use crate::{
    chart,
    race::{RaceId, Record, report::Report},
    store::{Forgotten, Store, StoreError, StoredRace},
    surface::Chart,
};

/// The interval at which a race whose end is still being stored is looked at again.
const SETTLE_INTERVAL: Duration = Duration::from_millis(50);
/// The number of looks, for all races together.
const MAX_SETTLE_LOOKS: u32 = 10;

/// The earlier races of a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelHistory {
    /// The newest ones, oldest first.
    pub races: Vec<RaceId>,
    /// The number of races whose prompts and answers were deleted or never stored.
    pub without_text: u64,
    /// True if the store keeps prompts and answers at all.
    pub keeps_text: bool,
}

/// Returns the chart of a race in words; `None` if the race has no chart.
#[must_use]
pub fn chart_alt(report: &Report) -> Option<String> {
    chart::compares(report).then(|| chart::alt(report).unwrap_or_default())
}

impl Arena {
    /// Waits until the store works, at most for `limit`. Returns true if there is no store to wait for, or it works.
    pub async fn wait_until_stored(&self, limit: Duration) -> bool {
        let Some(store) = &self.store else { return true };
        store.wait_until_connected(limit).await;
        store.state().borrow().since().is_some()
    }

    /// Returns the newest races of `platform`, at most `limit`: those that are over, and those whose process died.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn channel_history(&self, platform: &str, limit: u64) -> Result<ChannelHistory, LookupError> {
        let Some(store) = &self.store else { return Ok(ChannelHistory::default()) };
        let found = async {
            let mut races = store.channel_races(platform, limit).await?;
            races.retain(|id| self.asker(*id).is_none());
            let without_text = store.count_without_text(platform).await?;
            Ok(ChannelHistory { races, without_text, keeps_text: store.keeps_text() })
        };
        store.promptly(found).await.map_err(|error: StoreError| {
            tracing::warn!(error = error.chain(), "failed to look up the channel's history");
            LookupError::Unavailable
        })
    }

    /// Returns a race of `platform` that is over, from the store. One whose process died is interrupted.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn channel_race(&self, platform: &str, id: RaceId) -> Result<Record, LookupError> {
        if self.asker(id).is_some() {
            return Err(LookupError::Running);
        }
        let Some(store) = &self.store else {
            let is_deleted = lock(&self.history).has_forgotten(id);
            return Err(if is_deleted { LookupError::Deleted } else { LookupError::Expired });
        };
        let found = store.promptly(store.channel_race(platform, id)).await;
        match found.map_err(|error| unavailable(id, &error))? {
            Some(StoredRace::Kept(record)) => Ok(self.blinded(&record).unwrap_or(*record)),
            Some(StoredRace::WithoutText) => Err(LookupError::Deleted),
            None => Err(LookupError::Expired),
        }
    }

    /// Draws the chart of a race when it is its turn; `None` if the race has none.
    pub async fn chart_of(&self, record: &Arc<Record>) -> Option<Chart> {
        if chart::compares(&record.report) { self.draw(record).await } else { None }
    }

    /// Deletes the texts of one finished race of `person`, here and in the store, and those of the races that repeated
    /// it. The returned races are without texts now.
    ///
    /// # Errors
    /// [`LookupError`]; [`LookupError::Running`] where the race runs or its end is not stored yet.
    pub async fn forget_race(&self, id: RaceId, person: &str) -> Result<Forgotten, LookupError> {
        if self.asker(id).is_some() {
            return Err(LookupError::Running);
        }
        let mut forgotten = match &self.store {
            Some(store) => {
                if !self.settle(store, &[id]).await.map_err(|error| unavailable(id, &error))? {
                    return Err(LookupError::Running);
                }
                store.forget_race(person, id).await.map_err(|error| unavailable(id, &error))?
            }
            None => Forgotten::default(),
        };
        let here = lock(&self.history).forget(|record| {
            (record.id == id && record.asker.id == person) || forgotten.races.contains(&record.id)
        });
        let new: Vec<RaceId> = here.into_iter().filter(|id| !forgotten.races.contains(id)).collect();
        forgotten.races.extend(new);
        Ok(forgotten)
    }

    /// Waits until the ends of `races`, which are over, are stored: only then can the store delete their texts. Gives up
    /// after half a second, and returns false then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn settle(&self, store: &Store, races: &[RaceId]) -> Result<bool, StoreError> {
        let mut looks = 0;
        for race in races {
            while store.promptly(store.is_unsettled(*race)).await? {
                looks += 1;
                if looks == MAX_SETTLE_LOOKS {
                    return Ok(false);
                }
                sleep(SETTLE_INTERVAL).await;
            }
        }
        Ok(true)
    }
}
