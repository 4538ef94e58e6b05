//! A fortnight of canaries: the loops of two processes by a paused clock, with a real store.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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
use tokio::{
    runtime::{Builder, Handle},
    task::{JoinHandle, spawn_blocking, yield_now},
    time::{Instant, advance, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_subscriber::fmt::MakeWriter;

use super::LIMITS;
use crate::{
    store::engine::{Engine, Process},
    support::script::{Script, model},
};

const PROMPT: &str = "Count to ten.";
/// The bytes of the prompt with its nonce: with a price of a millionth of a dollar each, a race costs exactly as much.
const RACE_COST: u64 = 15 + PROMPT.len() as u64;
/// The longest step of the clock: more than the longest sleep of a loop.
const MAX_STEP: Duration = Duration::from_mins(10);
/// Timers are late by up to a millisecond.
const MARGIN: Duration = Duration::from_millis(2);
/// The turns of the runtime in which a loop without anything due looks and sleeps again.
const MAX_YIELDS: usize = 20;
/// The real time that a film may take.
const FILM_TIMEOUT: Duration = Duration::from_mins(5);
const IDS: [&str; 3] = ["steady", "morning", "dear"];
/// The number of races of each canary, and of those whose end is not stored yet.
const COUNTS: &str =
    "SELECT COUNT(CASE WHEN tag = 'steady' THEN 1 END) || ' ' || COUNT(CASE WHEN tag = 'morning' THEN 1 END)
    || ' ' || COUNT(CASE WHEN tag = 'dear' THEN 1 END)
    || ' ' || COUNT(CASE WHEN status <> 'shown' OR settled = 0 THEN 1 END) FROM races WHERE kind = 'canary'";

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

/// The loop of a process by the clock of the film.
struct Runner {
    arena: Arc<Arena>,
    /// The number of times that it read the clock: twice for each look.
    reads: Arc<AtomicUsize>,
    closed: CancellationToken,
    task: JoinHandle<()>,
}

impl Runner {
    fn start(store: &Store, clock: Clock) -> Self {
        let (arena, reads, closed) = (arena(store), Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let counted = Arc::clone(&reads);
        let now = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            clock.now()
        };
        let task = CanaryRunner::new(Arc::clone(&arena)).start_by(now, closed.clone());
        let task = TaskTracker::new().spawn(task);
        Self { arena, reads, closed, task }
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Returns true if it sleeps since a look after `reads`, and no run of it is under way.
    fn is_idle_since(&self, reads: usize) -> bool {
        // the film and the loop hold the arena, and so does each run
        self.reads() > reads && self.reads().is_multiple_of(2) && Arc::strong_count(&self.arena) == 2
    }
}

/// The wall clock of the film, which follows the paused clock of its runtime.
#[derive(Clone, Copy)]
struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    fn now(self) -> Timestamp {
        self.start + self.origin.elapsed()
    }
}

/// The runs of two processes, each with its canary and the time after its start.
struct Film<'a> {
    engine: &'a Engine,
    stores: [&'a Store; 2],
    /// A runtime whose clock is not paused.
    real: &'a Handle,
    clock: Clock,
    runners: [Runner; 2],
    counts: [u64; 3],
    runs: Vec<(&'static str, Timestamp)>,
}

impl<'a> Film<'a> {
    fn new(start: &str, engine: &'a Engine, stores: [&'a Store; 2], real: &'a Handle) -> Self {
        let clock = Clock { start: at(start), origin: Instant::now() };
        let runners = stores.map(|store| Runner::start(store, clock));
        Self { engine, stores, real, clock, runners, counts: [0; 3], runs: vec![] }
    }

    /// Lets time pass until `end`: ten minutes at a time, and exactly to each start of a canary.
    async fn play(&mut self, end: &str) {
        let (canaries, end) = (canaries(), at(end));
        self.settle([0; 2]).await;
        self.count().await;
        loop {
            let now = self.clock.now();
            let start = canaries.iter().filter_map(|canary| canary.next_start(now)).min().expect("a start");
            let next = start.min(end).duration_since(now);
            let next = Duration::try_from(next).expect("later") + MARGIN;
            let reads = [0, 1].map(|index: usize| self.runners[index].reads());
            advance(next.min(MAX_STEP)).await;
            if self.clock.now() >= end {
                return;
            }
            self.settle(reads).await;
            if self.clock.now() > start {
                self.count().await;
            }
        }
    }

    /// Waits until both loops have looked again and sleep, and all runs are over.
    async fn settle(&self, reads: [usize; 2]) {
        let is_idle = || self.runners.iter().zip(reads).all(|(runner, reads)| runner.is_idle_since(reads));
        for _ in 0..MAX_YIELDS {
            if is_idle() {
                return;
            }
            yield_now().await;
        }
        while !is_idle() {
            self.let_real_time_pass().await;
        }
    }

    /// Lets a millisecond pass on both clocks: the store's deadlines are then as long as those of a service.
    async fn let_real_time_pass(&self) {
        self.real.spawn(async { sleep(Duration::from_millis(1)).await }).await.expect("a pause");
        advance(Duration::from_millis(1)).await;
    }

    /// Waits until the ends of all runs are stored, and notes the new ones.
    async fn count(&mut self) {
        let now = self.clock.now();
        let counts = loop {
            let counts = self.engine.query_text(COUNTS).await.expect("numbers");
            let counts: Vec<u64> = counts.split(' ').map(|count| count.parse().expect("a number")).collect();
            let [steady, morning, dear, unsettled] = counts[..] else { panic!("four numbers") };
            if unsettled == 0 {
                break [steady, morning, dear];
            }
            self.let_real_time_pass().await;
        };
        for (id, (before, after)) in IDS.into_iter().zip(self.counts.into_iter().zip(counts)) {
            self.runs.extend((before..after).map(|_| (id, now)));
        }
        self.counts = counts;
    }

    /// Ends both processes, and starts others after `gap`.
    async fn restart_after(&mut self, gap: Duration) {
        for runner in &mut self.runners {
            runner.closed.cancel();
            (&mut runner.task).await.expect("an end");
        }
        advance(gap).await;
        self.runners = self.stores.map(|store| Runner::start(store, self.clock));
    }

    fn of(&self, id: &str) -> Vec<Timestamp> {
        self.runs.iter().filter(|(run, _)| *run == id).map(|(_, at)| *at).collect()
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
async fn fortnight(stores: [&Store; 2], engine: &Engine, real: &Handle) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let mut film = Film::new("2026-10-17T00:00:00Z", engine, stores, real);
    film.play("2026-10-20T00:40:00Z").await;
    film.restart_after(Duration::from_hours(20)).await;
    let caught_up = |run: &Timestamp| (at("2026-10-20T20:40:00Z")..at("2026-10-20T20:41:00Z")).contains(run);
    film.play("2026-10-31T00:00:00Z").await;

    let (steady, morning, dear) = (film.of("steady"), film.of("morning"), film.of("dear"));
    // a new canary waits for its first due time, and five of those of the gap are left out
    assert_eq!(steady.len(), 14 * 8 - 1 - 5, "{steady:?}");
    assert_eq!(morning.len(), 14, "{morning:?}");
    for runs in [&steady, &morning] {
        assert_eq!(runs.iter().filter(|run| caught_up(run)).count(), 1, "one run catches up: {runs:?}");
    }
    let hour_ms = 3_600_000;
    for run in steady.iter().filter(|run| !caught_up(run)) {
        assert!(run.as_millisecond() % (3 * hour_ms) < 18 * 60_000, "delayed by more than a tenth: {run}");
    }
    for run in morning.iter().filter(|run| !caught_up(run)) {
        let nine = if *run < at("2026-10-25T01:00:00Z") { 7 } else { 8 };
        let late_ms = run.as_millisecond() % (24 * hour_ms) - nine * hour_ms;
        assert!((0..30 * 60_000).contains(&late_ms), "not after nine in Berlin: {run}");
    }
    let mut days = BTreeMap::new();
    for run in &dear {
        *days.entry(run.strftime("%d").to_string()).or_insert(0) += 1;
    }
    assert_eq!((days.len(), days.values().all(|runs| *runs == 2)), (14, true), "{days:?}");
    // the store works in real time beside this clock, so that a checkpoint may come too late for it
    let of_canaries = |line: &String| line.contains("llm_arena::arena::canaries");
    let said: Vec<_> = log.lines().into_iter().filter(of_canaries).collect();
    let stopped: Vec<_> = said.iter().filter(|line| line.contains("a budget stops a canary")).collect();
    // on the 20th the gap leaves two due times
    assert_eq!((stopped.len(), said.len()), (13, 13), "once a day: {said:?}");
    assert!(stopped[0].contains("dear") && stopped[0].contains("for this canary"), "{stopped:?}");
}

/// Plays the film on a paused clock which moves only when the film says so: a blocking task keeps tokio from advancing it
/// while all tasks wait for the store. The processes of `engine` live in a runtime of their own, in real time.
fn play(engine: &Engine, processes: usize) {
    let real = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let scene = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let processes = real.block_on(join_all((0..processes).map(|_| engine.process())));
    let (handle, over) = (real.handle().clone(), CancellationToken::new());
    scene.block_on(async {
        let (blocking, until) = (handle.clone(), over.clone());
        let hold = spawn_blocking(move || blocking.block_on(until.cancelled()));
        let _over = over.drop_guard();
        let stores = [&processes[0].store, &processes[processes.len() - 1].store];
        let deadline = handle.spawn(async { sleep(FILM_TIMEOUT).await });
        tokio::select! {
            () = fortnight(stores, engine, &handle) => {}
            _ = deadline => panic!("the film hangs"),
        }
        assert!(!hold.is_finished(), "tokio moved the clock");
    });
    drop(scene);
    real.block_on(join_all(processes.into_iter().map(Process::shut_down)));
}

#[test]
fn a_fortnight_of_two_processes_runs_each_canary_once_when_it_is_due() {
    // SQLite is for one process, so both use one handle
    play(&Engine::sqlite(), 1);
}

#[test]
fn a_fortnight_of_two_processes_on_postgres_runs_each_canary_once_when_it_is_due() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let Some(engine) = runtime.block_on(Engine::postgres()) else { return };
    play(&engine, 2);
    runtime.block_on(engine.drop_database());
}
