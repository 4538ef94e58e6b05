//! HTTP clients: how they are built and pooled, and what their errors mean.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{Client, redirect, retry};
use rustls::CertificateError;
use tokio::time::Instant;

use crate::{
    model::{ModelError, Stage},
    provider::Provider,
};

const USER_AGENT: &str = concat!("llm-arena/", env!("CARGO_PKG_VERSION"));

/// Maximum number of idle clients.
const MAX_IDLE_CLIENTS: usize = 32;
/// Time for which an idle client is kept: servers close idle connections after a minute or so.
const MAX_IDLE: Duration = Duration::from_mins(1);
/// Time for which a prepared client is reserved. A race takes it at once; one that is left was prepared by a request
/// for the line-up, which no prompt follows.
const RESERVATION_TTL: Duration = Duration::from_secs(10);
/// Maximum number of response headers: gateways pass on those of every hop.
const MAX_HEADERS: usize = 1_000;

/// Builds a client for `provider`: without redirects (they would forward the key), retries of its own or, on loopback, a
/// proxy. It decodes gzip, but [`super::Endpoint::request`] asks for none, since compression batches tokens.
///
/// # Errors
/// [`ModelError::Transport`] if TLS cannot be set up.
pub fn build(provider: &Provider, connect: Duration) -> Result<Client, ModelError> {
    let unavailable = |source| ModelError::Transport { connecting: true, source };
    let builder = Client::builder()
        .tls_backend_preconfigured(provider.tls().map_err(|error| unavailable(Arc::new(error)))?)
        .http1_only()
        .http1_max_headers(MAX_HEADERS)
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(90))
        .user_agent(USER_AGENT);
    let builder = if provider.is_loopback() { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| unavailable(source(error)))
}

/// Converts an error that came before the response.
pub(super) fn connection_error(error: reqwest::Error, connect: Duration) -> ModelError {
    if error.is_connect() && error.is_timeout() {
        return ModelError::Timeout { stage: Stage::Connect, after: connect };
    }
    ModelError::Transport { connecting: error.is_connect(), source: source(error) }
}

/// Converts an error within the response body: a disconnect truncates the answer.
pub(super) fn body_error(error: reqwest::Error) -> ModelError {
    if is_disconnect(&error) {
        ModelError::Truncated
    } else {
        ModelError::Transport { connecting: false, source: source(error) }
    }
}

/// Returns true if the server closed the connection.
pub(super) fn is_disconnect(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    causes(error).any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    })
}

/// Returns true if nothing listens at the server's address.
pub(super) fn is_refused(error: &(dyn Error + 'static)) -> bool {
    io_kind(error) == Some(io::ErrorKind::ConnectionRefused)
}

/// Returns the reason for which the provider cannot be reached, and a way out, for the operator.
pub(super) fn unreachable_reason(error: &ModelError) -> String {
    let ModelError::Transport { source, .. } = error else { return error.public() };
    let error: &(dyn Error + 'static) = source.as_ref();
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref()) {
        return tls_reason(tls);
    }
    if causes(error).any(|cause| cause.to_string() == "dns error") {
        return "its host name cannot be resolved (DNS); check base_url and this machine's network".into();
    }
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionRefused) => {
            "connection refused; start the server, or check the port in base_url".into()
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "no route to its host; check this machine's network".into()
        }
        _ if is_disconnect(error) => {
            "it closed the connection without a response; check whether base_url begins with the right http or https"
                .into()
        }
        _ => causes(error).last().map_or_else(|| error.to_string(), ToString::to_string),
    }
}

fn tls_reason(error: &rustls::Error) -> String {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    match error {
        InvalidCertificate(CertificateError::UnknownIssuer) => {
            "TLS: its certificate has an unknown issuer; name a file with the issuer's certificate in SSL_CERT_FILE or in the provider's ca_file".into()
        }
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "TLS: its certificate has expired; renew it, or check this machine's clock".into()
        }
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "TLS: its certificate is not valid yet; check this machine's clock".into()
        }
        InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "TLS: its certificate is for another host name; check base_url".into(),
        InvalidMessage(_) => "TLS: it does not speak https; write http in base_url if that is intended".into(),
        error => format!("TLS: {error}"),
    }
}

