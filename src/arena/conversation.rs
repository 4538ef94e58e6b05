//! SHELL. Follow-ups: a race that continues another one, and knows what was said before.

use std::sync::Arc;

use super::{Admitted, Arena, LookupError, lookup::unavailable};
use crate::{
    model::ModelCard,
    race::{
        Circumstances, RaceId, Record,
        conversation::{Context, Conversation, FollowUp, History},
        report::Report,
    },
    store::{Store, StoreError},
};

/// The reason why a race cannot be continued. The text is for the person who tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContinueError {
    /// There is nothing to continue from.
    #[error(
        "This race can't be continued: prompts and answers aren't stored here (`[store] text_days` is 0). Start a new \
             one with `/arena compare`."
    )]
    NoTexts,
    /// Its vote is open.
    #[error("The vote on this race is still open. Continue when it's closed.")]
    VoteOpen,
    /// No lane has an answer.
    #[error(
        "None of the models answered, so there is nothing to continue. *Race again* repeats the question."
    )]
    NoAnswer,
    /// The race can't be looked up.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

impl Arena {
    /// Reads what was said up to the race `parent`, for a race that continues it and sees of it what `context` says.
    ///
    /// # Errors
    /// [`ContinueError`].
    pub async fn conversation(
        &self,
        parent: RaceId,
        context: Context,
    ) -> Result<Conversation, ContinueError> {
        let store = self.store_of_texts().ok_or(ContinueError::NoTexts)?;
        let record = self.lookup(parent).await?;
        if record.report.vote.as_ref().is_some_and(|vote| vote.is_open) {
            return Err(ContinueError::VoteOpen);
        }
        if record.report.lanes.iter().all(|lane| lane.answer.trim().is_empty()) {
            return Err(ContinueError::NoAnswer);
        }
        let stored = store.promptly(store.conversation(parent)).await;
        let mut stored = stored.map_err(|error| unavailable(parent, &error))?;
        let last = stored.turns.last_mut().ok_or(LookupError::Expired)?;
        last.context = context;
        // the store has them a moment after the final frame
        last.answers =
            record.report.lanes.iter().map(|lane| (lane.card.id.clone(), lane.answer.clone())).collect();
        Ok(Conversation { parent, context, turns: stored.turns, earlier: stored.earlier })
    }

    /// Reads what was said before a race that continues one, for a race that repeats it; `None` for any other race.
    ///
    /// # Errors
    /// [`ContinueError::NoTexts`], [`ContinueError::Lookup`].
    pub async fn conversation_before(&self, record: &Record) -> Result<Option<Conversation>, ContinueError> {
        let Record { id, report, .. } = record;
        let (id, Some(parent)) = (*id, report.circumstances.parent) else { return Ok(None) };
        let store = self.store_of_texts().ok_or(ContinueError::NoTexts)?;
        let read = async { Ok((store.conversation(id).await?, store.conversation(parent).await?)) };
        let (own, mut before) = store.promptly(read).await.map_err(|error| unavailable(id, &error))?;
        let last = before.turns.last_mut().ok_or(LookupError::Expired)?;
        // the turn before its own says what it saw of its parent
        let context = own.turns.iter().nth_back(1).map(|turn| turn.context).unwrap_or_default();
        last.context = context;
        Ok(Some(Conversation { parent, context, turns: before.turns, earlier: before.earlier }))
    }

    /// Returns the ways in which a race can be continued, each with its words: none while its vote is open, and none where
    /// prompts and answers aren't stored.
    #[must_use]
    pub fn follow_ups(&self, report: &Report) -> Vec<(FollowUp, String)> {
        let is_open = report.vote.as_ref().is_some_and(|vote| vote.is_open);
        if is_open || self.store_of_texts().is_none() { vec![] } else { FollowUp::choices(report) }
    }

    /// Returns the store, if it keeps prompts and answers.
    fn store_of_texts(&self) -> Option<&Store> {
        self.store.as_ref().filter(|store| store.keeps_text())
    }

    /// Returns the newest race that was asked in `thread`; `None` if there is none or the store does not answer.
    pub async fn newest_in_thread(&self, thread: &str) -> Option<RaceId> {
        let store = self.store.as_ref()?;
        store.promptly(store.newest_in_thread(thread)).await.unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "failed to look for the race of a thread");
            None
        })
    }

    /// Returns the newest race of `person` that is over and has its texts, if there is one.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn newest_race_of(&self, person: &str) -> Result<Option<RaceId>, LookupError> {
        self.search(async |store| store.newest_race_of(person).await).await
    }

    /// Returns the newest race whose id ends in `ending`, if there is one.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn race_ending_in(&self, ending: &str) -> Result<Option<RaceId>, LookupError> {
        self.search(async |store| store.race_ending_in(ending).await).await
    }

    async fn search(
        &self,
        search: impl AsyncFnOnce(&Store) -> Result<Option<RaceId>, StoreError>,
    ) -> Result<Option<RaceId>, LookupError> {
        let Some(store) = &self.store else { return Ok(None) };
        store.promptly(search(store)).await.map_err(|error| {
            tracing::warn!(error = error.chain(), "failed to search for a race");
            LookupError::Unavailable
        })
    }

    /// Records `thread`, the platform's name for the thread below the message of the race `id`, so that what is asked there
    /// continues the race.
    pub async fn set_thread(&self, id: RaceId, thread: &str) {
        let Some(store) = &self.store else { return };
        if let Err(error) = store.promptly(store.set_thread(id, thread)).await {
            tracing::warn!(race = %id, error = error.chain(), "failed to record the thread of a race");
        }
    }
}

impl Admitted {
    /// Returns this race as the next turn of `conversation`; `line_up` are the models that there are now.
    #[must_use]
    pub fn continuing(self, conversation: Conversation, line_up: &[Arc<ModelCard>]) -> Self {
        let missing: Vec<String> = conversation
            .models()
            .filter(|id| !line_up.iter().any(|card| card.id == **id))
            .map(ToString::to_string)
            .collect();
        let histories: Vec<History> = self
            .models
            .iter()
            .map(|model| conversation.history(&model.card().id, &self.asker.name, model.context()))
            .collect();
        let mut notes = self.notes;
        notes.extend(conversation.notes(&histories, &missing));
        let circumstances = Circumstances { parent: Some(conversation.parent), ..self.circumstances };
        Self { notes, circumstances, conversation: Some(conversation), ..self }
    }
}
