//! Models that answer a canary differently than before.

use tokio::task::spawn_blocking;

use crate::{
    arena::Arena,
    fnv,
    history::{Answer, newest_change},
    race::RaceId,
    store::{CanaryAnswer, CanarySeries, StoreError},
};

/// The days whose answers are read: enough for a canary that runs once a day.
const DAYS: u32 = 125;

/// A change of the answers of one model to one canary.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedAnswers {
    /// The id of the canary.
    pub canary: String,
    /// The contender.
    pub contender: String,
    /// The id of its model.
    pub model: String,
    /// The time of the first of the new answers, in milliseconds since 1970.
    pub since_ms: i64,
    /// The race with which the change was certain. It is the same for each look at this change.
    pub certain: RaceId,
    /// The probability of the difference by chance.
    pub p: f64,
    /// The most typical answer before, by its race and the index of its lane, for [`crate::store::Store::answer`].
    pub before: (RaceId, usize),
    /// The most typical of the new answers.
    pub now: (RaceId, usize),
}

impl Arena {
    /// Returns the changes that became certain in the last 20 runs of each canary.
    ///
    /// # Errors
    /// [`StoreError`] where the answers cannot be read.
    pub async fn changed_answers(&self) -> Result<Vec<ChangedAnswers>, StoreError> {
        let Some(store) = &self.store else { return Ok(vec![]) };
        let series = store.canary_answers(DAYS).await?;
        let judged = spawn_blocking(move || series.iter().filter_map(change).collect()).await;
        Ok(judged.unwrap_or_else(|error| {
            tracing::error!(%error, "the task that judges answers panicked");
            vec![]
        }))
    }
}

fn change(series: &CanarySeries) -> Option<ChangedAnswers> {
    let answers: Vec<Answer> = series.answers.iter().map(|answer| answer.answer.clone()).collect();
    let found = newest_change(&answers, fnv::hash(series.tag.bytes().chain(series.contender.bytes())))?;
    let key = |answer: &CanaryAnswer| (answer.race, answer.place);
    Some(ChangedAnswers {
        canary: series.tag.clone(),
        contender: series.contender.clone(),
        model: series.model.clone(),
        since_ms: series.answers.get(found.first)?.answer.at_ms,
        certain: series.answers.get(found.change.index)?.race,
        p: found.change.p,
        before: key(series.answers.get(found.before)?),
        now: key(series.answers.get(found.now)?),
    })
}
