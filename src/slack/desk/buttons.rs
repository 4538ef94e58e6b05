//! SHELL. The buttons under a message.
//!
//! A button knows its race by its id alone, so it still means the same after a restart; what is no longer
//! remembered is said to have expired. Must not know how a press arrives.

use std::sync::Arc;

use super::{Answer, Desk};
use crate::{
    button::{Button, example_key},
    model::ModelId,
    race::{RaceId, Record},
    slack::{
        incoming::Incoming,
        render::{self, Pressed},
    },
};

impl Desk {
    pub(super) async fn button(&self, incoming: &Incoming, button: Option<Button>) {
        match button {
            Some(Button::Stop(id)) => self.stop(incoming, id).await,
            Some(Button::Answers(id)) => self.answers(incoming, id).await,
            Some(Button::Explain(id)) => {
                if let Some(record) = self.record(incoming, id).await {
                    self.reply(incoming).say(&render::explanation(&record)).await;
                }
            }
            Some(Button::Again(_) | Button::Try(_)) => {}
            None => {
                let say = "This button is of another version of LLM Arena. Try `/arena help`.";
                self.notice(incoming, say).await;
            }
        }
    }

    pub(super) async fn notice(&self, incoming: &Incoming, say: &str) {
        self.reply(incoming).say(&render::notice(say)).await;
    }

    /// Stop is for the asker, and for the admins of the configuration.
    async fn stop(&self, incoming: &Incoming, id: RaceId) {
        let is_admin = self.admins.contains(&incoming.user);
        let person = super::asker(incoming).id;
        let stopped = self.arena.stop_for(id, &person, is_admin, "administer LLM Arena here").await;
        if let Err(why) = stopped {
            self.notice(incoming, &why.to_string()).await;
        }
    }

    /// What a button that begins a race comes to.
    pub(super) async fn begins(&self, incoming: &Incoming, button: Button) -> Answer {
        let answer = match button {
            Button::Again(id) => match self.arena.recall(id).await {
                Ok(record) => {
                    let models: Vec<ModelId> =
                        record.report.lanes.iter().map(|lane| lane.card.id.clone()).collect();
                    self.admit(incoming, &models, record.report.prompt.clone())
                }
                Err(why) => Answer::Say(render::notice(&why.to_string())),
            },
            Button::Try(key) => self.example(incoming, key),
            _ => Answer::Nothing,
        };
        self.entered(incoming, answer).await
    }

    fn example(&self, incoming: &Incoming, key: u64) -> Answer {
        let example = self.examples.iter().find(|example| example_key(example) == key);
        let gone = "This example is no longer in the configuration. Try `/arena examples`.";
        match example {
            Some(example) => self.admit(incoming, &[], example.prompt.clone()),
            None => Answer::Say(render::notice(gone)),
        }
    }

    /// What is remembered of a race that is over; where nothing is, the one who pressed was told why.
    pub(super) async fn record(&self, incoming: &Incoming, id: RaceId) -> Option<Arc<Record>> {
        match self.arena.recall(id).await {
            Ok(record) => Some(record),
            Err(why) => {
                self.notice(incoming, &why.to_string()).await;
                None
            }
        }
    }
}

/// What was done, in the thread that the button carries where Slack tells none.
pub(super) fn within(incoming: &Incoming, pressed: Option<&Pressed>) -> Incoming {
    let mut incoming = incoming.clone();
    if let (Some(place), Some(Pressed { thread, .. })) = (&mut incoming.place, pressed) {
        place.thread = place.thread.take().or_else(|| thread.clone());
    }
    incoming
}
