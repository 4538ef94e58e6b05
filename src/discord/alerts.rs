//! SHELL. The channel of alerts: posts of the bot itself, edited from then on, with details in the thread below.
//!
//! A post carries its key as the nonce, by which Discord recognizes a repetition for some minutes
//! (<https://docs.discord.com/developers/resources/message#create-message>). So a post whose response was lost is repeated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    PLATFORM,
    alert_ref::AlertRef,
    message_ref,
    render::{self, Body},
    rest::{File, Request, Rest, RestError, Route},
    surface::{COOL_OFF, MISSING_PERMISSIONS},
};
use crate::{
    alert::{AlertChannel, Notice},
    platform::seal::Sealer,
    surface::{Chart, SurfaceError},
};

/// The time that a post or an edit may take, with its waits for permits.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Discord's code for a message that already has a thread.
const THREAD_EXISTS: u32 = 160_004;
/// Discord's codes for a channel without threads: of another type, or with as many active ones as it may have.
const NO_THREADS: [u32; 2] = [50_024, 160_006];

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
        let create = |chart| {
            let body = self.sealed(render::alert_with_chart(notice, chart), channel);
            let request = Request::json(Route::CreateMessage { channel }, posted(&body, key));
            request.with_files(chart.map(file).into_iter().collect())
        };
        let created = match self.send(&create(chart)).await {
            Err(RestError::Forbidden { code: MISSING_PERMISSIONS }) if chart.is_some() => {
                (self.send(&create(None)).await?, false)
            }
            created => (created?, chart.is_some()),
        };
        let id = created.0["id"].as_str().and_then(|id| id.parse().ok());
        // with an equal key the next call learns the id
        let unreadable = || RestError::transport("the response names no message");
        Ok((id.ok_or_else(unreadable)?, created.1))
    }

    /// Opens the thread of the message. Returns false where the channel has no threads for the bot.
    async fn open_thread(&self, message: AlertRef, notice: &Notice) -> Result<bool, SurfaceError> {
        let body = json!({ "name": render::alert_thread(notice) });
        match self.send(&Request::json(message.open_thread_route(), body)).await {
            Ok(_) | Err(RestError::Invalid { code: THREAD_EXISTS, .. }) => Ok(true),
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

    async fn send(&self, request: &Request) -> Result<Value, RestError> {
        self.rest.send(request, Instant::now() + CALL_TIMEOUT).await
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
        Ok(AlertRef { channel: self.channel, message, has_picture }.to_string())
    }

    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<(), SurfaceError> {
        let message = AlertRef::parse(message_ref).ok_or(SurfaceError::Deleted)?;
        let body = self.sealed(render::alert(notice, message.has_picture), message.channel);
        let edited = self.send(&Request::json(message.message_route(), edited(&body))).await;
        edited.map(drop).map_err(judge)
    }

    async fn reply(
        &self,
        message_ref: &str,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(), SurfaceError> {
        let message = AlertRef::parse(message_ref).ok_or(SurfaceError::Deleted)?;
        let mut is_new = false;
        while !self.lacks_threads.load(Ordering::Relaxed) {
            match self.create(message.thread(), key, notice, chart).await {
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

/// The JSON of a new message.
fn posted(body: &Body, key: &str) -> Value {
    let mut json = body.json();
    json["nonce"] = key.into();
    json["enforce_nonce"] = true.into();
    json
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
        RestError::Budget => SurfaceError::Paced { retry_after: COOL_OFF },
        RestError::Gone => SurfaceError::Deleted,
        RestError::Server { .. } | RestError::Transport { .. } | RestError::Unexplained { .. } => {
            SurfaceError::Transient { source: Arc::new(error) }
        }
        RestError::Forbidden { .. } | RestError::Unauthorized => {
            SurfaceError::Forbidden("the bot may not post in the channel of alerts")
        }
        RestError::TooLarge => SurfaceError::Refused("too large for the channel of alerts"),
        _ => SurfaceError::Refused("invalid for Discord"),
    }
}
