//! SHELL. Orphans: races whose process died. The next start, or another replica, adopts them and gives their messages a
//! final frame with what had been streamed. No model is called.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Arena, checkpoint::insist, metrics};
use crate::race::RaceId;
use crate::{
    backoff::Backoff,
    chart,
    race::{blind::blinded, event::StopCause, report::Report},
    store::{LEASE, Orphan, State, Store},
    surface::{Chart, SurfaceError},
    view::View,
};

/// The interval between two looks for orphans.
const ADOPTION_INTERVAL: Duration = Duration::from_secs(1);
/// The first wait after a message could not be edited.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The number of times that a platform may refuse a final frame before it is given up.
const MAX_REFUSALS: u32 = 3;
/// The time for which a message is retried; then it is left to the next start. A Discord interaction's token, which lives for
/// 15 minutes, has expired by then.
const FINISH_TIMEOUT: Duration = Duration::from_mins(20);

/// A platform that can edit a message of which only the reference is left.
#[async_trait]
pub trait Finisher: Send + Sync {
    /// Returns the platform's name, as in [`super::Origin::platform`].
    fn platform(&self) -> &'static str;

    /// Makes the message at `message_ref` look like the final `view` of the race `id`.
    ///
    /// # Errors
    /// As in [`crate::surface::Surface::show`]; [`SurfaceError::Deleted`] also for a reference that is unusable.
    async fn finish(&self, id: RaceId, message_ref: &str, view: &View) -> Result<(), SurfaceError>;

    /// Returns true if a message that got its final frame is to get its chart from [`Self::attach`].
    fn wants_chart(&self) -> bool {
        false
    }

    /// Adds the chart to the message at `message_ref`, which shows the final `view`. A failure is logged.
    async fn attach(&self, _id: RaceId, _message_ref: &str, _view: &View, _chart: Chart) {}
}

impl Arena {
    /// Adopts and finishes orphans of `platforms` until `closed`; and ends this process's own races in time where the
    /// other replicas must take it for dead.
    pub async fn recover(self: Arc<Self>, platforms: Vec<Arc<dyn Finisher>>, closed: CancellationToken) {
        let Some(store) = self.store.clone() else { return };
        let platforms: Arc<[_]> = platforms.into();
        let (mut unavailable_since, mut has_peers) = (None, false);
        while closed.run_until_cancelled(sleep(ADOPTION_INTERVAL)).await.is_some() {
            let state = store.state().borrow().clone();
            match state {
                State::Connected { processes, since } => {
                    (unavailable_since, has_peers) = (None, processes > 1);
                    // living processes have had the time to renew their leases since the store came back
                    if store.is_exclusive() || since.elapsed() >= LEASE {
                        self.adopt(&store, &platforms).await;
                    }
                }
                State::Unavailable { .. } => {
                    let since = *unavailable_since.get_or_insert_with(Instant::now);
                    if has_peers && since.elapsed() + ADOPTION_INTERVAL >= LEASE / 2 {
                        self.end_all(StopCause::CutOff);
                    }
                }
            }
        }
    }

    async fn adopt(self: &Arc<Self>, store: &Store, platforms: &Arc<[Arc<dyn Finisher>]>) {
        let names: Vec<&str> = platforms.iter().map(|platform| platform.platform()).collect();
        let orphans = match store.adopt(&names).await {
            Ok(orphans) => orphans,
            Err(error) => {
                return tracing::debug!(error = error.chain(), "failed to look for orphaned races");
            }
        };
        for orphan in orphans {
            tracing::info!(race = %orphan.id, platform = orphan.platform, "adopted an orphaned race");
            let (store, platforms, arena) = (store.clone(), Arc::clone(platforms), Arc::clone(self));
            let interrupting = self.interrupting.clone();
            self.tasks.spawn(async move {
                let Some(orphan) = arena.close_orphaned_vote(orphan, &store, &platforms).await else {
                    return;
                };
                let finished = interrupting.run_until_cancelled(finish(&orphan, &platforms)).await;
                metrics::orphan(finished);
                // otherwise the next start tries again
                if matches!(finished, Some(Finish::Shown | Finish::Impossible)) {
                    insist(&interrupting, || store.mark_shown(orphan.id)).await;
                }
                // after that, so that no process adds it twice; a restart does not wait for charts
                if finished == Some(Finish::Shown) {
                    interrupting.run_until_cancelled(arena.chart_orphan(&orphan, &platforms)).await;
                }
            });
        }
    }
}

