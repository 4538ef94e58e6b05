//! Before the start: a warm connection for the lane, and what the provider lists.
//!
//! Every lane asks for the list's headers over its own client, which warms its connection. Only that is waited
//! for; the list itself is [fetched](super::fetch) beside, once for all.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method, Response};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::{Line, body, client, fetch::Fetch};
use crate::model::{Availability, ModelError};

/// What a provider may take beyond the connection.
const GRACE: Duration = Duration::from_secs(3);
/// What a provider may take altogether that is known to be slow.
const SHORT_GRACE: Duration = Duration::from_secs(1);

/// Warms the lane's connection and asks for the model's availability, within the connect deadline, [`GRACE`]
/// and a second for the list.
pub(super) async fn prepare(line: Arc<Line>) -> Availability {
    let fetch = Fetch::of(&line);
    let is_slow = fetch.is_slow();
    let patience = if is_slow { SHORT_GRACE } else { line.settings.deadlines.connect + GRACE };
    match timeout(patience, warm_up(&line)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Availability::Unreachable(error.public()),
        Err(_) if is_slow => return Availability::Unknown,
        Err(_) => return Availability::Unreachable("the provider does not answer".into()),
    }
    match fetch.soon().await {
        Some(Ok(listing)) => listing.availability(&line.settings.model),
        Some(Err(error @ (ModelError::Unauthorized | ModelError::Overloaded(_)))) => {
            Availability::Unreachable(error.public())
        }
        // The lane's own connection stands, whatever became of the other.
        Some(Err(_)) | None => Availability::Unknown,
    }
}

async fn warm_up(line: &Line) -> Result<(), ModelError> {
    let client = line.any_client()?;
    body::drain(ask(line, &client, Method::HEAD).await?).await;
    line.clients.keep_prepared(client);
    Ok(())
}

/// Asks for the list.
pub(super) async fn ask(line: &Line, client: &Client, method: Method) -> Result<Response, ModelError> {
    let mut request = client.request(method, line.provider.endpoint("models"));
    if let Some(key) = &line.provider.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    request.send().await.map_err(|error| client::before_answer(error, line.settings.deadlines.connect))
}
