//! SHELL. A race as one Slack message, which `chat.update` edits.
//!
//! The message is posted before the race begins, so its address is known. Every frame asks the workspace's budget first.
//! An edit whose answer never arrived may take effect after a later one: if that could put a live frame over the final
//! one, or over an open vote, that frame is shown once more.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{
    METRICS, PLATFORM, Slack,
    api::{Address, Api, ApiError, Staged},
    budget::{Share, Urgency},
    extras::{AcceptedExtras, Detail},
    incoming::ReplyTo,
    posts::{Poster, png},
    render::{self, Body, Extras},
};
use crate::{
    arena::Finisher,
    live,
    platform::seal::Sealer,
    race::RaceId,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::{Progress, View},
};

/// The maximum time after which an edit without an answer may still take effect.
const MAX_DELAY: Duration = Duration::from_secs(20);
/// The time for showing the final frame once more.
const SETTLE_TIMEOUT: Duration = Duration::from_mins(1);
/// The delay and the timeout while a restart waits, which has little more time left after the final frames.
const RESTART_DELAY: Duration = Duration::from_secs(1);
const RESTART_TIMEOUT: Duration = Duration::from_millis(400);
/// The wait between two attempts at the final frame.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// The time that the picture waits for its turn in the channel.
const TURN_TIMEOUT: Duration = Duration::from_mins(1);

/// The notice where a race ended before it had a message.
const NEVER_BEGAN: &str =
    "LLM Arena was interrupted before your race could begin. No model was called. Ask again.";

/// One live message.
pub(super) struct SlackSurface {
    api: Api,
    sealer: Sealer,
    race: RaceId,
    address: Address,
    /// The message's part of the workspace's edits, until its final frame is shown. An open vote, which moves only when
    /// someone votes, has one for each edit.
    share: Option<Share>,
    accepted: Arc<AcceptedExtras>,
    /// For live frames, and for the final one and those of an open vote.
    details: [Detail; 2],
    /// The extra blocks of the frames that Slack refused as invalid.
    refused: Vec<Extras>,
    shown: Option<Body>,
    /// The shown frame is the final one.
    is_over: bool,
    /// The time of the newest edit that may or may not have taken effect.
    unsure_since: Option<Instant>,
    /// The picture after its upload, before it is shown.
    staged: Option<Staged>,
    /// The last attempt to show the picture failed.
    lacks_chart: bool,
}

impl SlackSurface {
    /// Creates a surface for the message at `address`, which so far shows who asks what.
    pub(super) fn new(
        api: Api,
        sealer: Sealer,
        race: RaceId,
        address: &Address,
        accepted: Arc<AcceptedExtras>,
    ) -> Self {
        Self {
            share: Some(api.rate_limiter().share()),
            api,
            sealer,
            race,
            address: address.clone(),
            accepted,
            details: [Detail::NoExtras, Detail::Full],
            refused: vec![],
            shown: None,
            is_over: false,
            unsure_since: None,
            staged: None,
            lacks_chart: false,
        }
    }

    /// Returns true if the picture could not be shown, or may not be.
    pub(super) fn lacks_chart(&self) -> bool {
        self.lacks_chart
    }

    /// Shows the final frame once more after the race if an earlier edit may have taken effect after it.
    pub(super) async fn settle(&mut self) {
        if let Some(since) = self.unsure_since {
            self.show_again(Urgency::Final, since + MAX_DELAY, SETTLE_TIMEOUT).await;
        }
    }

    /// As [`Self::settle`] while a restart waits. It takes nothing that the final frames of other messages need.
    pub(super) async fn settle_at_the_end(&mut self) {
        if self.unsure_since.is_some() {
            self.show_again(Urgency::Live, Instant::now() + RESTART_DELAY, RESTART_TIMEOUT).await;
        }
    }

