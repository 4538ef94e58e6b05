//! SHELL. Conversations: the form that continues a race, and messages in the thread of a race or in direct messages.
//!
//! ```text
//! form -> submitted -> thread -> race_in_thread -+
//! message -> written ----------------------------+-> race_posted (a message of the bot's own)
//! ```
//!
//! A race is continued in the thread of its message if the bot may use threads there. If it may not, or if Discord refuses
//! to open one, the response to the form is the message of the next race. In direct messages plain words continue the last
//! race, and the first ones start a race of all models; a mention outside of these places is not answered. Discord has no
//! private answer to a message, so everyone in the thread sees a refusal.

use std::time::Duration;

use tokio::time::Instant;

use super::{InteractionHandler, label, reply::Reply, thread_key};
use crate::{
    arena::{Origin, Recorded},
    button::Button,
    command::Command,
    discord::{
        METRICS,
        interaction::{self, ChannelKind, Interaction, Kind},
        message_ref::{self, MessageRef},
        posts,
        render::{self, Body},
        rest::{Request, RestError, Route},
    },
    platform::handlers::{Caller, Outcome},
    race::{RaceId, Record, conversation::FollowUp},
    view::View,
};

/// The time that Discord may take to open a thread; a race that waits longer is continued without one.
const THREAD_TIMEOUT: Duration = Duration::from_secs(1);
/// The time that the first message in a thread may take.
const POST_TIMEOUT: Duration = Duration::from_secs(20);
/// The time that Discord may take to say which channel a thread is in.
const CHANNEL_TIMEOUT: Duration = Duration::from_secs(5);

/// Discord's codes: the thread is archived; it is locked
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>).
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
        let (name, deadline) =
            (render::thread_name(&record.report.prompt), interaction.received_at + THREAD_TIMEOUT);
        let opened = posts::open_thread(&self.rest, (channel, message), &name, deadline).await;
        opened
            .map(|()| (race, message))
            .map_err(|error| {
                tracing::info!(%race, error = error.chain(), "failed to open the thread of a race");
            })
            .ok()
    }

    /// Runs a race in the thread of `parent`.
    pub(super) async fn race_in_thread(
        &self,
        reply: &Reply<'_>,
        recorded: Recorded,
        (parent, thread): (RaceId, u64),
    ) {
        reply.say(render::continued(thread)).await;
        for race in [parent, recorded.id()] {
            self.arena().set_thread(race, &thread_key(thread)).await;
        }
        let Err(error) = self.race_posted(reply.interaction, recorded, thread).await else { return };
        let may_not_write = matches!(
            error,
            Some(
                RestError::Forbidden { .. }
                    | RestError::Invalid { code: THREAD_ARCHIVED | THREAD_LOCKED, .. }
            )
        );
        reply.fill_notice(if may_not_write { MAY_NOT_WRITE } else { NOT_POSTED }).await;
    }

    /// Handles a message: starts or continues a race, or does nothing where the bot is not spoken to.
    pub(super) async fn written(&self, mut asked: Interaction) {
        let (Kind::Message { text }, Some(channel)) = (&asked.kind, asked.channel) else { return };
        let (prompt, thread) = (text.clone(), thread_key(channel));
        if asked.place != ChannelKind::BotDm {
            if self.arena().newest_in_thread(&thread).await.is_none() {
                return;
            }
            if !self.access.channels.is_empty() || self.arena().has_personas() {
                asked.thread_parent = self.parent(channel).await;
            }
        }
        METRICS.command(label(&asked.kind));
        let caller = self.caller(&asked);
        let origin = Origin { thread: Some(thread.clone()), message_ref: None, ..caller.origin };
        let caller = Caller { origin, ..caller };
        let outcome = match caller.wordless(&prompt) {
            Some(refused) => refused,
            None => self.handlers.command(&caller, Ok(Command::Compare { models: vec![], prompt })).await,
        };
        match outcome {
            Outcome::Race(recorded) => {
                self.arena().set_thread(recorded.id(), &thread).await;
                match self.handlers.with_files(*recorded, &asked.files).await {
                    // a failure is logged
                    Ok(recorded) => drop(self.race_posted(&asked, recorded, channel).await),
                    Err(refused) => self.reply_to(&asked, channel, &refused.to_string()).await,
                }
            }
            Outcome::Notice(text) => self.reply_to(&asked, channel, &text).await,
            // another process has it
            _ => {}
        }
    }

    async fn reply_to(&self, asked: &Interaction, channel: u64, text: &str) {
        if let Err(error) = self.post(asked, channel, &render::notice(text)).await {
            tracing::info!(error = error.chain(), "failed to answer a message");
        }
    }

    /// Returns the channel that a thread is in.
    async fn parent(&self, thread: u64) -> Option<u64> {
        let request = Request::new(Route::GetChannel { channel: thread });
        let found = self.rest.send(&request, Instant::now() + CHANNEL_TIMEOUT).await;
        interaction::snowflake(&found.ok()?["parent_id"])
    }

    /// Posts the message of a race that `asked` started, in `channel`, and runs the race there. It is recorded before any
    /// model is called; where the message cannot be posted, none is.
    ///
    /// # Errors
    /// The error of the post, already logged; `None` in a restart.
    async fn race_posted(
        &self,
        asked: &Interaction,
        recorded: Recorded,
        channel: u64,
    ) -> Result<(), Option<RestError>> {
        let place = message_ref::place(asked.server(), Some(channel));
        let body = render::live(&View::of(&recorded.opening()), recorded.id(), None);
        let body = body.sealed(&self.handlers.sealer, &place);
        let posting = self.post(asked, channel, &body);
        match self.arena().unless_interrupted(posting).await {
            Some(Ok(message)) => {
                let message_ref = MessageRef::posted(asked.server(), channel, message);
                self.arena().set_message_ref(&recorded, &message_ref.to_string()).await;
                self.run(recorded, message_ref, Instant::now(), asked.may_attach).await;
                Ok(())
            }
            failed => {
                let race = recorded.id();
                self.arena().withdraw(recorded).await;
                Err(failed.and_then(Result::err).inspect(|error| {
                    tracing::warn!(%race, channel, error = error.chain(), "failed to post a race");
                }))
            }
        }
    }

    /// Posts a message in answer to `asked` and returns its id.
    async fn post(&self, asked: &Interaction, channel: u64, body: &Body) -> Result<u64, RestError> {
        let deadline = asked.received_at + POST_TIMEOUT;
        posts::post(&self.rest, channel, (body, vec![]), &asked.id.to_string(), deadline).await
    }
}
