//! A race as a message of the channel.
//!
//! Must not know HTTP or tabs.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    channel::{Channel, Message},
    render,
};
use crate::{
    live::SMOOTH,
    race::RaceId,
    surface::{Chart, Pace, Surface, SurfaceError},
    view::View,
};

/// One live message.
pub(super) struct WebSurface {
    channel: Arc<Channel>,
    id: RaceId,
    asker: String,
    posted_at: Timestamp,
    shown: Option<View>,
    json: Arc<str>,
    remembered: CancellationToken,
    _end: DropGuard,
}

impl WebSurface {
    /// The message of race `id`, to be posted to `channel` by its first frame, and to be dropped when the race
    /// is remembered. `asker` is the id of who may stop it.
    pub(super) fn new(channel: Arc<Channel>, id: RaceId, asker: String) -> Self {
        let remembered = CancellationToken::new();
        Self {
            channel,
            id,
            asker,
            posted_at: Timestamp::now(),
            shown: None,
            json: "".into(),
            _end: remembered.clone().drop_guard(),
            remembered,
        }
    }

    fn put(&mut self, view: &View, chart: Option<Arc<Chart>>) {
        let json: Arc<str> = render::message(self.id, self.posted_at, view, chart.as_deref()).into();
        if self.json == json {
            return;
        }
        self.json = Arc::clone(&json);
        let (asker, remembered) = (self.asker.clone(), self.remembered.clone());
        self.channel.put(Message { id: self.id, asker, over: view.is_final(), remembered, json, chart });
    }
}

impl Surface for WebSurface {
    fn pace(&self) -> Pace {
        Pace::every(SMOOTH)
    }

    async fn show(&mut self, view: &View) -> Result<(), SurfaceError> {
        self.put(view, None);
        self.shown = Some(view.clone());
        Ok(())
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let view = self.shown.take().ok_or(SurfaceError::Gone)?;
        self.put(&view, Some(Arc::new(chart)));
        Ok(())
    }
}