/// The error and its causes, with those that I/O errors hold but do not name as their source.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

/// Strips the URL, which may hold a key.
fn source(error: reqwest::Error) -> Arc<dyn Error + Send + Sync> {
    Arc::new(error.without_url())
}

/// The idle clients of one model.
///
/// A client shares its connections among all its users, so each request has a client of its own while it runs. A
/// prepared client is reserved for its race: it is returned as the last step of the preparation and taken as the first
/// step of the request.
#[derive(Default)]
pub(super) struct ClientPool(Mutex<Vec<IdleClient>>);

struct IdleClient {
    client: Client,
    since: Instant,
    is_reserved: bool,
}

impl ClientPool {
    /// Takes the client that was reserved last: the caller's own, if it asks right after its preparation.
    pub(super) fn take_reserved(&self) -> Option<Client> {
        self.take(|idle, _| idle.is_reserved)
    }

    /// Takes a client that no request is about to use. It may have an open connection.
    pub(super) fn take_free(&self) -> Option<Client> {
        self.take(|idle, now| !idle.is_reserved || now.duration_since(idle.since) >= RESERVATION_TTL)
    }

    /// Returns a client with an open connection for the request that follows.
    pub(super) fn reserve(&self, client: Client) {
        self.put(client, true);
    }

    /// Returns a used client, so that its connection and memory can be reused.
    pub(super) fn release(&self, client: Client) {
        self.put(client, false);
    }

    fn take(&self, fits: impl Fn(&IdleClient, Instant) -> bool) -> Option<Client> {
        let now = Instant::now();
        let mut clients = self.lock(now);
        let index = clients.iter().rposition(|idle| fits(idle, now))?;
        Some(clients.remove(index).client)
    }

    fn put(&self, client: Client, is_reserved: bool) {
        let since = Instant::now();
        let mut clients = self.lock(since);
        if clients.len() == MAX_IDLE_CLIENTS {
            let index = clients.iter().position(|idle| !idle.is_reserved).unwrap_or(0);
            clients.remove(index);
        }
        clients.push(IdleClient { client, since, is_reserved });
    }

    /// Locks the pool and drops the clients that were idle for too long.
    fn lock(&self, now: Instant) -> MutexGuard<'_, Vec<IdleClient>> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|idle| now.duration_since(idle.since) < MAX_IDLE);
        clients
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn client() -> Client {
        let provider = Provider::new("p", "http://127.0.0.1/v1".parse().expect("a URL"), None);
        build(&provider, MAX_IDLE).expect("a client")
    }

    #[tokio::test(start_paused = true)]
    async fn a_reserved_client_serves_its_own_request_and_is_free_later() {
        let pool = ClientPool::default();
        pool.reserve(client());
        assert!(pool.take_free().is_none(), "it is reserved for its request");
        assert!(pool.take_reserved().is_some());
        pool.reserve(client());
        advance(RESERVATION_TTL).await;
        assert!(pool.take_free().is_some(), "the reservation expired");
    }

    #[tokio::test(start_paused = true)]
    async fn few_clients_are_kept_and_not_for_long() {
        let (pool, client) = (ClientPool::default(), client());
        pool.reserve(client.clone());
        for _ in 0..MAX_IDLE_CLIENTS {
            pool.release(client.clone());
        }
        assert_eq!(pool.lock(Instant::now()).len(), MAX_IDLE_CLIENTS);
        assert!(pool.take_reserved().is_some(), "a free client is evicted first");
        advance(MAX_IDLE).await;
        assert!(pool.take_free().is_none());
    }
}
