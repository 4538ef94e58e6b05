//! Envelopes: each becomes an event of the library, goes to the intake and is acknowledged with its answer.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEventCallback};
use tokio::time::Instant;

use crate::slack::incoming::{Intake, body, unreadable};

/// The content of an envelope. The library's own enum is shadowed by a module of the same name.
#[derive(Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
enum Content {
    SlashCommands(Box<SlackCommandEvent>),
    Interactive(Box<SlackInteractionEvent>),
    EventsApi(Box<SlackPushEventCallback>),
}

/// Hands a frame to `intake` and returns the acknowledgement, if the frame has an envelope id.
///
/// An unreadable envelope is acknowledged too: Slack would only send it again.
pub(super) async fn acknowledge(intake: Arc<Intake>, frame: String) -> Option<String> {
    let received_at = Instant::now();
    let mut frame: Value = serde_json::from_str(&frame).unwrap_or_default();
    let mut acknowledgement = json!({ "envelope_id": frame["envelope_id"].as_str() });
    let accepts_payload = frame["accepts_response_payload"] == true;
    if frame["type"] == "events_api" {
        frame["payload"] = body::adapted(frame["payload"].take());
    }
    if frame["type"] == "interactive" {
        frame["payload"] = body::with_plain_target(frame["payload"].take());
    }
    let payload = match serde_json::from_value(frame) {
        // without a payload nothing is shown
        Ok(Content::SlashCommands(event)) => intake.command(*event, received_at).await.command_response(),
        Ok(Content::Interactive(event)) => {
            intake.interaction(*event, received_at).await.view_response().filter(|_| accepts_payload)
        }
        Ok(Content::EventsApi(event)) => intake.event(*event, received_at).await.view_response(),
        Err(_) => unreadable("envelope").view_response(),
    };
    if let Some(payload) = payload {
        acknowledgement["payload"] = payload;
    }
    acknowledgement["envelope_id"].is_string().then(|| acknowledgement.to_string())
}
