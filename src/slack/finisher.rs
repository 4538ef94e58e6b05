//! SHELL. Final frames for orphans: the message is edited at its reference in the store, and where none was posted yet,
//! the asker is told.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    PLATFORM, Slack,
    api::Api,
    incoming::{ChannelThread, Incoming},
    render,
    surface::{Address, SlackSurface},
};
use crate::{
    arena::Finisher,
    race::RaceId,
    surface::{Surface as _, SurfaceError},
    view::View,
};

const NEVER_BEGAN: &str =
    "LLM Arena was interrupted before your race could begin. No model was called. Ask again.";

/// The way to the asker before their race has a message, as the store keeps it. It holds the response URL, a credential
/// for half an hour.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    response_url: Option<String>,
    channel: String,
    thread: Option<String>,
    user: String,
}

impl Waiting {
    /// Returns the way to the person behind `incoming`, if it has a place.
    pub(super) fn of(incoming: &Incoming) -> Option<Self> {
        let ChannelThread { channel, thread } = incoming.place.clone()?;
        let response_url = incoming.response_url.as_ref().map(|url| url.expose_secret().to_owned());
        Some(Self { response_url, channel, thread, user: incoming.user.clone() })
    }

    /// Tells the asker that nothing began, once: twice would puzzle them.
    async fn notify(self, api: &Api) -> Result<(), SurfaceError> {
        let words = render::notice(NEVER_BEGAN);
        let place = ChannelThread { channel: self.channel, thread: self.thread };
        let sent = match self.response_url.map(SecretString::from) {
            Some(url) => api.respond(&url, &words, false).await,
            None => api.whisper(&place, &self.user, &words).await,
        };
        sent.map_err(|error| {
            if error.is_transient() && !error.is_ambiguous() {
                SurfaceError::Transient { source: Arc::new(error) }
            } else {
                SurfaceError::Deleted
            }
        })
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[async_trait]
impl Finisher for Slack {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let api = &self.handler.api;
        let Some(address) = Address::parse(reference) else {
            let waiting: Waiting = serde_json::from_str(reference).map_err(|_| SurfaceError::Deleted)?;
            return waiting.notify(api).await;
        };
        let chart = Arc::clone(&self.handler.native_chart);
        SlackSurface::new(api.clone(), id, &address, chart).show(view).await.map(drop)
    }
}
