//! One gateway session of one shard: connection, HELLO, IDENTIFY, events, and the resumes that follow a lost connection.
//! <https://docs.discord.com/developers/events/gateway#connections>
//!
//! A resume that cannot connect ends the session: interactions missed by then are older than their 3 seconds anyway.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use serenity::constants::{GATEWAY_VERSION, Opcode, close_codes};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Message, protocol::CloseFrame},
};
use tokio_util::sync::CancellationToken;

use super::{Ended, Gateway, budget::GOOD_LIFE, gateway_bot};
use crate::{
    discord::{interaction, message, registration::WRONG_TOKEN},
    platform::{
        ConnectionState,
        websocket::{self, WebSocket},
    },
};

/// A session that is resumed more often within [`GOOD_LIFE`] is given up: resumes follow each other without a pause.
const MAX_RESUMES: u32 = 5;
/// `GUILD_MESSAGES` and `DIRECT_MESSAGES`, which need no approval: for mentions of the bot, and for direct messages
/// (<https://docs.discord.com/developers/events/gateway#list-of-intents>).
const INTENTS: u64 = 1 << 9 | 1 << 12;
/// The time to write one payload.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Invalid API version: not among serenity's close codes.
const INVALID_VERSION: u16 = 4012;

const WRONG_INTENTS: &str = "Discord refuses the gateway intents of this bot, although it asks for none that \
     needs an approval: take the newest version of LLM Arena, or set discord.mode = \"http\"";
const UNREACHABLE: &str = "the Discord gateway could not be reached";
const BROKEN: &str = "the connection to the Discord gateway broke";
const SILENT: &str = "the Discord gateway stopped answering";
const ENDED: &str = "Discord ended the gateway session";

/// A session of one shard. Its id is known after READY; without one it cannot be resumed.
pub(super) struct Session<'a> {
    gateway: &'a Gateway,
    shard: (u32, u32),
    url: String,
    id: Option<String>,
    sequence: Option<u64>,
    /// The bot's own id.
    bot: Option<u64>,
    /// The time at which the session became ready.
    pub(super) ready_at: Option<Instant>,
    resumes: (u32, Instant),
}

/// One connection of a session.
struct Connection {
    socket: WebSocket,
    /// Known after HELLO.
    heartbeat_interval: Option<Duration>,
    /// The deadline for HELLO, then the time of the next heartbeat.
    due: Instant,
    is_acknowledged: bool,
}

impl<'a> Session<'a> {
    /// A session that begins at the gateway address `url`; `shard` is the shard's number and how many there are.
    pub(super) fn new(gateway: &'a Gateway, shard: (u32, u32), url: String) -> Self {
        let resumes = (0, Instant::now());
        Self { gateway, shard, url, id: None, sequence: None, bot: None, ready_at: None, resumes }
    }

    /// Runs the session to its end: one IDENTIFY at most. Once `closed` is cancelled it ends within a second, with
    /// close code 1000.
    pub(super) async fn run(&mut self, closed: &CancellationToken) -> Ended {
        loop {
            let connection = match closed.run_until_cancelled(Box::pin(self.connect())).await {
                None => return Ended::Closed,
                Some(None) if self.ready_at.is_some() => return Ended::Lost(UNREACHABLE),
                Some(None) => return Ended::Unreachable(UNREACHABLE.to_owned()),
                Some(Some(connection)) => connection,
            };
            match self.serve(connection, closed).await {
                Ended::Lost(why) if self.may_resume() => {
                    tracing::info!(
                        shard = self.shard.0,
                        reason = why,
                        "resuming the Discord gateway session"
                    );
                }
                ended => return ended,
            }
        }
    }

    /// Counts a resume. Returns true if Discord may accept it and there were not too many.
    fn may_resume(&mut self) -> bool {
        let now = Instant::now();
        if now.duration_since(self.resumes.1) >= GOOD_LIFE {
            self.resumes = (0, now);
        }
        self.resumes.0 += 1;
        self.id.is_some() && self.resumes.0 <= MAX_RESUMES
    }

    async fn connect(&self) -> Option<Connection> {
        let url = format!("{}?v={GATEWAY_VERSION}&encoding=json", self.url);
        let wait = self.gateway.timing.connect_timeout;
        // the error holds the address, which says nothing that helps
        let (socket, _) = timeout(wait, connect_async_with_config(url, None, true)).await.ok()?.ok()?;
        let due = Instant::now() + wait;
        Some(Connection { socket, heartbeat_interval: None, due, is_acknowledged: true })
    }

    async fn serve(&mut self, mut connection: Connection, closed: &CancellationToken) -> Ended {
        loop {
            match closed.run_until_cancelled(self.step(&mut connection)).await {
                None => {
                    // close code 1000 ends the session
                    websocket::close(connection.socket).await;
                    return Ended::Closed;
                }
                Some(Ok(())) => {}
                Some(Err(ended)) => return ended,
            }
        }
    }

    async fn step(&mut self, connection: &mut Connection) -> Result<(), Ended> {
        tokio::select! {
            biased;
            // before the heartbeat, whose acknowledgement may have arrived already
            message = connection.socket.next() => match message {
                Some(Ok(Message::Text(text))) => self.receive(connection, &text).await,
                Some(Ok(Message::Close(frame))) => Err(self.closed_by_discord(frame.as_ref())),
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => Err(Ended::Lost(BROKEN)),
            },
            () = sleep_until(connection.due) => self.heartbeat(connection).await,
        }
    }

