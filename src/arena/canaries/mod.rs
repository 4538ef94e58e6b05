//! Canaries: races that the service starts by itself, and no one sees.
//!
//! ```text
//! schedule -> CanaryRunner::due -> DueCanary -> CanaryRunner::run    each due time in one process of all
//! store    -> Arena::watch      -> CanaryStatus                      their state, for people
//! store    -> Arena::changed_answers -> ChangedAnswers              models that answer differently
//! ```

mod behaviour;
mod runner;
mod watch;

use std::time::Duration;

use jiff::Timestamp;

pub use self::{
    behaviour::ChangedAnswers,
    runner::{CanaryRunner, DueCanary},
    watch::{CanaryStatus, NO_CANARY},
};
use super::{QuietRace, caps};
use crate::{
    fnv,
    model::ModelId,
    race::cost::Cost,
    schedule::Schedule,
    store::{Store, StoreError},
};

/// A due time is delayed by less than this part of the interval to the next one, in thousandths, and by at most
/// [`MAX_DELAY`].
const MAX_JITTER: u64 = 100;
/// The longest delay: a canary at nine on Fridays must not run at four.
const MAX_DELAY: Duration = Duration::from_mins(30);

/// A race that the service starts by itself.
#[derive(Clone, Debug)]
pub struct Canary {
    /// Its id.
    pub id: String,
    /// The times at which it is due.
    pub schedule: Schedule,
    /// The schedule in words.
    pub schedule_text: String,
    /// The models.
    pub models: Vec<ModelId>,
    /// The prompt.
    pub prompt: String,
    /// The most that its races may cost in a day (UTC).
    pub day_budget: Option<Cost>,
}

impl Canary {
    /// Returns its key in buttons, whose values must be short.
    fn key(&self) -> u64 {
        fnv::hash(self.id.bytes())
    }

    /// Returns the time at which it starts for the due time `tick`: up to a tenth of the interval or half an hour later, so that not all
    /// services ask their providers at the full hour. All processes compute the same time.
    #[must_use]
    pub fn start_of(&self, tick: Timestamp) -> Timestamp {
        let Some(next) = self.schedule.next_after(tick) else { return tick };
        let interval_ms = (next.as_millisecond() - tick.as_millisecond()).unsigned_abs();
        let hash = fnv::hash(self.id.bytes().chain(tick.as_millisecond().to_le_bytes()));
        let longest = Duration::from_millis(interval_ms).min(MAX_DELAY * 10) / 1_000;
        let part = u32::try_from((hash ^ (hash >> 32)) % MAX_JITTER).unwrap_or(0);
        tick + longest * part
    }

    /// Returns its next start after `now`.
    #[must_use]
    pub fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        let late = self.schedule.last_at(now).map(|tick| self.start_of(tick)).filter(|start| *start > now);
        late.or_else(|| Some(self.start_of(self.schedule.next_after(now)?)))
    }

    /// Registers it in the store: a new one waits for its first due time after `now`.
    async fn register(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let tick_ms = self.schedule.last_at(now).map_or(i64::MIN, Timestamp::as_millisecond);
        store.promptly(store.register_canary(&self.id, &self.prompt_hash(), tick_ms)).await
    }

    fn race(&self) -> QuietRace {
        QuietRace {
            tag: self.id.clone(),
            models: self.models.clone(),
            prompt: self.prompt.clone(),
            day_budget: self.day_budget,
        }
    }

    /// Returns the hash by which a changed prompt is noticed.
    fn prompt_hash(&self) -> String {
        format!("{:016x}", fnv::hash(self.prompt.bytes()))
    }
}

/// Returns the midnight (UTC) that begins the day of `now`, in milliseconds since 1970.
fn day_ms(now: Timestamp) -> i64 {
    caps::day(now) * caps::DAY_MS
}
