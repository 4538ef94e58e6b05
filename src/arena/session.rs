//! SHELL. One race from its first request to its chart: run, shown, recorded, remembered.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Duration, Instant},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument as _;

use super::{
    Arena, Recorded, StopSender,
    checkpoint::{Checkpointer, Recording},
    lock, metrics,
    vote::VoteEnd,
};
use crate::race::{Asker, RaceId, Record};
use crate::{
    chart::{self, ChartError, Replay},
    live::{self, Presented, Presenter},
    race::{
        event::StopCause,
        run::{self, StopSignal},
        state::RaceState,
        vote::RaceKind,
    },
    surface::{Chart, Surface, SurfaceError},
    telemetry::field,
};

impl Arena {
    /// Runs the race on `surface` up to its final frame and its chart, and returns its record. A failing surface is
    /// logged; the race still runs to its end and is remembered.
    pub async fn race<S: Surface>(&self, recorded: Recorded, surface: &mut S) -> Arc<Record> {
        let span = tracing::info_span!(
            "race",
            { field::RACE } = %recorded.id(),
            { field::PLATFORM } = recorded.platform,
            { field::DELIVERY } = recorded.delivery
        );
        Box::pin(self.run(recorded, surface)).instrument(span).await
    }

    async fn run<S: Surface>(&self, recorded: Recorded, surface: &mut S) -> Arc<Record> {
        debug_assert!(!recorded.awaits_files(), "the files of a race must be attached before it");
        let mut state = recorded.opening();
        if recorded.race.kind == RaceKind::Blind {
            state = state.blind(Arc::clone(&self.telltales));
        }
        let (race, watching) = watch::channel(state);
        let (stop, stopped) = watch::channel(None);
        let checkpointer = self.checkpointer(&recorded, race.subscribe(), stop.clone());
        let live = LiveGuard::new(self, &recorded, stop.clone());
        let (over, left) = (CancellationToken::new(), CancellationToken::new());
        let presenter = Presenter::new(watching, surface, &self.interrupting, over.clone());
        let (record, shown) = tokio::join!(
            self.answer(&recorded, (race, over.drop_guard()), (&stop, stopped), (&checkpointer, &left)),
            left.run_until_cancelled(present(presenter, &stop, &checkpointer))
        );
        // another process follows the vote and shows its end
        let Some(shown) = shown else { return record };
        // what cannot be shown any more needs no further frame either
        let is_settled = shown.as_ref().err().is_none_or(SurfaceError::is_terminal);
        if is_settled {
            checkpointer.shown();
        } else {
            drop(checkpointer);
        }
        // the chart may take minutes where the platform is slow
        drop((recorded, live));
        match shown {
            Ok(()) if !surface.wants_chart() || !chart::compares(&record.report) => {}
            // a restart does not wait for charts
            Ok(()) => {
                let _ = self.unless_interrupted(self.chart(&record, surface)).await;
            }
            Err(error) => {
                tracing::warn!(race = %record.id, error = error.chain(), "final frame not shown");
            }
        }
        record
    }

    /// Runs all lanes to their ends, holds the vote of a blind race, says that the race is `over` and remembers it; or that
    /// this process has `left` a vote that goes on.
    async fn answer(
        &self,
        recorded: &Recorded,
        (race, over): (watch::Sender<RaceState>, DropGuard),
        (stop, mut stopped): (&StopSender, StopSignal),
        (checkpointer, left): (&Checkpointer, &CancellationToken),
    ) -> Arc<Record> {
        let (start, kind) = (Instant::now(), recorded.race.kind);
        let requests = recorded.race.requests(self.max_output_tokens(kind));
        let runtime = self.lane_runtime();
        let too_late = async {
            self.deadline(kind).await;
            stop.send_if_modified(|cause| cause.is_none() && cause.replace(StopCause::TooLate).is_none());
            std::future::pending::<()>().await;
        };
        let usual = async {
            let usual = self.usual_speeds(&recorded.race).await;
            race.send_if_modified(|state| {
                state.usual = usual;
                false
            });
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = run::run(&requests, &runtime, stopped.clone(), &race) => {}
            () = too_late => {}
            () = usual => {}
        }
        if kind == RaceKind::Blind {
            self.open_vote(recorded, &race).await;
        }
        let record = self.remember(recorded, &race.borrow());
        log_end(&race.borrow(), &record, start.elapsed());
        checkpointer.ended(&record);
        if !race.borrow().vote.is_pending() {
            drop(over);
            return record;
        }
        recorded.race.free_slot();
        match self.hold_vote(recorded, &race, &mut stopped).await {
            VoteEnd::Closed => {
                drop(over);
                self.remember(recorded, &race.borrow())
            }
            VoteEnd::Left => {
                left.cancel();
                record
            }
        }
    }

