//! SHELL. A race as one Slack message, which only ever changes by `chat.update`.
//!
//! The message stands there before the race begins, so its place is known. Every frame asks the workspace's budget
//! first. An edit whose answer never came may still take effect after a later one: where that could put live words
//! over the last frame, the last frame is shown once more. Must not know the race.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    METRICS,
    api::{Api, ApiError, File, Place, Staged},
    budget::{Share, Urgency},
    posts,
    render::{self, Body},
};
use crate::{
    race::RaceId,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// How long an edit that was given up may still take effect.
const LATE: Duration = Duration::from_secs(20);
/// How long the last frame that is shown once more is tried for.
const ONCE_MORE: Duration = Duration::from_mins(1);
/// The same where a restart waits, which leaves little more than this when the last frames are shown.
const LATE_AT_THE_END: Duration = Duration::from_secs(1);
/// How long the last frame that is shown once more is tried for then.
const ONCE_MORE_AT_THE_END: Duration = Duration::from_millis(400);
/// How long the picture waits for its turn in its channel.
const TURN: Duration = Duration::from_mins(1);
const PICTURE: &str = "race.png";

/// What Slack takes of a message, learned from what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// All of it.
    Whole,
    /// Without Slack's own chart.
    NoChart,
    /// How the race goes, without the answers.
    Bare,
}

/// One live message.
pub(super) struct SlackSurface {
    api: Api,
    race: RaceId,
    channel: String,
    ts: String,
    /// Where the picture goes.
    thread: Place,
    /// Its part of the workspace's edits, until its last frame is shown.
    share: Option<Share>,
    /// Whether Slack's own chart is wanted, for all messages: false once Slack refused one.
    native_chart: Arc<AtomicBool>,
    live: Detail,
    last: Detail,
    /// Slack refused the last frame with its own chart.
    chart_refused: bool,
    shown: Option<Body>,
    /// What is shown is the last frame.
    is_over: bool,
    /// The newest edit of which nobody knows whether it took effect.
    unsure_since: Option<Instant>,
    /// The picture's bytes are at Slack, and nobody sees them yet.
    staged: Option<Staged>,
}

/// Where a message stands. Its text form is what the store keeps.
#[derive(Serialize, Deserialize)]
pub(super) struct Address {
    /// Its channel and its own time stamp.
    pub(super) channel: String,
    pub(super) ts: String,
    /// The thread that it stands in, if it does.
    pub(super) thread: Option<String>,
}

