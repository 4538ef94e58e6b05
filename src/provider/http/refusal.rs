//! Refused requests: what to do about one, before an answer has begun.
//!
//! ```text
//! a field or the output cap is rejected  -> once more, as the provider wants it (remembered)
//! the model is loading                   -> again and again until the first-token deadline
//! the connection is refused              -> again for a few seconds: the server may be starting
//! anything else                          -> the error, after the provider's own words
//! ```

use std::time::Duration;

use reqwest::{Response, StatusCode, Url, header};
use tokio::time::Instant;

use super::{Endpoint, body, listing::ListingRequest};
use crate::{
    backoff::Backoff,
    model::{Availability, ModelError, Refusal},
    provider::{
        errors::{self, CapLimit},
        openai::request::Quirks,
    },
};

/// Time for which a refused connection is tried again.
const CONNECT_RETRY_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_CONNECT_DELAY: Duration = Duration::from_millis(250);
const MAX_CONNECT_DELAY: Duration = Duration::from_secs(1);
/// The waits for a model that loads, unless the server names one.
const MIN_LOADING_DELAY: Duration = Duration::from_secs(1);
const MAX_LOADING_DELAY: Duration = Duration::from_secs(3);
/// A race asks a server few times, so its lanes need not be spread.
const NO_JITTER: f64 = 0.0;
/// A pause that a server may ask for without being asked in vain again at once.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// The retries of one call.
pub(super) struct Retries {
    first_refusal: Option<Instant>,
    connect: Backoff,
    loading: Backoff,
    /// The output cap that the provider allows for this prompt, once it was refused.
    pub(super) cap: Option<u32>,
    is_cap_refused: bool,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            first_refusal: None,
            connect: Backoff::new(MIN_CONNECT_DELAY, MAX_CONNECT_DELAY),
            loading: Backoff::new(MIN_LOADING_DELAY, MAX_LOADING_DELAY),
            cap: None,
            is_cap_refused: false,
        }
    }
}

impl Retries {
    /// Returns the pause after a refused connection; `None` if it has been refused for too long.
    pub(super) fn after_connection_refused(&mut self, now: Instant) -> Option<Duration> {
        let first = *self.first_refusal.get_or_insert(now);
        let delay = self.connect.next(NO_JITTER);
        (now + delay <= first + CONNECT_RETRY_TIMEOUT).then_some(delay)
    }

    /// Returns the pause after a refusal because the model is loading; `None` if it exceeds the `remaining` time.
    pub(super) fn after_loading(
        &mut self,
        announced: Option<Duration>,
        remaining: Duration,
    ) -> Option<Duration> {
        self.first_refusal = None;
        let delay = self.loading.next(NO_JITTER);
        let pause = announced.map_or(delay, |wait| wait.max(MIN_DELAY));
        (pause < remaining).then_some(pause)
    }

    /// Learns from the refusal of the output cap `sent`; `None` if another try is useless.
    fn after_refused_cap(&mut self, known: Quirks, limit: CapLimit, sent: u32) -> Option<Quirks> {
        let is_news =
            limit.allowed.is_some() || limit.context.is_some_and(|context| known.context != Some(context));
        if self.is_cap_refused || !is_news || limit.allowed.is_some_and(|allowed| allowed >= sent) {
            return None;
        }
        self.is_cap_refused = true;
        self.cap = limit.allowed;
        let CapLimit { max_output, context, .. } = limit;
        Some(known.union(Quirks { max_output, context, ..Quirks::default() }))
    }
}

/// A refused request, read.
pub(super) struct RefusedRequest {
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<Duration>,
    /// The address to which the provider redirects.
    location: Option<String>,
}

