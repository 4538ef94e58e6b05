//! SHELL. Discord's REST API: one client, one limiter. <https://docs.discord.com/developers/reference>
//!
//! Every call takes a slot from the limiter and settles it with its answer. Nothing goes anywhere but to the
//! origin that was given. Must not know what messages say.

mod answer;
mod client;
mod error;
mod gate;
mod limit;
mod request;
mod route;

use std::{fmt, sync::Arc, time::Duration};

use metrics::counter;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use self::{
    client::{Broken, Client, Received},
    gate::{Gate, Pass},
    limit::{Outcome, Scope},
    route::Method,
};
pub(crate) use self::{
    error::RestError,
    gate::Share,
    limit::Urgency,
    request::{Answer, File, Request},
    route::Route,
};
use crate::telemetry::{field, metrics as names};

/// What one call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same with uploads.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(20);
/// The same of the first answer to an interaction: half of its 3 seconds, so that it can be repeated. If the late
/// one arrived all the same, the repetition only learns that.
const CALLBACK_PATIENCE: Duration = Duration::from_millis(1_500);
/// The first wait after a failure that may pass; it doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MOST: Duration = Duration::from_secs(5);
/// Refusals without a code of Discord's own, one after the other, until the last of them is believed.
pub(crate) const UNEXPLAINED_MOST: u32 = 5;

/// Discord's REST API for one bot. Clones share connections and limits.
#[derive(Clone)]
pub(crate) struct Rest(Arc<Inner>);

struct Inner {
    client: Client,
    gate: Gate,
}

/// A call without success, and whether the other side just ended the connection.
struct Failure {
    error: RestError,
    is_cut: bool,
}

impl Rest {
    /// The API at `origin` (scheme, host, port; `/api/v10` is added) for the bot of `token`.
    ///
    /// # Errors
    /// [`RestError::Unauthorized`] for a token that no header can hold, [`RestError::Transport`] without TLS or for
    /// an origin that can have no path.
    pub(crate) fn new(origin: &Url, token: &SecretString) -> Result<Self, RestError> {
        Ok(Self(Arc::new(Inner { client: Client::new(origin, token)?, gate: Gate::default() })))
    }

    /// Calls once, if there is a slot now. For the edit loop: it comes again when told, with the newest state.
    /// Only a connection that the other side ended is repeated, at once, where a second call does no harm
    /// and has a slot.
    ///
    /// # Errors
    /// [`RestError::Limited`] without a call if there is no slot. The caller then has a place in the bucket's queue
    /// for half a second after that time: who comes later than that may find it taken.
    pub(crate) async fn attempt(&self, request: &Request, urgency: Urgency) -> Result<Answer, RestError> {
        let patience = request.patience();
        let pass = self.0.gate.ask(&request.route, urgency)?;
        let Failure { error, is_cut } = match self.call(request, pass, patience).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if !is_cut || !request.route.is_idempotent() {
            return Err(error);
        }
        let Ok(pass) = self.0.gate.ask(&request.route, urgency) else { return Err(error) };
        self.call(request, pass, patience).await.map_err(|failure| failure.error)
    }

    /// Calls until it is answered: waits for slots, repeats 429 exactly when told and passing failures ever more
    /// slowly, until `deadline`. Also right for final edits, which wait here no longer than they must.
    ///
    /// # Errors
    /// What Discord refuses is given at once. [`RestError::Limited`] as soon as it is known that the slot is
    /// after `deadline`; else the last failure. The first answer to an interaction that turns out to have been
    /// given by an earlier, unanswered call of ours is a success.
    pub(crate) async fn send(&self, request: &Request, deadline: Instant) -> Result<Answer, RestError> {
        let mut backoff = BACKOFF_FIRST;
        let (mut was_cut, mut may_be_done, mut unexplained) = (false, false, 0);
        loop {
            let pass = self.0.gate.wait(&request.route, Urgency::Reply, deadline).await?;
            let patience = request.patience().min(deadline.duration_since(Instant::now()));
            let Failure { error, is_cut } = match self.call(request, pass, patience).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match &error {
                RestError::AlreadyAcknowledged if may_be_done => {
                    return Ok(Answer { status: 204, body: Value::Null });
                }
                RestError::Limited { .. } => continue,
                RestError::Server { .. } | RestError::Transport { .. } => {}
                RestError::Unexplained { .. } if unexplained + 1 < UNEXPLAINED_MOST => unexplained += 1,
                _ => return Err(error),
            }
            may_be_done |= error.is_ambiguous();
            if is_cut && !was_cut {
                was_cut = true;
                continue;
            }
            if Instant::now() + backoff >= deadline {
                return Err(error);
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MOST);
        }
    }

