//! SHELL. One race from its permit to its picture: run, shown, remembered, written down.

use std::sync::Arc;

use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{
    Arena, Asker, Permit, RaceId, Record, lock, meter,
    scribe::{News, Scribe},
};
use tracing::Instrument as _;

use crate::{
    chart, live,
    model::Prompt,
    race::{event::StopCause, run, state::RaceState},
    surface::{Chart, Surface},
    telemetry::field,
};

impl Arena {
    /// Runs the race on `surface` to its last frame and its chart, and remembers it. Trouble of the surface
    /// is logged; the race runs on and is remembered all the same.
    pub async fn race<S: Surface>(&self, permit: Permit, surface: &mut S) -> Arc<Record> {
        let race = tracing::info_span!(
            "race",
            { field::RACE } = %permit.id,
            { field::PLATFORM } = permit.platform,
            { field::DELIVERY } = permit.delivery
        );
        self.run(permit, surface).instrument(race).await
    }

    async fn run<S: Surface>(&self, permit: Permit, surface: &mut S) -> Arc<Record> {
        let cards = permit.models.iter().map(|model| Arc::new(model.card().clone()));
        let (race, watching) = watch::channel(RaceState::new(&permit.asker.name, &permit.prompt, cards));
        let (stop, stopped) = watch::channel(None);
        let pen = self.pen(&permit, race.subscribe(), stop.clone());
        let live = Live { asker: permit.asker.clone(), stop };
        let live = (Registered::new(self, permit.id, live), meter::Running::new());
        let prompt =
            Prompt { text: permit.prompt.clone(), max_output_tokens: self.admission.limits().output_tokens };
        let (record, shown) = tokio::join!(
            async {
                let start = Instant::now();
                run::run(&permit.models, Arc::new(prompt), stopped, &race).await;
                let record = self.remember(&permit, &race.borrow());
                let outcome = meter::race(&race.borrow(), &record.report, start.elapsed());
                let seconds = start.elapsed().as_secs_f64();
                tracing::info!(
                    lanes = record.report.lanes.len(),
                    { field::OUTCOME } = outcome,
                    seconds,
                    "race over"
                );
                pen.over(&record)
            },
            live::present(watching, surface, &self.interrupting)
        );
        let (record, pen) = record;
        pen.shown();
        // what follows is the picture alone, which may take minutes where the platform is slow
        drop((permit, live));
        match shown {
            Ok(()) if !surface.wants_chart() => {}
            // a restart does not wait for pictures
            Ok(()) => {
                let _ = self.unless_interrupted(self.chart(&record, surface)).await;
            }
            Err(error) => {
                tracing::warn!(race = %record.id, error = error.chain(), "message lost");
            }
        }
        record
    }

    fn remember(&self, permit: &Permit, state: &RaceState) -> Arc<Record> {
        let (id, asker, started_at) = (permit.id, permit.asker.clone(), permit.started_at);
        let record = Arc::new(Record { id, asker, started_at, report: state.report() });
        lock(&self.history).push(Arc::clone(&record));
        record
    }

    async fn chart<S: Surface>(&self, record: &Arc<Record>, surface: &mut S) {
        if let Some(chart) = self.draw(record).await {
            live::attach(chart, surface).await;
        }
    }

    /// The chart, when it is its turn, which ends with the drawing: an upload may take minutes, and others draw.
    async fn draw(&self, record: &Arc<Record>) -> Option<Chart> {
        let _turn = self.charts.acquire().await.ok()?;
        let (start, owned) = (Instant::now(), Arc::clone(record));
        let drawn = tokio::task::spawn_blocking(move || chart::png(&owned.report)).await;
        meter::chart(start.elapsed());
        match drawn {
            Ok(Ok(chart)) => return Some(chart),
            Ok(Err(error)) => tracing::warn!(race = %record.id, %error, "no chart"),
            Err(error) => tracing::error!(race = %record.id, %error, "the chart's task died"),
        }
        None
    }

    /// What the race of `permit` is written down with, if it is.
    fn pen(
        &self,
        permit: &Permit,
        race: watch::Receiver<RaceState>,
        stop: watch::Sender<Option<StopCause>>,
    ) -> Pen {
        let Some(store) = self.store.clone().filter(|_| permit.is_kept) else { return Pen::default() };
        let scribe = Scribe {
            store,
            id: permit.id,
            interrupting: self.interrupting.clone(),
            most_output: self.admission.limits().output_tokens,
        };
        let ((over, is_over), (shown, is_shown)) = (oneshot::channel(), oneshot::channel());
        let news = News { over: is_over, shown: is_shown };
        let follow = scribe.follow(race, news, move || {
            stop.send_replace(Some(StopCause::Asked));
        });
        self.tasks.spawn(follow.in_current_span());
        Pen { over: Some(over), shown: Some(shown) }
    }
}

/// Tells the scribe of a race how it goes on; nothing where it has none.
#[derive(Default)]
struct Pen {
    over: Option<oneshot::Sender<Arc<Record>>>,
    shown: Option<oneshot::Sender<()>>,
}

impl Pen {
    /// The race is over.
    fn over(mut self, record: &Arc<Record>) -> (Arc<Record>, Self) {
        if let Some(over) = self.over.take() {
            let _ = over.send(Arc::clone(record));
        }
        (Arc::clone(record), self)
    }

    /// Its last frame is shown, or can never be.
    fn shown(self) {
        if let Some(shown) = self.shown {
            let _ = shown.send(());
        }
    }
}

/// A live race: whose it is, and what ends it.
pub(super) struct Live {
    pub(super) asker: Asker,
    pub(super) stop: watch::Sender<Option<StopCause>>,
}

/// A live race in the arena's register; leaves it when dropped.
struct Registered<'a> {
    arena: &'a Arena,
    id: RaceId,
}

impl<'a> Registered<'a> {
    fn new(arena: &'a Arena, id: RaceId, race: Live) -> Self {
        let mut live = lock(&arena.live);
        if arena.interrupting.is_cancelled() {
            race.stop.send_replace(Some(StopCause::Restart));
        }
        live.insert(id, race);
        drop(live);
        Self { arena, id }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        lock(&self.arena.live).remove(&self.id);
    }
}
