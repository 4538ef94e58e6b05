//! The library's Socket Mode with connections of our own.
//!
//! Its listener reads envelopes, calls back and writes acknowledgements; it gets its connections from a "clients
//! manager", and this is the place where another one can be put in. Ours makes none: it only takes the listener's
//! ear, which `link` then tells every frame. Must not know how connections are kept.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use slack_morphism::{
    clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory},
    listener::SlackClientEventsListenerEnvironment,
    multipart_form::FileMultipartData,
    prelude::*,
};
use url::Url;

/// What the listener is told of: every frame, and gives the answer to it.
pub(super) type Ear = Arc<dyn SlackSocketModeClientListener + Send + Sync>;

/// A connector of the library that hands out our manager; all else it does itself.
#[derive(Clone)]
pub(super) struct Wire {
    http: SlackClientHyperHttpsConnector,
    ear: Arc<Mutex<Option<Ear>>>,
}

impl Wire {
    /// With the API client's connector.
    pub(super) fn new(http: SlackClientHyperHttpsConnector) -> Self {
        Self { http, ear: Arc::default() }
    }

    /// The listener's ear, once it listens.
    pub(super) fn ear(&self) -> Option<Ear> {
        self.ear.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SlackSocketModeClientsManagerFactory<Self> for Wire {
    fn new_clients_manager(
        &self,
        _: Arc<SlackClientEventsListenerEnvironment<Self>>,
    ) -> Arc<dyn SlackSocketModeClientsManager + Send + Sync> {
        Arc::new(Hook(Arc::clone(&self.ear)))
    }
}

/// The manager that makes no connections.
struct Hook(Arc<Mutex<Option<Ear>>>);

#[async_trait::async_trait]
impl SlackSocketModeClientsManager for Hook {
    async fn register_new_token(
        &self,
        _: &SlackClientSocketModeConfig,
        _: SlackApiToken,
        ear: Ear,
    ) -> ClientResult<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ear);
        Ok(())
    }

    async fn restart_client(&self, _: &SlackSocketModeWssClientId) {}

    async fn start(&self) {}

    async fn shutdown(&self) {}

    async fn await_term_signals(&self) {}
}

impl SlackClientHttpConnector for Wire {
    fn http_get_uri<'a, RS>(
        &'a self,
        uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        self.http.http_get_uri(uri, context)
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        uri: Url,
        id: &'a SlackClientId,
        secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        self.http.http_get_with_client_secret(uri, id, secret)
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        uri: Url,
        request: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: serde::Serialize + Send + Sync,
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        self.http.http_post_uri(uri, request, context)
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        uri: Url,
        file: Option<FileMultipartData<'p>>,
        params: &'p PT,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        self.http.http_post_uri_multipart_form(uri, file, params, context)
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        uri: Url,
        content_type: String,
        data: &'a [u8],
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        self.http.http_post_uri_binary(uri, content_type, data, context)
    }

    fn create_method_uri_path(&self, method: &str) -> ClientResult<Url> {
        self.http.create_method_uri_path(method)
    }
}
