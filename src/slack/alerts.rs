//! SHELL. The channel of alerts: posts of the bot itself, edited from then on, with details in the thread below.
//!
//! Slack has no key by which it recognizes a repeated post, and to look for one the app would have to read the channel. So
//! the key of a post is claimed in the store before it is sent, and released only if Slack certainly did not take it:
//! over restarts and replicas an alert may be missing, but is never there twice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    PLATFORM,
    api::{Address, Api, ApiError, ChannelThread},
    budget::Urgency,
    posts::{Poster, png},
    render::{self, Body},
    surface::SlackSurface,
};
use crate::{
    alert::{AlertChannel, Notice},
    arena::Arena,
    platform::{retry_until, seal::Sealer},
    surface::{Chart, SurfaceError},
};

/// The time that a post, a picture or an edit waits for its turn.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// Between two attempts at an edit.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// The channel of alerts.
pub(super) struct SlackAlerts {
    arena: Arc<Arena>,
    api: Api,
    sealer: Sealer,
    channel: String,
}

impl SlackAlerts {
    pub(super) fn new(arena: Arc<Arena>, api: Api, sealer: Sealer, channel: String) -> Self {
        Self { arena, api, sealer, channel }
    }

    /// Posts `notice` to `place`, once for each `key`.
    async fn create(
        &self,
        place: &ChannelThread,
        key: &str,
        notice: &Notice,
    ) -> Result<Address, SurfaceError> {
        let claim = format!("alert:{key}");
        if !self.arena.claim_delivery(PLATFORM, &claim).await {
            return Err(SurfaceError::Refused("a post with this key was sent before, and may be there"));
        }
        let body = self.body(notice, &place.channel);
        let posted = self.poster(place).post(&body).await;
        if let Err(error) = &posted
            && !error.is_ambiguous()
        {
            self.arena.release_delivery(PLATFORM, &claim).await;
        }
        posted.map_err(judge)
    }

    /// Shows the picture in the thread below the message. Without it the message still says everything.
    async fn show(&self, message: &Address, chart: &Chart) {
        let file = png("alert.png".into(), "Speed history", chart.clone());
        if let Err(error) = self.poster(&message.below()).show(&file).await {
            tracing::warn!(%error, "failed to show the picture of an alert");
        }
    }

    async fn update(&self, message: &Address, body: &Body) -> Result<(), ApiError> {
        let rate_limiter = self.api.rate_limiter();
        let share = rate_limiter.share();
        let update = || async {
            let permit = rate_limiter.ask_update(&share, Urgency::Live);
            let permit = permit.map_err(|retry_after| ApiError::Limited { retry_after })?;
            let updated = self.api.update(message, body).await;
            permit.settle(&updated);
            updated
        };
        let delay = |error: &ApiError| match error {
            ApiError::Limited { retry_after } => Some(*retry_after),
            error => error.is_transient().then_some(RETRY_DELAY),
        };
        retry_until(Instant::now() + CALL_TIMEOUT, delay, update).await
    }

    fn poster<'a>(&'a self, place: &'a ChannelThread) -> Poster<'a> {
        Poster { api: &self.api, place, deadline: Instant::now() + CALL_TIMEOUT }
    }

    fn body(&self, notice: &Notice, channel: &str) -> Body {
        render::alert(notice).sealed(&self.sealer, channel)
    }
}

#[async_trait]
impl AlertChannel for SlackAlerts {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn post(&self, key: &str, notice: &Notice, chart: Option<&Chart>) -> Result<String, SurfaceError> {
        let place = ChannelThread { channel: self.channel.clone(), thread: None };
        let message = self.create(&place, key, notice).await?;
        if let Some(chart) = chart {
            self.show(&message, chart).await;
        }
        Ok(message.to_string())
    }

    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<(), SurfaceError> {
        let message: Address = serde_json::from_str(message_ref).map_err(|_| SurfaceError::Deleted)?;
        self.update(&message, &self.body(notice, &message.channel)).await.map_err(judge)
    }

    async fn reply(
        &self,
        message_ref: &str,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(), SurfaceError> {
        let message: Address = serde_json::from_str(message_ref).map_err(|_| SurfaceError::Deleted)?;
        self.create(&message.below(), key, notice).await?;
        if let Some(chart) = chart {
            self.show(&message, chart).await;
        }
        Ok(())
    }
}

/// Checks that the bot may post in the channel of alerts, without posting: an edit of a message that does not exist fails
/// with the reason for which a post would fail, or because the message does not exist. It needs no scope besides the one for
/// posts.
///
/// # Errors
/// One sentence for the operator.
pub(super) async fn check(api: &Api, channel: &str) -> Result<(), String> {
    let nothing = Address { channel: channel.to_owned(), ts: "1.000000".into(), thread: None };
    match api.update(&nothing, &render::notice("check")).await {
        Ok(()) | Err(ApiError::Gone) => Ok(()),
        Err(ApiError::NotInChannel) => Err(format!(
            "the bot does not see the channel {channel}: copy its id from the channel's details, and invite the bot there \
             with /invite"
        )),
        Err(ApiError::Closed) => {
            Err(format!("the channel {channel} is archived or closed to the bot: choose another"))
        }
        Err(error) => Err(format!("the channel {channel}: {error}")),
    }
}

fn judge(error: ApiError) -> SurfaceError {
    match error {
        ApiError::Limited { retry_after } => SurfaceError::RateLimited { retry_after },
        ApiError::NotInChannel | ApiError::Closed => {
            SurfaceError::Forbidden("the bot may not post in the channel of alerts")
        }
        error => SlackSurface::judge(error),
    }
}
