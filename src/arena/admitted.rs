//! An admitted race: all that is known of it before it begins, and what its models are sent.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{ExpectedFile, Persona, lock};
use crate::{
    attachment::{self, Attachment},
    model::{ChatModel, ModelCard, Prompt},
    race::{
        Asker, Circumstances, Quote, RaceId, conversation::Conversation, cost::Cost, report::SatOut,
        run::LaneRequest, vote::RaceKind,
    },
};

/// A race that was admitted and holds a slot. Dropping it frees the slot.
pub struct Admitted {
    pub(super) id: RaceId,
    pub(super) asker: Asker,
    pub(super) prompt: String,
    /// The circumstances that its message shows.
    pub(super) circumstances: Circumstances,
    /// The persona of its channel.
    pub(super) persona: Option<Persona>,
    pub(super) models: Vec<Arc<dyn ChatModel>>,
    /// The files that are to be read.
    pub(super) expected: Vec<ExpectedFile>,
    /// The files, once they are read.
    pub(super) files: Vec<Attachment>,
    /// The models that cannot see the pictures among them.
    pub(super) sat_out: Vec<SatOut>,
    /// The race that this one repeats.
    pub(super) original: Option<RaceId>,
    pub(super) kind: RaceKind,
    /// The turns before it, if it continues a race.
    pub(super) conversation: Option<Conversation>,
    /// Sentences that are shown with the prompt.
    pub(super) notes: Vec<String>,
    /// The canary that it belongs to.
    pub(super) tag: Option<String>,
    /// The most that all races with its tag may cost in a day.
    pub(super) day_budget: Option<Cost>,
    pub(super) started_at: Timestamp,
    pub(super) since: Instant,
    pub(super) slot: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Admitted {
    /// Returns this race as a repetition of `original`, with which it is forgotten.
    #[must_use]
    pub fn repeating(self, original: RaceId) -> Self {
        Self { original: Some(original), ..self }
    }

    /// Returns this race with its purpose.
    #[must_use]
    pub fn of_kind(self, kind: RaceKind) -> Self {
        Self { kind, ..self }
    }

    /// Returns this race with the message whose text is its prompt, if it is one.
    #[must_use]
    pub fn quoting(mut self, quote: Option<Quote>) -> Self {
        self.circumstances.quote = quote;
        self
    }

    /// Returns this race with a sentence that is shown with its prompt.
    #[must_use]
    pub fn noting(mut self, note: Option<String>) -> Self {
        self.notes.extend(note);
        self
    }

    /// Frees the slot: the lanes are over, and a vote may go on for long.
    pub(super) fn free_slot(&self) {
        drop(lock(&self.slot).take());
    }

    /// Returns the requests of its lanes, in the order of the line-up.
    pub(super) fn requests(&self, max_output_tokens: u32) -> Vec<LaneRequest> {
        let asker = &*self.asker.name;
        let mut prompt = self.prompt(max_output_tokens);
        if let Some(talk) = &self.conversation {
            prompt.text = talk.said(asker, &prompt.text);
        }
        let prompt = Arc::new(prompt);
        let of = |model: &dyn ChatModel| match &self.conversation {
            None => Arc::clone(&prompt),
            Some(talk) => {
                let history = talk.history(&model.card().id, asker, model.context());
                Arc::new(Prompt { turns: history.turns, ..Prompt::clone(&prompt) })
            }
        };
        let request =
            |model: &Arc<dyn ChatModel>| LaneRequest { model: Arc::clone(model), prompt: of(&**model) };
        self.models.iter().map(request).collect()
    }

    /// Returns the prompt of its lanes. As long as its files are not read, it is as long as it can get.
    pub(super) fn prompt(&self, max_output_tokens: u32) -> Prompt {
        let mut text = attachment::inlined(&self.prompt, &self.files);
        if self.files.is_empty() {
            let most: u64 = self.expected.iter().map(ExpectedFile::max_tokens).sum();
            text.extend(std::iter::repeat_n(' ', usize::try_from(most).unwrap_or(0)));
        }
        Prompt {
            persona: self.persona.as_ref().map(|persona| Arc::clone(&persona.text)),
            is_greedy: self.kind == RaceKind::Canary,
            images: self.files.iter().filter_map(Attachment::image).cloned().collect(),
            ..Prompt::new(text, max_output_tokens)
        }
    }

    /// Returns the contenders of its lanes: with a persona, a model is another one.
    pub(super) fn contenders(&self) -> Vec<String> {
        let contender = |model: &Arc<dyn ChatModel>| match (model.identity().contender, &self.persona) {
            (contender, Some(persona)) => contender.with_persona(&persona.text),
            (contender, None) => contender,
        };
        self.models.iter().map(|model| contender(model).to_string()).collect()
    }

    /// Returns the models that will race, in the order of the line-up.
    pub(super) fn lanes(&self) -> impl ExactSizeIterator<Item = &ModelCard> {
        self.models.iter().map(|model| model.card())
    }
}
