//! The rules of the gateway: what a client may send. Pure.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// Intents that need no approval and that the bot has a use for: `GUILDS`, `GUILD_MESSAGES`, `DIRECT_MESSAGES`.
const FREE_INTENTS: u64 = 1 | 1 << 9 | 1 << 12;

/// The rules and the timing of a gateway.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The bot's token.
    pub token: String,
    /// The interval in HELLO.
    pub heartbeat: Duration,
    /// Between two IDENTIFYs of one place.
    pub spacing: Duration,
    /// IDENTIFYs at once: places are the shard's number modulo this.
    pub max_concurrency: u64,
    /// IDENTIFYs in all: one more would cost the token.
    pub identifies: u64,
    /// Shards that it recommends.
    pub shards: u64,
}

/// The content of an IDENTIFY.
pub(super) struct Identity {
    /// The shard's number, and of how many.
    pub(super) shard: (u64, u64),
    /// The intents.
    pub(super) intents: u64,
}

impl Rules {
    /// The usual rules for a bot with this token.
    pub fn of(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            heartbeat: Duration::from_millis(41_250),
            spacing: Duration::from_secs(5),
            max_concurrency: 1,
            identifies: 1000,
            shards: 1,
        }
    }

    /// The query of the connection.
    pub(super) fn check_query(query: &str) -> Result<(), String> {
        let mut parts: Vec<&str> = query.split('&').filter(|part| *part != "encoding=json").collect();
        parts.sort_unstable();
        if parts == ["v=10"] { Ok(()) } else { Err(format!("connected with {query:?}, not with v=10")) }
    }

    /// Checks an IDENTIFY. A wrong token is not a violation but ends the connection: `Ok(None)`.
    pub(super) fn check_identify(&self, data: &Value) -> Result<Option<Identity>, String> {
        const KNOWN: [&str; 7] =
            ["token", "properties", "compress", "large_threshold", "shard", "presence", "intents"];
        known(data, &KNOWN)?;
        known(&data["properties"], &["os", "browser", "device"])?;
        if ["os", "browser", "device"].iter().any(|name| !data["properties"][name].is_string()) {
            return Err("IDENTIFY lacks properties".into());
        }
        let intents = data["intents"].as_u64().ok_or("IDENTIFY without intents")?;
        if intents & !FREE_INTENTS != 0 {
            return Err(format!("IDENTIFY with the intents {intents}"));
        }
        let shard = match &data["shard"] {
            Value::Null => (0, 1),
            shard => (shard[0].as_u64().ok_or("a wrong shard")?, shard[1].as_u64().ok_or("a wrong shard")?),
        };
        if shard.1 != self.shards || shard.0 >= shard.1 {
            return Err(format!("IDENTIFY as shard {shard:?} where {} are wanted", self.shards));
        }
        if data["large_threshold"].as_u64().is_some_and(|value| !(50..=250).contains(&value)) {
            return Err("IDENTIFY with a wrong large_threshold".into());
        }
        Ok((data["token"] == self.token.as_str()).then_some(Identity { shard, intents }))
    }

    /// The session and the sequence of a RESUME.
    pub(super) fn check_resume(&self, data: &Value) -> Result<(String, u64), String> {
        known(data, &["token", "session_id", "seq"])?;
        if data["token"] != self.token.as_str() {
            return Err("RESUME with a wrong token".into());
        }
        let session = data["session_id"].as_str().ok_or("RESUME without a session")?;
        Ok((session.to_owned(), data["seq"].as_u64().ok_or("RESUME without a sequence")?))
    }

    /// Returns the time within which a heartbeat must arrive; a client polls twice a second.
    pub(super) fn ack_timeout(&self) -> Duration {
        self.heartbeat * 2 + Duration::from_secs(2)
    }
}

fn known(data: &Value, fields: &[&str]) -> Result<(), String> {
    let object = data.as_object().ok_or("no object where one is wanted")?;
    match object.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(unknown) => Err(format!("the unknown field {unknown}")),
        None => Ok(()),
    }
}

/// The limit of events from one connection: 120 a minute, 4096 bytes each
/// (<https://docs.discord.com/developers/events/gateway#rate-limiting>).
#[derive(Debug, Default)]
pub(super) struct Sends(Vec<Instant>);

impl Sends {
    pub(super) fn check(&mut self, text: &str, now: Instant) -> Result<(), String> {
        if text.len() > 4096 {
            return Err(format!("a payload of {} bytes", text.len()));
        }
        self.0.retain(|at| now.duration_since(*at) < Duration::from_mins(1));
        self.0.push(now);
        if self.0.len() > 120 { Err("more than 120 events a minute".into()) } else { Ok(()) }
    }
}
