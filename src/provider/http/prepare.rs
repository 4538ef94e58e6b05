//! Preparation before the start of a race: a warm connection for each lane, and the model's availability.
//!
//! Every lane sends `HEAD {base}/models` over its own client, which warms its connection. The [listing](super::listing)
//! is fetched beside it, once for all lanes.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method};
use tokio::time::timeout;

use super::{Endpoint, body, client, listing::ListingRequest};
use crate::model::{Availability, ModelError};

/// Time for the response to `HEAD`, beyond the connect deadline.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for connection and response of a provider that is known to be slow.
const SLOW_PROVIDER_TIMEOUT: Duration = Duration::from_secs(1);

/// Warms the lane's connection and returns the model's availability, within the connect deadline,
/// [`RESPONSE_TIMEOUT`] and a second for the listing.
pub(super) async fn prepare(endpoint: Arc<Endpoint>) -> Availability {
    let listing = ListingRequest::get_or_start(&endpoint);
    let connect = endpoint.settings.deadlines.connect;
    let limit = if listing.is_slow() { SLOW_PROVIDER_TIMEOUT } else { connect + RESPONSE_TIMEOUT };
    let _warm = match timeout(limit, warm_up(&endpoint)).await {
        Ok(Ok(warm)) => warm,
        Ok(Err(error)) => return Availability::Unreachable(error.public()),
        Err(_) => return Availability::Unreachable("the provider does not respond".into()),
    };
    match listing.wait().await {
        Some(Ok(listing)) => listing.availability(&endpoint.settings.model),
        Some(Err(
            error @ (ModelError::Unauthorized | ModelError::Overloaded(_) | ModelError::Refused(_)),
        )) => Availability::Unreachable(error.public()),
        // The lane's own connection is open, whatever happened to the other one.
        Some(Err(_)) | None => Availability::Unknown,
    }
}

/// A client with an open connection. Dropping it reserves the client for the lane's request, which follows at once,
/// even if the wait for the listing is cancelled.
struct WarmClient<'a> {
    endpoint: &'a Endpoint,
    client: Client,
}

impl Drop for WarmClient<'_> {
    fn drop(&mut self) {
        self.endpoint.clients.reserve(self.client.clone());
    }
}

/// Opens a connection, or verifies that a pooled one is still open.
async fn warm_up(endpoint: &Endpoint) -> Result<WarmClient<'_>, ModelError> {
    let head = async |client: &Client| endpoint.request(client, Method::HEAD, "models").send().await;
    let mut client = endpoint.any_client()?;
    let mut response = head(&client).await;
    if response.as_ref().is_err_and(|error| client::is_disconnect(error)) {
        client = endpoint.new_client()?;
        response = head(&client).await;
    }
    let connect = endpoint.settings.deadlines.connect;
    body::drain(response.map_err(|error| client::connection_error(error, connect))?).await;
    Ok(WarmClient { endpoint, client })
}
