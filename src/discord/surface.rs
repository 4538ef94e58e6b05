//! SHELL. A race as one Discord message.
//!
//! The message is edited through its interaction's token, which has its own rate limit and needs no permissions. The
//! token expires (<https://docs.discord.com/developers/interactions/receiving-and-responding>): before that the surface
//! switches to edits through the channel if the bot is a member there; if not, it asks for the race to be stopped while
//! the final frame can still be shown.

use std::{mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Discord, METRICS, PLATFORM,
    interaction::snowflake,
    message_ref::MessageRef,
    render,
    rest::{File, MAX_UNEXPLAINED, Request, Rest, RestError, Route, Share, Urgency},
};
use crate::{
    arena::Finisher,
    live,
    platform::seal::Sealer,
    race::{RaceId, event::StopCause},
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::{Progress, View, words},
};

/// The wait once the limit of refused calls is spent, so that Discord does not ban the address.
const COOL_OFF: Duration = Duration::from_secs(30);

/// Discord's code for a missing permission.
pub(super) const MISSING_PERMISSIONS: u32 = 50_013;
/// The notice in place of the chart.
const NO_CHART: &str = "no chart: LLM Arena lacks the permission Attach Files here";

/// One live message.
pub(super) struct DiscordSurface {
    rest: Rest,
    sealer: Sealer,
    race: RaceId,
    message: MessageRef,
    token_until: Instant,
    /// Discord refused the token, so it is not used again.
    token_is_over: bool,
    /// Edits go through the channel now.
    is_in_channel: bool,
    /// Until then a message that Discord does not know may be too new.
    unsettled_until: Instant,
    share: Share,
    shown: Option<Value>,
    /// The final view, to which the chart is added.
    last: Option<View>,
    /// False if the app lacks the permission to send files there.
    pub(super) may_attach: bool,
    /// True where Discord did not accept the answers: in live frames (0), in the final one (1).
    without_answers: [bool; 2],
    /// Refusals without one of Discord's own codes since the last accepted edit.
    unexplained: u32,
    /// News for the caller, returned with the next accepted frame.
    news: Learned,
}

impl DiscordSurface {
    /// The message at `message_ref`, in which nothing was shown yet by this process. Until `unsettled_until` it may be
    /// too new for Discord to know it.
    pub(super) fn new(
        rest: Rest,
        sealer: Sealer,
        message_ref: MessageRef,
        race: RaceId,
        unsettled_until: Instant,
    ) -> Self {
        let left = message_ref.token_until.duration_since(Timestamp::now());
        let by_channel = message_ref.channel_route().filter(|_| !message_ref.has_token());
        Self {
            race,
            token_until: Instant::now() + Duration::try_from(left).unwrap_or_default(),
            token_is_over: !message_ref.has_token(),
            is_in_channel: by_channel.is_some(),
            unsettled_until,
            share: rest.limiter.share(&by_channel.unwrap_or_else(|| message_ref.token_route())),
            rest,
            sealer,
            message: message_ref,
            shown: None,
            last: None,
            may_attach: true,
            without_answers: [false; 2],
            unexplained: 0,
            news: Learned::default(),
        }
    }

    fn body(&self, view: &View, alt: Option<&str>) -> Value {
        render::live(view, self.race, alt).sealed(&self.sealer, &self.message.place()).json()
    }

    fn route(&self) -> Route {
        let channel = self.message.channel_route().filter(|_| self.is_in_channel);
        channel.unwrap_or_else(|| self.message.token_route())
    }

    /// Edits the message to `body` by the route that works now.
    async fn edit(&mut self, body: &Value, files: Vec<File>, urgency: Urgency) -> Result<(), RestError> {
        if Instant::now() >= self.token_until && !self.is_in_channel && !self.move_to_channel() {
            self.news.stop = Some(StopCause::Frozen);
        }
        loop {
            let request = Request::json(self.route(), body.clone()).with_files(files.clone());
            let error = match self.rest.attempt(&request, urgency).await {
                Ok(message) => {
                    self.unexplained = 0;
                    self.learn(&message);
                    return Ok(());
                }
                Err(error) => self.count_unexplained(error),
            };
            let lacks_permission = matches!(error, RestError::Forbidden { code: MISSING_PERMISSIONS });
            if lacks_permission && !files.is_empty() || !self.change_route(&error) {
                return Err(error);
            }
            self.unexplained = 0;
        }
    }

