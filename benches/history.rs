//! The speed history of 300,000 races: the database time of `/arena history` on SQLite and PostgreSQL, and the daily
//! judgement of all series, for races of 125 days by 10 and by 100 contenders.
//!
//! `cargo bench --bench history`. PostgreSQL is measured where `ARENA_POSTGRES` names a server, as for the tests. Targets:
//! 300 ms for `/arena history`, a second a day for the judgement with its reading.
//!
//! Then the answers of canaries: the runs after which a model that is exchanged for another is reported, and the share of
//! unchanged models that are. `ARENA_SEEDS` changes the number of seeds.

#![expect(unreachable_pub, reason = "a bench has no outside; `pub` marks what the test support offers")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/store/engine.rs"]
mod engine;
#[path = "shared/median.rs"]
mod median;
#[path = "shared/writer.rs"]
mod writer;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/support"]
mod support {
    pub mod postgres;
    pub mod skip;
    pub mod wait;
}

use std::time::{Duration, Instant};

use jiff::Timestamp;
use llm_arena::{
    history::{
        Answer, Cause, DAY_MS, Features, Incident, IncidentId, IncidentKind, Member, Suspicion, WINDOW_DAYS,
        Watched, judge_behaviour, watch,
    },
    store::{SampleKind, Store, StoreError, StoredSeries},
};
use uuid::Uuid;

use engine::Engine;
use fastrand::Rng;
use median::median;
use writer::{LISTS, OTHER, USUAL, Writer};

const RACES: i64 = 300_000;
/// The days of races: those that `/arena history` shows without a number of days, and the window before them.
const DAYS: i64 = 90 + WINDOW_DAYS;
/// The samples that the watch reads, in days.
const WATCHED_DAYS: i64 = 2 * WINDOW_DAYS;
const LOOKS: usize = 9;
const OVERVIEW_TARGET: Duration = Duration::from_millis(300);
const JUDGEMENT_TARGET: Duration = Duration::from_secs(1);
const SEEDS: u64 = 40;
/// The runs before a model is exchanged.
const EXCHANGED: usize = 80;
/// The runs of an unchanged model: a fortnight of eight a day.
const UNCHANGED: usize = 14 * 8;
const RUNS_TARGET: usize = 12;

#[tokio::main]
async fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("the history is only measured by `cargo bench`");
        return;
    }
    println!(
        "| database | contenders | `/arena history`, first | fastest and median of {LOOKS} | usual speeds of 5 models | read of a day | judged |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut is_within = true;
    for contenders in [10, 100] {
        is_within &= measure("SQLite", Engine::sqlite(), contenders).await;
        if let Some(engine) = Engine::postgres().await {
            is_within &= measure("PostgreSQL", engine, contenders).await;
        }
    }
    println!("| target | | | <= 300 ms | | <= 1,000 ms together | |");
    let seeds = std::env::var("ARENA_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number"));
    println!("\n| runs a day | reported after, median | 99 % | within 12 runs | unchanged models reported |");
    println!("|---|---|---|---|---|");
    for per_day in [1, 2, 4, 8] {
        behaviour(per_day, seeds);
    }
    println!("| target | | | all | <= 5 %: one of 20 |");
    assert!(is_within, "a target is missed");
}

/// Prints after how many runs exchanged models are reported, and how many unchanged ones are.
fn behaviour(per_day: usize, seeds: u64) {
    let mut took = vec![];
    for (seed, first) in (0..seeds).flat_map(|seed| (0..per_day).map(move |first| (seed, first))) {
        for new in [OTHER, LISTS] {
            let mut random = Rng::with_seed(seed * 1_000 + first as u64);
            let writer = |run| if run < EXCHANGED { USUAL } else { new };
            let answers = answers(EXCHANGED + 40, (per_day, first), writer, &mut random);
            let changes = judge_behaviour(&answers, seed);
            let found = changes.iter().find(|change| change.index >= EXCHANGED);
            took.push(found.map_or(usize::MAX, |change| change.index + 1 - EXCHANGED));
        }
    }
    took.sort_unstable();
    let (middle, high) = (took[took.len() / 2], took[(took.len() - 1) * 99 / 100]);
    let soon = took.iter().filter(|runs| **runs <= RUNS_TARGET).count();
    let series = seeds * 20;
    let is_reported = |seed: &u64| {
        let mut random = Rng::with_seed(777_000_000 + seed);
        let answers = answers(UNCHANGED, (per_day, 0), |_| USUAL, &mut random);
        !judge_behaviour(&answers, *seed).is_empty()
    };
    let reported = (0..series).filter(is_reported).count();
    let all = took.len();
    println!(
        "| {per_day} | {middle} runs | {high} runs | {soon} of {all} | {reported} of {series} in {} days |",
        UNCHANGED / per_day
    );
}

/// The answers of a canary with this many runs a day, from the `first` of a day on.
fn answers(
    runs: usize,
    (per_day, first): (usize, usize),
    writer: impl Fn(usize) -> Writer,
    random: &mut Rng,
) -> Vec<Answer> {
    let interval_ms = DAY_MS / i64::try_from(per_day).expect("few");
    let answer = |run| Answer {
        at_ms: i64::try_from(first + run).expect("few") * interval_ms + random.i64(0..30 * 60_000),
        features: Features::of(&writer(run).write(random)),
    };
    (0..runs).map(answer).collect()
}

