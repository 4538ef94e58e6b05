//! The start of a race: a new one, the next turn of a conversation, or one that quotes a message.

use super::{Caller, Handlers, Outcome};
use crate::{
    arena::{ContinueError, LookupError, Refused},
    model::ModelId,
    platform::message::SourceMessage,
    race::{
        Quote, RaceId,
        conversation::{Context, Conversation, FollowUp},
        vote::RaceKind,
    },
};

/// A race that someone asks for.
pub(super) struct RaceRequest<'a> {
    pub(super) kind: RaceKind,
    /// The models; all if none is named.
    pub(super) models: &'a [ModelId],
    pub(super) prompt: String,
    /// The message whose text is the prompt.
    pub(super) quote: Option<Quote>,
    /// The race that it repeats.
    pub(super) original: Option<RaceId>,
    /// The turns before it.
    pub(super) conversation: Option<Conversation>,
    /// A sentence that is shown with the prompt.
    pub(super) note: Option<String>,
}

impl<'a> RaceRequest<'a> {
    /// A race that neither quotes a message nor repeats or continues a race.
    pub(super) fn new(kind: RaceKind, models: &'a [ModelId], prompt: String) -> Self {
        Self { kind, models, prompt, quote: None, original: None, conversation: None, note: None }
    }
}

impl Handlers {
    /// Admits and records a race of `models` (all if none is named).
    pub(crate) async fn start(&self, caller: &Caller, models: &[ModelId], prompt: String) -> Outcome {
        self.begin(caller, RaceRequest::new(RaceKind::Open, models, prompt)).await
    }

    /// Admits and records a race, whose prompt is made of the message `quote` if there is one.
    pub(crate) async fn start_quoting(
        &self,
        caller: &Caller,
        (kind, models, prompt): (RaceKind, &[ModelId], String),
        quote: Option<Quote>,
    ) -> Outcome {
        let request = RaceRequest::new(kind, models, prompt);
        self.begin(caller, RaceRequest { quote, ..request }).await
    }

    /// Returns why `caller` may not race this message, if they may not.
    pub(crate) fn refusal(&self, caller: &Caller, message: &SourceMessage) -> Option<Outcome> {
        if let Err(refused) = &caller.permission {
            return Some(Outcome::Refused(refused.clone()));
        }
        message.refusal(self.may_race_others).map(Outcome::Notice)
    }

    /// Starts a race of `models`, all if none is named; in the thread of a race, its next turn. There, the models of the turn
    /// before take part if none is named.
    pub(super) async fn start_or_continue(
        &self,
        caller: &Caller,
        models: &[ModelId],
        prompt: String,
    ) -> Outcome {
        let parent = match &caller.origin.thread {
            Some(thread) => self.arena.newest_in_thread(thread).await,
            None => None,
        };
        let Some(parent) = parent else { return self.start(caller, models, prompt).await };
        match self.arena.conversation(parent, Context::Own).await {
            Ok(conversation) => self.next_turn(caller, models, prompt, conversation).await,
            Err(
                error @ (ContinueError::VoteOpen
                | ContinueError::Lookup(LookupError::Running | LookupError::Unavailable)),
            ) => Outcome::Notice(error.to_string()),
            Err(error) => {
                let request = RaceRequest::new(RaceKind::Open, models, prompt);
                let note = Some(begins_anew(error).to_owned());
                self.begin(caller, RaceRequest { note, ..request }).await
            }
        }
    }

    /// Continues the race `id` as the form says.
    pub(crate) async fn follow_up(
        &self,
        caller: &Caller,
        id: RaceId,
        follow: FollowUp,
        prompt: String,
    ) -> Outcome {
        let context = if let FollowUp::Shared(lane) = follow { Context::Shared(lane) } else { Context::Own };
        let conversation = match self.arena.conversation(id, context).await {
            Ok(conversation) => conversation,
            Err(error) => return Outcome::Notice(error.to_string()),
        };
        let lane = if let FollowUp::Lane(lane) = follow { Some(lane) } else { None };
        let chosen = lane.and_then(|lane| conversation.models().nth(lane).cloned());
        self.next_turn(caller, chosen.as_slice(), prompt, conversation).await
    }

    async fn next_turn(
        &self,
        caller: &Caller,
        models: &[ModelId],
        prompt: String,
        conversation: Conversation,
    ) -> Outcome {
        let before: Vec<ModelId> = conversation.models().cloned().collect();
        let models = if models.is_empty() { &before } else { models };
        let request = RaceRequest::new(RaceKind::Open, models, prompt);
        self.begin(caller, RaceRequest { conversation: Some(conversation), ..request }).await
    }

    /// Admits and records a race.
    pub(super) async fn begin(&self, caller: &Caller, request: RaceRequest<'_>) -> Outcome {
        let RaceRequest { kind, models, prompt, quote, original, conversation, note } = request;
        let recorded = async {
            caller.permission.clone()?;
            let admitted = self.arena.admit(caller.asker.clone(), models, prompt)?;
            let mut admitted = admitted.of_kind(kind).quoting(quote);
            if let Some(original) = original {
                admitted = admitted.repeating(original);
            }
            if let Some(conversation) = conversation {
                admitted = admitted.continuing(conversation, self.arena.cards());
            }
            let admitted = admitted.noting(note);
            self.arena.record(admitted, &caller.origin).await
        };
        match recorded.await {
            Ok(recorded) => Outcome::Race(Box::new(recorded)),
            Err(Refused::Duplicate) => Outcome::Duplicate,
            Err(refused) => Outcome::Refused(refused),
        }
    }
}

/// Returns the note of a race in a thread whose newest race can't be continued.
fn begins_anew(error: ContinueError) -> &'static str {
    match error {
        ContinueError::NoTexts => "begins anew: prompts and answers aren't stored here",
        ContinueError::NoAnswer => "begins anew: the race before it has no answer",
        ContinueError::VoteOpen | ContinueError::Lookup(_) => {
            "begins anew: the race before it is no longer stored"
        }
    }
}
