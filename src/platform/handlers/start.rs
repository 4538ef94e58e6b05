//! The start of a race: a new one, or one that quotes a message, repeats a race or continues one.

use super::{Caller, Handlers, Outcome};
use crate::{
    arena::Refused,
    model::ModelId,
    platform::message::SourceMessage,
    race::{Quote, Record, conversation::Conversation, vote::RaceKind},
};

/// A race that someone asks for.
pub(super) struct RaceRequest<'a> {
    pub(super) kind: RaceKind,
    /// The models; all if none is named.
    pub(super) models: &'a [ModelId],
    pub(super) prompt: String,
    /// The message whose text is the prompt.
    pub(super) quote: Option<Quote>,
    /// The race that it repeats, with its files.
    pub(super) original: Option<&'a Record>,
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

    /// Admits and records a race, whose prompt is made of the message `quote` if there is one; `note` names the parts of it
    /// that are not sent.
    pub(crate) async fn start_quoting(
        &self,
        caller: &Caller,
        (kind, models, prompt): (RaceKind, &[ModelId], String),
        (quote, note): (Option<Quote>, Option<String>),
    ) -> Outcome {
        let request = RaceRequest::new(kind, models, prompt);
        self.begin(caller, RaceRequest { quote, note, ..request }).await
    }

    /// Returns `source` without the pictures that none of the models can see, if it has words besides.
    pub(crate) fn without_unseen(&self, mut source: SourceMessage) -> SourceMessage {
        if !self.arena.cards().iter().any(|card| card.vision) {
            source.leave_out_pictures();
        }
        source
    }

    /// Returns why `caller` may not race this message, if they may not.
    pub(crate) fn refusal(&self, caller: &Caller, message: &SourceMessage) -> Option<Outcome> {
        if let Err(refused) = &caller.permission {
            return Some(Outcome::Refused(refused.clone()));
        }
        message.refusal(self.may_race_others).map(Outcome::Notice)
    }

    /// Admits and records a race.
    pub(super) async fn begin(&self, caller: &Caller, request: RaceRequest<'_>) -> Outcome {
        let RaceRequest { kind, models, prompt, quote, original, conversation, note } = request;
        let recorded = async {
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
        };
        match recorded.await {
            Ok(recorded) => Outcome::Race(Box::new(recorded)),
            Err(Refused::Duplicate) => Outcome::Duplicate,
            Err(refused) => Outcome::Refused(refused),
        }
    }
}

impl Caller {
    /// Returns the answer to a message that has files and the words `text`, if these are none.
    pub(crate) fn wordless(&self, text: &str) -> Option<Outcome> {
        if !text.trim().is_empty() || self.files.is_empty() {
            return None;
        }
        Some(match &self.permission {
            Err(refused) => Outcome::Refused(refused.clone()),
            Ok(()) => Outcome::Notice(no_question(self.files.len())),
        })
    }
}

/// Returns the answer to a message of `files` files without words.
fn no_question(files: usize) -> String {
    let (files, them) = if files == 1 { ("a file", "it") } else { ("files", "them") };
    format!("That message has only {files}, and no question for the models. Send {them} again with one.")
}
