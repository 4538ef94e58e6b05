//! Builds the one kind of client there is, and judges its errors.
//!
//! Must not know what is asked over it.

use std::{
    error::Error,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::{
    model::{ModelError, Stage},
    provider::Provider,
};

const USER_AGENT: &str = concat!("llm-arena/", env!("CARGO_PKG_VERSION"));

/// The TLS settings of all clients: with settings of its own a client takes 19 kB instead of 8.
static TLS: OnceLock<ClientConfig> = OnceLock::new();

fn tls() -> Result<ClientConfig, rustls::Error> {
    if let Some(shared) = TLS.get() {
        return Ok(shared.clone());
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TLS.get_or_init(|| config).clone())
}

/// A client for `provider`: no compression (it would batch tokens), no redirects (they would carry the key
/// away), no proxy on this machine.
///
/// # Errors
/// [`ModelError::Transport`] when there is no TLS to be had.
pub fn build(provider: &Provider, connect: Duration) -> Result<Client, ModelError> {
    let unavailable = |source| ModelError::Transport { connecting: true, source };
    let builder = Client::builder()
        .use_preconfigured_tls(tls().map_err(|error| unavailable(Arc::new(error)))?)
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(90))
        .user_agent(USER_AGENT);
    let builder = if provider.is_loopback() { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| unavailable(source(error)))
}

/// An error before the answer began.
pub(super) fn before_answer(error: reqwest::Error, connect: Duration) -> ModelError {
    if error.is_connect() && error.is_timeout() {
        return ModelError::Timeout { stage: Stage::Connect, after: connect };
    }
    ModelError::Transport { connecting: error.is_connect(), source: source(error) }
}

/// An error within the answer: a connection that ends is a cut, anything else breaks the transport.
pub(super) fn within_answer(error: reqwest::Error) -> ModelError {
    if is_cut(&error) {
        ModelError::Truncated
    } else {
        ModelError::Transport { connecting: false, source: source(error) }
    }
}

/// True when the other side ended the connection.
pub(super) fn is_cut(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    })
}

/// The error without its URL, which may hold a key.
fn source(error: reqwest::Error) -> Arc<dyn Error + Send + Sync> {
    Arc::new(error.without_url())
}
