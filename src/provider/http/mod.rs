//! SHELL: a model behind an OpenAI-compatible HTTP server.
//!
//! One client a model, so that each lane of a race has a warm HTTP/1.1 connection of its own: over HTTP/2 the
//! lanes would share one connection, its congestion window and its slowest reader. Must not know what the
//! bytes mean (that is [`super::decoder`]) nor what is done with the deltas.

mod body;
mod call;
pub mod client;
mod deadline;
mod prepare;

use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicBool};

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::OnceCell;

use self::call::Call;
use super::{Provider, Settings, openai::request::Quirks};
use crate::model::{Availability, ChatModel, ModelCard, ModelError, Prompt, Stamped};

/// A model behind an OpenAI-compatible server. Costs nothing until it is first used.
pub struct OpenAiModel {
    card: ModelCard,
    line: Arc<Line>,
}

impl OpenAiModel {
    /// The model that `card` shows, at `provider`, asked as `settings` say.
    #[must_use]
    pub fn new(card: ModelCard, provider: Arc<Provider>, settings: Settings) -> Self {
        let line = Line {
            provider,
            settings,
            client: OnceCell::new(),
            warm: AtomicBool::new(false),
            quirks: Mutex::new(Quirks::default()),
        };
        Self { card, line: Arc::new(line) }
    }
}

impl ChatModel for OpenAiModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        prepare::prepare(Arc::clone(&self.line)).boxed()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let call = Box::new(Call::new(Arc::clone(&self.line), prompt));
        stream::unfold(call, async |mut call| call.next().await.map(|item| (item, call))).boxed()
    }
}

/// The way to one model: what its requests share.
struct Line {
    provider: Arc<Provider>,
    settings: Settings,
    client: OnceCell<reqwest::Client>,
    /// A connection waits that was not used for an answer yet: it may have died meanwhile.
    warm: AtomicBool,
    /// What the provider turned out not to understand, so that only the first request is repeated for it.
    quirks: Mutex<Quirks>,
}

impl Line {
    async fn client(&self) -> Result<&reqwest::Client, ModelError> {
        self.client
            .get_or_try_init(async || client::build(&self.provider, self.settings.deadlines.connect))
            .await
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, quirks: Quirks) {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner) = quirks;
    }
}

#[cfg(test)]
mod tests;