    /// Counts refusals without one of Discord's own codes; from the [`MAX_UNEXPLAINED`]th in a row on, takes the status at its
    /// word.
    fn count_unexplained(&mut self, error: RestError) -> RestError {
        self.unexplained += u32::from(matches!(error, RestError::Unexplained { .. }));
        if self.unexplained < MAX_UNEXPLAINED { error } else { error.believed(&self.route()) }
    }

    /// Changes the route after a refusal. Returns false if there is no other route.
    fn change_route(&mut self, error: &RestError) -> bool {
        match error {
            _ if self.may_be_too_new() => false,
            RestError::TokenExpired | RestError::Forbidden { .. } if !self.is_in_channel => {
                self.token_is_over = true;
                self.move_to_channel()
            }
            // installed without its bot user, or shut out: the token is still good for a final frame
            RestError::Unauthorized | RestError::Forbidden { .. }
                if self.is_in_channel && !self.token_is_over =>
            {
                (self.is_in_channel, self.message.is_member) = (false, false);
                self.share = self.rest.limiter.share(&self.route());
                self.news.stop = Some(StopCause::Frozen);
                true
            }
            _ => false,
        }
    }

    /// Switches from the token to the channel. Returns false if that is not possible.
    fn move_to_channel(&mut self) -> bool {
        self.is_in_channel = self.message.is_member && self.message.channel_route().is_some();
        if self.is_in_channel {
            self.share = self.rest.limiter.share(&self.route());
        }
        self.is_in_channel
    }

    /// Reads the message's address from the first response. An ephemeral message cannot be edited through the channel;
    /// Discord makes it ephemeral where users may not bring apps of their own.
    fn learn(&mut self, message: &Value) {
        let is_private = message["flags"].as_u64().is_some_and(|flags| flags & render::EPHEMERAL != 0);
        let address =
            snowflake(&message["channel_id"]).or(self.message.channel).zip(snowflake(&message["id"]));
        if let Some((channel, message)) = address.filter(|_| !is_private && self.message.message.is_none()) {
            (self.message.channel, self.message.message) = (Some(channel), Some(message));
            self.news.message_ref = Some(self.message.to_string());
        }
    }

    fn judge(&self, error: RestError) -> SurfaceError {
        match error {
            RestError::Gone | RestError::TokenExpired | RestError::Forbidden { .. }
                if self.may_be_too_new() =>
            {
                SurfaceError::Transient { source: Arc::new(error) }
            }
            RestError::Unexplained { status: 404 } if self.unexplained >= MAX_UNEXPLAINED => {
                SurfaceError::Refused("not found, without one of Discord's own codes")
            }
            error => judge(error),
        }
    }

    /// Returns true if nothing was shown yet and Discord may not have settled the message.
    fn may_be_too_new(&self) -> bool {
        self.shown.is_none() && Instant::now() < self.unsettled_until
    }

