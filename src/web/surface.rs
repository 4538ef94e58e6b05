//! A race as a message of the channel.

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
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// A live message.
pub(super) struct WebSurface {
    channel: Arc<Channel>,
    id: RaceId,
    asker: String,
    posted_at: Timestamp,
    shown: Option<View>,
    json: Arc<str>,
    recorded: CancellationToken,
    _record_on_drop: DropGuard,
}

impl WebSurface {
    /// Returns the surface of race `id`, which posts its message to `channel` with the first frame. It must be dropped
    /// once the race is recorded. `asker` is the id of the user who may stop the race.
    pub(super) fn new(channel: Arc<Channel>, id: RaceId, asker: String) -> Self {
        let recorded = CancellationToken::new();
        Self {
            channel,
            id,
            asker,
            posted_at: Timestamp::now(),
            shown: None,
            json: "".into(),
            _record_on_drop: recorded.clone().drop_guard(),
            recorded,
        }
    }

    fn put(&mut self, view: &View, chart: Option<Arc<Chart>>) {
        let json: Arc<str> = {
            let alt = chart.as_ref().map(|chart| chart.alt.as_str());
            render::message(self.id, self.posted_at, &self.asker, view, alt).into()
        };
        if self.json == json {
            return;
        }
        self.json = Arc::clone(&json);
        let (asker, recorded) = (self.asker.clone(), self.recorded.clone());
        let message = Message { id: self.id, asker, is_over: view.is_final(), recorded, chart };
        self.channel.put(message, &json);
    }
}

impl Surface for WebSurface {
    fn pace(&self) -> Pace {
        Pace::every(SMOOTH)
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        self.put(view, None);
        self.shown = Some(view.clone());
        Ok(Learned::default())
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let view = self.shown.take().ok_or(SurfaceError::Closed)?;
        self.put(&view, Some(Arc::new(chart)));
        Ok(())
    }
}
