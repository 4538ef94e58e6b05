//! Races that a command, a button, a form or a message asks for: new ones, and those that repeat or continue another.

use super::{Caller, Handlers, Outcome};
use crate::{
    arena::{ContinueError, LookupError, Recorded, Refused},
    button::example_key,
    model::ModelId,
    platform::{files::RemoteFile, message::SourceMessage},
    race::{
        Quote, RaceId, Record,
        conversation::{Context, Conversation, FollowUp},
        vote::RaceKind,
    },
};

/// The answer to an example's button whose example was removed.
const EXAMPLE_GONE: &str = "This example is no longer in the configuration. Try `/arena examples`.";

/// A race that someone asks for.
pub(crate) struct RaceRequest<'a> {
    kind: RaceKind,
    /// The models; all if none is named.
    models: &'a [ModelId],
    prompt: String,
    /// The message whose text is the prompt.
    quote: Option<Quote>,
    /// A sentence that is shown with the prompt, such as the parts of the message that are not sent.
    note: Option<String>,
    /// The race that it repeats, with its files.
    original: Option<&'a Record>,
    /// The turns before it.
    conversation: Option<Conversation>,
}

impl<'a> RaceRequest<'a> {
    /// A race that neither quotes a message nor repeats or continues a race.
    pub(crate) fn new(kind: RaceKind, models: &'a [ModelId], prompt: String) -> Self {
        Self { kind, models, prompt, quote: None, note: None, original: None, conversation: None }
    }

    /// Returns this request with the message that it quotes, and the note about the parts of it that are not sent.
    pub(crate) fn quoting(self, quote: Option<Quote>, note: Option<String>) -> Self {
        Self { quote, note, ..self }
    }
}

impl Handlers {
    /// Admits and records a race.
    pub(crate) async fn begin(&self, caller: &Caller, request: RaceRequest<'_>) -> Outcome {
        self.record(caller, request).await.map_or_else(Outcome::from, |race| Outcome::Race(Box::new(race)))
    }

    async fn record(&self, caller: &Caller, request: RaceRequest<'_>) -> Result<Recorded, Refused> {
        let RaceRequest { kind, models, prompt, quote, note, original, conversation } = request;
        caller.permission.clone()?;
        let (expected, files) = match original {
            Some(original) => self.arena.files_of(original).await?,
            None => (caller.files.clone(), vec![]),
        };
        let mut admitted =
            self.arena.admit(caller.asker.clone(), models, prompt)?.of_kind(kind).quoting(quote);
        if let Some(original) = original {
            admitted = admitted.repeating(original.id);
        }
        if let Some(conversation) = conversation {
            admitted = admitted.continuing(conversation, self.arena.cards());
        }
        let admitted = self.arena.expect_files(admitted.noting(note), expected)?;
        let recorded = self.arena.record(admitted, &caller.origin).await?;
        if files.is_empty() { Ok(recorded) } else { self.arena.attach_read(recorded, Ok(files)).await }
    }

    /// Fetches the attached `files` of a race that waits for them.
    ///
    /// # Errors
    /// The reason why the race is withdrawn.
    pub(crate) async fn with_files(
        &self,
        recorded: Recorded,
        files: &[RemoteFile],
    ) -> Result<Recorded, Refused> {
        if !recorded.awaits_files() {
            return Ok(recorded);
        }
        Box::pin(self.arena.attach(recorded, self.files.fetch(files))).await
    }

