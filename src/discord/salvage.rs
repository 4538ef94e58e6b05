//! SHELL. The last frame of a race whose process is gone: the message is edited where the store says that it stands.

use async_trait::async_trait;

use super::{Discord, meter, reference::Reference, surface::DiscordSurface};
use crate::{
    arena::Salvage,
    race::RaceId,
    surface::{Surface as _, SurfaceError},
    view::View,
};

#[async_trait]
impl Salvage for Discord {
    fn platform(&self) -> &'static str {
        meter::PLATFORM
    }

    async fn show(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let reference = Reference::parse(reference).ok_or(SurfaceError::Gone)?;
        DiscordSurface::found(self.desk.rest.clone(), &reference, id).show(view).await
    }
}
