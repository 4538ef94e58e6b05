//! SHELL. Final frames and charts for orphans: the message is edited where the store has it.

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Discord, PLATFORM, message_ref::MessageRef, surface::DiscordSurface};
use crate::{
    arena::Finisher,
    live,
    race::RaceId,
    surface::{Chart, Surface as _, SurfaceError},
    view::View,
};

#[async_trait]
impl Finisher for Discord {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, message_ref: &str, view: &View) -> Result<(), SurfaceError> {
        self.surface(id, message_ref).ok_or(SurfaceError::Deleted)?.show(view).await.map(drop)
    }

    fn wants_chart(&self) -> bool {
        true
    }

    async fn attach(&self, id: RaceId, message_ref: &str, view: &View, chart: Chart) {
        if let Some(surface) = self.surface(id, message_ref) {
            live::attach(chart, &mut surface.showing(view.clone())).await;
        }
    }
}

impl Discord {
    /// The message at `message_ref`; `None` for a reference that is unusable.
    fn surface(&self, id: RaceId, message_ref: &str) -> Option<DiscordSurface> {
        let message_ref = MessageRef::parse(message_ref)?;
        let (rest, sealer) = (self.handler.rest.clone(), self.handler.handlers.sealer.clone());
        Some(DiscordSurface::new(rest, sealer, message_ref, id, Instant::now()))
    }
}
