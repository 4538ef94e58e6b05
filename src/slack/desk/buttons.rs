//! SHELL. The buttons under a message.
//!
//! A button knows its race by its id alone, so it still means the same after a restart; what is no longer
//! remembered is said to have expired. Must not know how a press arrives.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{Answer, Desk};
use crate::{
    arena::{RaceId, Record},
    button::{Button, example_key},
    model::ModelId,
    slack::{
        api::{ApiError, File, Place},
        incoming::{Incoming, Kind},
        posts, render,
    },
};

/// How long full answers wait for their turns in the channel.
const TURNS: Duration = Duration::from_mins(2);
/// How many races are remembered whose full answers stand in their threads.
const TOLD: usize = 500;

/// The races whose full answers were asked for: they are posted once.
#[derive(Default)]
pub(in crate::slack) struct Told(Mutex<VecDeque<RaceId>>);

impl Told {
    /// True the first time.
    fn is_first(&self, id: RaceId) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(&id) {
            return false;
        }
        told.push_back(id);
        if told.len() > TOLD {
            told.pop_front();
        }
        true
    }

    fn forget(&self, id: RaceId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|told| *told != id);
    }
}

impl Desk {
    pub(super) async fn button(&self, incoming: &Incoming, button: Option<Button>) {
        match button {
            Some(Button::Stop(id)) => self.stop(incoming, id).await,
            Some(Button::Again(id)) => self.again(incoming, id).await,
            Some(Button::Answers(id)) => self.answers(incoming, id).await,
            Some(Button::Explain(id)) => {
                if let Some(record) = self.record(incoming, id).await {
                    self.reply(incoming).say(&render::explanation(&record)).await;
                }
            }
            Some(Button::Try(key)) => self.example(incoming, key).await,
            None => {
                let say = "This button is of another version of LLM Arena. Try `/arena help`.";
                self.notice(incoming, say).await;
            }
        }
    }

    async fn notice(&self, incoming: &Incoming, say: &str) {
        self.reply(incoming).say(&render::notice(say)).await;
    }

    /// Stop is for the asker, and for the admins of the configuration.
    async fn stop(&self, incoming: &Incoming, id: RaceId) {
        let is_admin = self.admins.contains(&incoming.user);
        let person = super::asker(incoming).id;
        if let Err(why) = self.arena.stop_for(id, &person, is_admin, "administer LLM Arena here") {
            self.notice(incoming, &why.to_string()).await;
        }
    }

    async fn again(&self, incoming: &Incoming, id: RaceId) {
        let Some(record) = self.record(incoming, id).await else { return };
        let models: Vec<ModelId> = record.report.lanes.iter().map(|lane| lane.card.id.clone()).collect();
        self.start(incoming, &models, record.report.prompt.clone()).await;
    }

    async fn example(&self, incoming: &Incoming, key: u64) {
        let example = self.examples.iter().find(|example| example_key(example) == key);
        if let Some(example) = example {
            return self.start(incoming, &[], example.prompt.clone()).await;
        }
        self.notice(incoming, "This example is no longer in the configuration. Try `/arena examples`.").await;
    }

    async fn start(&self, incoming: &Incoming, models: &[ModelId], prompt: String) {
        match self.admit(incoming, models, prompt) {
            Answer::Race(permit, _) => self.race(incoming, *permit).await,
            Answer::Say(body) => self.reply(incoming).say(&body).await,
            Answer::Models | Answer::Form(_) => {}
        }
    }

    /// Puts every answer, whole, into the thread of its race, once.
    async fn answers(&self, incoming: &Incoming, id: RaceId) {
        let Some(record) = self.record(incoming, id).await else { return };
        let Some(thread) = thread(incoming) else { return };
        if !self.told.is_first(id) {
            return self.notice(incoming, "The full answers stand in the thread of this race.").await;
        }
        if let Some(Err(error)) = self.arena.unless_interrupted(self.tell(&thread, &record)).await {
            tracing::warn!(race = %id, error = error.chain(), "full answers were not posted");
            self.told.forget(id);
            let say = "Slack did not take all of the full answers. Try again in a moment.";
            self.notice(incoming, say).await;
        }
    }

    async fn tell(&self, thread: &Place, record: &Record) -> Result<(), ApiError> {
        let until = Instant::now() + TURNS;
        let answers = render::answers(record);
        for message in &answers.messages {
            posts::post(&self.api, thread, message, until).await?;
        }
        let Some(markdown) = answers.file else { return Ok(()) };
        let file = File {
            name: render::answers_file(record.id),
            mime: "text/markdown",
            title: "Full answers".into(),
            alt: None,
            bytes: Bytes::from(markdown),
        };
        let staged = self.api.stage(file).await?;
        posts::share(&self.api, thread, &staged, until).await
    }

    /// What is remembered of a race that is over; where nothing is, the one who pressed was told why.
    async fn record(&self, incoming: &Incoming, id: RaceId) -> Option<Arc<Record>> {
        match self.arena.recall(id) {
            Ok(record) => Some(record),
            Err(why) => {
                self.notice(incoming, &why.to_string()).await;
                None
            }
        }
    }
}

/// The thread below the message whose button was pressed, or the one that it stands in.
fn thread(incoming: &Incoming) -> Option<Place> {
    let Kind::Button { message, .. } = &incoming.kind else { return None };
    let place = incoming.place.as_ref()?;
    let thread = place.thread.clone().or_else(|| message.clone());
    Some(Place { channel: place.channel.clone(), thread })
}
