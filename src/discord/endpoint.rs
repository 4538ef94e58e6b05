//! SHELL. Interactions that Discord posts to us, where `discord.mode = "http"`.
//!
//! Every request must carry Discord's Ed25519 signature over its timestamp and its raw body, and be of the last
//! minutes; Discord itself sends wrong signatures now and then to see that they are refused
//! (<https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint>). A PING is answered
//! here, since for it nothing else is allowed. All else goes to the inbox and is accepted with 202 and no
//! body, which is what Discord wants where the answer itself goes to the callback's route, as in gateway
//! mode (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback>).
//! Must not know what an interaction leads to.

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use serenity::interactions_endpoint::Verifier;
use tokio::time::{Instant, timeout};

use super::interaction::{self, Inbox};
use crate::{
    platform::Seen,
    telemetry::{field, metrics},
};

/// The largest body that is read: an interaction has some kilobytes, with a long prompt some tens.
const BODY: usize = 1024 * 1024;
/// How long a body may take; Discord itself waits three seconds for the answer.
const READ: Duration = Duration::from_secs(5);
/// How far a timestamp may be from our clock, either way.
const WINDOW: Duration = Duration::from_mins(5);

/// The application's public key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    verifier: Verifier,
    bytes: [u8; 32],
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl PublicKey {
    /// Reads the 64 hexadecimal digits of the Developer Portal (General Information, Public Key). `None` where
    /// they are no key.
    pub(crate) fn parse(hex: &str) -> Option<Self> {
        let digits = hex.trim().as_bytes();
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        let byte = |pair: &[u8; 2]| -> Option<u8> {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
        };
        let key: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
        let bytes = key.try_into().ok()?;
        Some(Self { verifier: Verifier::try_new(bytes).ok()?, bytes })
    }
}

/// `POST /discord/interactions` for the application with this key; interactions go to `inbox`.
pub(crate) fn router(key: PublicKey, inbox: Inbox) -> Router {
    router_at(key, inbox, Timestamp::now)
}

fn router_at(key: PublicKey, inbox: Inbox, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Router {
    let desk = Desk { key, inbox, clock: Box::new(clock), seen: Mutex::default() };
    Router::new().route("/discord/interactions", post(receive)).with_state(Arc::new(desk))
}

struct Desk {
    key: PublicKey,
    inbox: Inbox,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    seen: Mutex<Seen<u64>>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Size,
    Slow,
    Signature,
    Window,
    Unreadable,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Size => (StatusCode::PAYLOAD_TOO_LARGE, "size", "the body is too large"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow", "the body took too long"),
            Self::Signature => (StatusCode::UNAUTHORIZED, "signature", "invalid request signature"),
            Self::Window => (StatusCode::UNAUTHORIZED, "window", "the timestamp is not of these minutes"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable", "this is no interaction"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, _, text) = self.parts();
        (status, text).into_response()
    }
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Response {
    match desk.receive(&headers, body).await {
        Ok(response) => response,
        Err(refusal) => {
            let reason = refusal.parts().1;
            ::metrics::counter!(metrics::DISCORD_REFUSED_REQUESTS, field::REASON => reason).increment(1);
            tracing::debug!({ field::REASON } = reason, "a request to the interactions endpoint was refused");
            refusal.into_response()
        }
    }
}

impl Desk {
    async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
        let body = timeout(READ, to_bytes(body, BODY)).await.map_err(|_| Refusal::Slow)?;
        let body = body.map_err(|_| Refusal::Size)?;
        let received_at = Instant::now();
        self.check(headers, &body)?;
        let json: Value = serde_json::from_slice(&body).map_err(|_| Refusal::Unreadable)?;
        if json["type"] == 1 {
            return Ok(Json(json!({ "type": 1 })).into_response());
        }
        let interaction = interaction::read(&json, received_at).map_err(|_| Refusal::Unreadable)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.is_new(interaction.id, received_at);
        drop(seen);
        if fresh {
            (self.inbox)(interaction);
        }
        Ok(StatusCode::ACCEPTED.into_response())
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let signature = single(headers, "x-signature-ed25519").ok_or(Refusal::Signature)?;
        let timestamp = single(headers, "x-signature-timestamp").ok_or(Refusal::Signature)?;
        self.key.verifier.verify(signature, timestamp, body).map_err(|()| Refusal::Signature)?;
        let off = timestamp.parse::<i64>().map(|then| (self.clock)().as_second().abs_diff(then));
        if off.is_ok_and(|off| off <= WINDOW.as_secs()) {
            return Ok(());
        }
        // it is really from Discord: either somebody sends it again, or our clock is wrong
        tracing::warn!("a signed request of Discord is not of these minutes: is this machine's clock right?");
        Err(Refusal::Window)
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