impl RefusedRequest {
    /// Reads as much of the response as needed to classify it.
    pub(super) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers());
        let pairs = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let retry_after = errors::retry_after(&pairs.collect::<Vec<_>>(), jiff::Timestamp::now());
        let target = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = target.filter(|_| status.is_redirection());
        let location = location.and_then(|target| right_address(response.url(), target));
        let body = body::read_foreign(response, Vec::new()).await.unwrap_or_default();
        Self { status, body, retry_after, location }
    }

    /// Returns what the provider rejects, if another request without it may succeed.
    pub(super) fn quirk(&self, known: Quirks, retries: &mut Retries, sent_cap: u32) -> Option<Quirks> {
        let status = self.status.as_u16();
        let learned = match errors::cap_limit(status, &self.body, sent_cap) {
            Some(limit) => retries.after_refused_cap(known, limit, sent_cap),
            None => None,
        };
        learned.or_else(|| known.learned(status, &self.body).filter(|_| !retries.is_cap_refused))
    }

    /// Classifies the refusal. A model that the provider does not list explains a refusal without a reason.
    pub(super) fn error(&self, endpoint: &Endpoint, sent_cap: u32) -> ModelError {
        let status = self.status.as_u16();
        if errors::cap_limit(status, &self.body, sent_cap).is_some() {
            return ModelError::Refused(Refusal::OutputCap);
        }
        match errors::from_status(status, &self.body, self.retry_after) {
            ModelError::Refused(Refusal::Other(400 | 422))
                if ListingRequest::known(endpoint) == Availability::NotListed =>
            {
                ModelError::Refused(Refusal::UnknownModel)
            }
            error => error,
        }
    }

    /// The provider's own words.
    pub(super) fn message(&self) -> String {
        let status = self.status.as_u16();
        match &self.location {
            Some(address) => format!("HTTP {status}: redirected; set base_url = \"{address}\""),
            None => errors::provider_message(Some(status), &self.body),
        }
    }
}

/// Returns the base URL that a redirect of `asked` to `target` suggests, without credentials and query; `None` if the
/// target is none.
fn right_address(asked: &Url, target: &str) -> Option<String> {
    const ENDPOINTS: [&str; 2] = ["/chat/completions", "/models"];
    let mut url = asked.join(target).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let path = url.path().trim_end_matches('/');
    let base = ENDPOINTS.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path).to_owned();
    url.set_path(&base);
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_names_the_right_base_url() {
        let asked: Url = "http://host/v1/chat/completions".parse().expect("a URL");
        for (target, want) in [
            ("https://host/v1/chat/completions", "https://host/v1"),
            ("/api/v1/chat/completions/", "http://host/api/v1"),
            ("https://me:secret@other:8443/v2/chat/completions?key=1#x", "https://other:8443/v2"),
            ("https://host/login", "https://host/login"),
        ] {
            assert_eq!(right_address(&asked, target).as_deref(), Some(want), "{target}");
        }
    }

    #[test]
    fn a_refused_connection_is_tried_again_for_five_seconds() {
        let (mut retries, start) = (Retries::default(), Instant::now());
        let mut now = start;
        while let Some(pause) = retries.after_connection_refused(now) {
            assert!((MIN_CONNECT_DELAY..=MAX_CONNECT_DELAY).contains(&pause));
            now += pause;
        }
        assert!(now > start + CONNECT_RETRY_TIMEOUT - MAX_CONNECT_DELAY, "{:?}", now - start);
    }

    #[test]
    fn a_loading_model_is_waited_for_while_there_is_time() {
        let (mut retries, second) = (Retries::default(), Duration::from_secs(1));
        let growing: Vec<_> = (0..4).filter_map(|_| retries.after_loading(None, 9 * second)).collect();
        assert!(growing.is_sorted() && (growing[0], growing[3]) == (second, 3 * second), "{growing:?}");
        assert_eq!(retries.after_loading(Some(8 * second), 9 * second), Some(8 * second));
        assert_eq!(retries.after_loading(Some(20 * second), 9 * second), None);
    }

    #[test]
    fn a_refused_cap_is_lowered_once() {
        let (mut retries, known) = (Retries::default(), Quirks::default());
        let limit = CapLimit { allowed: Some(4096), max_output: Some(4096), context: None };
        let learned = retries.after_refused_cap(known, limit, 8192).expect("learned");
        assert_eq!((learned.max_output, retries.cap), (Some(4096), Some(4096)));
        assert_eq!(retries.after_refused_cap(learned, limit, 4096), None);
        assert_eq!(
            Retries::default().after_refused_cap(known, CapLimit::default(), 8192),
            None,
            "no limit is named"
        );
    }
}