    fn remember(&self, recorded: &Recorded, state: &RaceState) -> Arc<Record> {
        let (asker, started_at) = (recorded.race.asker.clone(), recorded.race.started_at);
        let record = Arc::new(Record { id: recorded.id(), asker, started_at, report: state.report() });
        // no one asks for a race that no one saw
        if recorded.race.kind != RaceKind::Canary {
            lock(&self.history).push(Arc::clone(&record));
        }
        record
    }

    async fn chart<S: Surface>(&self, record: &Arc<Record>, surface: &mut S) {
        if let Some(chart) = self.draw(record).await {
            live::attach(chart, surface).await;
        }
    }

    /// Draws the chart when it is its turn. The turn ends with the drawing, so an upload that takes minutes holds up no
    /// other chart.
    pub(super) async fn draw(&self, record: &Arc<Record>) -> Option<Chart> {
        let owned = Arc::clone(record);
        self.drawn(record.id, move || chart::png(&owned.report)).await
    }

    /// Draws the replay of a race when it is its turn.
    pub async fn replay_of(&self, record: &Arc<Record>) -> Option<Replay> {
        let owned = Arc::clone(record);
        self.drawn(record.id, move || chart::replay(&owned.report)).await
    }

    /// Draws the share card of a race when it is its turn.
    pub async fn share_card_of(&self, record: &Arc<Record>) -> Option<Chart> {
        let owned = Arc::clone(record);
        self.drawn(record.id, move || chart::share_card(&owned.report, owned.started_at)).await
    }

    /// Draws a picture of race `id` when it is its turn.
    pub(super) async fn drawn<T: Send + 'static>(
        &self,
        id: RaceId,
        draw: impl FnOnce() -> Result<T, ChartError> + Send + 'static,
    ) -> Option<T> {
        let _turn = self.charts.acquire().await.ok()?;
        let start = Instant::now();
        let drawn = tokio::task::spawn_blocking(draw).await;
        metrics::chart(start.elapsed());
        match drawn {
            Ok(Ok(picture)) => return Some(picture),
            Ok(Err(error)) => tracing::warn!(race = %id, %error, "failed to draw a picture"),
            Err(error) => tracing::error!(race = %id, %error, "the task of a picture panicked"),
        }
        None
    }

    fn checkpointer(
        &self,
        recorded: &Recorded,
        race: watch::Receiver<RaceState>,
        stop: StopSender,
    ) -> Checkpointer {
        let Some(store) = recorded.store.clone() else { return Checkpointer::disabled() };
        let recording = Recording {
            store,
            id: recorded.id(),
            asker_name: recorded.asker().to_owned(),
            interrupting: self.interrupting.clone(),
            requests: recorded.race.requests(self.max_output_tokens(recorded.race.kind)),
            stop,
        };
        let (checkpointer, task) = Checkpointer::new(recording, race);
        self.tasks.spawn(task.in_current_span());
        checkpointer
    }
}

/// Shows the race to its end and acts on what the surface learns.
async fn present<S: Surface>(
    mut presenter: Presenter<'_, S>,
    stop: &StopSender,
    checkpointer: &Checkpointer,
) -> Result<(), SurfaceError> {
    let end = |cause: Option<StopCause>| {
        if cause.is_some() {
            stop.send_replace(cause);
        }
    };
    loop {
        match presenter.next().await {
            Presented::News(news) => {
                end(news.stop);
                if let Some(message_ref) = news.message_ref {
                    checkpointer.message_ref(message_ref);
                }
            }
            Presented::Over(result) => {
                end(result.as_ref().err().and_then(SurfaceError::stop_cause));
                return result;
            }
        }
    }
}

fn log_end(state: &RaceState, record: &Record, took: Duration) {
    let outcome = metrics::race(state, &record.report, took);
    let (lanes, seconds) = (record.report.lanes.len(), took.as_secs_f64());
    tracing::info!(lanes, { field::OUTCOME } = outcome, seconds, "race over");
}

/// A race that is live now.
pub(super) struct Live {
    pub(super) asker: Asker,
    pub(super) stop: StopSender,
}

/// The entry of a live race in the arena's register, removed when dropped.
struct LiveGuard<'a> {
    arena: &'a Arena,
    id: RaceId,
    _running: metrics::Running,
}

impl<'a> LiveGuard<'a> {
    fn new(arena: &'a Arena, recorded: &Recorded, stop: StopSender) -> Self {
        let mut live = lock(&arena.live);
        if arena.interrupting.is_cancelled() {
            stop.send_replace(Some(StopCause::Restart));
        }
        live.insert(recorded.id(), Live { asker: recorded.race.asker.clone(), stop });
        drop(live);
        Self { arena, id: recorded.id(), _running: metrics::Running::new() }
    }
}

impl Drop for LiveGuard<'_> {
    fn drop(&mut self) {
        lock(&self.arena.live).remove(&self.id);
    }
}
