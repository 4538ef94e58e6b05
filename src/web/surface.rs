//! A race as a message of the channel.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    LocalChannel,
    channel::{Channel, Message},
    render::{self, Facts},
};
use crate::{
    arena::Arena,
    live::SMOOTH,
    race::RaceId,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// A live message.
pub(super) struct WebSurface {
    channel: Arc<Channel>,
    arena: Arc<Arena>,
    id: RaceId,
    asker: String,
    parent_prompt: Option<String>,
    posted_at: Timestamp,
    shown: Option<View>,
    json: Arc<str>,
    recorded: CancellationToken,
    _record_on_drop: DropGuard,
}

impl WebSurface {
    /// Returns the surface of race `id`, which posts its message with the first frame. It must be dropped once the race is
    /// recorded. `asker` is the id of the user who may stop the race, `parent_prompt` the beginning of the prompt of the
    /// race that it continues.
    pub(super) fn new(
        local: &LocalChannel,
        id: RaceId,
        asker: String,
        parent_prompt: Option<String>,
    ) -> Self {
        let recorded = CancellationToken::new();
        Self {
            channel: Arc::clone(&local.channel),
            arena: Arc::clone(&local.arena),
            id,
            asker,
            parent_prompt,
            posted_at: Timestamp::now(),
            shown: None,
            json: "".into(),
            _record_on_drop: recorded.clone().drop_guard(),
            recorded,
        }
    }

    fn put(&mut self, view: &View, chart: Option<Arc<Chart>>) {
        // the arena has the record before the last frame
        let record = self.arena.record_of(self.id).filter(|_| view.is_final());
        let follow_ups = record.map(|record| self.arena.follow_ups(&record.report)).unwrap_or_default();
        let facts = Facts {
            id: self.id,
            at: self.posted_at,
            asker: &self.asker,
            parent_prompt: self.parent_prompt.as_deref(),
            follow_ups: &follow_ups,
            alt: chart.as_ref().map(|chart| chart.alt.as_str()),
        };
        let json: Arc<str> = render::message(facts, view).into();
        if self.json == json {
            return;
        }
        self.json = Arc::clone(&json);
        let (asker, recorded) = (self.asker.clone(), self.recorded.clone());
        let (parent, is_over) = (view.circumstances.parent, view.is_final());
        let message = Message { id: self.id, asker, parent, is_over, recorded, chart };
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
