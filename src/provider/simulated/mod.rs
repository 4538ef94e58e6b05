//! Simulated models: a [`ChatModel`] with no language model behind it, for a newcomer without a key,
//! for demonstrations and for tests. Same port, same deltas, believable speeds, answers of the right
//! kind; every answer says that it is simulated.
//!
//! The way of an answer: [`kind`] reads what is asked, [`answer`] writes it, [`pieces`] cuts it into
//! tokens, [`pace`] gives each its time, [`script`] puts them together, and this shell plays the script
//! against the clock. [`server`] offers the same models over HTTP. Must not know races or views.

mod answer;
mod assets;
mod kind;
mod pace;
mod pieces;
mod profile;
mod script;
pub mod server;
mod subject;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use fastrand::Rng;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream, Stream},
};
use tokio::time::{Instant, sleep_until};

use self::{profile::Profile, script::Step};
use crate::model::{Availability, ChatModel, ModelCard, ModelError, Prompt, Stamped};

/// A model that only pretends: it answers in-process, without sockets, at its profile's pace.
///
/// It works under a paused clock: each delta waits for its own instant, reckoned from the first poll,
/// so that late wake-ups never add up.
#[derive(Clone, Debug)]
pub struct SimulatedModel {
    card: ModelCard,
    max_tokens: Option<u32>,
}

impl SimulatedModel {
    /// A simulated model that goes by `card`, which is marked as simulated. The five models of the
    /// default line-up have profiles of their own; any other gets one from its card. `max_tokens` is the
    /// model's own output cap, reasoning included; the prompt's cap may lower it.
    #[must_use]
    pub fn new(mut card: ModelCard, max_tokens: Option<u32>) -> Self {
        card.simulated = true;
        Self { card, max_tokens }
    }

    /// The answer that `rng` throws, from its first poll on.
    fn play(&self, prompt: Arc<Prompt>, mut rng: Rng) -> impl Stream<Item = Stamped> + Send + use<> {
        let profile = Profile::of(&self.card);
        let cap = self.max_tokens.map_or(prompt.max_output_tokens, |own| own.min(prompt.max_output_tokens));
        async move {
            let steps = script::write(&profile, &prompt.text, cap, &mut rng);
            let start = Instant::now();
            stream::iter(steps).then(move |step| at_its_time(start, step))
        }
        .flatten_stream()
    }
}

async fn at_its_time(start: Instant, step: Step) -> Stamped {
    sleep_until(start + step.after).await;
    Stamped { at: Instant::now(), delta: step.delta }
}

impl ChatModel for SimulatedModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        std::future::ready(Availability::Listed).boxed()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        self.play(prompt, Rng::new()).map(Ok).boxed()
    }
}
