//! Simulated models: a [`ChatModel`] without a language model, for newcomers without a provider key, for
//! demonstrations and for tests. Speeds are plausible. The prompts of the documentation have prepared answers;
//! any other prompt gets a short text that says that the model is simulated.
//!
//! ```text
//! prompt ─answer─▶ reasoning, Markdown ─tokens, script─▶ timed deltas
//! ```
//!
//! [`SimulatedModel`] plays a script against the clock. The [`profile`] of a model sets its speed and its
//! manner of writing; the texts are data in [`assets`]. [`server`] offers the models over HTTP.

mod answer;
mod assets;
mod profile;
mod script;
pub mod server;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use fastrand::Rng;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream, Stream},
};
use tokio::time::{Instant, sleep_until};

use self::{profile::Profile, script::Step};
use crate::model::{Availability, ChatModel, Identity, ModelCard, ModelError, Prompt, Stamped};

/// A simulated model. It answers in-process, without sockets, at the speed of its profile.
///
/// Each delta has a fixed offset from the first poll of the stream, so late wake-ups don't add up and
/// tests can pause the clock.
#[derive(Clone, Debug)]
pub struct SimulatedModel {
    card: ModelCard,
    max_tokens: Option<u32>,
    identity: Identity,
}

impl SimulatedModel {
    /// Creates a simulated model, marks its `card` as simulated, and as able to see pictures if its profile is. The five models of the default
    /// line-up have their own profiles; for any other the card decides. `max_tokens` is the model's output
    /// cap, reasoning included; the prompt's cap may lower it.
    #[must_use]
    pub fn new(mut card: ModelCard, max_tokens: Option<u32>) -> Self {
        card.simulated = true;
        card.vision |= Profile::of(&card).sees;
        Self { identity: Identity::new(&card, None, None, ["simulated"]), card, max_tokens }
    }

    /// Returns this model with its identity in the configuration.
    #[must_use]
    pub fn identified(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// Streams an answer to `prompt`; the clock starts at the first poll.
    fn play(&self, prompt: Arc<Prompt>, mut rng: Rng) -> impl Stream<Item = Stamped> + Send + use<> {
        let profile = Profile::of(&self.card);
        let answer = answer::compose(&prompt, &self.card, &profile);
        let cap = self.max_tokens.map_or(prompt.max_output_tokens, |own| own.min(prompt.max_output_tokens));
        async move {
            let steps = script::write(&profile, &answer, &prompt.text, cap, &mut rng);
            let start = Instant::now();
            stream::iter(steps).then(move |step| play_step(start, step))
        }
        .flatten_stream()
    }
}

async fn play_step(start: Instant, step: Step) -> Stamped {
    sleep_until(start + step.offset).await;
    Stamped::new(Instant::now(), step.delta)
}

impl ChatModel for SimulatedModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        std::future::ready(Availability::Listed).boxed()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        self.play(prompt, Rng::new()).map(Ok).boxed()
    }
}
