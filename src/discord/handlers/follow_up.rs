//! SHELL. Follow-ups: the form that asks for one, and the thread in which it is raced.
//!
//! Where the bot may use threads, a race is continued in the thread of its message. Everywhere else, and where Discord does
//! not let it open one, the response to the form is the message of the next race.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{InteractionHandler, reply::Reply, thread_key};
use crate::{
    arena::Recorded,
    button::Button,
    discord::{
        interaction::{Interaction, Kind},
        message_ref::{self, MessageRef},
        render::{self, Body},
        rest::{Request, RestError, Route},
        surface::DiscordSurface,
    },
    platform::handlers::Outcome,
    race::{RaceId, Record, conversation::FollowUp},
    view::View,
};

/// The time that Discord may take to open a thread; a race that waits longer is continued without one.
const THREAD_TIMEOUT: Duration = Duration::from_secs(1);
/// The time that the first message in a thread may take.
const POST_TIMEOUT: Duration = Duration::from_secs(20);

/// Discord's codes: the message has a thread already; the thread is archived; it is locked
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>).
const THREAD_EXISTS: u32 = 160_004;
const THREAD_ARCHIVED: u32 = 50_083;
const THREAD_LOCKED: u32 = 160_005;

/// The notices in place of a race that could not be posted.
const MAY_NOT_WRITE: &str = "LLM Arena may not write in the thread of this race: it's locked, or the permission `Send \
                             Messages in Threads` is missing. No model was called.";
const NOT_POSTED: &str = "Discord didn't accept the message in the thread of this race. No model was called. Try again in a \
                          moment.";

impl InteractionHandler {
    /// Opens the form that continues the race of `record`.
    pub(super) async fn ask_how(&self, reply: &Reply<'_>, record: &Record) {
        let button = Button::Continue(record.id);
        let seal = self.handlers.sealer.seal(button, &self.caller(reply.interaction).place);
        let max_prompt = self.arena().limits().prompt_chars;
        reply.open(render::follow_up_form(record, max_prompt, &format!("{button}:{seal}"))).await;
    }

    /// Carries out a form that was submitted.
    pub(super) async fn submitted(
        &self,
        interaction: &Interaction,
        custom_id: &str,
        values: &[(String, String)],
    ) -> Outcome {
        let caller = self.caller(interaction);
        let value = |name: &str| values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let pressed = render::pressed(custom_id);
        match (pressed, value(render::WITH_FIELD).and_then(FollowUp::parse)) {
            (Some((button @ Button::Continue(id), seal)), Some(follow))
                if self.handlers.sealer.fits(button, seal, &caller.place) =>
            {
                let prompt = value(render::PROMPT_FIELD).unwrap_or_default().to_owned();
                self.handlers.follow_up(&caller, id, follow, prompt).await
            }
            // a form that was copied, or of another version: its button says so
            (pressed, Some(_)) => self.handlers.button(&caller, pressed).await,
            (_, None) => self.handlers.button(&caller, None).await,
        }
    }

    /// Opens the thread of the message whose form was submitted, or finds it open; `None` where the race is continued without
    /// one.
    pub(super) async fn thread(&self, reply: &Reply<'_>) -> Option<(RaceId, u64)> {
        let interaction = reply.interaction;
        let Kind::Form { custom_id, message, .. } = &interaction.kind else { return None };
        let (race, message) = (render::pressed(custom_id)?.0.race()?, (*message)?);
        let channel = interaction.with_threads?;
        let record = self.arena().lookup(race).await.ok()?;
        let body = serde_json::json!({ "name": render::thread_name(&record.report.prompt) });
        let request = Request::json(Route::StartThread { channel, message }, body);
        match self.rest.send(&request, interaction.received_at + THREAD_TIMEOUT).await {
            // a thread has the id of its message
            Ok(_) | Err(RestError::Invalid { code: THREAD_EXISTS, .. }) => Some((race, message)),
            Err(error) => {
                tracing::info!(%race, error = error.chain(), "failed to open the thread of a race");
                None
            }
        }
    }

    /// Runs a race in the thread of `parent`, in a message of the bot's own. It is recorded before any model is called.
    pub(super) async fn race_in_thread(
        &self,
        reply: &Reply<'_>,
        recorded: Recorded,
        (parent, thread): (RaceId, u64),
    ) {
        let arena = self.arena();
        reply.say(render::continued(thread)).await;
        for race in [parent, recorded.id()] {
            arena.set_thread(race, &thread_key(thread)).await;
        }
        let posted = arena.unless_interrupted(self.post_race(reply.interaction, &recorded, thread)).await;
        let Some(Ok(message_ref)) = posted else {
            arena.withdraw(recorded).await;
            let may_not_write = match posted {
                Some(Err(error)) => {
                    tracing::warn!(error = error.chain(), "failed to post a race in its thread");
                    matches!(
                        error,
                        RestError::Forbidden { .. }
                            | RestError::Invalid { code: THREAD_ARCHIVED | THREAD_LOCKED, .. }
                    )
                }
                _ => false,
            };
            let say = if may_not_write { MAY_NOT_WRITE } else { NOT_POSTED };
            return reply.fill(render::notice(say), vec![]).await;
        };
        self.run_posted(recorded, message_ref, reply.interaction.may_attach).await;
    }

    /// Runs a race in a message that was posted for it, which is recorded before any model is called.
    pub(super) async fn run_posted(&self, recorded: Recorded, message_ref: MessageRef, may_attach: bool) {
        self.arena().set_message_ref(&recorded, &message_ref.to_string()).await;
        let (rest, sealer) = (self.rest.clone(), self.handlers.sealer.clone());
        let mut surface = DiscordSurface::new(rest, sealer, message_ref, recorded.id(), Instant::now());
        surface.may_attach = may_attach;
        self.arena().race(recorded, &mut surface).await;
    }

    /// Posts the message of a race that `asked` started, in `channel`.
    pub(super) async fn post_race(
        &self,
        asked: &Interaction,
        recorded: &Recorded,
        channel: u64,
    ) -> Result<MessageRef, RestError> {
        let place = message_ref::place(asked.server(), Some(channel));
        let body = render::live(&View::of(&recorded.opening()), recorded.id(), None);
        let message = self.post(asked, channel, body.sealed(&self.handlers.sealer, &place)).await?;
        Ok(MessageRef::posted(asked.server(), channel, message))
    }

    /// Posts a message in answer to `asked` and returns its id. Its nonce keeps a repeated call, of this process or of another,
    /// from posting it twice.
    pub(super) async fn post(&self, asked: &Interaction, channel: u64, body: Body) -> Result<u64, RestError> {
        let mut body = body.json();
        body["nonce"] = asked.id.to_string().into();
        body["enforce_nonce"] = true.into();
        let request = Request::json(Route::CreateMessage { channel }, body);
        let message: Value = self.rest.send(&request, asked.received_at + POST_TIMEOUT).await?;
        let id = message["id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| RestError::transport("the response names no message"))
    }
}
