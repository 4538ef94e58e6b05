//! The model list of a provider: the response to `GET {base}/models`
//! (<https://platform.openai.com/docs/api-reference/models/list>).
//!
//! It is requested once for all models of the provider and cached. The request continues when no lane waits for it
//! any more, so that a slow list is available to the next race.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{Endpoint, body, client};
use crate::{
    model::{Availability, ModelError, Stage},
    provider::errors,
};

/// Age up to which a list is reused.
const LISTING_TTL: Duration = Duration::from_mins(10);
/// Age up to which a failure is reused.
const FAILURE_TTL: Duration = Duration::from_secs(30);
/// Upper bound of one request.
const LISTING_TIMEOUT: Duration = Duration::from_secs(10);
/// Upper bound of a lane's wait for the list, once its connection is ready.
const WAIT_TIMEOUT: Duration = Duration::from_secs(1);
/// Age from which a request without a response counts as slow and is not waited for.
const SLOW_AFTER: Duration = Duration::from_secs(3);
/// Maximum length of the response; OpenRouter's is below 1 MiB.
pub(super) const MAX_LISTING_LEN: usize = 8 << 20;

/// The model names that a provider lists, if it has a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing(Option<HashSet<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ListingBody<'a> {
    Wrapped {
        #[serde(borrow)]
        data: Vec<ListedModel<'a>>,
    },
    /// Together sends the bare array.
    #[serde(borrow)]
    Bare(Vec<ListedModel<'a>>),
}

#[derive(Deserialize)]
struct ListedModel<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Listing {
    /// Parses the body of a successful response. Any other JSON than a list of models counts as a missing list.
    pub(super) fn parse(body: &[u8]) -> Self {
        let models = serde_json::from_slice(body).ok().map(|body| match body {
            ListingBody::Wrapped { data } | ListingBody::Bare(data) => data,
        });
        Self(models.map(|models| models.into_iter().map(|model| model.id.into_owned()).collect()))
    }

    fn missing() -> Self {
        Self(None)
    }

    pub(super) fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    /// Looks `model` up by its name, without the suffix that selects a provider or a variant (`name:groq`,
    /// <https://huggingface.co/docs/inference-providers>), or with the one that Ollama adds.
    pub(super) fn availability(&self, model: &str) -> Availability {
        let Some(names) = &self.0 else { return Availability::Unknown };
        let plain = model.rsplit_once(':').map_or(model, |(plain, _)| plain);
        let latest = format!("{model}:latest");
        if [model, plain, &latest].iter().any(|name| names.contains(*name)) {
            Availability::Listed
        } else {
            Availability::NotListed
        }
    }
}

type ListingResult = Result<Arc<Listing>, ModelError>;

/// A request for the list, running or finished.
#[derive(Clone, Debug)]
pub(in crate::provider) struct ListingRequest {
    started: Instant,
    result: watch::Receiver<Option<ListingResult>>,
}

impl ListingRequest {
    /// Returns the provider's latest request if it is running or fresh, else starts a new one.
    pub(super) fn get_or_start(endpoint: &Arc<Endpoint>) -> Self {
        let started = Instant::now();
        let mut latest = endpoint.provider.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(request) = latest.as_ref().filter(|request| request.is_fresh(started)) {
            return request.clone();
        }
        let (sender, result) = watch::channel(None);
        let asking = Arc::clone(endpoint);
        endpoint.provider.tasks.spawn(async move { sender.send_replace(Some(fetch(&asking).await)) });
        latest.insert(Self { started, result }).clone()
    }

    /// Returns the model's availability by the provider's latest list, without a wait.
    pub(super) fn known(endpoint: &Endpoint) -> Availability {
        let latest = endpoint.provider.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(request) = &*latest else { return Availability::Unknown };
        match &*request.result.borrow() {
            Some(Ok(listing)) => listing.availability(&endpoint.settings.model),
            _ => Availability::Unknown,
        }
    }

    /// Waits shortly for the result.
    pub(super) async fn wait(mut self) -> Option<ListingResult> {
        let now = Instant::now();
        let until = (self.started + SLOW_AFTER).clamp(now, now + WAIT_TIMEOUT);
        timeout_at(until, self.result.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    /// Returns true if the provider takes or took long.
    pub(super) fn is_slow(&self) -> bool {
        match &*self.result.borrow() {
            None => self.started.elapsed() >= SLOW_AFTER,
            Some(result) => matches!(result, Err(ModelError::Timeout { .. })),
        }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let ttl = match &*self.result.borrow() {
            Some(Ok(_)) => LISTING_TTL,
            // The task ended with its runtime.
            None if self.result.has_changed().is_err() => Duration::ZERO,
            Some(Err(_)) | None => FAILURE_TTL,
        };
        now.duration_since(self.started) < ttl
    }
}

/// Fetches the list over a client of its own, since it may take long.
async fn fetch(endpoint: &Endpoint) -> ListingResult {
    let late = |_| Err(ModelError::Timeout { stage: Stage::Total, after: LISTING_TIMEOUT });
    timeout(LISTING_TIMEOUT, get(endpoint)).await.unwrap_or_else(late).map(Arc::new)
}

async fn get(endpoint: &Endpoint) -> Result<Listing, ModelError> {
    let client = endpoint.any_client()?;
    let response = endpoint
        .request(&client, Method::GET, "models")
        .send()
        .await
        .map_err(|error| client::connection_error(error, endpoint.settings.deadlines.connect))?;
    let status = response.status();
    let body = body::read_rest(response, Vec::new(), MAX_LISTING_LEN).await;
    endpoint.clients.release(client);
    match status {
        status if status.is_success() => Ok(Listing::parse(&body)),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Err(errors::from_status(status.as_u16(), &body, None))
        }
        status if status.is_server_error() => Err(errors::from_status(status.as_u16(), &body, None)),
        _ => Ok(Listing::missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_name_with_and_without_suffix() {
        let listing =
            Listing::parse(br#"{"object":"list","data":[{"id":"org/a","n":[1]},{"id":"llama3:latest"}]}"#);
        for listed in ["org/a", "org/a:groq", "llama3", "llama3:latest"] {
            assert_eq!(listing.availability(listed), Availability::Listed, "{listed}");
        }
        for missing in ["org/b", "a", "llama3:8b", ""] {
            assert_eq!(listing.availability(missing), Availability::NotListed, "{missing}");
        }
    }

    #[test]
    fn a_bare_array_is_a_list_and_other_bodies_are_not() {
        assert_eq!(Listing::parse(br#"[{"id":"a"}]"#).availability("a"), Availability::Listed);
        assert_eq!(Listing::parse(br#"{"data":[]}"#).availability("a"), Availability::NotListed);
        for other in [b"".as_slice(), b"<html>", b"{}", b"[1]", br#"{"data":{}}"#, b"\xff"] {
            assert_eq!(Listing::parse(other), Listing::missing());
        }
        let recorded = include_bytes!("../../../tests/fixtures/sse/llamacpp_models.json");
        assert_eq!(Listing::parse(recorded).availability("smollm2-135m"), Availability::Listed);
    }
}
