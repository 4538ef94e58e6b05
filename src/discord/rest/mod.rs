//! SHELL. Discord's REST API: one client, one rate limiter. <https://docs.discord.com/developers/reference>
//!
//! A [`Request`] takes a permit (`rate_limiter`, over the sans-IO `limit`), `client` exchanges it for a response, `response`
//! reads that, and the permit is settled with the outcome. Nothing is sent to any other origin than the given one.
//!
//! serenity's HTTP client (0.12) is not used: it waits for rate limits out of the caller's sight, while the live
//! messages must know how long, and it cannot keep permits for final edits.

mod client;
mod error;
mod limit;
mod rate_limiter;
mod response;
mod route;

use std::time::Duration;

use metrics::counter;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

pub(crate) use self::{
    client::{File, Request},
    error::RestError,
    limit::Urgency,
    rate_limiter::Share,
    route::Route,
};
use self::{
    limit::Outcome,
    rate_limiter::{Permit, RateLimiter},
};
use crate::{
    backoff::Backoff,
    discord::METRICS,
    telemetry::{field, metrics as names},
};

const TIMEOUT: Duration = Duration::from_secs(10);
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(20);
/// For the initial response to an interaction: half of its 3 seconds, so that it can be repeated. If the first call
/// arrived after all, the repetition only learns that.
const CALLBACK_TIMEOUT: Duration = Duration::from_millis(1_500);
const MIN_RETRY_DELAY: Duration = Duration::from_millis(250);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);
/// Consecutive refusals without one of Discord's own codes until the last of them is believed.
pub(crate) const MAX_UNEXPLAINED: u32 = 5;

/// Discord's REST API for one bot. Clones share connections and limits.
#[derive(Clone)]
pub(crate) struct Rest {
    http: reqwest::Client,
    /// The API's address including `/api/v10`.
    base: Url,
    authorization: HeaderValue,
    /// The limits, which live messages share.
    pub(crate) limiter: RateLimiter,
}

impl Rest {
    /// Calls once, if there is a permit now, and returns the response's body: null if it is empty, or if a change was
    /// accepted but the response was cut off. For the edit loop, which comes back at the given time with the newest
    /// state. The call is repeated only, and at once, if the other side ended the connection, a second call does no
    /// harm and has a permit.
    ///
    /// # Errors
    /// [`RestError::Limited`] without a call if there is no permit. The caller then has a position in the bucket's
    /// queue for half a second after the given time; after that another caller may take it.
    pub(crate) async fn attempt(&self, request: &Request, urgency: Urgency) -> Result<Value, RestError> {
        let timeout = request.timeout();
        let permit = self.limiter.ask(&request.route, urgency)?;
        match self.call(request, permit, timeout).await {
            Err(error) if error.is_cut() && request.route.is_idempotent() => {
                let Ok(permit) = self.limiter.ask(&request.route, urgency) else { return Err(error) };
                self.call(request, permit, timeout).await
            }
            result => result,
        }
    }

    /// Calls until there is a response, and returns its body like [`attempt`](Self::attempt): waits for permits, repeats
    /// a 429 exactly when told and passing failures with a back-off, until `deadline`. Also suits final edits, which wait
    /// here no longer than they must.
    ///
    /// # Errors
    /// Refusals are returned at once, [`RestError::Limited`] as soon as the permit is known to come after `deadline`;
    /// otherwise the last failure. An initial response that turns out to have been given by an earlier, unanswered call
    /// of ours is a success.
    pub(crate) async fn send(&self, request: &Request, deadline: Instant) -> Result<Value, RestError> {
        let mut backoff = Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
        let (mut was_cut, mut may_be_done, mut unexplained) = (false, false, 0);
        loop {
            let permit = self.limiter.wait(&request.route, deadline).await?;
            let timeout = request.timeout().min(deadline.duration_since(Instant::now()));
            let error = match self.call(request, permit, timeout).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            match &error {
                RestError::AlreadyAcknowledged if may_be_done => return Ok(Value::Null),
                RestError::Limited { .. } => continue,
                RestError::Server { .. } | RestError::Transport { .. } => {}
                RestError::Unexplained { .. } if unexplained + 1 < MAX_UNEXPLAINED => unexplained += 1,
                _ => return Err(error),
            }
            may_be_done |= error.is_ambiguous();
            if error.is_cut() && !was_cut {
                was_cut = true;
                continue;
            }
            let delay = backoff.next(fastrand::f64());
            if Instant::now() + delay >= deadline {
                return Err(error);
            }
            sleep(delay).await;
        }
    }

    /// Makes one call with a permit and settles it with the outcome.
    async fn call(&self, request: &Request, permit: Permit, timeout: Duration) -> Result<Value, RestError> {
        let route = &request.route;
        let result = match self.exchange(request, timeout).await {
            Ok(received) => {
                let (outcome, result) = response::read(route, &received);
                permit.settle_at(outcome, received.at);
                report_limit(route, outcome);
                result
            }
            Err(error) => {
                let outcome = if error.is_ambiguous() { Outcome::Lost } else { Outcome::NotSent };
                permit.settle(outcome);
                Err(error)
            }
        };
        METRICS.called(route.name(), result.as_ref().map_or_else(RestError::outcome, |_| "ok"));
        if let Err(error) = &result {
            tracing::debug!({ field::ROUTE } = route.name(), error = error.chain(), "call failed");
        }
        result
    }
}

impl Request {
    fn timeout(&self) -> Duration {
        match self.route {
            Route::Callback { .. } if self.files.is_empty() => CALLBACK_TIMEOUT,
            _ if self.files.is_empty() => TIMEOUT,
            _ => UPLOAD_TIMEOUT,
        }
    }
}

fn report_limit(route: &Route, outcome: Outcome) {
    let Outcome::Limited { scope, retry_after, .. } = outcome else { return };
    let (route, scope) = (route.name(), scope.name());
    counter!(names::RATE_LIMITED, field::PLATFORM => "discord", field::SCOPE => scope).increment(1);
    tracing::warn!(
        { field::ROUTE } = route,
        { field::SCOPE } = scope,
        ?retry_after,
        "Discord limits the rate"
    );
}

#[cfg(test)]
mod tests;
