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
};
use crate::{
    model::{Delta, ModelError, Prompt},
    provider::errors,
};

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

/// Checks the provider of `endpoint`, if necessary with the endpoint's model.
pub(super) async fn check(endpoint: Arc<Endpoint>) -> Check {
    let has_key = endpoint.provider.api_key.is_some();
    let listed = async |with_key| match timeout(LISTING_TIMEOUT, list(&endpoint, with_key)).await {
        Ok(listed) => listed.map_err(|error| client::unreachable_reason(&error)),
        Err(_) => Err(format!("no response within {} s", LISTING_TIMEOUT.as_secs())),
    };
    let (status, listing) = match listed(true).await {
        Ok(listed) => listed,
        Err(why) => return Check::Unreachable(why),
    };
    match status {
        status if status.is_server_error() => Check::Unreachable(format!("HTTP {}", status.as_u16())),
        StatusCode::UNAUTHORIZED if has_key => Check::KeyRejected(401),
        StatusCode::UNAUTHORIZED => Check::Unreachable("HTTP 401; it needs a key: set api_key_env".into()),
        _ if !has_key => Check::NoKey,
        status if status.is_success() && !listing.is_missing() => match listed(false).await {
            Ok((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _)) => Check::Ready,
            // the list is public
            _ => trial(endpoint).await,
        },
        _ => trial(endpoint).await,
    }
}

async fn list(endpoint: &Endpoint, with_key: bool) -> Result<(StatusCode, Listing), ModelError> {
    let client = endpoint.new_client()?;
    let begin = if with_key { Endpoint::request } else { Endpoint::keyless_request };
    let request: RequestBuilder = begin(endpoint, &client, Method::GET, "models");
    let connect = endpoint.settings.deadlines.connect;
    let response = request.send().await.map_err(|error| client::connection_error(error, connect))?;
    let status = response.status();
    let body = body::read_rest(response, Vec::new(), MAX_LISTING_LEN).await;
    Ok((status, Listing::parse(&body)))
}

/// Sends a request of one token. Anything that begins to look like an answer proves the key.
async fn trial(endpoint: Arc<Endpoint>) -> Check {
    let prompt = Arc::new(Prompt { text: "Hi".into(), max_output_tokens: 1 });
    let mut call = Box::new(Call::new(endpoint, prompt));
    let mut status = None;
    let outcome = timeout(TRIAL_TIMEOUT, async {
        while let Some(item) = call.next().await {
            match item?.delta {
                Delta::ProviderMessage(words) => status = errors::status_of(&words),
                Delta::Sent | Delta::Alive | Delta::Loading => {}
                _ => break,
            }
        }
        Ok(())
    });
    match outcome.await {
        Ok(Ok(())) => Check::Ready,
        Ok(Err(ModelError::Unauthorized)) => Check::KeyRejected(status.unwrap_or(401)),
        Ok(Err(error)) => Check::KeyUntested(match status {
            Some(status) => format!("HTTP {status}: {}", error.public()),
            None => error.public(),
        }),
        Err(_) => Check::KeyUntested(format!("no answer within {} s", TRIAL_TIMEOUT.as_secs())),
    }
}
