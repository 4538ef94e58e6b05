//! SHELL. The last word on a race whose process is gone: its message is edited where the store says that it stands, and
//! where none may stand yet, its asker is told.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    Slack,
    api::Api,
    incoming::{Incoming, Place},
    meter, render,
    surface::{Address, SlackSurface},
};
use crate::{
    arena::Salvage,
    race::RaceId,
    surface::{Surface as _, SurfaceError},
    view::View,
};

const NEVER_BEGAN: &str =
    "LLM Arena was interrupted before your race could begin. No model was called; ask again.";

/// How to reach the one who asked, before their race has a message. Its text form is what the store keeps; it holds the
/// response URL, a credential for half an hour.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    response_url: Option<String>,
    channel: String,
    thread: Option<String>,
    user: String,
}

impl Waiting {
    /// The one who did `incoming`, which has a place.
    pub(super) fn of(incoming: &Incoming) -> Option<Self> {
        let Place { channel, thread } = incoming.place.clone()?;
        let response_url = incoming.response_url.as_ref().map(|url| url.expose_secret().to_owned());
        Some(Self { response_url, channel, thread, user: incoming.user.clone() })
    }

    /// Tells them that nothing began. Once: said twice it would puzzle them.
    async fn tell(self, api: &Api) -> Result<(), SurfaceError> {
        let words = render::notice(NEVER_BEGAN);
        let place = Place { channel: self.channel, thread: self.thread };
        let told = match self.response_url.map(SecretString::from) {
            Some(url) => api.respond(&url, &words, false).await,
            None => api.whisper(&place, &self.user, &words).await,
        };
        told.map_err(|error| {
            if error.is_transient() && !error.is_ambiguous() {
                SurfaceError::Transient { source: Arc::new(error) }
            } else {
                SurfaceError::Gone
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
impl Salvage for Slack {
    fn platform(&self) -> &'static str {
        meter::PLATFORM
    }

    async fn show(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let api = &self.desk.api;
        let Some(address) = Address::parse(reference) else {
            let waiting: Waiting = serde_json::from_str(reference).map_err(|_| SurfaceError::Gone)?;
            return waiting.tell(api).await;
        };
        let chart = Arc::clone(&self.desk.native_chart);
        SlackSurface::new(api.clone(), id, &address, chart, Box::new(drop)).show(view).await
    }
}
