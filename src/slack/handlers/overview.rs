//! SHELL. The board and the history, for everyone in the channel.

use std::time::Duration;

use tokio::time::Instant;

use super::CommandHandler;
use crate::{
    arena::{Overview, OverviewKind},
    slack::{
        api::{Address, ApiError},
        incoming::Incoming,
        posts::{Poster, png},
        render::{self, Extras},
    },
};

/// The time that an overview and its picture wait for their turns in the channel.
const POST_TIMEOUT: Duration = Duration::from_mins(1);

impl CommandHandler {
    /// Posts the overview of `kind`, and its picture into the thread below. Where the bot may not post, the person alone
    /// gets the text.
    pub(super) async fn overview(&self, incoming: &Incoming, kind: &OverviewKind) {
        let Some(place) = incoming.public_place() else { return };
        let server = self.caller(incoming).origin.server;
        let mut overview = match self.arena().unless_interrupted(self.arena().overview(kind, &server)).await {
            Some(Ok(overview)) => overview,
            Some(Err(error)) => return self.notice(incoming, &error.to_string()).await,
            None => return,
        };
        let poster = Poster { api: &self.api, place: &place, deadline: Instant::now() + POST_TIMEOUT };
        match self.arena().unless_interrupted(self.post_overview(&poster, &overview)).await {
            Some(Ok(address)) => {
                let Some(chart) = overview.chart.take() else { return };
                let file = png(overview.chart_file.to_owned(), overview.title, chart);
                let (place, deadline) = (address.below(), Instant::now() + POST_TIMEOUT);
                let poster = Poster { api: &self.api, place: &place, deadline };
                let shown = self.arena().unless_interrupted(poster.show(&file)).await;
                if let Some(Err(error)) = shown {
                    tracing::warn!(%error, "failed to show the picture of an overview");
                }
            }
            Some(Err(error)) if error.is_ambiguous() => {
                tracing::warn!(%error, "cannot tell whether an overview was posted");
            }
            Some(Err(error)) => {
                tracing::info!(%error, "failed to post an overview");
                let extras = Extras { tables: false, ..self.extras.get() };
                self.reply(incoming).say(&render::overview(&overview, extras)).await;
            }
            None => {}
        }
    }

    /// Posts `overview` with a table that readers sort; where Slack refuses that, so that nothing was posted, with lines of
    /// text in its place.
    async fn post_overview(&self, poster: &Poster<'_>, overview: &Overview) -> Result<Address, ApiError> {
        let extras = self.extras.get();
        let body = render::overview(overview, extras);
        let refused = match poster.post(&body).await {
            Err(error @ (ApiError::InvalidBlocks { .. } | ApiError::TooLong)) => error,
            done => return done,
        };
        let reduced = Extras { tables: false, ..extras };
        let plain = render::overview(overview, reduced);
        if plain == body {
            return Err(refused);
        }
        if let ApiError::InvalidBlocks { unsupported } = &refused
            && !unsupported.is_empty()
        {
            self.extras.refuse(unsupported);
        }
        let done = poster.post(&plain).await;
        if done.is_ok() && matches!(refused, ApiError::InvalidBlocks { .. }) {
            self.extras.learn(extras, reduced);
        }
        done
    }
}
