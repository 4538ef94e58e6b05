//! SHELL. Messages that continue a conversation: mentions of the bot in the thread of a race, and plain words in direct
//! messages, where the first ones start a race of all models. They are answered by messages of the bot's own; a mention
//! elsewhere is not answered. Discord has no private answer to a message, so everyone in the thread sees a refusal.

use tokio::time::Instant;

use super::{InteractionHandler, thread_key};
use crate::{
    arena::{Origin, Recorded},
    command::Command,
    discord::{
        METRICS,
        interaction::{self, ChannelKind, Interaction, Kind},
        render,
        rest::{Request, Route},
    },
    platform::handlers::{Caller, Outcome},
};

/// The time that Discord may take to say which channel a thread is in.
const CHANNEL_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

impl InteractionHandler {
    /// Carries out what was written.
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
        METRICS.command(super::label(&asked.kind));
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
                self.race_below(&asked, *recorded, channel).await;
            }
            Outcome::Refused(refused) => self.reply_to(&asked, channel, &refused.to_string()).await,
            Outcome::Notice(text) => self.reply_to(&asked, channel, &text).await,
            // another process has it
            _ => {}
        }
    }

    /// Fetches the files of a race, posts its message and runs it there. No model is called where that fails.
    async fn race_below(&self, asked: &Interaction, recorded: Recorded, channel: u64) {
        let recorded = match self.with_files(asked, recorded).await {
            Ok(recorded) => recorded,
            Err(refused) => return self.reply_to(asked, channel, &refused.to_string()).await,
        };
        let posting = self.post_race(asked, &recorded, channel);
        match self.arena().unless_interrupted(posting).await {
            Some(Ok(message_ref)) => self.run_posted(recorded, message_ref, asked.may_attach).await,
            failed => {
                if let Some(Err(error)) = failed {
                    tracing::warn!(error = error.chain(), "failed to post a race");
                }
                self.arena().withdraw(recorded).await;
            }
        }
    }

    async fn reply_to(&self, asked: &Interaction, channel: u64, text: &str) {
        if let Err(error) = self.post(asked, channel, render::notice(text)).await {
            tracing::info!(error = error.chain(), "failed to answer a message");
        }
    }

    /// Returns the channel that a thread is in.
    async fn parent(&self, thread: u64) -> Option<u64> {
        let request = Request::new(Route::GetChannel { channel: thread });
        let found = self.rest.send(&request, Instant::now() + CHANNEL_TIMEOUT).await;
        interaction::snowflake(&found.ok()?["parent_id"])
    }
}
