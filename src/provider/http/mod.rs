//! SHELL: a model behind an OpenAI-compatible HTTP server.
//!
//! One client a request, so that each lane of a race has a warm HTTP/1.1 connection of its own: over HTTP/2 the
//! lanes would share one connection, its congestion window and its slowest reader. Must not know what the
//! bytes mean (that is [`super::decoder`]) nor what is done with the deltas.

mod body;
mod call;
pub mod client;
mod clients;
mod deadline;
pub(super) mod fetch;
mod prepare;

use std::sync::{Arc, Mutex, PoisonError};

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use self::{call::Call, clients::Clients};
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
        let line =
            Line { provider, settings, clients: Clients::default(), quirks: Mutex::new(Quirks::default()) };
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
    clients: Clients,
    /// What the provider turned out not to understand, so that only the first request is repeated for it.
    quirks: Mutex<Quirks>,
}

impl Line {
    /// A client that nobody waits for, or a new one.
    fn any_client(&self) -> Result<reqwest::Client, ModelError> {
        self.clients.free().map_or_else(|| self.new_client(), Ok)
    }

    /// A client without a connection.
    fn new_client(&self) -> Result<reqwest::Client, ModelError> {
        client::build(&self.provider, self.settings.deadlines.connect)
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers these beside what other requests learned meanwhile.
    fn learn(&self, quirks: Quirks) {
        let mut known = self.quirks.lock().unwrap_or_else(PoisonError::into_inner);
        *known = known.and(quirks);
    }
}

#[cfg(test)]
mod tests;