    /// Starts a race of `models`, all if none is named; in the thread of a race, its next turn. There, the models of the turn
    /// before take part if none is named.
    pub(super) async fn start_or_continue(
        &self,
        caller: &Caller,
        models: &[ModelId],
        prompt: String,
    ) -> Result<Outcome, Outcome> {
        let parent = match &caller.origin.thread {
            Some(thread) => self.arena.newest_in_thread(thread).await,
            None => None,
        };
        let mut request = RaceRequest::new(RaceKind::Open, models, prompt);
        let Some(parent) = parent else { return Ok(self.begin(caller, request).await) };
        match self.arena.conversation(parent, Context::Own).await {
            Ok(conversation) => return Ok(self.next_turn(caller, request, conversation).await),
            Err(
                error @ (ContinueError::VoteOpen
                | ContinueError::Lookup(LookupError::Running | LookupError::Unavailable)),
            ) => return Err(Outcome::notice(error)),
            Err(ContinueError::NoTexts) => {
                request.note = Some("begins anew: prompts and answers aren't stored here".into());
            }
            Err(ContinueError::NoAnswer) => {
                request.note = Some("begins anew: the race before it has no answer".into());
            }
            Err(ContinueError::Lookup(_)) => {
                request.note = Some("begins anew: the race before it is no longer stored".into());
            }
        }
        Ok(self.begin(caller, request).await)
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
            Err(error) => return Outcome::notice(error),
        };
        let lane = if let FollowUp::Lane(lane) = follow { Some(lane) } else { None };
        let chosen = lane.and_then(|lane| conversation.models().nth(lane).cloned());
        let request = RaceRequest::new(RaceKind::Open, chosen.as_slice(), prompt);
        self.next_turn(caller, request, conversation).await
    }

    /// Continues `conversation`, with its models if `request` names none.
    async fn next_turn(
        &self,
        caller: &Caller,
        request: RaceRequest<'_>,
        conversation: Conversation,
    ) -> Outcome {
        let before: Vec<ModelId> = conversation.models().cloned().collect();
        let models = if request.models.is_empty() { &before } else { request.models };
        self.begin(caller, RaceRequest { models, conversation: Some(conversation), ..request }).await
    }

    /// Repeats a race: with the same models, files and earlier turns, and as a vote if it was one.
    pub(super) async fn repeat(&self, caller: &Caller, id: RaceId) -> Result<Outcome, Outcome> {
        let record = self.look_up(id).await?;
        let conversation = self.arena.conversation_before(&record).await.map_err(Outcome::notice)?;
        let report = &record.report;
        let (models, quote) = (report.models(), report.circumstances.quote.clone());
        let kind = if report.vote.is_some() { RaceKind::Blind } else { RaceKind::Open };
        let request = RaceRequest::new(kind, &models, report.prompt.clone());
        let request = RaceRequest { quote, original: Some(&record), conversation, ..request };
        Ok(self.begin(caller, request).await)
    }

    /// Races an example prompt.
    pub(super) async fn try_example(&self, caller: &Caller, kind: RaceKind, key: u64) -> Outcome {
        match self.examples.iter().find(|example| example_key(example) == key) {
            Some(example) => self.begin(caller, RaceRequest::new(kind, &[], example.prompt.clone())).await,
            None => Outcome::notice(EXAMPLE_GONE),
        }
    }

    /// Returns `source` without the pictures that none of the models can see, if it has words besides.
    pub(crate) fn without_unseen(&self, mut source: SourceMessage) -> SourceMessage {
        if !self.arena.cards().iter().any(|card| card.vision) {
            source.leave_out_pictures();
        }
        source
    }

    /// Returns the refusal if `caller` may not race this message.
    pub(crate) fn refusal(&self, caller: &Caller, message: &SourceMessage) -> Option<Outcome> {
        caller.refusal().or_else(|| message.refusal(self.may_race_others).map(Outcome::Notice))
    }
}

impl Caller {
    /// Returns the refusal of a person or a place that is not on the allow-lists.
    pub(super) fn refusal(&self) -> Option<Outcome> {
        self.permission.clone().err().map(Outcome::from)
    }

    /// Returns the answer to a message that has files and the words `text`, if these are none.
    pub(crate) fn wordless(&self, text: &str) -> Option<Outcome> {
        if !text.trim().is_empty() || self.files.is_empty() {
            return None;
        }
        let (files, them) = if self.files.len() == 1 { ("a file", "it") } else { ("files", "them") };
        let no_question = format!(
            "That message has only {files}, and no question for the models. Send {them} again with one."
        );
        self.refusal().or(Some(Outcome::Notice(no_question)))
    }
}
