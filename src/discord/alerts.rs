//! SHELL. The channel of alerts: posts of the bot itself, edited from then on, with details in the thread below.
//!
//! The key of a post is its nonce, so a post whose response was lost is repeated.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    PLATFORM, message_ref, posts,
    render::{self, Body},
    rest::{File, Request, Rest, RestError, Route},
    surface::{self, MISSING_PERMISSIONS},
};
use crate::{
    alert::{AlertChannel, Notice},
    platform::seal::Sealer,
    surface::{Chart, SurfaceError},
};

/// The time that a post or an edit may take, with its waits for permits.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Discord's codes for a channel without threads: of another type, or with as many active ones as it may have.
const NO_THREADS: [u32; 2] = [50_024, 160_006];

/// The address of an alert as the store keeps it. Its thread has the id of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AlertRef {
    /// The channel.
    channel: u64,
    /// The message.
    message: u64,
    /// True if the message has a picture, which an edit must keep in its place.
    #[serde(default)]
    has_picture: bool,
}

impl AlertRef {
    /// Parses the address in the store.
    fn parse(text: &str) -> Result<Self, SurfaceError> {
        serde_json::from_str(text).map_err(|_| SurfaceError::Deleted)
    }
}

/// The channel of alerts.
pub(super) struct DiscordAlerts {
    rest: Rest,
    sealer: Sealer,
    channel: u64,
    /// Discord refused a thread there, so none is asked for again.
    lacks_threads: AtomicBool,
}

impl DiscordAlerts {
    pub(super) fn new(rest: Rest, sealer: Sealer, channel: u64) -> Self {
        Self { rest, sealer, channel, lacks_threads: AtomicBool::new(false) }
    }

    /// Posts `notice` in `channel`, without its picture where the bot may not attach files. Returns the message's id and
    /// true if it has the picture.
    async fn create(
        &self,
        channel: u64,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(u64, bool), RestError> {
        let create = async |chart| {
            let body = self.sealed(render::alert_with_chart(notice, chart), channel);
            let files = chart.map(file).into_iter().collect();
            posts::post(&self.rest, channel, (&body, files), key, Instant::now() + CALL_TIMEOUT).await
        };
        match create(chart).await {
            Err(RestError::Forbidden { code: MISSING_PERMISSIONS }) if chart.is_some() => {
                Ok((create(None).await?, false))
            }
            created => Ok((created?, chart.is_some())),
        }
    }

    /// Opens the thread of the message. Returns false where the channel has no threads for the bot.
    async fn open_thread(&self, message: AlertRef, notice: &Notice) -> Result<bool, SurfaceError> {
        let (address, deadline) = ((message.channel, message.message), Instant::now() + CALL_TIMEOUT);
        match posts::open_thread(&self.rest, address, &render::alert_thread(notice), deadline).await {
            Ok(()) => Ok(true),
            Err(RestError::Gone) => Err(SurfaceError::Deleted),
            Err(error) if has_no_threads(&error) => {
                self.give_up_threads(&error);
                Ok(false)
            }
            Err(error) => Err(judge(error)),
        }
    }

    fn give_up_threads(&self, error: &RestError) {
        self.lacks_threads.store(true, Ordering::Relaxed);
        tracing::warn!(
            channel = self.channel,
            error = error.chain(),
            "no threads in the channel of alerts, so their details are left out: grant Create Public Threads and Send \
             Messages in Threads, then restart"
        );
    }

    fn sealed(&self, body: Body, channel: u64) -> Body {
        body.sealed(&self.sealer, &message_ref::channel(Some(channel)))
    }
}

#[async_trait]
impl AlertChannel for DiscordAlerts {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn post(&self, key: &str, notice: &Notice, chart: Option<&Chart>) -> Result<String, SurfaceError> {
        let posted = self.create(self.channel, key, notice, chart).await;
        let (message, has_picture) = posted.map_err(|error| match error {
            RestError::Gone => SurfaceError::Refused("the channel of alerts does not exist"),
            error => judge(error),
        })?;
        Ok(json!(AlertRef { channel: self.channel, message, has_picture }).to_string())
    }

    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<(), SurfaceError> {
        let message = AlertRef::parse(message_ref)?;
        let body = self.sealed(render::alert(notice, message.has_picture), message.channel);
        let AlertRef { channel, message, .. } = message;
        let request = Request::json(Route::EditMessage { channel, message }, edited(&body));
        self.rest.send(&request, Instant::now() + CALL_TIMEOUT).await.map(drop).map_err(judge)
    }

    async fn reply(
        &self,
        message_ref: &str,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(), SurfaceError> {
        let message = AlertRef::parse(message_ref)?;
        let mut is_new = false;
        while !self.lacks_threads.load(Ordering::Relaxed) {
            match self.create(message.message, key, notice, chart).await {
                // there is no thread yet; one that was deleted is not opened again
                Err(RestError::Gone) if !is_new => is_new = self.open_thread(message, notice).await?,
                Ok(_) | Err(RestError::Gone) => break,
                Err(error) if has_no_threads(&error) => self.give_up_threads(&error),
                Err(error) => return Err(judge(error)),
            }
        }
        Ok(())
    }
}

/// The JSON of an edit, in which a part that is absent would stay as it was.
fn edited(body: &Body) -> Value {
    let mut json = body.json();
    for part in ["embeds", "components"] {
        if json.get(part).is_none() {
            json[part] = json!([]);
        }
    }
    json
}

fn file(chart: &Chart) -> File {
    File { name: render::ALERT_FILE.into(), mime: "image/png", bytes: Bytes::from(chart.png.clone()) }
}

/// Returns true for an error that says that the channel has no threads for the bot.
fn has_no_threads(error: &RestError) -> bool {
    match error {
        RestError::Forbidden { .. } => true,
        RestError::Invalid { code, .. } => NO_THREADS.contains(code),
        _ => false,
    }
}

fn judge(error: RestError) -> SurfaceError {
    match error {
        RestError::Limited { retry_after } => SurfaceError::RateLimited { retry_after },
        RestError::Forbidden { .. } | RestError::Unauthorized => {
            SurfaceError::Forbidden("the bot may not post in the channel of alerts")
        }
        RestError::TooLarge => SurfaceError::Refused("too large for the channel of alerts"),
        error => surface::judge(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_a_round_trip() {
        let address = AlertRef { channel: u64::MAX, message: 2, has_picture: true };
        assert_eq!(AlertRef::parse(&json!(address).to_string()).ok(), Some(address));
        let old = AlertRef::parse("{\"channel\":1,\"message\":2}");
        assert_eq!(old.ok().map(|old| old.has_picture), Some(false));
        assert!(AlertRef::parse("elsewhere").is_err());
    }
}
