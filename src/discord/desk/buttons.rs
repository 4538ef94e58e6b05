//! SHELL. The buttons under a message.
//!
//! A button knows its race by its id alone, so it still means the same after a restart; what is no longer
//! remembered is said to have expired. Must not know how a press arrives.

use std::sync::Arc;

use bytes::Bytes;

use super::{Desk, Reply};
use crate::{
    button::{Button, example_key},
    discord::{render, rest::File},
    guide::Example,
    model::ModelId,
    race::{RaceId, Record},
};

impl Desk {
    pub(super) async fn button(&self, reply: &Reply<'_>, button: Option<Button>) {
        match button {
            Some(Button::Stop(id)) => self.stop(reply, id).await,
            Some(Button::Again(id)) => self.again(reply, id).await,
            Some(Button::Answers(id)) => self.answers(reply, id).await,
            Some(Button::Explain(id)) => {
                if let Some(record) = self.record(reply, id).await {
                    reply.say(render::explanation(&record)).await;
                }
            }
            Some(Button::Try(key)) => self.example(reply, key).await,
            None => {
                let say = "This button is of another version of LLM Arena. Try `/arena help`.";
                reply.say(render::notice(say)).await;
            }
        }
    }

    /// Stop is for the asker, and for those who manage the channel.
    async fn stop(&self, reply: &Reply<'_>, id: RaceId) {
        let (person, may) = (format!("discord:{}", reply.interaction.user), reply.interaction.may_manage);
        // first the race: what it costs ends now, and its final frame says so
        match self.arena.stop_for(id, &person, may, "manage this channel").await {
            Ok(()) => reply.take_note().await,
            Err(why) => reply.say(render::notice(&why.to_string())).await,
        }
    }

    async fn again(&self, reply: &Reply<'_>, id: RaceId) {
        let Some(record) = self.record(reply, id).await else { return };
        let models: Vec<ModelId> = record.report.lanes.iter().map(|lane| lane.card.id.clone()).collect();
        self.start(reply, &models, record.report.prompt.clone()).await;
    }

    async fn answers(&self, reply: &Reply<'_>, id: RaceId) {
        let Some(record) = self.record(reply, id).await else { return };
        if !reply.think_privately().await {
            return;
        }
        let (body, text) = render::answers(&record, reply.interaction.file_limit);
        let file = File { name: render::answers_file(id), mime: "text/markdown", bytes: Bytes::from(text) };
        reply.fill(body, vec![file]).await;
    }

    async fn example(&self, reply: &Reply<'_>, key: u64) {
        let example = self.examples.iter().find(|example| example_key(example) == key);
        if let Some(Example { prompt, .. }) = example {
            return self.start(reply, &[], prompt.clone()).await;
        }
        let say = "This example is no longer in the configuration. Try `/arena examples`.";
        reply.say(render::notice(say)).await;
    }

    /// What is remembered of a race that is over; where nothing is, the asker was told why.
    async fn record(&self, reply: &Reply<'_>, id: RaceId) -> Option<Arc<Record>> {
        match self.arena.recall(id).await {
            Ok(record) => Some(record),
            Err(why) => {
                reply.say(render::notice(&why.to_string())).await;
                None
            }
        }
    }
}