    async fn show_again(&mut self, urgency: Urgency, from: Instant, timeout: Duration) {
        let Some(body) = self.shown.clone().filter(|_| self.is_over) else { return };
        sleep_until(from).await;
        let again = async {
            loop {
                let wait = match self.edit(&body, urgency).await {
                    Err(ApiError::Limited { retry_after }) => retry_after,
                    Err(error) if error.is_transient() => RETRY_DELAY,
                    // Slack would refuse the earlier edit too
                    Ok(()) | Err(_) => return,
                };
                sleep(wait).await;
            }
        };
        if timeout_at(from + timeout, again).await.is_err() {
            tracing::warn!(race = %self.race, "could not show the final frame once more");
        }
    }

    async fn edit(&mut self, body: &Body, urgency: Urgency) -> Result<(), ApiError> {
        let rate_limiter = self.api.rate_limiter();
        let share = self.share.get_or_insert_with(|| rate_limiter.share());
        let permit = rate_limiter.ask_update(share, urgency);
        let permit = permit.map_err(|retry_after| ApiError::Limited { retry_after })?;
        // until the answer: if this future is dropped, the outcome stays unknown
        let before = self.unsure_since.replace(Instant::now());
        let result = self.api.update(&self.address, body).await;
        permit.settle(&result);
        if !result.as_ref().is_err_and(ApiError::is_ambiguous) {
            self.unsure_since = before;
        }
        result
    }

    /// Shows the view with as much detail as Slack accepts.
    async fn put(&mut self, view: &View) -> Result<(), ApiError> {
        let urgency = if view.is_final() { Urgency::Final } else { Urgency::Live };
        let has_extras = view.progress != Progress::Live;
        loop {
            let detail = self.details[usize::from(has_extras)];
            let body = self.body(view, detail);
            if self.shown.as_ref() == Some(&body) {
                return Ok(());
            }
            match self.edit(&body, urgency).await {
                // without them the message differs, so it is not refused twice for the same reason
                Err(ApiError::InvalidBlocks { unsupported }) if !unsupported.is_empty() && has_extras => {
                    self.accepted.refuse(&unsupported);
                    if self.body(view, detail) == body {
                        self.details[usize::from(has_extras)] = detail.reduced();
                    }
                }
                Err(error @ (ApiError::TooLong | ApiError::InvalidBlocks { .. }))
                    if detail != Detail::Bare =>
                {
                    tracing::error!(%error, ?detail, "Slack refused a message of ours");
                    if has_extras && matches!(error, ApiError::InvalidBlocks { .. }) {
                        self.refused.push(detail.extras(self.accepted.get()));
                    }
                    let mut reduced = detail.reduced();
                    while reduced != Detail::Bare && self.body(view, reduced) == body {
                        reduced = reduced.reduced();
                    }
                    self.details[usize::from(has_extras)] = reduced;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.shown = Some(body);
                    match view.progress {
                        Progress::Live => {}
                        Progress::Voting => return self.vote_shown(),
                        Progress::Done | Progress::Stopped | Progress::Interrupted => self.end(detail),
                    }
                    return Ok(());
                }
            }
        }
    }

    /// After Slack accepted a frame of an open vote. Asks for the same frame again if an earlier edit may yet take effect
    /// after it: a message without its ballots takes no votes, and only a vote leads to the next edit.
    fn vote_shown(&mut self) -> Result<(), ApiError> {
        self.share = None;
        let Some(since) = self.unsure_since else { return Ok(()) };
        let retry_after = MAX_DELAY.saturating_sub(since.elapsed());
        if retry_after.is_zero() {
            self.unsure_since = None;
            return Ok(());
        }
        self.shown = None;
        Err(ApiError::Limited { retry_after })
    }

    /// After Slack accepted the final frame with this detail.
    fn end(&mut self, detail: Detail) {
        self.is_over = true;
        self.unsure_since = self.unsure_since.filter(|since| since.elapsed() < MAX_DELAY);
        // the other messages need its share now, while the picture is still on its way
        self.share = None;
        if detail != Detail::Bare {
            let taken = detail.extras(self.accepted.get());
            self.refused.drain(..).for_each(|refused| self.accepted.learn(refused, taken));
        }
    }

