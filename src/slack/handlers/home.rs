//! SHELL. The Home tab, filled whenever a user opens it.

use super::CommandHandler;
use crate::{
    platform::handlers::LISTING_TIMEOUT,
    slack::{METRICS, incoming::Incoming, render},
};

impl CommandHandler {
    /// Shows the line-up and the user's last races.
    pub(super) async fn home(&self, incoming: &Incoming) {
        METRICS.command("home");
        let person = self.caller(incoming).asker.id;
        let known =
            async { tokio::join!(self.arena().entrants(LISTING_TIMEOUT), self.arena().past_races(&person)) };
        let Some((entrants, races)) = self.arena().unless_interrupted(known).await else { return };
        let Some(place) = &incoming.place else { return };
        let view = render::home(&entrants, &races, &place.channel);
        let published = self.api.publish_view(&incoming.user, &view);
        if let Some(Err(error)) = self.arena().unless_interrupted(published).await {
            tracing::warn!(%error, "failed to fill a Home tab");
        }
    }
}