impl Address {
    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The thread below the message, or the one that it stands in.
    pub(super) fn below(&self) -> Place {
        let thread = self.thread.clone().unwrap_or_else(|| self.ts.clone());
        Place { channel: self.channel.clone(), thread: Some(thread) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl SlackSurface {
    /// The message at `address`, which says who asks what so far.
    pub(super) fn new(api: Api, race: RaceId, address: &Address, native_chart: Arc<AtomicBool>) -> Self {
        let share = Some(api.gate().share());
        Self {
            api,
            race,
            channel: address.channel.clone(),
            ts: address.ts.clone(),
            thread: address.below(),
            share,
            native_chart,
            live: Detail::Whole,
            last: Detail::Whole,
            chart_refused: false,
            shown: None,
            is_over: false,
            unsure_since: None,
            staged: None,
        }
    }

    /// After the race: shows the last frame once more if an earlier edit may have come in after it.
    pub(super) async fn settle(&mut self) {
        let Some((since, body)) = self.unsettled() else { return };
        self.show_again(&body, Urgency::Final, (since + LATE, since + LATE + ONCE_MORE)).await;
    }

    /// The same where a restart waits. It takes nothing of what the last frames of others need.
    pub(super) async fn settle_at_the_end(&mut self) {
        let Some((_, body)) = self.unsettled() else { return };
        let from = Instant::now() + LATE_AT_THE_END;
        let until = from + ONCE_MORE_AT_THE_END;
        if timeout_at(until, self.show_again(&body, Urgency::Live, (from, until))).await.is_err() {
            self.is_not_shown_again();
        }
    }

    /// Since when nobody knows what came of an edit before the last frame, and that frame.
    fn unsettled(&self) -> Option<(Instant, Body)> {
        let shown = self.shown.clone().filter(|_| self.is_over);
        self.unsure_since.zip(shown)
    }

    async fn show_again(&mut self, body: &Body, urgency: Urgency, (from, until): (Instant, Instant)) {
        sleep_until(from).await;
        while Instant::now() < until {
            let wait = match self.edit(body, urgency).await {
                Err(ApiError::Limited { retry_after }) => retry_after,
                Err(error) if error.is_transient() => Duration::from_secs(5),
                // nor will Slack let an earlier edit in
                Ok(()) | Err(_) => return,
            };
            sleep_until(Instant::now() + wait).await;
        }
        self.is_not_shown_again();
    }

    fn is_not_shown_again(&self) {
        tracing::warn!(race = %self.race, "a last frame could not be shown once more");
    }

    async fn edit(&mut self, body: &Body, urgency: Urgency) -> Result<(), ApiError> {
        let gate = self.api.gate();
        let pass = gate.ask_update(self.share.get_or_insert_with(|| gate.share()), urgency);
        let pass = pass.map_err(|retry_after| ApiError::Limited { retry_after })?;
        // until its answer is there: who drops this future does not know what came of it
        let before = self.unsure_since.replace(Instant::now());
        let result = self.api.update(&self.channel, &self.ts, body).await;
        pass.settle(&result);
        if !result.as_ref().is_err_and(ApiError::is_ambiguous) {
            self.unsure_since = before;
        }
        result
    }

    /// Shows the view with as much detail as Slack takes: whatever it refuses, how the race goes and how it ends
    /// must be told.
    async fn put(&mut self, view: &View) -> Result<(), ApiError> {
        let urgency = if view.is_final() { Urgency::Final } else { Urgency::Live };
        loop {
            let detail = self.detail(view);
            let body = self.body(view, detail);
            if self.shown.as_ref() == Some(&body) {
                return Ok(());
            }
            match self.edit(&body, urgency).await {
                Err(error @ (ApiError::TooLong | ApiError::InvalidBlocks)) if detail != Detail::Bare => {
                    tracing::error!(error = error.chain(), ?detail, "Slack does not take a message of ours");
                    let chart_is_wrong = matches!(error, ApiError::InvalidBlocks);
                    self.reduce(view, &body, chart_is_wrong);
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.shown = Some(body);
                    self.took(view, detail);
                    return Ok(());
                }
            }
        }
    }

    fn detail(&self, view: &View) -> Detail {
        let learned = if view.is_final() { self.last } else { self.live };
        let no_chart = !view.is_final() || !self.native_chart.load(Ordering::Relaxed);
        learned.max(if no_chart { Detail::NoChart } else { Detail::Whole })
    }

    /// After Slack refused `body`, perhaps because of its chart. The same body is not sent again.
    fn reduce(&mut self, view: &View, body: &Body, chart_is_wrong: bool) {
        let has_chart = self.body(view, Detail::NoChart) != *body;
        self.chart_refused |= has_chart && chart_is_wrong;
        let next = if has_chart { Detail::NoChart } else { Detail::Bare };
        *(if view.is_final() { &mut self.last } else { &mut self.live }) = next;
    }

    /// After Slack took a message with this detail.
    fn took(&mut self, view: &View, detail: Detail) {
        if !view.is_final() {
            return;
        }
        self.is_over = true;
        self.unsure_since = self.unsure_since.filter(|since| since.elapsed() < LATE);
        // others need its part now, while the picture is still on its way
        self.share = None;
        if self.chart_refused && detail == Detail::NoChart {
            // without the chart it was right, so no message shall have one
            self.native_chart.store(false, Ordering::Relaxed);
        }
    }

    fn body(&self, view: &View, detail: Detail) -> Body {
        let chart = detail == Detail::Whole;
        if detail == Detail::Bare {
            let mut bare = view.clone();
            bare.lanes.iter_mut().for_each(|lane| lane.answer.clear());
            return render::live(&bare, self.race, chart);
        }
        render::live(view, self.race, chart)
    }

    fn judge(error: ApiError) -> SurfaceError {
        match error {
            ApiError::Limited { retry_after } => SurfaceError::Paced { retry_after },
            ApiError::Gone => SurfaceError::Deleted,
            ApiError::NotInChannel | ApiError::Closed => {
                SurfaceError::Frozen("the bot may not edit its message here")
            }
            ApiError::Server { .. } | ApiError::Transport { .. } => {
                SurfaceError::Transient { source: Arc::new(error) }
            }
            // a status without a code of Slack's own is of what stands before it, and may pass
            ApiError::Refused { ref code } if code.starts_with("http_") => {
                SurfaceError::Transient { source: Arc::new(error) }
            }
            ApiError::Unauthorized | ApiError::MissingScope { .. } => {
                SurfaceError::Forbidden("the bot's token may not edit messages")
            }
            _ => SurfaceError::Refused("not what Slack takes"),
        }
    }
}

impl Surface for SlackSurface {
    fn pace(&self) -> Pace {
        let interval = self.api.gate().spacing();
        let others = self.share.as_ref().map_or(0, Share::sharers);
        let seconds = interval.as_millis().div_ceil(1_000);
        let notice = (others > 1).then(|| format!("updates every {seconds} s: {others} races here"));
        Pace { interval, before_final: Duration::ZERO, notice }
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let since = Instant::now();
        let edited = self.put(view).await.map_err(Self::judge);
        METRICS.edited(since, &edited);
        edited.map(|()| Learned::default())
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        let staged = match self.staged.take() {
            Some(staged) => staged,
            None => self.api.stage(picture(chart)).await.map_err(Self::judge)?,
        };
        let turn = Instant::now() + TURN;
        match posts::share(&self.api, &self.thread, &staged, turn).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_ambiguous() => {
                // a second one would be worse than none
                Err(SurfaceError::Refused("Slack did not say whether it shows the picture"))
            }
            Err(error) => {
                self.staged = Some(staged);
                Err(Self::judge(error))
            }
        }
    }
}

fn picture(chart: Chart) -> File {
    File {
        name: PICTURE.into(),
        mime: "image/png",
        title: "Tokens per second".into(),
        alt: Some(chart.alt),
        bytes: Bytes::from(chart.png),
    }
}
