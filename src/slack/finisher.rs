//! SHELL. Final frames and charts for orphans: the message is edited at its reference in the store, and where none was posted yet,
//! the asker is told.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    PLATFORM, Slack,
    api::{Address, Api},
    incoming::ReplyTo,
    render,
    surface::SlackSurface,
};
use crate::{
    arena::Finisher,
    live,
    race::RaceId,
    surface::{Chart, Surface as _, SurfaceError},
    view::View,
};

const NEVER_BEGAN: &str =
    "LLM Arena was interrupted before your race could begin. No model was called. Ask again.";

#[async_trait]
impl Finisher for Slack {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let api = &self.handler.api;
        let Ok(address) = serde_json::from_str::<Address>(reference) else {
            let reply_to = serde_json::from_str(reference).map_err(|_| SurfaceError::Deleted)?;
            return notify(reply_to, api).await;
        };
        self.surface(id, &address).show(view).await.map(drop)
    }

    fn wants_chart(&self) -> bool {
        true
    }

    async fn attach(&self, id: RaceId, reference: &str, _: &View, chart: Chart) {
        if let Ok(address) = serde_json::from_str::<Address>(reference) {
            live::attach(chart, &mut self.surface(id, &address)).await;
        }
    }
}

impl Slack {
    fn surface(&self, id: RaceId, address: &Address) -> SlackSurface {
        let (extras, sealer) = (Arc::clone(&self.handler.extras), self.handler.handlers.sealer.clone());
        SlackSurface::new(self.handler.api.clone(), sealer, id, address, extras)
    }
}

/// Tells the asker that nothing began, once: twice would puzzle them.
async fn notify(ReplyTo { place, user, response_url, .. }: ReplyTo, api: &Api) -> Result<(), SurfaceError> {
    let words = render::notice(NEVER_BEGAN);
    let sent = match response_url {
        Some(url) => api.respond(&url.into(), None, &words, false).await,
        None => api.post_ephemeral(&place, &user, &words).await,
    };
    sent.map_err(|error| {
        if error.is_transient() && !error.is_ambiguous() {
            SurfaceError::Transient { source: Arc::new(error) }
        } else {
            SurfaceError::Deleted
        }
    })
}
