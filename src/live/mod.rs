//! SHELL. The edit loop: makes one live message follow one race.
//!
//! A token never waits for an edit: the race folds on its own, and the [`Presenter`] samples the newest state when its
//! [`Pacer`] grants a slot. Latest wins, equal views are skipped, one edit is in flight, and the final frame lands as
//! long as the message can be edited at all.

pub mod pacer;
pub(crate) mod queue;

use std::time::Duration;

use futures::FutureExt as _;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::pacer::Pacer;
use crate::{
    race::{
        event::{Elapsed, EventKind, RaceEvent, StopCause},
        state::RaceState,
    },
    surface::{Chart, Learned, Surface, SurfaceError},
    view::View,
};

/// The number of times that a platform may refuse a final frame before it is given up.
const MAX_FINAL_REFUSALS: u32 = 3;

/// The wait of live frames that are forbidden: longer than any race.
const NO_LIVE_EDITS: Duration = Duration::from_hours(24);

/// A report of the edit loop to the caller that runs the race.
#[derive(Debug)]
pub enum Presented {
    /// The platform had news; the loop goes on with the next call.
    News(Learned),
    /// The loop is over: the final frame was shown, or the error says why it was not.
    Over(Result<(), SurfaceError>),
}

/// The edit loop of one live message, which ends with the final frame of its race.
pub struct Presenter<'a, S> {
    race: watch::Receiver<RaceState>,
    surface: &'a mut S,
    restart: &'a CancellationToken,
    over: CancellationToken,
    start: Instant,
    pacer: Pacer,
    shown: Option<View>,
    /// True while the message shows the newest state that was looked at.
    is_current: bool,
    dropped_finals: u32,
    refused_finals: u32,
}

impl<'a, S: Surface> Presenter<'a, S> {
    /// Creates the edit loop that shows `race` on `surface`. Once `restart` is cancelled, an edit that hangs is dropped
    /// and the newest frame is sent in its place. `over` is cancelled when the race is over: waiting for that on `race` would
    /// wake the loop for every token.
    pub fn new(
        race: watch::Receiver<RaceState>,
        surface: &'a mut S,
        restart: &'a CancellationToken,
        over: CancellationToken,
    ) -> Self {
        let pacer = Pacer::new(surface.pace().interval);
        Self {
            race,
            surface,
            restart,
            over,
            start: Instant::now(),
            pacer,
            shown: None,
            is_current: false,
            dropped_finals: 0,
            refused_finals: 0,
        }
    }

    /// Shows the race to its end and ignores the platform's news.
    ///
    /// # Errors
    /// The reason why the final frame was not shown.
    pub async fn run(mut self) -> Result<(), SurfaceError> {
        loop {
            if let Presented::Over(result) = self.next().await {
                return result;
            }
        }
    }

    /// Shows frames until there is news, or the loop is over. A live frame that fails never costs the final one: the
    /// newest frame is tried again, ever more slowly.
    pub async fn next(&mut self) -> Presented {
        while !self.shown.as_ref().is_some_and(View::is_final) {
            if std::mem::take(&mut self.is_current) {
                // An error means that the race has no writer any more; `newest` then ends it.
                let _ = self.race.changed().await;
            }
            let view = self.next_view().await;
            if self.shown.as_ref() == Some(&view) {
                self.is_current = true;
                continue;
            }
            let timeout = edit_timeout(view.is_final(), self.dropped_finals);
            let edited = unless_stuck(self.surface.show(&view), self.restart, timeout).await;
            let news = match edited {
                None => {
                    self.dropped_finals += u32::from(view.is_final());
                    continue;
                }
                Some(Ok(learned)) => {
                    self.pacer.sent(self.elapsed());
                    (self.shown, self.is_current) = (Some(view), true);
                    learned
                }
                Some(Err(error)) => match self.failed(error, view.is_final()) {
                    Ok(stop) => Learned { stop, message_ref: None },
                    Err(error) => return Presented::Over(Err(error)),
                },
            };
            if !news.is_empty() {
                return Presented::News(news);
            }
        }
        Presented::Over(Ok(()))
    }

    /// Waits for the next slot, a final frame's own if the race ends meanwhile, and returns the newest view.
    async fn next_view(&mut self) -> View {
        let pace = self.surface.pace();
        self.pacer.set_interval(pace.interval);
        let (live, last) = (self.pacer.next_slot(), self.pacer.slot_after(pace.before_final));
        let slot = |at: Elapsed| sleep_until(self.start + at.as_duration());
        tokio::select! {
            () = slot(live) => {}
            () = self.over.cancelled().then(|()| slot(last)) => {}
        }
        let mut view = newest(&mut self.race);
        view.notice = pace.notice.filter(|_| !view.is_final());
        view
    }

