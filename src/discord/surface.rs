//! SHELL. A race as one Discord message.
//!
//! The message is edited through its interaction's token, which has a limit of its own and needs no rights. The
//! token does not live for ever (<https://docs.discord.com/developers/interactions/receiving-and-responding>):
//! before it dies the surface moves to edits through the channel where the bot is a member, and where it is not,
//! it has the race stopped while the last frame can still be shown. Must not know the race.

use std::{mem, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    METRICS,
    handlers::value,
    interaction::{Interaction, UNSETTLED},
    reference::Reference,
    render::{self, Body},
    rest::{Answer, File, Request, Rest, RestError, Route, Share, UNEXPLAINED_MOST, Urgency},
};
use crate::{
    race::{RaceId, event::StopCause},
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// When the bot may not even try, for fear of a ban of its address.
const COOL_OFF: Duration = Duration::from_secs(30);

/// Only the asker sees it (<https://docs.discord.com/developers/resources/message#message-object-message-flags>).
const EPHEMERAL: u64 = 1 << 6;

/// Where the message can be edited.
struct Address {
    token: Route,
    /// Until when the token is used.
    token_until: Instant,
    /// Until when a message that Discord does not know may only be too new.
    unsettled_until: Instant,
    /// Discord refused the token: it is not used again.
    token_is_over: bool,
    /// Whether the bot is a member of the channel, and can edit its own messages there.
    is_member: bool,
    /// Where it was asked.
    asked_in: Option<u64>,
    /// Channel and message, known once it was shown.
    channel: Option<Route>,
    /// Whether the edits go through the channel now.
    moved: bool,
}

/// One live message.
pub(super) struct DiscordSurface {
    rest: Rest,
    race: RaceId,
    address: Address,
    share: Share,
    shown: Option<Value>,
    /// What the chart is added to.
    last: Option<View>,
    /// Discord did not take the answers, in live frames or in the last one.
    bare: Bare,
    /// Refusals without a code of Discord's own since the last edit that was taken.
    unexplained: u32,
    /// The message's reference, completed when the message is known.
    reference: Reference,
    /// News for the caller, returned with the next accepted frame.
    news: Learned,
}

#[derive(Default)]
struct Bare {
    live: bool,
    last: bool,
}

impl Bare {
    fn of(&mut self, view: &View) -> &mut bool {
        if view.is_final() { &mut self.last } else { &mut self.live }
    }
}

impl DiscordSurface {
    /// The answer to `interaction`, whose first answer was "thinking". Its token is used for `token_life`.
    pub(super) fn new(rest: Rest, interaction: &Interaction, race: RaceId, token_life: Duration) -> Self {
        let token: SecretString = interaction.token.clone();
        let token = Route::EditOriginal { application: interaction.application, token };
        let share = rest.share(&token);
        let address = Address {
            token,
            token_until: interaction.received_at + token_life,
            unsettled_until: interaction.received_at + UNSETTLED,
            token_is_over: false,
            is_member: interaction.bot_is_member,
            asked_in: interaction.channel,
            channel: None,
            moved: false,
        };
        Self::at(rest, race, address, share, Reference::of(interaction, token_life))
    }

    /// The message that stands at `reference`, whose process is gone.
    pub(super) fn found(rest: Rest, reference: &Reference, race: RaceId) -> Self {
        let token =
            Route::EditOriginal { application: reference.application, token: reference.token.clone() };
        let (share, now) = (rest.share(&token), Instant::now());
        let left = reference.token_until.duration_since(Timestamp::now());
        let channel = reference.channel.zip(reference.message);
        let address = Address {
            token,
            token_until: now + Duration::try_from(left).unwrap_or_default(),
            unsettled_until: now,
            token_is_over: false,
            is_member: reference.is_member,
            asked_in: reference.channel,
            channel: channel.map(|(channel, message)| Route::EditMessage { channel, message }),
            moved: false,
        };
        Self::at(rest, race, address, share, reference.clone())
    }

    fn at(rest: Rest, race: RaceId, address: Address, share: Share, reference: Reference) -> Self {
        let (shown, last, bare, news) = (None, None, Bare::default(), Learned::default());
        Self { rest, race, address, share, shown, last, bare, unexplained: 0, reference, news }
    }

    /// The message as `body`, however it can be edited now.
    async fn edit(&mut self, body: &Value, files: Vec<File>, urgency: Urgency) -> Result<(), RestError> {
        if Instant::now() >= self.address.token_until && !self.address.moved && !self.move_to_channel() {
            self.news.stop = Some(StopCause::Frozen);
        }
        loop {
            let request = Request::json(self.address.route().clone(), body.clone()).with_files(files.clone());
            let error = match self.rest.attempt(&request, urgency).await {
                Ok(answer) => {
                    self.unexplained = 0;
                    if let Some((channel, message)) = self.address.learn(&answer) {
                        let reference = &mut self.reference;
                        (reference.channel, reference.message) = (Some(channel), Some(message));
                        self.news.message_ref = Some(reference.to_string());
                    }
                    return Ok(());
                }
                Err(error) => self.explained(error),
            };
            if !self.turns(&error) {
                return Err(error);
            }
            self.unexplained = 0;
        }
    }

    /// A refusal without a code of Discord's own may pass, until it came often enough.
    fn explained(&mut self, error: RestError) -> RestError {
        self.unexplained += u32::from(matches!(error, RestError::Unexplained { .. }));
        if self.unexplained < UNEXPLAINED_MOST { error } else { error.believed(self.address.route()) }
    }

    /// After a refusal of one way to the message: whether there is another one.
    fn turns(&mut self, error: &RestError) -> bool {
        if self.may_be_too_new() {
            return false;
        }
        let address = &mut self.address;
        match error {
            RestError::TokenExpired | RestError::Forbidden { .. } if !address.moved => {
                address.token_is_over = true;
                self.move_to_channel()
            }
            // installed without its bot user, or shut out: a last frame is all that the token is still good for
            RestError::Unauthorized | RestError::Forbidden { .. }
                if address.moved && !address.token_is_over =>
            {
                (address.moved, address.is_member) = (false, false);
                self.share = self.rest.share(&address.token);
                self.news.stop = Some(StopCause::Frozen);
                true
            }
            _ => false,
        }
    }

    /// From the token to the channel. False where that cannot be.
    fn move_to_channel(&mut self) -> bool {
        let Some(channel) = self.address.channel.as_ref().filter(|_| self.address.is_member) else {
            return false;
        };
        self.share = self.rest.share(channel);
        self.address.moved = true;
        true
    }

    fn judge(&self, error: RestError) -> SurfaceError {
        match error {
            RestError::Gone | RestError::TokenExpired | RestError::Forbidden { .. }
                if self.may_be_too_new() =>
            {
                SurfaceError::Transient { source: Arc::new(error) }
            }
            // the limiter also holds what Discord itself refused, and knows what a final edit may
            RestError::Limited { retry_after } => SurfaceError::Paced { retry_after },
            RestError::Budget => SurfaceError::Paced { retry_after: COOL_OFF },
            RestError::Gone => SurfaceError::Deleted,
            RestError::TokenExpired => SurfaceError::Frozen("the interaction's token has expired"),
            RestError::Unexplained { status: 404 } if self.unexplained >= UNEXPLAINED_MOST => {
                SurfaceError::Refused("not found, without a code of Discord's own")
            }
            RestError::Server { .. } | RestError::Transport { .. } | RestError::Unexplained { .. } => {
                SurfaceError::Transient { source: Arc::new(error) }
            }
            RestError::TooLarge => SurfaceError::Refused("too large for this place"),
            RestError::Forbidden { .. } | RestError::Unauthorized => {
                SurfaceError::Forbidden("the bot may not edit its message here")
            }
            _ => SurfaceError::Refused("not what Discord takes"),
        }
    }

    /// Nothing was shown yet, and Discord may not have settled on the message.
    fn may_be_too_new(&self) -> bool {
        self.shown.is_none() && Instant::now() < self.address.unsettled_until
    }

    /// Shows the view; where Discord does not take it, the view without the answers: whatever it was in them, how
    /// the race goes and how it ends must be told.
    async fn put(&mut self, view: &View) -> Result<(), RestError> {
        let urgency = if view.is_final() { Urgency::Final } else { Urgency::Progress };
        loop {
            let is_bare = *self.bare.of(view);
            let bare = is_bare.then(|| without_answers(view));
            let view = bare.as_ref().unwrap_or(view);
            let body = value(&self.body(view, None));
            if self.shown.as_ref() == Some(&body) {
                return Ok(());
            }
            match self.edit(&body, vec![], urgency).await {
                Err(error @ (RestError::TooLarge | RestError::Invalid { .. })) if !is_bare => {
                    tracing::error!(error = error.chain(), "Discord does not take a message of ours");
                    *self.bare.of(view) = true;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.shown = Some(body);
                    self.last = view.is_final().then(|| view.clone());
                    return Ok(());
                }
            }
        }
    }

    fn body(&self, view: &View, alt: Option<&str>) -> Body {
        render::live(view, self.race, alt)
    }
}

impl Address {
    fn route(&self) -> &Route {
        self.channel.as_ref().filter(|_| self.moved).unwrap_or(&self.token)
    }

    /// Reads from the message where it stands. One that only the asker sees cannot be edited through the channel;
    /// Discord makes it so where people may not bring apps of their own.
    fn learn(&mut self, answer: &Answer) -> Option<(u64, u64)> {
        let id = |key: &str| answer.body.get(key)?.as_str()?.parse().ok();
        let is_private = answer.body["flags"].as_u64().is_some_and(|flags| flags & EPHEMERAL != 0);
        let place = id("channel_id").or(self.asked_in);
        let (None, false, Some(channel), Some(message)) = (&self.channel, is_private, place, id("id")) else {
            return None;
        };
        self.channel = Some(Route::EditMessage { channel, message });
        Some((channel, message))
    }
}

fn without_answers(view: &View) -> View {
    let mut bare = view.clone();
    for lane in &mut bare.lanes {
        lane.answer.clear();
    }
    bare
}

impl Surface for DiscordSurface {
    fn pace(&self) -> Pace {
        let interval = self.rest.spacing(self.address.route());
        let others = self.share.sharers();
        let notice =
            (others > 1).then(|| format!("updates every {} s: {others} races here", seconds(interval)));
        Pace { interval, before_final: Duration::ZERO, notice }
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

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let view = self.last.clone().ok_or(SurfaceError::Closed)?;
        let body = value(&self.body(&view, Some(&chart.alt)));
        let file = File { name: render::CHART_FILE.into(), mime: "image/png", bytes: Bytes::from(chart.png) };
        self.edit(&body, vec![file], Urgency::Final).await.map_err(|error| self.judge(error))
    }
}

fn seconds(interval: Duration) -> u64 {
    interval.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}