    /// Sends a heartbeat, unless HELLO is overdue or the last heartbeat was not acknowledged.
    async fn heartbeat(&self, connection: &mut Connection) -> Result<(), Ended> {
        let interval = connection.heartbeat_interval.filter(|_| connection.is_acknowledged);
        connection.due += interval.ok_or(Ended::Lost(SILENT))?;
        connection.is_acknowledged = false;
        connection.send(Opcode::Heartbeat, json!(self.sequence)).await
    }

    async fn receive(&mut self, connection: &mut Connection, text: &str) -> Result<(), Ended> {
        let received_at = Instant::now();
        let payload: Value = serde_json::from_str(text).unwrap_or_default();
        let (data, opcode) = (&payload["d"], payload["op"].as_u64().and_then(|op| u8::try_from(op).ok()));
        match opcode.map(Opcode::from) {
            Some(Opcode::Dispatch) => {
                self.sequence = payload["s"].as_u64().or(self.sequence);
                self.dispatch(payload["t"].as_str().unwrap_or_default(), data, received_at);
            }
            Some(Opcode::Heartbeat) => {
                return connection.send(Opcode::Heartbeat, json!(self.sequence)).await;
            }
            Some(Opcode::HeartbeatAck) => connection.is_acknowledged = true,
            Some(Opcode::Reconnect) => return Err(Ended::Lost("Discord asked for a new gateway connection")),
            Some(Opcode::InvalidSession) => {
                self.id.take_if(|_| *data != true);
                return Err(Ended::Lost(ENDED));
            }
            Some(Opcode::Hello) if connection.heartbeat_interval.is_none() => {
                let interval = data["heartbeat_interval"].as_u64().unwrap_or(41_250).max(100);
                let interval = Duration::from_millis(interval);
                connection.heartbeat_interval = Some(interval);
                connection.due = received_at + interval.mul_f64(fastrand::f64());
                return self.identify_or_resume(connection).await;
            }
            _ => {}
        }
        Ok(())
    }

    async fn identify_or_resume(&self, connection: &mut Connection) -> Result<(), Ended> {
        let token = self.gateway.token.expose_secret();
        if let Some(id) = &self.id {
            let resume = json!({ "token": token, "session_id": id, "seq": self.sequence });
            return connection.send(Opcode::Resume, resume).await;
        }
        self.gateway.budget.lock().record(self.shard.0, Instant::now());
        let properties = json!({ "os": std::env::consts::OS, "browser": "llm-arena", "device": "llm-arena" });
        let identify =
            json!({ "token": token, "properties": properties, "shard": self.shard, "intents": INTENTS });
        connection.send(Opcode::Identify, identify).await
    }

    fn dispatch(&mut self, event: &str, data: &Value, received_at: Instant) {
        match event {
            "READY" => {
                self.id = data["session_id"].as_str().map(str::to_owned);
                self.bot = interaction::snowflake(&data["user"]["id"]);
                let offered = data["resume_gateway_url"].as_str().unwrap_or_default();
                self.url =
                    gateway_bot::resume_address(&self.url, offered).unwrap_or_else(|| self.url.clone());
                self.ready_at = Some(received_at);
                self.gateway.set_state(self.shard.0, ConnectionState::Ready);
                tracing::info!(shard = self.shard.0, "the Discord gateway is ready");
            }
            "RESUMED" => tracing::info!(shard = self.shard.0, "the Discord gateway session was resumed"),
            "INTERACTION_CREATE" => {
                if let Ok(interaction) = interaction::read(data, received_at) {
                    (self.gateway.inbox)(interaction);
                }
            }
            "MESSAGE_CREATE" => {
                if let Some(message) = self.bot.and_then(|bot| message::read(data, bot, received_at)) {
                    (self.gateway.inbox)(message);
                }
            }
            _ => {}
        }
    }

    /// Judges Discord's close frame; a session that it ends for good is not resumed.
    /// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
    fn closed_by_discord(&mut self, frame: Option<&CloseFrame>) -> Ended {
        match frame.map(|frame| frame.code.into()) {
            Some(close_codes::AUTHENTICATION_FAILED) => return Ended::Refused(WRONG_TOKEN),
            Some(close_codes::INVALID_GATEWAY_INTENTS | close_codes::DISALLOWED_GATEWAY_INTENTS) => {
                return Ended::Refused(WRONG_INTENTS);
            }
            Some(
                close_codes::INVALID_SEQUENCE
                | close_codes::SESSION_TIMEOUT
                | close_codes::INVALID_SHARD
                | close_codes::SHARDING_REQUIRED
                | INVALID_VERSION,
            ) => self.id = None,
            _ => {}
        }
        Ended::Lost(ENDED)
    }
}

impl Connection {
    async fn send(&mut self, op: Opcode, data: Value) -> Result<(), Ended> {
        let text = json!({ "op": op, "d": data }).to_string();
        match timeout(SEND_TIMEOUT, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Lost(BROKEN)),
            Err(_) => Err(Ended::Lost(SILENT)),
        }
    }
}
