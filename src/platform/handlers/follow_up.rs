//! Follow-ups: the next turn of a conversation.

use super::{Caller, Handlers, Outcome, start::RaceRequest};
use crate::{
    arena::{ContinueError, LookupError},
    model::ModelId,
    race::{
        RaceId,
        conversation::{Context, Conversation, FollowUp},
        vote::RaceKind,
    },
};

impl Handlers {
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
        let conversation = match self.arena.conversation(id, follow.context()).await {
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
