//! One WebSocket of Socket Mode, from its greeting to its end. Each envelope becomes an event of the library, goes to the
//! intake and is acknowledged with its answer.

use std::{
    pin::{Pin, pin},
    sync::Arc,
};

use futures::{SinkExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEventCallback};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    Timing,
    supervisor::{Live, transient},
};
use crate::{
    platform::{
        connection::StartupError,
        websocket::{self, CLOSE_TIMEOUT, WebSocket},
    },
    slack::incoming::{Intake, body, unreadable},
};

/// An envelope has some tens of kilobytes.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

const SWITCHED_OFF: &str =
    "Socket Mode is switched off in the app's settings (api.slack.com/apps, your app, Socket Mode)";
const TOO_MANY: &str =
    "Slack reports too many connections of this app: other programs use the same SLACK_APP_TOKEN";
const BROKE: &str = "the connection to Slack broke";
const CLOSED: &str = "Slack closed the connection";

/// The reason for the end of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// `stop` completed.
    Stopped,
    /// The connection is to be replaced, and serves until then.
    Replace,
    /// The connection is dead.
    Lost(&'static str),
}

/// The frames that concern the connection itself; all others are envelopes.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Hello,
    Disconnect {
        #[serde(default)]
        reason: String,
    },
    #[serde(other)]
    Envelope,
}

impl Frame {
    fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Self::Envelope)
    }
}

/// A connection that was greeted.
pub(super) struct Connection {
    socket: WebSocket,
    intake: Arc<Intake>,
    timing: Timing,
    last_frame: Instant,
    last_ping: Instant,
    replace_at: Instant,
    /// It is being replaced already.
    is_draining: bool,
    /// Counts the connection while it is open.
    pub(super) live: Option<Live>,
    /// Acknowledgements to come: the socket is read meanwhile.
    acknowledgements: FuturesUnordered<BoxFuture<'static, Option<String>>>,
}

impl Connection {
    /// Connects and waits for the greeting, however long it takes.
    ///
    /// # Errors
    /// [`StartupError::Passing`] if the socket cannot be reached or closes before.
    pub(super) async fn open(
        address: &SecretString,
        intake: Arc<Intake>,
        timing: Timing,
    ) -> Result<Self, StartupError> {
        let max = Some(MAX_MESSAGE_BYTES);
        let config = WebSocketConfig::default().max_message_size(max).max_frame_size(max);
        let connected = connect_async_with_config(address.expose_secret(), Some(config), true).await;
        // its error holds the address
        let (socket, _) = connected.map_err(|_| transient("Slack's socket could not be reached"))?;
        let now = Instant::now();
        let mut connection = Self {
            socket,
            intake,
            timing,
            last_frame: now,
            last_ping: now,
            replace_at: now + timing.max_age.mul_f64(1.0 - fastrand::f64() / 5.0),
            is_draining: false,
            live: None,
            acknowledgements: FuturesUnordered::new(),
        };
        while let Some(Ok(message)) = connection.socket.next().await {
            let Message::Text(text) = message else { continue };
            match Frame::read(&text) {
                Frame::Hello => return Ok(connection),
                Frame::Disconnect { reason } => {
                    let Ended::Lost(why) = after_disconnect(&reason) else {
                        return Err(transient("Slack turned a new connection away"));
                    };
                    return Err(transient(why));
                }
                Frame::Envelope => connection.handle(&text),
            }
        }
        Err(transient("Slack's socket closed before its greeting"))
    }

    /// Serves until the connection ends, or until `stop`.
    pub(super) async fn serve<S: Future>(&mut self, mut stop: Pin<&mut S>) -> Ended {
        loop {
            let ping_at = self.last_ping + self.timing.ping_interval;
            let dead_at = self.last_frame + self.timing.silence_timeout;
            let served = tokio::select! {
                biased;
                _ = stop.as_mut() => Err(Ended::Stopped),
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.receive(message),
                    Some(Err(_)) => Err(Ended::Lost(BROKE)),
                    None => Err(Ended::Lost(CLOSED)),
                },
                Some(acknowledgement) = self.acknowledgements.next() => self.acknowledge(acknowledgement).await,
                () = sleep_until(dead_at) => {
                    Err(Ended::Lost("the connection to Slack was silent, although it was pinged"))
                }
                () = sleep_until(ping_at) => {
                    self.last_ping = Instant::now();
                    self.send(Message::Ping(Vec::new().into())).await
                }
                () = sleep_until(self.replace_at), if !self.is_draining => Err(Ended::Replace),
            };
            if let Err(ended) = served {
                return ended;
            }
        }
    }

    fn receive(&mut self, message: Message) -> Result<(), Ended> {
        self.last_frame = Instant::now();
        match message {
            Message::Close(_) => return Err(Ended::Lost(CLOSED)),
            Message::Text(text) => match Frame::read(&text) {
                Frame::Hello => {}
                Frame::Disconnect { reason } => return Err(after_disconnect(&reason)),
                Frame::Envelope => self.handle(&text),
            },
            _ => {}
        }
        Ok(())
    }

    fn handle(&mut self, envelope: &str) {
        let acknowledgement = acknowledge(Arc::clone(&self.intake), envelope.to_owned());
        self.acknowledgements.push(Box::pin(acknowledgement));
    }

    async fn acknowledge(&mut self, acknowledgement: Option<String>) -> Result<(), Ended> {
        match acknowledgement {
            Some(text) => self.send(Message::Text(text.into())).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(self.timing.silence_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Lost(BROKE)),
            Err(_) => Err(Ended::Lost("the connection to Slack accepts no more data")),
        }
    }

    /// Serves until some time after `replaced`, until the connection ends by itself, or until `closed`.
    pub(super) async fn drain(mut self, replaced: CancellationToken, closed: CancellationToken) {
        self.is_draining = true;
        let drain = self.timing.drain;
        let mut stop = pin!(closed.run_until_cancelled(async {
            replaced.cancelled().await;
            sleep(drain).await;
        }));
        loop {
            match self.serve(stop.as_mut()).await {
                // Slack may ask again
                Ended::Replace => {}
                Ended::Stopped => return self.close().await,
                Ended::Lost(_) => return,
            }
        }
    }

    /// Sends the outstanding acknowledgements and a close frame, and waits a moment for its answer.
    pub(super) async fn close(mut self) {
        self.live = None;
        let outstanding = async {
            while let Some(acknowledgement) = self.acknowledgements.next().await {
                if self.acknowledge(acknowledgement).await.is_err() {
                    return;
                }
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, outstanding).await;
        websocket::close(self.socket).await;
    }
}

/// The end that a `disconnect` leads to
/// (<https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect>): `warning` arrives some ten seconds before
/// the end, `refresh_requested` right before it. A successor is right for any reason that Slack may add.
fn after_disconnect(reason: &str) -> Ended {
    match reason {
        "link_disabled" => Ended::Lost(SWITCHED_OFF),
        "too_many_websockets" => Ended::Lost(TOO_MANY),
        _ => Ended::Replace,
    }
}

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
async fn acknowledge(intake: Arc<Intake>, frame: String) -> Option<String> {
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
