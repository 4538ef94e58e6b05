//! SHELL. What Slack posts to us in mode http: signature, window, replay.
//!
//! Every request must carry Slack's signature over its timestamp and its raw body, and be of the last minutes
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>). The library's verifier compares in
//! constant time; it looks at the window too, but by a clock of its own, so the window is judged here. What was
//! accepted once is refused when it comes again. Slack's own retries are no replays: they come with a new
//! timestamp and so a new signature, or, within the same second, with another `X-Slack-Retry-Num`; they are
//! answered with 200, and `incoming` drops what came already.
//!
//! | refused | status |
//! | --- | --- |
//! | body over 1 MiB | 413 |
//! | body takes longer than 5 s | 408 |
//! | no signature, a wrong one, or a timestamp that is no number | 401 |
//! | right signature, timestamp more than five minutes off, either way | 401 |
//! | right signature, but it came before | 409 |
//!
//! Each is counted by reason. A signed body that nobody can read is counted and answered with 200: an error would
//! only make Slack send it again, and in the end switch events off. Must not know what follows.

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::{
    prelude::{SlackPushEvent, SlackSigningSecret},
    signature_verifier::{SlackEventSignatureVerifier, SlackEventSignatureVerifierError},
};
use tokio::time::{Instant, timeout};

use super::incoming::{Ack, Intake, body, unreadable};
use crate::{
    platform::Seen,
    telemetry::{field, metrics},
};

/// The largest body that is read: an interaction carries its message, some tens of kilobytes.
const BODY: usize = 1024 * 1024;
/// How long a body may take; Slack itself waits three seconds for the answer.
const READ: Duration = Duration::from_secs(5);
/// How far a timestamp may be from our clock, either way.
const WINDOW: Duration = Duration::from_mins(5);

/// Says what time it is.
pub(crate) type Clock = fn() -> Timestamp;

/// `POST /slack/commands`, `/slack/interactive` and `/slack/events` for the application with this signing secret;
/// `clock` is the wall's (`Timestamp::now`).
pub(crate) fn router(secret: &SecretString, intake: Arc<Intake>, clock: Clock) -> Router {
    let secret = SlackSigningSecret(secret.expose_secret().to_owned());
    let verifier = SlackEventSignatureVerifier::new(&secret);
    let desk = Arc::new(Desk { verifier, intake, clock, seen: Mutex::default() });
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactive", post(interactive))
        .route("/slack/events", post(events))
        .with_state(desk)
}

struct Desk {
    verifier: SlackEventSignatureVerifier,
    intake: Arc<Intake>,
    clock: Clock,
    /// Signatures, and as which retry they came.
    seen: Mutex<Seen<(String, u8)>>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Size,
    Slow,
    Signature,
    Window,
    Replay,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Size => (StatusCode::PAYLOAD_TOO_LARGE, "size", "the body is too large"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow", "the body took too long"),
            Self::Signature => (StatusCode::UNAUTHORIZED, "signature", "invalid request signature"),
            Self::Window => (StatusCode::UNAUTHORIZED, "window", "the timestamp is not of these minutes"),
            Self::Replay => (StatusCode::CONFLICT, "replay", "this request came already"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason, text) = self.parts();
        ::metrics::counter!(metrics::SLACK_REFUSED_REQUESTS, field::REASON => reason).increment(1);
        tracing::debug!({ field::REASON } = reason, "a request to Slack's endpoints was refused");
        (status, text).into_response()
    }
}

type Answer = Result<Response, Refusal>;

async fn commands(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Answer {
    let (body, received_at) = desk.accept(&headers, body).await?;
    let ack = match body::command(&body) {
        Some(command) => desk.intake.command(command, received_at).await,
        None if body::is_ssl_check(&body) => Ack::Empty,
        None => lost("command"),
    };
    Ok(match ack {
        Ack::Private(message) => ephemeral(message),
        Ack::Empty | Ack::Errors(_) => ().into_response(),
    })
}

async fn interactive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Answer {
    let (body, received_at) = desk.accept(&headers, body).await?;
    let ack = match body::interaction(&body) {
        Some(interaction) => desk.intake.interaction(interaction, received_at).await,
        None => lost("interaction"),
    };
    Ok(match ack {
        Ack::Errors(errors) => Json(json!({ "response_action": "errors", "errors": errors })).into_response(),
        Ack::Empty | Ack::Private(_) => ().into_response(),
    })
}

async fn events(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Answer {
    let (body, received_at) = desk.accept(&headers, body).await?;
    match body::event(&body) {
        Some(SlackPushEvent::UrlVerification(event)) => {
            return Ok(Json(json!({ "challenge": event.challenge })).into_response());
        }
        Some(SlackPushEvent::EventCallback(event)) => desk.intake.event(event, received_at).await,
        Some(SlackPushEvent::AppRateLimited(_)) => {
            tracing::warn!("Slack sends no more events for this minute: there were too many");
        }
        None => drop(lost("event")),
    }
    Ok(().into_response())
}

fn lost(what: &'static str) -> Ack {
    unreadable(what);
    Ack::Empty
}

fn ephemeral(mut message: Value) -> Response {
    message["response_type"] = "ephemeral".into();
    Json(message).into_response()
}

impl Desk {
    /// The body, and when it was there.
    async fn accept(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Instant), Refusal> {
        let body = timeout(READ, to_bytes(body, BODY)).await.map_err(|_| Refusal::Slow)?;
        let body = body.map_err(|_| Refusal::Size)?;
        let received_at = Instant::now();
        let signature = self.check(headers, &body)?;
        let key = (signature.to_owned(), retry(headers));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_new(key, received_at) { Ok((body, received_at)) } else { Err(Refusal::Replay) }
    }

    /// The signature, if it is right and of these minutes.
    fn check<'a>(&self, headers: &'a HeaderMap, body: &[u8]) -> Result<&'a str, Refusal> {
        let signature = single(headers, SlackEventSignatureVerifier::SLACK_SIGNED_HASH_HEADER);
        let signature = signature.ok_or(Refusal::Signature)?;
        let timestamp = single(headers, SlackEventSignatureVerifier::SLACK_SIGNED_TIMESTAMP);
        let timestamp = timestamp.ok_or(Refusal::Signature)?;
        let then = seconds(timestamp).ok_or(Refusal::Signature)?;
        let body = std::str::from_utf8(body).map_err(|_| Refusal::Signature)?;
        match self.verifier.verify(signature, body, timestamp) {
            // the library's own clock comes after the signature
            Ok(()) | Err(SlackEventSignatureVerifierError::IncorrectOrExpiredTimestampError(_)) => {}
            Err(_) => return Err(Refusal::Signature),
        }
        if (self.clock)().as_second().abs_diff(then) <= WINDOW.as_secs() {
            return Ok(signature);
        }
        // it is really from Slack: either somebody sends it again, or our clock is wrong
        tracing::warn!("a signed request of Slack is not of these minutes: is this machine's clock right?");
        Err(Refusal::Window)
    }
}

/// Seconds since 1970, as Slack writes them: digits only, few enough for the library to reckon with.
fn seconds(timestamp: &str) -> Option<i64> {
    let digits = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| timestamp.parse().ok())?
}

/// Which retry it says to be, 0 for none. Nothing signs that: whoever sends a copy with another number gets a 200
/// three times, and `incoming` drops it.
fn retry(headers: &HeaderMap) -> u8 {
    let number = single(headers, "x-slack-retry-num").and_then(|number| number.parse().ok());
    number.filter(|number| (1..=3).contains(number)).unwrap_or(0)
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
