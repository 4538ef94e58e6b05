//! SHELL. The webhooks of mode http: commands, interactivity and events.
//!
//! Every request carries Slack's signature over its timestamp and its raw body
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>). The library's verifier compares in constant
//! time; it checks the window too, but with a clock of its own and after the body was read, so the window is checked in
//! [`Webhook`]. A request that was accepted is refused when it comes again. Slack's own retries are no replays: they come with a new timestamp and so
//! a new signature, or, within one second, with another `X-Slack-Retry-Num`; they are answered with 200, and `incoming`
//! drops the duplicate.
//!
//! A signed body that cannot be read is counted and answered with 200: an error would make Slack send it again, and in
//! the end switch events off.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequest, Request},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::{
    prelude::{SlackPushEvent, SlackSigningSecret},
    signature_verifier::{SlackEventSignatureVerifier, SlackEventSignatureVerifierError},
};
use tokio::time::Instant;

use super::incoming::{Ack, Intake, body, unreadable};
use crate::{
    platform::{
        Dedup,
        webhook::{Claim, Clock, Webhook, WebhookError, single},
    },
    telemetry::metrics,
};

/// The largest body that is read. An event carries a message twice, as text and as blocks: 40,000 characters each, escaped as
/// six bytes, take 469 KiB.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// Returns the routes `POST /slack/commands`, `/slack/interactive` and `/slack/events` for the application with this
/// signing secret.
pub(crate) fn router(secret: &SecretString, intake: Arc<Intake>, clock: Clock) -> Router {
    let secret = SlackSigningSecret(secret.expose_secret().to_owned());
    let verifier = SlackEventSignatureVerifier::new(&secret);
    let webhook = Webhook {
        platform: "Slack",
        refusals: metrics::SLACK_REFUSED_REQUESTS,
        clock,
        headers: [
            SlackEventSignatureVerifier::SLACK_SIGNED_HASH_HEADER,
            SlackEventSignatureVerifier::SLACK_SIGNED_TIMESTAMP,
        ],
        prefix: "v0=",
        digits: 64,
        max_body_bytes: MAX_BODY_BYTES,
        warned_at: Mutex::default(),
    };
    let receiver = Arc::new(Receiver { verifier, intake, webhook, seen: Dedup::default() });
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactive", post(interactive))
        .route("/slack/events", post(events))
        .with_state(receiver)
}

struct Receiver {
    verifier: SlackEventSignatureVerifier,
    intake: Arc<Intake>,
    webhook: Webhook,
    /// Signatures with the number of their retry.
    seen: Dedup<(String, u8)>,
}

/// A request that is signed, recent and new.
struct Delivery {
    intake: Arc<Intake>,
    body: Vec<u8>,
    /// The time at which the body was complete.
    received_at: Instant,
}

impl FromRequest<Arc<Receiver>> for Delivery {
    type Rejection = Response;

    async fn from_request(request: Request, receiver: &Arc<Receiver>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let accepted = receiver.accept(&parts.headers, body).await;
        accepted.map_err(|refused| receiver.webhook.answer(Err(refused)))
    }
}

async fn commands(Delivery { intake, body, received_at }: Delivery) -> Response {
    let ack = match body::command(&body) {
        Some(command) => intake.command(command, received_at).await,
        None if body::is_ssl_check(&body) => Ack::Empty,
        None => unreadable("command"),
    };
    response(ack.command_response())
}

async fn interactive(Delivery { intake, body, received_at }: Delivery) -> Response {
    let ack = match body::interaction(&body) {
        Some(interaction) => intake.interaction(interaction, received_at).await,
        None => unreadable("interaction"),
    };
    response(ack.view_response())
}

async fn events(Delivery { intake, body, received_at }: Delivery) -> Response {
    let ack = match body::event(&body) {
        Some(SlackPushEvent::UrlVerification(event)) => {
            return response(Some(json!({ "challenge": event.challenge })));
        }
        Some(SlackPushEvent::EventCallback(event)) => intake.event(event, received_at).await,
        Some(SlackPushEvent::AppRateLimited(_)) => {
            tracing::warn!("Slack sends no more events for this minute: there were too many");
            Ack::Empty
        }
        None => unreadable("event"),
    };
    response(ack.view_response())
}

fn response(body: Option<Value>) -> Response {
    body.map_or_else(|| ().into_response(), |body| Json(body).into_response())
}

impl Receiver {
    /// Returns a request that is signed, recent and new.
    async fn accept(&self, headers: &HeaderMap, body: Body) -> Result<Delivery, WebhookError> {
        let mut signature = String::new();
        let is_signed = |claim: Claim<'_>, body: &[u8]| {
            signature.push_str(claim.signature);
            let body = std::str::from_utf8(body).ok();
            let verified = body.map(|body| self.verifier.verify(claim.signature, body, claim.timestamp));
            // the library's own clock comes after the signature
            matches!(
                verified,
                Some(Ok(()) | Err(SlackEventSignatureVerifierError::IncorrectOrExpiredTimestampError(_)))
            )
        };
        let (body, received_at) = self.webhook.accept(headers, body, is_signed).await?;
        let key = (signature, retry(headers));
        let delivery = Delivery { intake: Arc::clone(&self.intake), body, received_at };
        if self.seen.is_new(key, received_at) { Ok(delivery) } else { Err(WebhookError::REPLAY) }
    }
}

/// Returns the number of the retry, 0 for none. Nothing signs it: a copy with another number gets a 200 up to three
/// times, and `incoming` drops it.
fn retry(headers: &HeaderMap) -> u8 {
    let number = single(headers, "x-slack-retry-num").and_then(|number| number.parse().ok());
    number.filter(|number| (1..=3).contains(number)).unwrap_or(0)
}
