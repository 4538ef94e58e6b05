//! What may be done with a race that is known by its id alone: remember it, stop it. Refusals speak to the one who
//! pressed the button, on every platform alike.
//!
//! Must not know platforms or what a button looks like.

use std::sync::Arc;

use super::{Arena, RaceId, Record};

/// Why a race cannot be looked back at. The text is for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRemembered {
    /// It is not over.
    #[error("This race is still running. Try again when it is over.")]
    Running,
    /// It was forgotten.
    #[error("This race has expired: only the newest ones are kept. Start a new one with `/arena compare`.")]
    Expired,
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
    /// It is somebody else's.
    #[error("Only the one who asked, and those who {also}, can stop this race.")]
    NotYours {
        /// Who else may, as in "manage this channel".
        also: &'static str,
    },
}

impl Arena {
    /// A race that is over and still remembered.
    ///
    /// # Errors
    /// [`NotRemembered`].
    pub fn recall(&self, id: RaceId) -> Result<Arc<Record>, NotRemembered> {
        let why = if self.asker(id).is_some() { NotRemembered::Running } else { NotRemembered::Expired };
        self.record(id).ok_or(why)
    }

    /// Ends a live race because `person` (an [`Asker::id`](super::Asker::id)) wants it: the one who
    /// asked, or one of those who `also` may, which `is_entitled` tells.
    ///
    /// # Errors
    /// [`NotStopped`].
    pub fn stop_for(
        &self,
        id: RaceId,
        person: &str,
        is_entitled: bool,
        also: &'static str,
    ) -> Result<(), NotStopped> {
        let gone = || if self.record(id).is_some() { NotStopped::Over } else { NotStopped::Expired };
        let asker = self.asker(id).ok_or_else(gone)?;
        if !is_entitled && asker.id != person {
            return Err(NotStopped::NotYours { also });
        }
        if self.stop(id) { Ok(()) } else { Err(gone()) }
    }
}
