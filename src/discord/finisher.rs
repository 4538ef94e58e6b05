//! SHELL. Final frames for orphans: the message is edited where the store has it.

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Discord, PLATFORM, message_ref::MessageRef, surface::DiscordSurface};
use crate::{
    arena::Finisher,
    race::RaceId,
    surface::{Surface as _, SurfaceError},
    view::View,
};

#[async_trait]
impl Finisher for Discord {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, message_ref: &str, view: &View) -> Result<(), SurfaceError> {
        let message_ref = MessageRef::parse(message_ref).ok_or(SurfaceError::Deleted)?;
        let (rest, sealer) = (self.handler.rest.clone(), self.handler.handlers.sealer.clone());
        DiscordSurface::new(rest, sealer, message_ref, id, Instant::now()).show(view).await.map(drop)
    }
}