/// Measures one database and returns true if it is within the targets.
async fn measure(name: &str, engine: Engine, contenders: i64) -> bool {
    let process = engine.process().await;
    let store = &process.store;
    fill(&engine, store, contenders).await;
    let first = timed(async || overview(store).await).await.1;
    let mut looks = vec![];
    for _ in 0..LOOKS {
        looks.push(timed(async || overview(store).await).await.1.as_secs_f64());
    }
    // others may use the machine: the fastest is nearest to the work itself
    let fastest = Duration::from_secs_f64(looks.iter().copied().fold(f64::INFINITY, f64::min));
    let look = Duration::from_secs_f64(median(looks));
    let usual = timed(async || {
        for contender in 0..5 {
            store.usual(&contender_name(contender)).await.expect("quartiles");
        }
    });
    let usual = usual.await.1;
    let today = Timestamp::now().as_millisecond().div_euclid(DAY_MS);
    let (series, read) = timed(async || {
        let from = (today - 1 - WATCHED_DAYS) * DAY_MS;
        store.samples_between(from, today * DAY_MS).await.expect("samples")
    })
    .await;
    let (found, judged) = timed(async || judge(&series, today)).await;
    assert!(found > 0, "slower models are found");
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    let [first, shown_fastest, look, usual, shown_read, shown_judged] =
        [first, fastest, look, usual, read, judged].map(ms);
    println!(
        "| {name} | {contenders} | {first} | {shown_fastest}, {look} | {usual} | {shown_read} | {shown_judged} |"
    );
    process.shut_down().await;
    engine.drop_database().await;
    fastest <= OVERVIEW_TARGET && read + judged <= JUDGEMENT_TARGET
}

/// Makes the queries of `/arena history`.
async fn overview(store: &Store) {
    let (days, shown) = (u32::try_from(DAYS), u32::try_from(DAYS - WINDOW_DAYS));
    let read = async {
        let series = store.promptly(store.overview_samples(days.expect("few"))).await?;
        let incidents = store.promptly(store.incidents_of(shown.expect("few"))).await?;
        Ok::<_, StoreError>((series.len(), incidents.len()))
    };
    assert!(matches!(read.await, Ok((10.., 100))), "series and incidents");
}

fn judge(series: &[StoredSeries], today: i64) -> usize {
    let watched: Vec<Watched<'_>> = series
        .iter()
        .map(|one| Watched {
            contender: &one.contender,
            model: &one.model,
            provider: &one.provider,
            is_canary: one.kind == SampleKind::Canary,
            speeds: &one.speeds,
            first_tokens: &one.first_tokens,
            attempts: &one.attempts,
        })
        .collect();
    watch(&watched, &[], today - 1, today * DAY_MS + 1).len()
}

async fn timed<T>(work: impl AsyncFnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work().await;
    (done, start.elapsed())
}

/// The name of a contender, as long as those of real ones.
fn contender_name(contender: i64) -> String {
    format!("model-{contender}/provider/vendor/model-{contender}#0123456789abcdef")
}

/// Inserts the races up to now and 100 incidents. Every fifth contender is a third slower for a week.
async fn fill(engine: &Engine, store: &Store, contenders: i64) {
    let end = Timestamp::now().as_millisecond();
    let (interval, slow) = (DAYS * DAY_MS / RACES, 7 * RACES / DAYS);
    let name = |text: &str| contender_name(-1).replace("-1", &format!("-' || {text} || '"));
    let contender = name(&format!("(n % {contenders})"));
    engine
        .execute(&format!(
            "INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
            WITH RECURSIVE numbers(n) AS
                (SELECT CAST({RACES} - 1 AS BIGINT) UNION ALL SELECT n - 1 FROM numbers WHERE n > 0)
            SELECT '018f4e2a-7b1c-7def-8000-' || CAST(100000000000 + n AS TEXT), 0, '{contender}',
                'm' || (n % {contenders}), 'p' || (n % 3), 'people', {end} - n * {interval} - n % 997,
                (100 + n * 7919 % 41) * CASE WHEN n % 5 = 0 AND n < {slow} THEN 0.67 ELSE 1 END,
                0.2 + n % 13 * 0.01, CASE WHEN n % 97 = 0 THEN 1 ELSE 0 END FROM numbers"
        ))
        .await;
    if matches!(engine, Engine::Postgres(_)) {
        // as its autovacuum does
        engine.execute("VACUUM ANALYZE samples").await;
    }
    for at in 0..100 {
        let contender = contender_name(at);
        let cause = Cause::Model(contender.clone());
        let member = Member {
            contender,
            model: format!("m{at}"),
            provider: "p".into(),
            is_canary: false,
            since_ms: end - DAY_MS,
            back_ms: None,
            before: 100.0,
            after: 67.0,
            count_before: 100,
            count_after: 20,
            p: 0.001,
            answers: None,
        };
        let day = end.div_euclid(DAY_MS);
        let suspicion = Suspicion { kind: IncidentKind::Speed, cause, members: vec![member], day };
        let incident = Incident::open(IncidentId::new(Uuid::now_v7()), suspicion, end);
        assert!(store.open_incident(&incident).await.expect("stored"), "another cause");
    }
}
