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
    let patience = if fetch.is_slow() { SHORT_GRACE } else { line.settings.deadlines.connect + GRACE };
    let _warm = match timeout(patience, warm_up(&line)).await {
        Ok(Ok(warm)) => warm,
        Ok(Err(error)) => return Availability::Unreachable(error.public()),
        Err(_) => return Availability::Unreachable("the provider does not answer".into()),
    };
    match fetch.soon().await {
        Some(Ok(listing)) => listing.availability(&line.settings.model),
        Some(Err(error @ (ModelError::Unauthorized | ModelError::Overloaded(_)))) => {
            Availability::Unreachable(error.public())
        }
        // The lane's own connection stands, whatever became of the other.
        Some(Err(_)) | None => Availability::Unknown,
    }
}

/// A client whose connection stands. When dropped it is kept for the request to come, which follows at once:
/// also where nobody waits for the list any longer.
struct Warm<'a> {
    line: &'a Line,
    client: Client,
}

impl Drop for Warm<'_> {
    fn drop(&mut self) {
        self.line.clients.keep_prepared(self.client.clone());
    }
}

/// Opens a connection, or finds that a kept one still stands.
async fn warm_up(line: &Line) -> Result<Warm<'_>, ModelError> {
    let mut own = line.any_client()?;
    let mut answer = ask(line, &own, Method::HEAD).await;
    if answer.as_ref().is_err_and(|error| client::is_cut(error)) {
        own = line.new_client()?;
        answer = ask(line, &own, Method::HEAD).await;
    }
    let answer = answer.map_err(|error| client::before_answer(error, line.settings.deadlines.connect))?;
    body::drain(answer).await;
    Ok(Warm { line, client: own })
}

/// Asks for the list.
pub(super) async fn ask(line: &Line, client: &Client, method: Method) -> reqwest::Result<Response> {
    let mut request = client.request(method, line.provider.endpoint("models"));
    if let Some(key) = &line.provider.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    request.send().await
}