    fn body(&self, view: &View, detail: Detail) -> Body {
        let extras = detail.extras(self.accepted.get());
        let body = if detail < Detail::Bare {
            render::live(view, self.race, extras)
        } else {
            let mut bare = view.clone();
            bare.lanes.iter_mut().for_each(|lane| lane.answer.clear());
            render::live(&bare, self.race, extras)
        };
        body.sealed(&self.sealer, &self.address.channel)
    }

    pub(super) fn judge(error: ApiError) -> SurfaceError {
        // a status without a code of Slack's own is a proxy's, and may pass
        let is_proxy = matches!(&error, ApiError::Refused { code } if code.starts_with("http_"));
        match error {
            ApiError::Limited { retry_after } => SurfaceError::Paced { retry_after },
            ApiError::Gone => SurfaceError::Deleted,
            ApiError::NotInChannel | ApiError::Closed => {
                SurfaceError::Frozen("the bot may not edit its message here")
            }
            error if error.is_transient() || is_proxy => SurfaceError::Transient { source: Arc::new(error) },
            ApiError::Unauthorized { .. } | ApiError::MissingScope { .. } => {
                SurfaceError::Forbidden("the bot's token may not edit messages")
            }
            _ => SurfaceError::Refused("Slack refused the message"),
        }
    }
}

impl Surface for SlackSurface {
    fn pace(&self) -> Pace {
        Pace::shared(self.api.rate_limiter().spacing(), self.share.as_ref().map_or(0, Share::sharers))
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let since = Instant::now();
        let edited = self.put(view).await.map_err(Self::judge);
        METRICS.edited(since, &edited);
        edited.map(|()| Learned::default())
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let attached = self.attach_once(chart).await;
        self.lacks_chart = attached.is_err();
        attached
    }
}

impl SlackSurface {
    async fn attach_once(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let staged = match self.staged.take() {
            Some(staged) => staged,
            None => self
                .api
                .stage(&png("race.png".into(), "Tokens per second", chart))
                .await
                .map_err(Self::judge)?,
        };
        let place = self.address.below();
        let poster = Poster { api: &self.api, place: &place, deadline: Instant::now() + TURN_TIMEOUT };
        match poster.share(&staged).await {
            Ok(()) => Ok(()),
            // a second picture would be worse than none
            Err(error) if error.is_ambiguous() => {
                Err(SurfaceError::Refused("Slack did not say whether it shows the picture"))
            }
            Err(error) => {
                self.staged = Some(staged);
                Err(Self::judge(error))
            }
        }
    }
}

/// Final frames and charts for orphans: the message is edited where the store has it, and where none was posted yet, the asker
/// is told.
#[async_trait]
impl Finisher for Slack {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, message_ref: &str, view: &View) -> Result<(), SurfaceError> {
        let api = &self.handler.api;
        let Ok(address) = serde_json::from_str::<Address>(message_ref) else {
            let reply_to = serde_json::from_str(message_ref).map_err(|_| SurfaceError::Deleted)?;
            return notify(reply_to, api).await;
        };
        self.handler.surface(id, &address).show(view).await.map(drop)
    }

    fn wants_chart(&self) -> bool {
        true
    }

    async fn attach(&self, id: RaceId, message_ref: &str, _: &View, chart: Chart) {
        if let Ok(address) = serde_json::from_str::<Address>(message_ref) {
            live::attach(chart, &mut self.handler.surface(id, &address)).await;
        }
    }
}

/// Tells the asker that nothing began, once: twice would puzzle them.
async fn notify(ReplyTo { place, user, response_url, .. }: ReplyTo, api: &Api) -> Result<(), SurfaceError> {
    let words = render::notice(NEVER_BEGAN);
    let sent = match response_url {
        Some(url) => api.respond(&url.into(), None, &words, false).await,
        None => api.post_ephemeral(&place, &user, &words).await,
    };
    sent.map_err(|error| {
        if error.is_transient() && !error.is_ambiguous() {
            SurfaceError::Transient { source: Arc::new(error) }
        } else {
            SurfaceError::Deleted
        }
    })
}
