//! Before the start: a warm connection for the lane, and what the provider lists.
//!
//! Every lane makes a request on its own client, since only that warms its connection. The first that finds
//! no fresh list fetches it, the others meanwhile ask for its headers alone and then look into the same list.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::MutexGuard,
    time::{Instant, timeout},
};

use super::{Line, body, client};
use crate::{
    model::{Availability, ModelError, Stage},
    provider::{Listed, listing::Listing, refusal},
};

/// What a provider may take beyond the connection.
const GRACE: Duration = Duration::from_secs(3);
/// The longest list that is read; OpenRouter's is under 1 MiB.
const LISTING_CAP: usize = 8 << 20;

/// Warms the lane's connection and asks for the model's availability, within the connect deadline and
/// [`GRACE`].
pub(super) async fn prepare(line: Arc<Line>) -> Availability {
    let after = line.settings.deadlines.connect + GRACE;
    let answer = timeout(after, warm_up(&line)).await;
    let late = || Err(ModelError::Timeout { stage: Stage::Connect, after });
    answer.unwrap_or_else(|_| late()).unwrap_or_else(|error| Availability::Unreachable(error.public()))
}

async fn warm_up(line: &Line) -> Result<Availability, ModelError> {
    let lists = &line.provider.listing;
    let fetches = lists.try_lock().ok().filter(|cache| fresh(cache.as_ref()).is_none());
    let listing = if let Some(cache) = fetches {
        fetch(line, cache).await?
    } else {
        body::drain(ask(line, Method::HEAD).await?).await;
        let cache = lists.lock().await;
        match fresh(cache.as_ref()) {
            Some(listing) => listing.clone(),
            None => fetch(line, cache).await?,
        }
    };
    line.warm.store(true, Relaxed);
    Ok(listing.availability(&line.settings.model))
}

fn fresh(cache: Option<&Listed>) -> Option<&Listing> {
    cache.filter(|listed| listed.is_fresh(Instant::now())).map(|listed| &listed.listing)
}

/// Fetches the list while the cache is locked, so that nobody else does.
async fn fetch(line: &Line, mut cache: MutexGuard<'_, Option<Listed>>) -> Result<Listing, ModelError> {
    let response = ask(line, Method::GET).await?;
    let status = response.status();
    let body = body::start(response, LISTING_CAP).await;
    let listing = match status {
        status if status.is_success() => Listing::read(&body),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(ModelError::Unauthorized),
        status if status.is_server_error() => return Err(refusal::of_status(status.as_u16(), &body, None)),
        _ => Listing::none(),
    };
    *cache = Some(Listed { listing: listing.clone(), at: Instant::now() });
    Ok(listing)
}

async fn ask(line: &Line, method: Method) -> Result<Response, ModelError> {
    let mut request = line.client().await?.request(method, line.provider.endpoint("models"));
    if let Some(key) = &line.provider.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    request.send().await.map_err(|error| client::before_answer(error, line.settings.deadlines.connect))
}
