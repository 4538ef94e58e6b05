//! SHELL: a model behind an OpenAI-compatible HTTP server.
//!
//! ```text
//! prepare  warms a connection (client) and asks for the model list (listing)
//! call     sends the request, reads the response (body, streaming, deadline) and stamps what the decoder makes of it
//! refusal  decides whether a refused request is worth another try
//! check    tests connection and key for the operator
//! ```
//!
//! Each request has its own client and so each lane of a race its own warm HTTP/1.1 connection. Over HTTP/2 the lanes
//! would share one connection, its congestion window and its slowest reader.

mod body;
mod call;
mod check;
pub mod client;
mod deadline;
pub(super) mod listing;
mod prepare;
mod refusal;
mod streaming;

use std::sync::{Arc, Mutex, PoisonError};

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use reqwest::{Client, Method, RequestBuilder, header};
use secrecy::ExposeSecret as _;

pub use self::check::Check;
use self::{call::Call, client::ClientPool};
use super::{Provider, Settings, errors, openai::request::Quirks};
use crate::model::{Availability, ChatModel, Identity, ModelCard, ModelError, Prompt, Stamped};

/// A model behind an OpenAI-compatible server. Opens no connection before its first use.
pub struct OpenAiModel {
    card: ModelCard,
    identity: Identity,
    endpoint: Arc<Endpoint>,
}

impl OpenAiModel {
    /// Creates the model described by `card`, served by `provider` and requested with `settings`.
    #[must_use]
    pub fn new(card: ModelCard, provider: Arc<Provider>, settings: Settings) -> Self {
        let (clients, quirks) = (ClientPool::default(), Mutex::new(Quirks::default()));
        let identity = Identity::new(&card, Some(&settings.model), None, []);
        Self { card, identity, endpoint: Arc::new(Endpoint { provider, settings, clients, quirks }) }
    }

    /// Returns this model with its identity in the configuration.
    #[must_use]
    pub fn identified(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// Tests connection and key, if necessary with a request of one token.
    #[must_use]
    pub fn check(&self) -> BoxFuture<'static, Check> {
        check::check(Arc::clone(&self.endpoint)).boxed()
    }
}

impl ChatModel for OpenAiModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn context(&self) -> Option<u32> {
        self.endpoint.settings.context
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        prepare::prepare(Arc::clone(&self.endpoint)).boxed()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let call = Box::new(Call::new(Arc::clone(&self.endpoint), prompt));
        stream::unfold(call, async |mut call| call.next().await.map(|item| (item, call))).boxed()
    }
}

/// The state that all requests to one model share.
struct Endpoint {
    provider: Arc<Provider>,
    settings: Settings,
    clients: ClientPool,
    /// Learned from refusals, so that only the first request is retried.
    quirks: Mutex<Quirks>,
}

impl Endpoint {
    /// Returns a free client, or else a new one.
    fn any_client(&self) -> Result<Client, ModelError> {
        self.clients.take_free().map_or_else(|| self.new_client(), Ok)
    }

    /// Builds a client, without a connection.
    fn new_client(&self) -> Result<Client, ModelError> {
        client::build(&self.provider, self.settings.deadlines.connect)
    }

    /// Begins a request for `path` with the provider's key.
    fn request(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        let request = self.keyless_request(client, method, path);
        match &self.provider.api_key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }

    /// Begins a request for `path` without the key.
    fn keyless_request(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        client.request(method, self.provider.endpoint(path)).header(header::ACCEPT_ENCODING, "identity")
    }

    /// Masks the key in a text of the provider.
    fn without_key(&self, text: &str) -> String {
        let key = self.provider.api_key.as_ref();
        key.map_or_else(|| text.to_owned(), |key| errors::mask_key(text, key.expose_secret()))
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `quirks` to those that other requests learned meanwhile.
    fn learn(&self, quirks: Quirks) {
        let mut known = self.quirks.lock().unwrap_or_else(PoisonError::into_inner);
        *known = known.union(quirks);
    }
}

#[cfg(test)]
mod tests;