    /// Schedules the next attempt after a frame that was not shown, and returns the cause that ends the race, if there
    /// is one.
    ///
    /// # Errors
    /// `error` itself if no further attempt makes sense.
    fn failed(&mut self, error: SurfaceError, is_final: bool) -> Result<Option<StopCause>, SurfaceError> {
        let now = self.elapsed();
        match error {
            SurfaceError::Paced { retry_after } if !is_final => self.pacer.no_live_slot(now, retry_after),
            SurfaceError::RateLimited { retry_after } | SurfaceError::Paced { retry_after } => {
                self.pacer.limited(now, retry_after);
            }
            SurfaceError::Transient { .. } => {
                tracing::debug!(error = error.chain(), "edit failed, will retry");
                self.pacer.failed(now);
            }
            SurfaceError::Refused(_) | SurfaceError::Freezing if !is_final => {
                tracing::warn!(error = error.chain(), "live frame refused, the final one will be tried");
                self.pacer.live_refused(now);
                return Ok(error.stop_cause());
            }
            SurfaceError::Forbidden(_) if !is_final => {
                tracing::warn!(error = error.chain(), "live edits forbidden, the final one will be tried");
                self.pacer.no_live_slot(now, NO_LIVE_EDITS);
            }
            SurfaceError::Refused(_) if self.refused_finals + 1 < MAX_FINAL_REFUSALS => {
                tracing::warn!(error = error.chain(), "final frame refused, will retry");
                self.refused_finals += 1;
                self.pacer.failed(now);
            }
            error => return Err(error),
        }
        Ok(None)
    }

    fn elapsed(&self) -> Elapsed {
        elapsed(self.start)
    }
}

/// The time that a live edit may take once a restart interrupts the races: the final frame needs the time.
const LIVE_EDIT_TIMEOUT: Duration = Duration::from_millis(500);
/// The time that the first attempt at a final edit may take in a restart; it doubles with each attempt. The second one must
/// fit into what the drain leaves to final frames, and a slow platform must get to answer one of them.
const FINAL_EDIT_TIMEOUT: Duration = Duration::from_millis(700);

/// Returns how long an edit may take in a restart after `dropped_finals` final ones that hung.
fn edit_timeout(is_final: bool, dropped_finals: u32) -> Duration {
    if is_final { FINAL_EDIT_TIMEOUT.saturating_mul(1 << dropped_finals.min(16)) } else { LIVE_EDIT_TIMEOUT }
}

/// Returns the outcome of `edit`, or `None` if it takes longer than `timeout` during a restart.
async fn unless_stuck<T>(
    edit: impl Future<Output = T>,
    restart: &CancellationToken,
    timeout: Duration,
) -> Option<T> {
    tokio::select! {
        edited = edit => Some(edited),
        () = restart.cancelled().then(|()| sleep(timeout)) => None,
    }
}

/// Returns the newest view. An unfinished race without a writer will never move again: it is shown as interrupted, since
/// "writing" must not be a message's last word.
fn newest(race: &mut watch::Receiver<RaceState>) -> View {
    let abandoned = race.has_changed().is_err();
    let state = race.borrow_and_update();
    if !abandoned || state.is_over() {
        return View::of(&state);
    }
    let mut ended = state.clone();
    ended.apply(&RaceEvent { at: ended.now, kind: EventKind::Stop(StopCause::Restart) });
    View::of(&ended)
}

/// The number of attempts at attaching a chart.
const MAX_CHART_ATTEMPTS: u32 = 4;
/// The time that a chart waits for its turn where many races end in one place.
const CHART_TIMEOUT: Duration = Duration::from_mins(5);

/// Adds the finished chart to a message whose final frame was shown. A passing failure is retried a few times and a rate
/// limit waited for up to [`CHART_TIMEOUT`]; after that the message stays without its chart, which is logged.
pub async fn attach<S: Surface>(chart: Chart, surface: &mut S) {
    let start = Instant::now();
    let mut pacer = Pacer::new(Duration::ZERO);
    let mut failures = 0;
    loop {
        sleep_until(start + pacer.next_slot().as_duration()).await;
        let error = match surface.attach(chart.clone()).await {
            Ok(()) => return,
            Err(error) => error,
        };
        match error {
            SurfaceError::RateLimited { retry_after } | SurfaceError::Paced { retry_after }
                if start.elapsed() + retry_after < CHART_TIMEOUT =>
            {
                pacer.limited(elapsed(start), retry_after);
            }
            SurfaceError::Transient { .. } if failures + 1 < MAX_CHART_ATTEMPTS => {
                failures += 1;
                pacer.failed(elapsed(start));
            }
            error => return tracing::warn!(error = error.chain(), "failed to attach the chart"),
        }
    }
}

fn elapsed(start: Instant) -> Elapsed {
    Elapsed::new(start.elapsed())
}

/// The minimum time between two frames of a surface without a budget of its own: as fast as eyes follow.
pub const SMOOTH: Duration = Duration::from_millis(100);