    /// Shows the view; if Discord does not accept it, the view without the answers: whatever was wrong with them, the
    /// standings and the end of the race are shown.
    async fn put(&mut self, view: &View) -> Result<(), RestError> {
        let urgency = if view.is_final() { Urgency::Final } else { Urgency::Live };
        let frame = usize::from(view.is_final());
        let mut view = view.clone();
        let has_speed = view.lanes.iter().any(|lane| lane.speed.is_some());
        let may_have_chart = view.lanes.len() > 1 && (view.progress == Progress::Live || has_speed);
        if may_have_chart && !self.may_attach {
            view.notice = Some(words::joined(view.notice.into_iter().chain([NO_CHART.to_owned()])));
        }
        loop {
            if self.without_answers[frame] {
                view.lanes.iter_mut().for_each(|lane| lane.answer.clear());
            }
            let body = self.body(&view, None);
            if self.shown.as_ref() == Some(&body) {
                return Ok(());
            }
            match self.edit(&body, vec![], urgency).await {
                Err(error @ (RestError::TooLarge | RestError::Invalid { .. }))
                    if !self.without_answers[frame] =>
                {
                    tracing::error!(
                        error = error.chain(),
                        "Discord rejected a frame; showing it without answers"
                    );
                    self.without_answers[frame] = true;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.shown = Some(body);
                    self.last = view.is_final().then_some(view);
                    return Ok(());
                }
            }
        }
    }
}

/// Returns the consequence of an error for a message of the bot.
pub(super) fn judge(error: RestError) -> SurfaceError {
    match error {
        // the limiter also counts what Discord itself refused, and knows what a final edit may
        RestError::Limited { retry_after } => SurfaceError::Paced { retry_after },
        RestError::Budget => SurfaceError::Paced { retry_after: COOL_OFF },
        RestError::Gone => SurfaceError::Deleted,
        RestError::TokenExpired => SurfaceError::Frozen("the interaction's token has expired"),
        RestError::Server { .. } | RestError::Transport { .. } | RestError::Unexplained { .. } => {
            SurfaceError::Transient { source: Arc::new(error) }
        }
        RestError::TooLarge => SurfaceError::Refused("too large for this channel"),
        RestError::Forbidden { .. } | RestError::Unauthorized => {
            SurfaceError::Forbidden("the bot may not edit its message here")
        }
        _ => SurfaceError::Refused("invalid for Discord"),
    }
}

impl Surface for DiscordSurface {
    fn pace(&self) -> Pace {
        Pace::shared(self.share.spacing(), self.share.sharers())
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let since = Instant::now();
        let edited = self.put(view).await.map_err(|error| self.judge(error));
        METRICS.edited(since, &edited);
        match edited {
            Ok(()) => Ok(mem::take(&mut self.news)),
            // the race must end now, whatever became of this frame
            Err(_) if !view.is_final() && self.news.stop.take().is_some() => Err(SurfaceError::Freezing),
            Err(error) => Err(error),
        }
    }

    fn wants_chart(&self) -> bool {
        self.may_attach
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let view = self.last.clone().ok_or(SurfaceError::Closed)?;
        let body = self.body(&view, Some(&chart.alt));
        let file = File { name: render::CHART_FILE.into(), mime: "image/png", bytes: Bytes::from(chart.png) };
        let attached = match self.edit(&body, vec![file], Urgency::Final).await {
            Err(RestError::Forbidden { code: MISSING_PERMISSIONS }) => {
                self.may_attach = false;
                self.put(&view).await
            }
            attached => attached,
        };
        attached.map_err(|error| self.judge(error))
    }
}

/// Final frames and charts for orphans: the message is edited where the store has it.
#[async_trait]
impl Finisher for Discord {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, message_ref: &str, view: &View) -> Result<(), SurfaceError> {
        self.surface(id, message_ref)?.show(view).await.map(drop)
    }

    fn wants_chart(&self) -> bool {
        true
    }

    async fn attach(&self, id: RaceId, message_ref: &str, view: &View, chart: Chart) {
        if let Ok(mut surface) = self.surface(id, message_ref) {
            surface.last = Some(view.clone());
            live::attach(chart, &mut surface).await;
        }
    }
}

impl Discord {
    /// Returns the surface of the message that the store has at `message_ref`.
    fn surface(&self, id: RaceId, message_ref: &str) -> Result<DiscordSurface, SurfaceError> {
        let message_ref = MessageRef::parse(message_ref).ok_or(SurfaceError::Deleted)?;
        let (rest, sealer) = (self.handler.rest.clone(), self.handler.handlers.sealer.clone());
        Ok(DiscordSurface::new(rest, sealer, message_ref, id, Instant::now()))
    }
}
