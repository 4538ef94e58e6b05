//! SHELL. The last frame of a race whose process is gone: the message is edited where the store says that it stands.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Slack, meter,
    surface::{Address, SlackSurface},
};
use crate::{
    arena::{RaceId, Salvage},
    surface::{Surface as _, SurfaceError},
    view::View,
};

#[async_trait]
impl Salvage for Slack {
    fn platform(&self) -> &'static str {
        meter::PLATFORM
    }

    async fn show(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError> {
        let address = Address::parse(reference).ok_or(SurfaceError::Gone)?;
        let chart = Arc::clone(&self.desk.native_chart);
        SlackSurface::new(self.desk.api.clone(), id, &address, chart, Box::new(drop)).show(view).await
    }
}
