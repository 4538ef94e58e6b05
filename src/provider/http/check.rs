//! The operator's test of a provider: is it reachable, and does it accept the key?
//!
//! A model list proves the key only if it is refused without it. Otherwise a request of one token is sent.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::time::timeout;

use super::{
    Endpoint, body,
    call::Call,
    client,
    listing::{Listing, MAX_LISTING_LEN},
    refusal::RefusedRequest,
};
use crate::model::{Delta, ModelError, Prompt, Refusal};

/// Upper bound of a request for the model list.
const LISTING_TIMEOUT: Duration = Duration::from_secs(6);
/// Upper bound of the request of one token.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Reachable, and its key is accepted.
    Ready,
    /// Reachable; there is no key to test.
    NoKey,
    /// Reachable, but nothing proves the key, for this reason.
    KeyUntested(String),
    /// The key was rejected with this status.
    KeyRejected(u16),
    /// Not reachable, for this reason.
    Unreachable(String),
}

/// A response to a request for the model list.
struct Listed {
    status: StatusCode,
    /// It is a list of models.
    is_list: bool,
    /// The provider's own words about a refusal.
    words: String,
}

/// Checks the provider of `endpoint`, if necessary with the endpoint's model.
pub(super) async fn check(endpoint: Arc<Endpoint>) -> Check {
    let has_key = endpoint.provider.api_key.is_some();
    let listed = match list(&endpoint, true).await {
        Ok(listed) => listed,
        Err(why) => return Check::Unreachable(why),
    };
    match listed.status {
        status if status.is_server_error() || status.is_redirection() => Check::Unreachable(listed.words),
        StatusCode::UNAUTHORIZED if has_key => Check::KeyRejected(401),
        StatusCode::UNAUTHORIZED => Check::Unreachable("HTTP 401; it needs a key: set api_key_env".into()),
        _ if !has_key => Check::NoKey,
        _ if listed.is_list => match list(&endpoint, false).await {
            Ok(Listed { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. }) => Check::Ready,
            // the list is public
            _ => trial(endpoint).await,
        },
        _ => trial(endpoint).await,
    }
}

/// Requests the model list, or returns the reason for which the provider is not reachable.
async fn list(endpoint: &Endpoint, with_key: bool) -> Result<Listed, String> {
    match timeout(LISTING_TIMEOUT, get(endpoint, with_key)).await {
        Ok(listed) => listed.map_err(|error| client::unreachable_reason(&error)),
        Err(_) => Err(format!("no response within {} s", LISTING_TIMEOUT.as_secs())),
    }
}

async fn get(endpoint: &Endpoint, with_key: bool) -> Result<Listed, ModelError> {
    let client = endpoint.new_client()?;
    let begin = if with_key { Endpoint::request } else { Endpoint::keyless_request };
    let request: RequestBuilder = begin(endpoint, &client, Method::GET, "models");
    let connect = endpoint.settings.deadlines.connect;
    let response = request.send().await.map_err(|error| client::connection_error(error, connect))?;
    let status = response.status();
    if !status.is_success() {
        let words = endpoint.without_key(&RefusedRequest::read(response).await.message());
        return Ok(Listed { status, is_list: false, words });
    }
    let body = body::read_rest(response, Vec::new(), MAX_LISTING_LEN).await;
    Ok(Listed { status, is_list: !Listing::parse(&body).is_missing(), words: String::new() })
}

/// Sends a request of one token. Anything that begins to look like an answer proves the key.
async fn trial(endpoint: Arc<Endpoint>) -> Check {
    let prompt = Arc::new(Prompt::new("Hi", 1));
    let mut call = Box::new(Call::new(endpoint, prompt));
    let mut words = String::new();
    let outcome = timeout(TRIAL_TIMEOUT, async {
        while let Some(item) = call.next().await {
            match item?.delta {
                Delta::ProviderMessage(message) => words = message,
                Delta::Sent | Delta::Alive | Delta::Loading => {}
                _ => break,
            }
        }
        Ok(())
    });
    let outcome = outcome.await;
    let status = words.strip_prefix("HTTP ").and_then(|rest| rest.get(..3)?.parse().ok());
    match outcome {
        Ok(Ok(())) => Check::Ready,
        Ok(Err(ModelError::Unauthorized)) => Check::KeyRejected(status.unwrap_or(401)),
        Ok(Err(ModelError::Refused(Refusal::Redirected | Refusal::WrongUrl | Refusal::Region))) => {
            Check::Unreachable(words)
        }
        Ok(Err(error)) => Check::KeyUntested(match status {
            Some(status) => format!("HTTP {status}: {}", error.public()),
            None => error.public(),
        }),
        Err(_) => Check::KeyUntested(format!("no answer within {} s", TRIAL_TIMEOUT.as_secs())),
    }
}
