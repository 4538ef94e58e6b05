//! What the library's listener calls back: the intake, and its answer as the library's.
//!
//! It only calls the intake, and whoever reads the socket does not wait for it. The library's errors hold what people
//! wrote: they are counted, never shown. Must not know connections.

use std::{error::Error, sync::Arc};

use serde_json::Value;
use slack_morphism::{
    errors::SlackClientProtocolError,
    listener::{HttpStatusCode, SlackClientEventsListenerEnvironment, SlackClientEventsUserState},
    prelude::*,
};
use tokio::time::Instant;

use super::wire::Wire;
use crate::slack::incoming::{Ack, Intake, unreadable};

/// The listener, with `intake` behind it.
pub(super) fn listener(
    client: Arc<SlackClient<Wire>>,
    intake: Arc<Intake>,
) -> SlackClientSocketModeListener<Wire> {
    let environment =
        SlackClientEventsListenerEnvironment::new(client).with_error_handler(failed).with_user_state(intake);
    let callbacks = SlackSocketModeListenerCallbacks::new()
        .with_command_events(command)
        .with_interaction_events(interaction)
        .with_push_events(event);
    SlackClientSocketModeListener::new(&SlackClientSocketModeConfig::new(), Arc::new(environment), callbacks)
}

type Client = Arc<SlackClient<Wire>>;

async fn intake(states: SlackClientEventsUserState) -> Option<Arc<Intake>> {
    states.read().await.get_user_state::<Arc<Intake>>().cloned()
}

async fn command(
    event: SlackCommandEvent,
    _: Client,
    states: SlackClientEventsUserState,
) -> UserCallbackResult<SlackCommandEventResponse> {
    let Some(intake) = intake(states).await else { return Ok(private(Value::Null)) };
    let ack = intake.command(event, Instant::now()).await;
    Ok(match ack {
        Ack::Private(message) => private(message),
        Ack::Empty | Ack::Errors(_) => SlackCommandEventResponse::new(SlackMessageContent::new()),
    })
}

/// Blocks go as they are: the library does not know all that Slack does.
fn private(mut message: Value) -> SlackCommandEventResponse {
    let content = SlackMessageContent::new().opt_text(message["text"].as_str().map(str::to_owned));
    let content = match message["blocks"].take() {
        Value::Array(blocks) => content.with_blocks(blocks.into_iter().map(SlackBlock::Unknown).collect()),
        _ => content,
    };
    SlackCommandEventResponse::new(content).with_response_type(SlackMessageResponseType::Ephemeral)
}

async fn interaction(
    event: SlackInteractionEvent,
    _: Client,
    states: SlackClientEventsUserState,
) -> UserCallbackResult<SlackInteractionResponse> {
    let Some(intake) = intake(states).await else { return Ok(SlackInteractionResponse::Empty) };
    let ack = intake.interaction(event, Instant::now()).await;
    Ok(match ack {
        Ack::Errors(errors) => {
            let errors = SlackViewSubmissionErrorsResponse::new(errors.into_iter().collect());
            SlackViewSubmissionResponse::Errors(errors).into()
        }
        Ack::Empty | Ack::Private(_) => SlackInteractionResponse::Empty,
    })
}

async fn event(
    event: SlackPushEventCallback,
    _: Client,
    states: SlackClientEventsUserState,
) -> UserCallbackResult<()> {
    if let Some(intake) = intake(states).await {
        intake.event(event, Instant::now()).await;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the library's")]
/// 200 makes the library acknowledge all the same: an error would only make Slack send it again.
fn failed(error: Box<dyn Error + Send + Sync>, _: Client, _: SlackClientEventsUserState) -> HttpStatusCode {
    unreadable(if error.is::<SlackClientProtocolError>() { "envelope" } else { "library" });
    HttpStatusCode::OK
}
