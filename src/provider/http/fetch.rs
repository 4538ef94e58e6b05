//! The question for a provider's list: asked once for all its models, and remembered.
//!
//! It goes on when nobody waits for it any more, so that a slow list is there for the next race. Must not
//! know what it is needed for.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{Line, body, client, prepare::ask};
use crate::{
    model::{ModelError, Stage},
    provider::{listing::Listing, refusal},
};

/// How long a list is believed.
const LISTING_LIFE: Duration = Duration::from_mins(10);
/// How long it is remembered that there was none to be had.
const FAILURE_LIFE: Duration = Duration::from_secs(30);
/// How long a provider may take to give its list.
const FETCH_TIME: Duration = Duration::from_secs(10);
/// How long a lane waits for the list, once it is ready itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// A list that is not there so long after it was asked for is slow, and not waited for any more.
const SLOW: Duration = Duration::from_secs(3);
/// The longest list that is read; OpenRouter's is under 1 MiB.
const LISTING_CAP: usize = 8 << 20;

type Outcome = Result<Arc<Listing>, ModelError>;

/// A question that was asked, and its answer once it is there.
#[derive(Clone, Debug)]
pub(in crate::provider) struct Fetch {
    at: Instant,
    answer: watch::Receiver<Option<Outcome>>,
}

impl Fetch {
    /// The last question if its answer is still good or under way, else a new one.
    pub(super) fn of(line: &Arc<Line>) -> Self {
        let at = Instant::now();
        let mut last = line.provider.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = last.as_ref().filter(|fetch| fetch.is_fresh(at)) {
            return fetch.clone();
        }
        let (tell, answer) = watch::channel(None);
        let asker = Arc::clone(line);
        line.provider.tasks.spawn(async move { tell.send_replace(Some(fetch(&asker).await)) });
        last.insert(Self { at, answer }).clone()
    }

    /// The answer, if it comes soon.
    pub(super) async fn soon(mut self) -> Option<Outcome> {
        let now = Instant::now();
        let until = (self.at + SLOW).clamp(now, now + PATIENCE);
        timeout_at(until, self.answer.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    /// True when the provider has let somebody wait for long.
    pub(super) fn is_slow(&self) -> bool {
        match &*self.answer.borrow() {
            None => self.at.elapsed() >= SLOW,
            Some(outcome) => matches!(outcome, Err(ModelError::Timeout { .. })),
        }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let life = match &*self.answer.borrow() {
            Some(Ok(_)) => LISTING_LIFE,
            // The task died with its runtime.
            None if self.answer.has_changed().is_err() => Duration::ZERO,
            Some(Err(_)) | None => FAILURE_LIFE,
        };
        now.duration_since(self.at) < life
    }
}

/// Fetches the list over a client of its own, since it may take long.
async fn fetch(line: &Line) -> Outcome {
    let late = |_| Err(ModelError::Timeout { stage: Stage::Total, after: FETCH_TIME });
    timeout(FETCH_TIME, get(line)).await.unwrap_or_else(late).map(Arc::new)
}

async fn get(line: &Line) -> Result<Listing, ModelError> {
    let own = line.any_client()?;
    let response = ask(line, &own, Method::GET)
        .await
        .map_err(|error| client::before_answer(error, line.settings.deadlines.connect))?;
    let status = response.status();
    let body = body::start(response, LISTING_CAP).await;
    line.clients.keep_free(own);
    match status {
        status if status.is_success() => Ok(Listing::read(&body)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ModelError::Unauthorized),
        status if status.is_server_error() => Err(refusal::of_status(status.as_u16(), &body, None)),
        _ => Ok(Listing::none()),
    }
}
