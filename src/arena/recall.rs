//! What may be done with a race that is known by its id alone: remember it, stop it. Refusals speak to the one who
//! pressed the button, on every platform alike.
//!
//! Must not know platforms or what a button looks like.

use std::sync::Arc;

use super::{Arena, RaceId, Record, lock};
use crate::store::StoreError;

/// Why a race cannot be looked back at. The text is for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRemembered {
    /// It is not over.
    #[error("This race is still running. Try again when it is over.")]
    Running,
    /// It was forgotten.
    #[error("This race has expired: only the newest ones are kept. Start a new one with `/arena compare`.")]
    Expired,
    /// The store cannot be asked.
    #[error("LLM Arena cannot look that up right now. Try again in a moment.")]
    Away,
}

/// Why a race was not stopped. The text is for whoever tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStopped {
    /// It is over.
    #[error("This race is already over.")]
    Over,
    /// Nothing is known of it.
    #[error("{}", NotRemembered::Expired)]
    Expired,
    /// The store cannot be asked.
    #[error("{}", NotRemembered::Away)]
    Away,
    /// It is somebody else's.
    #[error("Only the one who asked, and those who {also}, can stop this race.")]
    NotYours {
        /// Who else may, as in "manage this channel".
        also: &'static str,
    },
}

impl Arena {
    /// A race that is over and still remembered, here or in the store.
    ///
    /// # Errors
    /// [`NotRemembered`].
    pub async fn recall(&self, id: RaceId) -> Result<Arc<Record>, NotRemembered> {
        if let Some(record) = self.record(id) {
            return Ok(record);
        }
        if self.asker(id).is_some() {
            return Err(NotRemembered::Running);
        }
        let Some(store) = &self.store else { return Err(NotRemembered::Expired) };
        match store.lookup(id).await {
            Ok(Some(record)) => Ok(Arc::new(record)),
            Ok(None) => match store.asker(id).await {
                Ok(Some((_, true))) => Err(NotRemembered::Running),
                _ => Err(NotRemembered::Expired),
            },
            Err(error) => {
                tracing::warn!(race = %id, error = error.chain(), "a race could not be looked up");
                Err(NotRemembered::Away)
            }
        }
    }

    /// Ends a live race because `person` (an [`Asker::id`](super::Asker::id)) wants it: the one who
    /// asked, or one of those who `also` may, which `is_entitled` tells. Another replica may run it.
    ///
    /// # Errors
    /// [`NotStopped`].
    pub async fn stop_for(
        &self,
        id: RaceId,
        person: &str,
        is_entitled: bool,
        also: &'static str,
    ) -> Result<(), NotStopped> {
        if let Some(asker) = self.asker(id) {
            if !is_entitled && asker.id != person {
                return Err(NotStopped::NotYours { also });
            }
            if self.stop(id) {
                return Ok(());
            }
        }
        if self.record(id).is_some() {
            return Err(NotStopped::Over);
        }
        self.stop_elsewhere(id, person, is_entitled, also).await
    }

    async fn stop_elsewhere(
        &self,
        id: RaceId,
        person: &str,
        is_entitled: bool,
        also: &'static str,
    ) -> Result<(), NotStopped> {
        let Some(store) = &self.store else { return Err(NotStopped::Expired) };
        let away = |error: StoreError| {
            tracing::warn!(race = %id, error = error.chain(), "a race could not be looked up");
            NotStopped::Away
        };
        match store.asker(id).await.map_err(away)? {
            None => Err(NotStopped::Expired),
            Some((_, false)) => Err(NotStopped::Over),
            Some((asker, true)) if !is_entitled && asker != person => Err(NotStopped::NotYours { also }),
            Some(_) if store.request_stop(id).await.map_err(away)? => Ok(()),
            Some(_) => Err(NotStopped::Over),
        }
    }

    /// [`Self::forget`] in words for that person.
    pub async fn forgotten(&self, person: &str) -> String {
        match self.forget(person).await {
            Ok(0) => {
                "Nothing of yours is remembered. What stands in the chat stays until it is deleted there."
                    .into()
            }
            Ok(races) => format!(
                "Forgotten: who asked, what and what was answered in {races} of your races. What stands in the chat stays \
                 until it is deleted there; a race that runs now is not included."
            ),
            Err(why) => why.to_string(),
        }
    }

    /// Forgets what `person` asked and was answered in races that are over, here and in the store; tells how many.
    ///
    /// # Errors
    /// [`NotRemembered::Away`].
    pub async fn forget(&self, person: &str) -> Result<u64, NotRemembered> {
        let here = lock(&self.history).forget(person);
        let Some(store) = &self.store else { return Ok(here) };
        store.forget(person).await.map_err(|error| {
            tracing::warn!(error = error.chain(), "what a person asked was not forgotten");
            NotRemembered::Away
        })
    }
}
