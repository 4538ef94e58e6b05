//! SHELL. The webhook for interactions, where `discord.mode = "http"`.
//!
//! Every request carries Discord's Ed25519 signature over its timestamp and its raw body; Discord sends wrong signatures
//! now and then to check that they are refused
//! (<https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint>). A PING is answered here.
//! Everything else goes to the inbox and is accepted with 202 and no body, as Discord wants where the answer itself goes
//! to the callback's route, as in gateway mode
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback>).

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use serenity::interactions_endpoint::Verifier;

use super::interaction::{self, Inbox};
use crate::{
    platform::{
        Dedup,
        webhook::{Claim, Clock, Webhook, WebhookError},
    },
    telemetry::metrics,
};

/// The largest body that is read. An interaction carries the message under which a button is: 6000 characters of embeds and
/// 2000 of text take 96 KiB if every character is escaped as two UTF-16 code units.
const MAX_BODY_BYTES: usize = 128 * 1024;

/// The application's public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; 32]);

impl PublicKey {
    /// Parses the 64 hexadecimal digits of the Developer Portal (General Information, Public Key). Returns `None` if they
    /// are no key.
    pub(crate) fn parse(hex: &str) -> Option<Self> {
        let digits = hex.trim().as_bytes();
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        let byte = |pair: &[u8; 2]| -> Option<u8> {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
        };
        let key: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
        let key = Self(key.try_into().ok()?);
        Verifier::try_new(key.0).is_ok().then_some(key)
    }
}

/// Returns the route `POST /discord/interactions` for the application with this key; interactions go to `inbox`.
pub(crate) fn router(key: PublicKey, inbox: Inbox) -> Router {
    router_at(key, inbox, Timestamp::now)
}

fn router_at(key: PublicKey, inbox: Inbox, clock: Clock) -> Router {
    let webhook = Webhook {
        platform: "Discord",
        refusals: metrics::DISCORD_REFUSED_REQUESTS,
        clock,
        headers: ["x-signature-ed25519", "x-signature-timestamp"],
        prefix: "",
        digits: 128,
        max_body_bytes: MAX_BODY_BYTES,
        warned_at: Mutex::default(),
    };
    let verifier = Verifier::try_new(key.0).expect("a parsed key is valid");
    let receiver = Receiver { verifier, inbox, webhook, seen: Dedup::default() };
    Router::new().route("/discord/interactions", post(receive)).with_state(Arc::new(receiver))
}

struct Receiver {
    verifier: Verifier,
    inbox: Inbox,
    webhook: Webhook,
    /// Ids of interactions.
    seen: Dedup<u64>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Body) -> Response {
    receiver.webhook.answer(receiver.receive(&headers, body).await)
}

impl Receiver {
    async fn receive(&self, headers: &HeaderMap, body: Body) -> Result<Response, WebhookError> {
        let is_signed = |claim: Claim<'_>, body: &[u8]| {
            self.verifier.verify(claim.signature, claim.timestamp, body).is_ok()
        };
        let (body, received_at) = self.webhook.accept(headers, body, is_signed).await?;
        let json: Value = serde_json::from_slice(&body).map_err(|_| WebhookError::UNREADABLE)?;
        if json["type"] == 1 {
            return Ok(Json(json!({ "type": 1 })).into_response());
        }
        let interaction = interaction::read(&json, received_at).map_err(|_| WebhookError::UNREADABLE)?;
        if self.seen.is_new(interaction.id, received_at) {
            (self.inbox)(interaction);
        }
        Ok(StatusCode::ACCEPTED.into_response())
    }
}
