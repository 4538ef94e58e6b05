//! The daily judgement of all series: 300,000 races of 125 days in a SQLite file, by 10 and by 100 contenders. Reading and
//! judging them should take at most a second.

#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::time::{Duration, Instant};

use llm_arena::{
    history::{DAY_MS, Watched, watch},
    store::{Location, SampleKind, Settings, State, Store},
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The last judged day.
const LAST_DAY: i64 = 20_400;
const TARGET: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    for contenders in [10, 100] {
        let (read, judged, found) = measure(contenders).await;
        let verdict = if read + judged <= TARGET { "within" } else { "beyond" };
        println!(
            "{contenders} contenders: read in {:.0} ms, judged in {:.0} ms, {found} suspicions; {verdict} the target of {:.0} ms",
            read.as_secs_f64() * 1e3,
            judged.as_secs_f64() * 1e3,
            TARGET.as_secs_f64() * 1e3,
        );
    }
}

async fn measure(contenders: i64) -> (Duration, Duration, usize) {
    let folder = TempDir::new().expect("a folder");
    let location = Location::Folder(folder.path().to_owned());
    let store = Store::new(Settings { location, text_days: 1 }, "bench".into());
    let (running, closed) = (store.clone(), CancellationToken::new());
    let token = closed.clone();
    let task = TaskTracker::new().spawn(async move { running.run(token).await });
    let mut state = store.state();
    state.wait_for(|state| matches!(state, State::Connected { .. })).await.expect("a store");
    let url = format!("sqlite://{}", folder.path().join("arena.sqlite").display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a file");
    let end = (LAST_DAY + 1) * DAY_MS;
    // every fifth contender is a third slower for a week
    let insert = format!(
        "INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 299999)
        SELECT CAST(n AS TEXT), 0, 'c' || (n % {contenders}), 'm' || (n % {contenders}), 'p' || (n % 3), 'people',
            {end} - n * 36000, (100 + n * 7919 % 41) * CASE WHEN n % 5 = 0 AND n < 16800 THEN 0.67 ELSE 1 END,
            0.2 + n % 13 * 0.01, n % 97 = 0 FROM numbers"
    );
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.expect("inserted");
    let start = Instant::now();
    let series = store.samples_between(end - 70 * DAY_MS, end).await.expect("samples");
    let read = start.elapsed();
    let start = Instant::now();
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
    let found = watch(&watched, &[], LAST_DAY, end + 1).len();
    let judged = start.elapsed();
    closed.cancel();
    task.await.expect("an end");
    (read, judged, found)
}
