//! Operations on a race that is known by its id alone: look it up, stop it, forget it. Refusals address the person
//! who pressed the button, alike on every platform.

use std::sync::Arc;

use super::{Arena, lock};
use crate::race::{PastRace, RaceId, Record};
use crate::store::{Forgotten, StoreError};

/// The reason why a race cannot be looked up. The text is for the person who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The race is still running.
    #[error("This race is still running. Try again when it's over.")]
    Running,
    /// The race is no longer remembered.
    #[error("This race has expired: only the newest ones are kept. Start a new one with `/arena compare`.")]
    Expired,
    /// The texts of the race were deleted.
    #[error(
        "The prompt and answers of this race were deleted, by its asker or because of their age. Start a new one \
             with `/arena compare`."
    )]
    Deleted,
    /// The store cannot be asked.
    #[error("The database is unavailable. Try again in a minute.")]
    Unavailable,
}

/// The reason why a race was not stopped. The text is for the person who tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// The race is already over.
    #[error("This race is already over.")]
    Over,
    /// The race can't be looked up.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The race is someone else's.
    #[error("Only the person who asked, and those who {also}, can stop this race.")]
    NotYours {
        /// The others who may, as in "manage this channel".
        also: &'static str,
    },
}

impl Arena {
    /// Returns a race that is over and still remembered, here or in the store.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn lookup(&self, id: RaceId) -> Result<Arc<Record>, LookupError> {
        if let Some(record) = self.in_memory(id).await? {
            return Ok(record);
        }
        if self.asker(id).is_some() {
            return Err(LookupError::Running);
        }
        let Some(store) = &self.store else {
            let is_deleted = lock(&self.history).has_forgotten(id);
            return Err(if is_deleted { LookupError::Deleted } else { LookupError::Expired });
        };
        match store.promptly(store.lookup(id)).await.map_err(|error| unavailable(id, &error))? {
            Some(record) => Ok(Arc::new(self.blinded(&record).unwrap_or(record))),
            None => match store.promptly(store.asker(id)).await {
                Ok(Some((_, true))) => Err(LookupError::Running),
                // the store keeps the numbers of a race whose texts it deletes
                Ok(Some((_, false))) => Err(LookupError::Deleted),
                _ => Err(LookupError::Expired),
            },
        }
    }

    /// Returns a race of this process that is over and still in memory, unless its texts were deleted meanwhile.
    ///
    /// # Errors
    /// [`LookupError::Deleted`] where they were.
    pub async fn in_memory(&self, id: RaceId) -> Result<Option<Arc<Record>>, LookupError> {
        let Some(record) = self.record_of(id) else { return Ok(None) };
        if self.was_forgotten(id).await {
            lock(&self.history).forget(|record| record.id == id);
            return Err(LookupError::Deleted);
        }
        Ok(Some(record))
    }

    /// Returns true if the texts of a race in memory were deleted, perhaps by another replica.
    async fn was_forgotten(&self, id: RaceId) -> bool {
        let Some(store) = self.store.as_ref().filter(|store| store.keeps_text()) else { return false };
        store.promptly(store.is_without_text(id)).await.unwrap_or(false)
    }

    /// Returns the newest races of `person` (an [`Asker::id`](super::Asker::id)) that are over and still remembered,
    /// newest first.
    pub async fn past_races(&self, person: &str) -> Vec<PastRace> {
        let Some(store) = &self.store else { return lock(&self.history).past_races(person) };
        store.past_races(person).await.unwrap_or_else(|error| {
            tracing::debug!(error = error.chain(), "failed to look up past races");
            lock(&self.history).past_races(person)
        })
    }

    /// Stops a live race for `person` (an [`Asker::id`](super::Asker::id)): its asker, or one of those who `also` may,
    /// as `is_entitled` says. Another replica may run the race.
    ///
    /// # Errors
    /// [`StopError`].
    pub async fn stop_for(
        &self,
        id: RaceId,
        person: &str,
        is_entitled: bool,
        also: &'static str,
    ) -> Result<(), StopError> {
        if let Some(asker) = self.asker(id) {
            if !is_entitled && asker.id != person {
                return Err(StopError::NotYours { also });
            }
            if self.stop(id) {
                return Ok(());
            }
        }
        if self.record_of(id).is_some() {
            return Err(StopError::Over);
        }
        let Some(store) = &self.store else { return Err(LookupError::Expired.into()) };
        match store.promptly(store.asker(id)).await.map_err(|error| unavailable(id, &error))? {
            None => Err(LookupError::Expired.into()),
            Some((_, false)) => Err(StopError::Over),
            Some((asker, true)) if !is_entitled && asker != person => Err(StopError::NotYours { also }),
            Some(_) => {
                let requested = store.promptly(store.request_stop(id)).await;
                let is_running = requested.map_err(|error| unavailable(id, &error))?;
                if is_running { Ok(()) } else { Err(StopError::Over) }
            }
        }
    }

    /// Deletes the prompts of `person` and their answers from races that are over, here and in the store, and the races
    /// that others started by repeating one of them.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn forget(&self, person: &str) -> Result<Forgotten, LookupError> {
        let Some(store) = &self.store else {
            let races = lock(&self.history).forget(|record| record.asker.id == person);
            return Ok(Forgotten { deleted: races.len() as u64, races });
        };
        let races = lock(&self.history).races_of(person);
        let forgotten = async {
            self.settle(store, &races).await?;
            store.forget(person).await
        };
        let forgotten = forgotten.await.map_err(|error| {
            tracing::warn!(error = error.chain(), "failed to delete a person's prompts");
            LookupError::Unavailable
        })?;
        lock(&self.history)
            .forget(|record| record.asker.id == person || forgotten.races.contains(&record.id));
        Ok(forgotten)
    }

    /// Runs [`Self::forget`] and returns the outcome as a sentence for that person.
    pub async fn forget_with_reply(&self, person: &str) -> String {
        match self.forget(person).await {
            Ok(forgotten) => {
                forget_reply(forgotten.deleted, "Messages in the chat stay until they're deleted there")
            }
            Err(error) => error.to_string(),
        }
    }
}

/// Returns the sentences about `races` races whose texts were deleted; `messages` says what became of their messages.
#[must_use]
pub fn forget_reply(races: u64, messages: &str) -> String {
    if races == 0 {
        return format!("Nothing of yours is stored. {messages}.");
    }
    let plural = if races == 1 { "" } else { "s" };
    format!(
        "Deleted your prompts and their answers from {races} race{plural}. {messages}, and a race that's still running \
         isn't included."
    )
}

pub(super) fn unavailable(id: RaceId, error: &StoreError) -> LookupError {
    tracing::warn!(race = %id, error = error.chain(), "failed to look up a race");
    LookupError::Unavailable
}
