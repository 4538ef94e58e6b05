//! Model providers: the implementations of [`ChatModel`](crate::model::ChatModel).
//!
//! ```text
//! request       http      sends it over a warm connection
//! -> reads      http      reads the socket and stamps each read
//! -> events     sse       EventSplitter, the byte guard, then the event parser
//! -> deltas     openai    Dialect: the JSON of one event
//!
//! decoder: the last two steps, without a socket
//! errors:  refusals, errors inside a stream and foreign bodies -> ModelError
//! ```
//!
//! Only `http` and this module touch sockets and clocks. [`simulated`] models need no provider. A deviation of one
//! provider from the protocol is a quirk: [`openai`] says where it goes.

pub mod decoder;
mod errors;
pub mod http;
pub mod openai;
pub mod simulated;
pub mod sse;

use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};

use rustls::{ClientConfig, pki_types::CertificateDer};
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio_util::task::TaskTracker;
use url::Url;

use self::http::listing::ListingRequest;
pub use self::http::{Check, OpenAiModel};
use crate::tls;

/// One `[[provider]]`: a server that several models share.
#[derive(Debug)]
pub struct Provider {
    id: String,
    base_url: Url,
    api_key: Option<SecretString>,
    /// Trusted beside Mozilla's.
    roots: Vec<CertificateDer<'static>>,
    /// With `roots`; created at the first use.
    tls: OnceLock<ClientConfig>,
    /// The latest request for the model list.
    listing: Mutex<Option<ListingRequest>>,
    /// Requests for the model list, which outlive the races that started them.
    tasks: TaskTracker,
}

impl Provider {
    /// Creates a provider from its id in the configuration, the parent URL of `chat/completions` and `models`
    /// (`https://router.huggingface.co/v1`), and its API key, if any.
    #[must_use]
    pub fn new(id: &str, base_url: Url, api_key: Option<SecretString>) -> Self {
        Self {
            id: id.to_owned(),
            base_url,
            api_key,
            roots: Vec::new(),
            tls: OnceLock::new(),
            listing: Mutex::new(None),
            tasks: TaskTracker::new(),
        }
    }

    /// Trusts these root certificates beside Mozilla's.
    #[must_use]
    pub fn trusting(self, roots: Vec<CertificateDer<'static>>) -> Self {
        Self { roots, ..self }
    }

    /// The TLS settings that all connections to it share.
    fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        if self.roots.is_empty() {
            return tls::mozilla();
        }
        if let Some(shared) = self.tls.get() {
            return Ok(shared.clone());
        }
        let config = tls::trusting(&self.roots)?;
        Ok(self.tls.get_or_init(|| config).clone())
    }

    /// The id in the configuration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The URL of `path` below the base. A query in the base is kept.
    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    fn is_loopback(&self) -> bool {
        match self.base_url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

/// The provider's part of one `[[model]]`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The model's name at the provider.
    pub model: String,
    /// The system text, if any.
    pub system: Option<String>,
    /// False moves the system text into the user's turn, for models without that role (Gemma 2).
    pub system_role: bool,
    /// The sampling temperature; `None` leaves it to the provider.
    pub temperature: Option<f64>,
    /// Upper bound of the answer in tokens; the prompt may lower it.
    pub max_tokens: Option<u32>,
    /// The model's context in tokens, prompt and answer together, if known.
    pub context: Option<u32>,
    /// Fields merged into the request body last, so they override all others.
    pub extra: Map<String, Value>,
    /// The deadlines of each request.
    pub deadlines: Deadlines,
}

/// Staged deadlines of one request. The defaults are those of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For establishing a connection.
    pub connect: Duration,
    /// From the request to the first content, reasoning or tool text.
    pub first_token: Duration,
    /// Between two events with content, reasoning or tool text; comments and empty events don't count.
    pub idle: Duration,
    /// From the request to the end.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_mins(3),
            idle: Duration::from_secs(90),
            total: Duration::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(base: &str) -> Provider {
        Provider::new("p", base.parse().expect("a URL"), None)
    }

    #[test]
    fn endpoint_paths_are_appended_to_the_base() {
        for (base, want) in [
            ("https://host/v1", "https://host/v1/chat/completions"),
            ("https://host/v1/", "https://host/v1/chat/completions"),
            ("https://host", "https://host/chat/completions"),
            ("https://host/a%20b/v1?api-version=3", "https://host/a%20b/v1/chat/completions?api-version=3"),
        ] {
            assert_eq!(provider(base).endpoint("chat/completions").as_str(), want);
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for base in ["http://localhost:1/v1", "http://127.0.0.2/v1", "http://[::1]:8/v1", "http://LOCALHOST"]
        {
            assert!(provider(base).is_loopback(), "{base}");
        }
        for base in ["http://localhost.example.org", "http://10.0.0.1", "https://[2001:db8::1]/v1"] {
            assert!(!provider(base).is_loopback(), "{base}");
        }
    }
}