impl Arena {
    /// Follows the vote of an orphan to its end, if one is open, and returns the orphan with its result. `None` if this
    /// process ends first: the next one adopts the race.
    async fn close_orphaned_vote(
        &self,
        orphan: Orphan,
        store: &Store,
        platforms: &[Arc<dyn Finisher>],
    ) -> Option<Orphan> {
        if !orphan.report.vote.as_ref().is_some_and(|vote| vote.is_open) {
            return Some(orphan);
        }
        let show = |voters: u64| {
            let mut report = blinded(&orphan.report, &self.telltales).unwrap_or_default();
            if let Some(vote) = &mut report.vote {
                vote.tally.voters = voters;
            }
            let shown = Orphan { report, ..orphan.clone() };
            async move {
                let _ = self.interrupting.run_until_cancelled(finish(&shown, platforms)).await;
            }
        };
        let vote = self.follow_adopted(orphan.id, store, show).await?;
        let report = Report { vote: Some(vote), ..orphan.report.clone() };
        Some(Orphan { report, ..orphan })
    }

    /// Adds the chart to the message of an orphan, if its race compares anything.
    async fn chart_orphan(&self, orphan: &Orphan, platforms: &[Arc<dyn Finisher>]) {
        let platform = platforms.iter().find(|platform| platform.platform() == orphan.platform);
        let (Some(platform), Some(message_ref)) = (platform, &orphan.message_ref) else { return };
        if !platform.wants_chart() || !chart::compares(&orphan.report) {
            return;
        }
        let report = orphan.report.clone();
        if let Some(chart) = self.drawn(orphan.id, move || chart::png(&report)).await {
            let view = View::over(&orphan.asker.name, &orphan.report);
            platform.attach(orphan.id, message_ref, &view, chart).await;
        }
    }
}

/// The result of an attempt to finish an orphan's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// The final frame was shown.
    Shown,
    /// The message can never get one.
    Impossible,
    /// The platform could not be reached for [`FINISH_TIMEOUT`]: left to the next start.
    TimedOut,
}

/// Gives an orphan's message its final frame.
async fn finish(orphan: &Orphan, platforms: &[Arc<dyn Finisher>]) -> Finish {
    let platform = platforms.iter().find(|platform| platform.platform() == orphan.platform);
    let (Some(platform), Some(message_ref)) = (platform, &orphan.message_ref) else {
        return Finish::Impossible;
    };
    let view = View::over(&orphan.asker.name, &orphan.report);
    let (begun, mut backoff) = (Instant::now(), Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY));
    let mut refusals = 0;
    while begun.elapsed() < FINISH_TIMEOUT {
        let wait = match platform.finish(orphan.id, message_ref, &view).await {
            Ok(()) => return Finish::Shown,
            Err(SurfaceError::RateLimited { retry_after } | SurfaceError::Paced { retry_after }) => {
                retry_after
            }
            Err(error @ SurfaceError::Refused(_)) if refusals + 1 < MAX_REFUSALS => {
                tracing::debug!(race = %orphan.id, error = error.chain(), "final frame refused, will retry");
                refusals += 1;
                backoff.next(fastrand::f64())
            }
            Err(error @ SurfaceError::Transient { .. }) => {
                tracing::debug!(race = %orphan.id, error = error.chain(), "final frame failed, will retry");
                backoff.next(fastrand::f64())
            }
            Err(error) => {
                tracing::warn!(race = %orphan.id, error = error.chain(), "cannot finish a message");
                return Finish::Impossible;
            }
        };
        sleep(wait).await;
    }
    Finish::TimedOut
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use uuid::Uuid;

    use super::*;
    use crate::race::Asker;

    /// A platform that is out of reach; the times of its calls.
    #[derive(Default)]
    struct OutOfReach(Mutex<Vec<Instant>>);

    #[async_trait]
    impl Finisher for OutOfReach {
        fn platform(&self) -> &'static str {
            "nowhere"
        }

        async fn finish(&self, _: RaceId, _: &str, _: &View) -> Result<(), SurfaceError> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            Err(SurfaceError::Transient { source: Arc::new(source) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_out_of_reach_is_tried_for_twenty_minutes_at_most_every_half_minute() {
        let platform = Arc::new(OutOfReach::default());
        let orphan = Orphan {
            id: RaceId::new(Uuid::nil()),
            platform: "nowhere".into(),
            asker: Asker { id: "nowhere:1".into(), name: "ana".into() },
            message_ref: Some("1".into()),
            report: Report { prompt: "why?".into(), ..Report::default() },
        };
        let platforms: [Arc<dyn Finisher>; 1] = [Arc::clone(&platform) as _];
        assert!(matches!(finish(&orphan, &platforms).await, Finish::TimedOut));
        let calls = platform.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waits: Vec<Duration> = calls.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let longest = waits.iter().max().copied().unwrap_or_default();
        let bounds = Duration::from_secs(20)..=Duration::from_secs(30);
        assert!(bounds.contains(&longest), "{waits:?}");
        let late = &waits[waits.len() - 10..];
        assert!(late.windows(2).any(|pair| pair[0] != pair[1]), "no jitter at the limit: {late:?}");
    }
}
