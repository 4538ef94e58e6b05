//! The parsers and renderers that meet foreign bytes, for the fuzz targets and `tests/laws`.

use std::sync::{Arc, Mutex};

use axum::{
    body::Body,
    extract::Request,
    handler::Handler as _,
    http::{HeaderName, HeaderValue},
    routing::any_service,
};
use jiff::Timestamp;
use slack_morphism::prelude::SlackPushEvent;
use tokio::time::Instant;

use super::{
    incoming::{Ack, Incoming, Intake, Kind, ReplyTo, body},
    permissions::Access,
    render::{self, follow_up, modal},
    webhook,
};

/// A kind of body that Slack posts.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// A slash command: a form.
    Command,
    /// A button or a modal: JSON in a form.
    Interaction,
    /// A mention, a message or a URL verification: JSON.
    Event,
}

/// Reads a body and returns the user's words in it; `None` if it is dropped.
pub async fn read(delivery: Delivery, body: &[u8]) -> Option<Vec<String>> {
    let taken = Arc::new(Mutex::new(None));
    let inbox = Arc::clone(&taken);
    let intake = Intake::new(Arc::new(move |incoming| {
        *inbox.lock().expect("one task") = Some(incoming);
        Box::pin(std::future::ready(Ack::Empty))
    }));
    let now = Instant::now();
    match delivery {
        Delivery::Command => intake.command(body::command(body)?, now).await,
        Delivery::Interaction => intake.interaction(body::interaction(body)?, now).await,
        Delivery::Event => match body::event(body)? {
            SlackPushEvent::EventCallback(event) => intake.event(event, now).await,
            _ => return None,
        },
    };
    let incoming = taken.lock().expect("one task").take();
    incoming.map(|incoming| words(&incoming))
}

fn words(incoming: &Incoming) -> Vec<String> {
    let _ = Access { channels: vec!["C1".into()], groups: vec![] }.check_place(incoming);
    match &incoming.kind {
        Kind::Home => vec![],
        Kind::RaceMessage { source } => vec![source.text.clone()],
        Kind::Command { text } | Kind::Mention { text, .. } | Kind::Message { text } => vec![text.clone()],
        Kind::Button { action_id, value, .. } => {
            render::pressed(action_id, value).into_iter().map(|pressed| pressed.button.to_string()).collect()
        }
        Kind::Modal { view_state, private_metadata, .. } => {
            let _ = serde_json::from_str::<ReplyTo>(private_metadata);
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
    let names = ["x-slack-signature", "x-slack-request-timestamp", "x-slack-retry-num"];
    let mut request = Request::post("/slack/commands").body(Body::from(body)).expect("a request");
    for (name, value) in names.into_iter().zip(headers) {
        let value = HeaderValue::from_bytes(value).ok();
        request.headers_mut().extend(value.map(|value| (HeaderName::from_static(name), value)));
    }
    any_service(router).call(request, ()).await.status().as_u16()
}

/// Renders an answer in at most `limit` bytes of JSON.
#[must_use]
pub fn answer(text: &str, is_writing: bool, limit: usize) -> String {
    render::Answer::new(text, is_writing, 160, false).within(limit).0
}
