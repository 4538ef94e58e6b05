//! SHELL. Final frames for orphans: the message is edited at its reference in the store.

use async_trait::async_trait;

use super::{Discord, PLATFORM, reference::Reference, surface::DiscordSurface};
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

    async fn finish(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let reference = Reference::parse(reference).ok_or(SurfaceError::Deleted)?;
        DiscordSurface::found(self.handler.rest.clone(), &reference, id).show(view).await.map(drop)
    }
}
