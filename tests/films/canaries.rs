//! A fortnight of canaries. The time of the schedules is an argument, which the film sets; races and the store run in real
//! time, and take none of it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use jiff::Timestamp;
use llm_arena::{
    arena::{Arena, Canary, CanaryRunner, Caps, Limits},
    model::Prices,
    race::cost::Cost,
    schedule::Schedule,
    store::Store,
};
use tracing_subscriber::fmt::MakeWriter;

use super::LIMITS;
use crate::{
    store::engine::Engine,
    support::{
        script::{Script, model},
        wait::with_timeout,
    },
};

const PROMPT: &str = "Count to ten.";
/// The bytes of the prompt with its nonce: with a price of a millionth of a dollar each, a race costs exactly as much.
const RACE_COST: u64 = 15 + PROMPT.len() as u64;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn canary(id: &str, schedule: Schedule, day_budget: Option<Cost>) -> Canary {
    Canary {
        id: id.into(),
        schedule,
        schedule_text: String::new(),
        models: vec![],
        prompt: PROMPT.into(),
        day_budget,
    }
}

/// Every three hours; at nine in Berlin; every six hours with a budget of two runs a day.
fn canaries() -> Vec<Canary> {
    let morning = Schedule::cron("0 9 * * *", Some("Europe/Berlin")).expect("valid");
    let dear = Some(Cost::from_micros(2 * RACE_COST));
    vec![
        canary("steady", Schedule::every(Duration::from_hours(3)), None),
        canary("morning", morning, None),
        canary("dear", Schedule::every(Duration::from_hours(6)), dear),
    ]
}

fn counter() -> Script {
    let prices = Prices { input: 1_000_000, output: 0, max_output: 256, overhead: 0 };
    let counter = model("counter").with_card(|card| card.prices = Some(prices));
    counter.says("one, two, three").used(6).finishes("stop")
}

fn arena(store: &Store) -> Arc<Arena> {
    let limits = Limits { races_per_minute: 1_000_000, ..LIMITS };
    let arena = Arena::new(vec![counter().arc()], limits).with_canaries(canaries());
    Arc::new(arena.with_store(store.clone(), Caps::default()))
}

/// The runs of two processes, each with its canary and the time of its start.
struct Film {
    arenas: [Arc<Arena>; 2],
    runners: [CanaryRunner; 2],
    runs: Vec<(String, Timestamp)>,
}

impl Film {
    fn new(stores: [&Store; 2]) -> Self {
        let arenas = stores.map(arena);
        let runners = [0, 1].map(|index| CanaryRunner::new(Arc::clone(&arenas[index])));
        Self { arenas, runners, runs: vec![] }
    }

    /// Restarts both processes.
    fn restart(&mut self) {
        self.runners = [0, 1].map(|index| CanaryRunner::new(Arc::clone(&self.arenas[index])));
    }

    /// Lets time pass from `from` until just before `end`.
    async fn play(&mut self, from: &str, end: &str) {
        let (mut now, end) = (at(from), at(end));
        while now < end {
            let [first, second] = &mut self.runners;
            let looks = <[_; 2]>::from(tokio::join!(first.due(now), second.due(now)));
            let next = looks.iter().map(|(_, next)| *next).min().expect("two");
            let due = looks.into_iter().zip(&self.arenas).flat_map(|((due, _), arena)| {
                due.into_iter().map(move |due| (due.id().to_owned(), arena.run_canary(due)))
            });
            let runs = due.map(async |(id, run)| run.await.map(|_| id));
            let runs = with_timeout(join_all(runs)).await;
            self.runs.extend(runs.into_iter().flatten().map(|id| (id, now)));
            assert!(next > now, "no time passes");
            now = next;
        }
    }

    fn of(&self, id: &str) -> Vec<Timestamp> {
        self.runs.iter().filter(|(run, _)| run == id).map(|(_, at)| *at).collect()
    }
}

/// The warnings and errors of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("the log").clone();
        String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect()
    }
}

/// From Saturday, 17 October 2026, over the end of summer time in Berlin on the 25th, with a gap of 20 hours on the 20th.
async fn fortnight(stores: [&Store; 2], engine: &Engine) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let mut film = Film::new(stores);
    film.play("2026-10-17T00:00:00Z", "2026-10-20T00:40:00Z").await;
    film.restart();
    let caught_up = at("2026-10-20T20:40:00Z");
    film.play("2026-10-20T20:40:00Z", "2026-10-31T00:00:00Z").await;

    let (steady, morning, dear) = (film.of("steady"), film.of("morning"), film.of("dear"));
    // a new canary waits for its first due time, and five of those of the gap are left out
    assert_eq!(steady.len(), 14 * 8 - 1 - 5, "{steady:?}");
    assert_eq!(morning.len(), 14, "{morning:?}");
    for runs in [&steady, &morning] {
        assert_eq!(runs.iter().filter(|run| **run == caught_up).count(), 1, "one run catches up: {runs:?}");
    }
    let hour_ms = 3_600_000;
    for run in steady.iter().filter(|run| **run != caught_up) {
        assert!(run.as_millisecond() % (3 * hour_ms) < 18 * 60_000, "delayed by more than a tenth: {run}");
    }
    for run in morning.iter().filter(|run| **run != caught_up) {
        let nine = if *run < at("2026-10-25T01:00:00Z") { 7 } else { 8 };
        let late_ms = run.as_millisecond() % (24 * hour_ms) - nine * hour_ms;
        assert!((0..25 * hour_ms / 10).contains(&late_ms), "not after nine in Berlin: {run}");
    }
    let mut days = BTreeMap::new();
    for run in &dear {
        *days.entry(run.strftime("%d").to_string()).or_insert(0) += 1;
    }
    assert_eq!((days.len(), days.values().all(|runs| *runs == 2)), (14, true), "{days:?}");
    let said = log.lines();
    let stopped: Vec<_> = said.iter().filter(|line| line.contains("a budget stops a canary")).collect();
    // on the 20th the gap leaves two due times
    assert_eq!((stopped.len(), said.len()), (13, 13), "once a day: {said:?}");
    assert!(stopped[0].contains("dear") && stopped[0].contains("for this canary"), "{stopped:?}");

    let races = engine.query_text("SELECT CAST(COUNT(*) AS TEXT) FROM races WHERE kind = 'canary'").await;
    assert_eq!(races, Some((steady.len() + morning.len() + dear.len()).to_string()), "each ran once");
}

#[tokio::test]
async fn a_fortnight_of_two_processes_runs_each_canary_once_when_it_is_due() {
    let engine = Engine::sqlite();
    let process = engine.process().await;
    // SQLite is for one process, so both use one handle
    fortnight([&process.store; 2], &engine).await;
    process.shut_down().await;
}

#[tokio::test]
async fn a_fortnight_of_two_processes_on_postgres_runs_each_canary_once_when_it_is_due() {
    let Some(engine) = Engine::postgres().await else { return };
    let (first, second) = tokio::join!(engine.process(), engine.process());
    fortnight([&first.store, &second.store], &engine).await;
    tokio::join!(first.shut_down(), second.shut_down());
    engine.drop_database().await;
}
