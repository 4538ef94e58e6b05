//! The parsers and renderers that meet foreign bytes, for the fuzz targets and `tests/laws`.

use std::sync::Arc;

use jiff::Timestamp;
use slack_morphism::prelude::SlackPushEvent;
use tokio::time::Instant;

use super::{
    incoming::{Ack, Incoming, Intake, Kind, ReplyTo, body, convert},
    permissions::Access,
    render::{self, follow_up, modal},
    webhook,
};
use crate::platform::webhook::post_fuzzed;

/// Reads the body of a slash command and returns the user's words in it; `None` if it is dropped.
#[must_use]
pub fn command(body: &[u8]) -> Option<Vec<String>> {
    Some(words(convert::command(body::command(body)?, Instant::now())))
}

/// Reads the body of an interaction and returns the user's words in it; `None` if it is dropped.
#[must_use]
pub fn interaction(body: &[u8]) -> Option<Vec<String>> {
    convert::interaction(body::interaction(body)?, None, Instant::now()).ok().map(words)
}

/// Reads the body of an event and returns the user's words in it; `None` if it is dropped.
#[must_use]
pub fn event(body: &[u8]) -> Option<Vec<String>> {
    let SlackPushEvent::EventCallback(event) = body::event(body)? else { return None };
    convert::event(event, None, Instant::now()).ok().map(words)
}

fn words(incoming: Incoming) -> Vec<String> {
    let _ = Access { channels: vec!["C1".into()], groups: vec![] }.check_place(&incoming);
    match incoming.kind {
        Kind::Home => vec![],
        Kind::RaceMessage { source } => vec![source.text],
        Kind::Command { text } | Kind::Message { text } => vec![text],
        Kind::Button { action_id, value, .. } => render::pressed(&action_id, &value)
            .into_iter()
            .map(|pressed| pressed.button.to_string())
            .collect(),
        Kind::Modal { view_state, private_metadata } => {
            let _ = serde_json::from_str::<ReplyTo>(&private_metadata);
            let filled = modal::read(&view_state["values"]);
            let _ = modal::problem(&filled);
            let _ = follow_up::problem(&follow_up::read(&view_state["values"]));
            vec![filled.prompt]
        }
    }
}

/// Sends a delivery with these signature headers to the webhook and returns the answer's status.
pub async fn delivery(headers: [&[u8]; 3], body: Vec<u8>) -> u16 {
    let intake = Intake::new(Arc::new(|_| Box::pin(std::future::ready(Ack::Empty))));
    let router = webhook::router(&"secret".into(), Arc::new(intake), Timestamp::now);
    let [signature, timestamp, retry] = headers;
    let headers = [
        ("x-slack-signature", signature),
        ("x-slack-request-timestamp", timestamp),
        ("x-slack-retry-num", retry),
    ];
    post_fuzzed(router, "/slack/commands", &headers, body).await
}

/// Renders an answer in at most `limit` bytes of JSON.
#[must_use]
pub fn answer(text: &str, is_writing: bool, limit: usize) -> String {
    render::Answer::new(text, is_writing, 160, false).within(limit).0
}
