//! One WebSocket of Socket Mode, from its greeting to its end.
//!
//! Frames that are no business of the connection go to the library's ear, and its answer goes back. Must not know
//! what comes after the end.

use std::{
    future::pending,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use slack_morphism::prelude::SlackSocketModeWssClientId;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Timing,
    opening::Failure,
    status::{Live, Status},
    wire::Ear,
};

/// The largest message: an envelope has some tens of kilobytes.
const MESSAGE: usize = 4 * 1024 * 1024;
/// How long the other side has to answer a close frame; Slack often does not.
const FAREWELL: Duration = Duration::from_millis(500);

const OFF: &str =
    "Socket Mode is switched off in the app's settings (api.slack.com/apps, your app, Socket Mode)";
const TOO_MANY: &str = "Slack says that this app has too many connections: other programs use the same \
    SLACK_APP_TOKEN";
const SILENT: &str = "the connection to Slack was silent, although it was pinged";

/// How serving came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// We were told to stop.
    Told,
    /// It is to be replaced; until then it still serves.
    Renew,
    /// It is no more.
    Lost(&'static str),
}

/// What a frame says of the connection itself.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    reason: String,
}

/// One connection that was greeted.
pub(super) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    ear: Ear,
    timing: Timing,
    heard: Instant,
    pinged: Instant,
    renew_at: Option<Instant>,
    live: Option<Live>,
    /// What the library is still to answer: the socket is read meanwhile.
    answers: FuturesUnordered<BoxFuture<'static, Option<String>>>,
}

impl Link {
    /// Connects and waits for the greeting.
    ///
    /// # Errors
    /// There was none in time.
    pub(super) async fn open(
        address: &SecretString,
        ear: Ear,
        timing: Timing,
        status: &Arc<Status>,
    ) -> Result<Self, Failure> {
        let greeted = timeout(timing.greet, Self::connect(address, ear, timing)).await;
        let mut link = greeted.map_err(|_| Failure::soon("Slack does not greet a new connection"))??;
        link.live = Some(status.live());
        Ok(link)
    }

    async fn connect(address: &SecretString, ear: Ear, timing: Timing) -> Result<Self, Failure> {
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE)).max_frame_size(Some(MESSAGE));
        let connected = connect_async_with_config(address.expose_secret(), Some(config), true).await;
        // its error holds the address
        let (socket, _) = connected.map_err(|_| Failure::soon("Slack's socket could not be reached"))?;
        let now = Instant::now();
        let life = timing.life.mul_f64(1.0 - fastrand::f64() / 5.0);
        let renew_at = Some(now + life);
        let answers = FuturesUnordered::new();
        let mut link = Self { socket, ear, timing, heard: now, pinged: now, renew_at, live: None, answers };
        link.greeted().await?;
        Ok(link)
    }

    async fn greeted(&mut self) -> Result<(), Failure> {
        while let Some(Ok(message)) = self.socket.next().await {
            let Message::Text(text) = message else { continue };
            match serde_json::from_str::<Frame>(&text) {
                Ok(frame) if frame.kind == "hello" => return Ok(()),
                Ok(frame) if frame.kind == "disconnect" => return Err(Failure::soon(refused(&frame.reason))),
                _ => self.ask(&text),
            }
        }
        Err(Failure::soon("Slack's socket closed before its greeting"))
    }

    /// Serves until the end, or until `stop`.
    pub(super) async fn serve<S: Future<Output = ()>>(&mut self, mut stop: Pin<&mut S>) -> Ended {
        loop {
            let (due, dark) = (self.pinged + self.timing.ping, self.heard + self.timing.silence);
            let old = self.renew_at;
            let ended = tokio::select! {
                biased;
                () = stop.as_mut() => Err(Ended::Told),
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.take(message),
                    Some(Err(_)) => Err(Ended::Lost("the connection to Slack broke")),
                    None => Err(Ended::Lost("Slack closed the connection")),
                },
                Some(answer) = self.answers.next() => self.answer(answer).await.map_err(Ended::Lost),
                () = sleep_until(dark) => Err(Ended::Lost(SILENT)),
                () = sleep_until(due) => self.ping().await,
                () = until(old) => Err(Ended::Renew),
            };
            if let Err(ended) = ended {
                return ended;
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), Ended> {
        self.heard = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(Ended::Lost("Slack closed the connection")),
            _ => return Ok(()),
        };
        match serde_json::from_str::<Frame>(&text) {
            Ok(frame) if frame.kind == "hello" => Ok(()),
            Ok(frame) if frame.kind == "disconnect" => Err(leaving(&frame.reason)),
            _ => {
                self.ask(&text);
                Ok(())
            }
        }
    }

    /// Tells the library.
    fn ask(&mut self, text: &str) {
        let (ear, text) = (Arc::clone(&self.ear), text.to_owned());
        self.answers.push(Box::pin(async move {
            let id = SlackSocketModeWssClientId::new(0, 0, 0);
            ear.on_message(&id, text).await
        }));
    }

    /// Tells Slack what the library answers.
    async fn answer(&mut self, answer: Option<String>) -> Result<(), &'static str> {
        match answer {
            Some(answer) => self.send(Message::Text(answer.into())).await,
            None => Ok(()),
        }
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        self.pinged = Instant::now();
        self.send(Message::Ping(Vec::new().into())).await.map_err(Ended::Lost)
    }

    async fn send(&mut self, message: Message) -> Result<(), &'static str> {
        match timeout(self.timing.silence, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("the connection to Slack broke"),
            Err(_) => Err("the connection to Slack takes nothing any more"),
        }
    }

    /// Serves on until there was a successor for a while, it ends by itself, or all is closed.
    pub(super) async fn linger(mut self, relieved: CancellationToken, closed: CancellationToken) {
        self.renew_at = None;
        let drain = self.timing.drain;
        let mut stop = pin!(async {
            tokio::select! {
                () = closed.cancelled() => {}
                () = async { relieved.cancelled().await; sleep(drain).await } => {}
            }
        });
        loop {
            match self.serve(stop.as_mut()).await {
                Ended::Renew => {}
                Ended::Told => return self.close().await,
                Ended::Lost(_) => return,
            }
        }
    }

    /// Says farewell, and waits a moment for the answer.
    pub(super) async fn close(mut self) {
        self.live = None;
        // what was heard is still acknowledged
        let last = async {
            while let Some(answer) = self.answers.next().await {
                if self.answer(answer).await.is_err() {
                    return;
                }
            }
        };
        let _ = timeout(FAREWELL, last).await;
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let farewell = async {
            let _ = self.socket.close(Some(frame)).await;
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// What follows a `disconnect`
/// (<https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect>): `warning` comes some ten seconds before
/// the end, `refresh_requested` right before it; whatever Slack may say in future, a successor is right.
fn leaving(reason: &str) -> Ended {
    match reason {
        "link_disabled" => Ended::Lost(OFF),
        "too_many_websockets" => Ended::Lost(TOO_MANY),
        _ => Ended::Renew,
    }
}

fn refused(reason: &str) -> &'static str {
    match leaving(reason) {
        Ended::Lost(why) => why,
        Ended::Told | Ended::Renew => "Slack sends a new connection away",
    }
}
