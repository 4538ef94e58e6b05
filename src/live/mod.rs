//! SHELL. The edit loop: makes one live message follow one race.
//!
//! A token never waits for an edit: the race folds on its own, this loop samples the newest state when the
//! [`Pacer`] grants a slot. Latest wins, equal views are skipped, one edit is in flight, the final frame
//! always lands while the message can still be edited. Must not know which platform it is.

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
    surface::{Chart, Surface, SurfaceError},
    view::View,
};

/// Shows `race` on `surface` until its final frame was shown. Once a `restart` interrupts the races, no edit is waited
/// for until the platform gives it up: it is dropped, and the newest frame is sent.
///
/// # Errors
/// [`SurfaceError::Gone`] or [`SurfaceError::Refused`] as soon as the platform says so; the race goes on
/// all the same. Passing trouble is never an error: the newest frame is tried again, ever more slowly.
pub async fn present<S: Surface>(
    mut race: watch::Receiver<RaceState>,
    surface: &mut S,
    restart: &CancellationToken,
) -> Result<(), SurfaceError> {
    let (start, mut given_up) = (Instant::now(), 0);
    let mut pacer = Pacer::new(surface.pace().interval);
    let mut shown: Option<View> = None;
    loop {
        let pace = surface.pace();
        pacer.set_interval(pace.interval);
        let slot = |elapsed: Elapsed| sleep_until(start + elapsed.as_duration());
        tokio::select! {
            () = slot(pacer.next_slot()) => {}
            () = over(race.clone()).then(|()| slot(pacer.slot_after(pace.before_final))) => {}
        }
        let mut view = newest(&mut race);
        view.notice = pace.notice.filter(|_| !view.is_final());
        if shown.as_ref() != Some(&view) {
            let patience = patience(&view, given_up);
            let Some(edited) = unless_stuck(surface.show(&view), restart, patience).await else {
                given_up += u32::from(view.is_final());
                continue;
            };
            match edited {
                Ok(()) => pacer.sent(elapsed(start)),
                Err(SurfaceError::RateLimited { retry_after }) => {
                    pacer.limited(elapsed(start), retry_after);
                    continue;
                }
                Err(SurfaceError::Paced { retry_after }) => {
                    if view.is_final() {
                        pacer.limited(elapsed(start), retry_after);
                    } else {
                        pacer.paced(elapsed(start), retry_after);
                    }
                    continue;
                }
                Err(error @ SurfaceError::Transient { .. }) => {
                    tracing::debug!(error = error.chain(), "edit failed, will try again");
                    pacer.failed(elapsed(start));
                    continue;
                }
                Err(error) => return Err(error),
            }
            shown = Some(view);
        }
        if shown.as_ref().is_some_and(View::is_final) {
            return Ok(());
        }
        // An error means that nobody writes the race any more; `newest` then ends it.
        let _ = race.changed().await;
    }
}

/// Waits until the race is over, or nobody writes it any more.
async fn over(mut race: watch::Receiver<RaceState>) {
    let _ = race.wait_for(RaceState::is_over).await;
}

/// How long a live edit may take once a restart interrupts the races: the final one needs the time.
const STUCK: Duration = Duration::from_millis(500);
/// The same of the first attempt at a final edit; it doubles. The second one must fit into what the drain leaves to
/// final frames, and a platform that is slow must get to answer one of them.
const STUCK_FINAL: Duration = Duration::from_millis(700);

/// How long the edit to `view` may take in a restart, after so many final ones were given up.
fn patience(view: &View, given_up: u32) -> Duration {
    if view.is_final() { STUCK_FINAL.saturating_mul(1 << given_up.min(16)) } else { STUCK }
}

/// What comes of `edit`; `None` if it is not there `patience` after it was sent and after a restart was told.
async fn unless_stuck<T>(
    edit: impl Future<Output = T>,
    restart: &CancellationToken,
    patience: Duration,
) -> Option<T> {
    tokio::select! {
        edited = edit => Some(edited),
        () = restart.cancelled().then(|()| sleep(patience)) => None,
    }
}

/// The newest view. A race that is not over and that nobody writes any more will never move again: it is
/// shown as interrupted, since a live word must not be the last one.
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

/// Attempts to attach a chart that may fail.
const CHART_ATTEMPTS: u32 = 4;
/// How long a chart waits for its turn where many races end in one place.
const CHART_PATIENCE: Duration = Duration::from_mins(5);

/// Adds the finished chart to a message whose final frame was shown. Passing trouble is tried again a few
/// times, and a rate limit is waited for some minutes; after that the message stands without its chart, which is
/// logged and un-shows nothing.
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
                if start.elapsed() + retry_after < CHART_PATIENCE =>
            {
                pacer.limited(elapsed(start), retry_after);
            }
            SurfaceError::Transient { .. } if failures + 1 < CHART_ATTEMPTS => {
                failures += 1;
                pacer.failed(elapsed(start));
            }
            error => return tracing::warn!(error = error.chain(), "the chart was not attached"),
        }
    }
}

fn elapsed(start: Instant) -> Elapsed {
    Elapsed::new(start.elapsed())
}

/// The least time between two frames of surfaces without a budget of their own: as fast as eyes follow.
pub const SMOOTH: Duration = Duration::from_millis(100);
