//! Model providers: everything behind the port [`crate::model::ChatModel`].
//!
//! The way of a byte: [`http`] reads it from a socket and stamps the read; [`guard`] cuts reads into whole
//! events; [`sse`] reads the events; [`openai`] makes deltas of their data; [`decoder`] is these three in a
//! row. [`form`], [`refusal`], [`retry_after`] and [`listing`] judge what is not a stream. Only `http` and this module
//! touch sockets and clocks.
//!
//! Must not know races, views or platforms.

pub mod decoder;
pub mod form;
pub mod guard;
pub mod http;
pub mod listing;
pub mod openai;
pub mod refusal;
pub mod retry_after;
pub mod settings;
pub mod simulated;
pub mod sse;

use std::sync::Mutex;

use secrecy::SecretString;
use tokio_util::task::TaskTracker;
use url::Url;

use self::http::fetch::Fetch;
pub use self::{
    http::OpenAiModel,
    settings::{Deadlines, Settings},
};

/// One `[[provider]]`: an endpoint that the models there share, and what it last listed.
#[derive(Debug)]
pub struct Provider {
    id: String,
    base_url: Url,
    api_key: Option<SecretString>,
    listing: Mutex<Option<Fetch>>,
    /// What goes on beside the races: the question for the list.
    tasks: TaskTracker,
}

impl Provider {
    /// A provider by its id in the configuration, the URL under which `chat/completions` and `models` are
    /// (`https://router.huggingface.co/v1`), and the key to send, if any.
    #[must_use]
    pub fn new(id: &str, base_url: Url, api_key: Option<SecretString>) -> Self {
        Self { id: id.to_owned(), base_url, api_key, listing: Mutex::new(None), tasks: TaskTracker::new() }
    }

    /// The id in the configuration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The URL of `path` below the base; a query in the base is kept.
    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// True when the provider is on this machine.
    fn is_loopback(&self) -> bool {
        match self.base_url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
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
    fn endpoints_are_below_the_base() {
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