    /// How far apart the edits of one live message at `route` should be, counted from an answer to the next call:
    /// by what was learned of its bucket and by how many [share](Self::share) it. At least a second.
    #[must_use]
    pub(crate) fn spacing(&self, route: &Route) -> Duration {
        self.0.gate.spacing(route)
    }

    /// How long the last edits of all live messages may have to wait for their slots: what a restart must leave them.
    #[must_use]
    pub(crate) fn finals(&self) -> Duration {
        self.0.gate.finals()
    }

    /// Counts one more live message that is edited at `route`'s bucket, until the share is dropped.
    pub(crate) fn share(&self, route: &Route) -> Share {
        self.0.gate.share(route)
    }

    /// One call on a slot, which is settled with what came of it.
    async fn call(&self, request: &Request, pass: Pass, patience: Duration) -> Result<Answer, Failure> {
        let route = &request.route;
        let result = match self.0.client.exchange(request, patience).await {
            Ok(received) => read(route, received, pass),
            Err(broken) => Err(broken.settle(pass)),
        };
        let outcome = result.as_ref().map_or_else(|failure| failure.error.outcome(), |_| "ok");
        counter!(
            names::PLATFORM_REQUESTS, field::PLATFORM => "discord", field::ROUTE => route.name(), field::OUTCOME => outcome
        )
        .increment(1);
        if let Err(Failure { error, .. }) = &result {
            tracing::debug!({ field::ROUTE } = route.name(), error = error.chain(), "call failed");
        }
        result
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").finish_non_exhaustive()
    }
}

impl Request {
    fn patience(&self) -> Duration {
        match self.route {
            Route::Callback { .. } if self.files.is_empty() => CALLBACK_PATIENCE,
            _ if self.files.is_empty() => PATIENCE,
            _ => UPLOAD_PATIENCE,
        }
    }
}

impl Broken {
    fn settle(self, pass: Pass) -> Failure {
        pass.settle_at(if self.ambiguous { Outcome::Lost } else { Outcome::NotSent }, Instant::now());
        Failure { is_cut: self.is_cut, error: self.into_error() }
    }
}

/// Settles the slot with the answer and says what it means.
fn read(route: &Route, received: Received, pass: Pass) -> Result<Answer, Failure> {
    let Received { status, headers, body, at } = received;
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let window = answer::window(header);
    let text = body.as_deref().unwrap_or_default();
    if status == 429 {
        let (scope, retry_after) = answer::limited(header, text);
        pass.settle_at(Outcome::Limited { window, scope, retry_after }, at);
        note(route, scope, retry_after);
        return Err(RestError::Limited { retry_after }.into());
    }
    pass.settle_at(Outcome::Answered { window, is_invalid: matches!(status, 401 | 403) }, at);
    if !(200..300).contains(&status) {
        return Err(RestError::of_status(route, status, answer::code(text)).into());
    }
    success(route, status, body.as_deref()).map_err(Failure::from)
}

/// A change that was accepted is done, whatever its answer looks like; a question wants its answer.
fn success(route: &Route, status: u16, body: Option<&[u8]>) -> Result<Answer, RestError> {
    let body = match body {
        Some(b"") => Ok(Value::Null),
        Some(text) => serde_json::from_slice(text).map_err(|_| Unreadable::NoJson),
        None => Err(Unreadable::Broken),
    };
    match body {
        Err(source) if route.method() == Method::Get => {
            Err(RestError::Transport { source: Arc::new(source), ambiguous: false })
        }
        body => Ok(Answer { status, body: body.unwrap_or_default() }),
    }
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the answer broke off or is too large")]
    Broken,
    #[error("the answer is no JSON")]
    NoJson,
}

fn note(route: &Route, scope: Scope, retry_after: Duration) {
    counter!(names::RATE_LIMITED, field::PLATFORM => "discord", field::SCOPE => scope.name()).increment(1);
    tracing::warn!(
        { field::ROUTE } = route.name(),
        { field::SCOPE } = scope.name(),
        ?retry_after,
        "Discord limits the rate"
    );
}

impl From<RestError> for Failure {
    fn from(error: RestError) -> Self {
        Self { error, is_cut: false }
    }
}

#[cfg(test)]
mod tests;
