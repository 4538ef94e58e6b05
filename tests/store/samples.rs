//! The samples of finished races, for the history.

use std::time::Duration;

use llm_arena::{
    history::{Attempt, Sample},
    race::{
        event::StopCause,
        report::{LaneReport, Report, Status},
    },
    store::{AdmitOutcome, SampleKind, StoredSeries},
};
use tokio::time::Instant;

use super::{Request, engine::Engine, lane, on_both};

on_both!(
    the_lanes_of_an_ended_race_are_samples_once,
    samples_are_grouped_by_contender_and_kind,
    samples_outlive_the_texts,
    the_history_of_300_000_races_is_read_fast,
    many_long_series_share_the_samples_of_an_overview,
);

fn counted(model: &str, speed: f64) -> LaneReport {
    let mut lane = lane(model, "because");
    lane.metrics.output_tokens = 64;
    lane.metrics.tokens_per_second = Some(speed);
    lane
}

fn failed(model: &str) -> LaneReport {
    LaneReport { status: Status::Failed, ..lane(model, "") }
}

fn report(lanes: impl Into<Vec<LaneReport>>) -> Report {
    Report { prompt: "why?".into(), lanes: lanes.into(), ..Report::default() }
}

async fn the_lanes_of_an_ended_race_are_samples_once(engine: &Engine) {
    let process = engine.process().await;
    let (store, request) = (&process.store, Request::default());
    assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    assert_eq!(store.samples(7).await.expect("samples"), [], "it is running");
    assert_eq!(store.usual("a").await.expect("none"), None);
    let short = lane("b", "short");
    let stopped = LaneReport { status: Status::Stopped(StopCause::Restart), ..counted("c", 9.0) };
    let simulated = LaneReport { simulated: true, ..counted("d", 9.0) };
    let ended = report([counted("a", 97.25), short, stopped, simulated, failed("e")]);
    for _ in 0..2 {
        store.mark_ended(request.id, &ended).await.expect("stored");
    }
    let series = store.samples(7).await.expect("samples");
    let names: Vec<_> =
        series.iter().map(|series| (series.contender.as_str(), series.model.as_str())).collect();
    assert_eq!(names, [("a", "a"), ("b", "b"), ("e", "e")]);
    let at_ms = series[0].speeds[0].at_ms;
    assert_eq!(series[0].speeds, [Sample { at_ms, value: 97.25 }]);
    assert_eq!(series[0].first_tokens, [Sample { at_ms, value: 0.21 }]);
    assert_eq!(series[0].attempts, [Attempt { at_ms, has_failed: false }]);
    assert_eq!((series[0].kind, series[0].provider.is_empty()), (SampleKind::People, false));
    assert_eq!((series[1].speeds.len(), series[1].first_tokens.len()), (0, 1), "few tokens");
    assert_eq!((series[2].speeds.len(), series[2].attempts[0].has_failed), (0, true));
    let usual = store.usual("a").await.expect("an answer").expect("a sample");
    assert_eq!((usual.count, usual.median), (1, 97.25));
    process.shut_down().await;
}

async fn samples_are_grouped_by_contender_and_kind(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    for (contender, kind, speed) in
        [("a#1", "open", 50.0), ("a#1", "blind", 52.0), ("a#2", "open", 80.0), ("a#2", "canary", 81.0)]
    {
        let request = Request::default();
        assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
        engine.execute(&format!("UPDATE races SET kind = '{kind}' WHERE id = '{}'", request.id)).await;
        engine
            .execute(&format!(
                "UPDATE lanes SET contender = '{contender}' WHERE race = '{}' AND place = 0",
                request.id
            ))
            .await;
        store.mark_ended(request.id, &report([counted("a", speed)])).await.expect("stored");
    }
    let series = store.samples(7).await.expect("samples");
    let found: Vec<_> =
        series.iter().map(|series| (series.contender.as_str(), series.kind, series.speeds.len())).collect();
    let (people, canary) = (SampleKind::People, SampleKind::Canary);
    assert_eq!(found, [("a#1", people, 2), ("a#2", canary, 1), ("a#2", people, 1)]);
    let usual = store.usual("a#2").await.expect("an answer").expect("a sample");
    assert_eq!((usual.count, usual.median), (1, 80.0), "without canaries");
    process.shut_down().await;
}

async fn samples_outlive_the_texts(engine: &Engine) {
    let process = engine.process().await;
    let (store, request) = (&process.store, Request::default());
    assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    store.mark_ended(request.id, &report([counted("a", 90.0)])).await.expect("stored");
    store.mark_shown(request.id).await.expect("stored");
    assert_eq!(store.forget("test:ana").await.expect("a result").deleted, 1);
    assert_eq!(store.usual("a").await.expect("an answer").expect("a sample").count, 1);
    process.shut_down().await;
}

/// The goal is 300 ms for a build with optimisation; this one has none, and shares its machine.
async fn the_history_of_300_000_races_is_read_fast(engine: &Engine) {
    let process = engine.process().await;
    let insert =
        "INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 299999)
        SELECT CAST(n AS TEXT), 0, 'm' || CAST(n % 10 AS TEXT), 'm', 'p', 'people',
            {now} - CAST(n AS BIGINT) * 25000, 100 + n % 17, 0.2, 0 FROM numbers";
    let now = match engine {
        Engine::Sqlite(_) => "CAST(unixepoch('subsec') * 1000 AS BIGINT)",
        Engine::Postgres(_) => "CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT)",
    };
    engine.execute(&insert.replace("{now}", now)).await;
    for _ in 0..3 {
        let begun = Instant::now();
        let series = process.store.samples(125).await.expect("samples");
        let read: usize = series.iter().map(|series| series.speeds.len()).sum();
        println!("{} series, {read} samples in {:?}", series.len(), begun.elapsed());
        assert!((30_000..=45_000).contains(&read) && series.len() == 10, "{read}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    let begun = Instant::now();
    let usual = process.store.usual("m3").await.expect("an answer").expect("samples");
    println!("{} for the usual speed in {:?}", usual.count, begun.elapsed());
    assert_eq!(usual.count, 5_000);
    process.shut_down().await;
}

/// 50 models of 2,000 races each, at regular times.
async fn many_long_series_share_the_samples_of_an_overview(engine: &Engine) {
    let process = engine.process().await;
    let now = jiff::Timestamp::now().as_millisecond();
    engine
        .execute(&format!(
            "INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
            WITH RECURSIVE numbers(n) AS
                (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
            SELECT CAST(n AS TEXT), 0, 'm' || CAST(n % 50 AS TEXT), 'm', 'p', 'people', {now} - n * 100003, 100.0, 0.2, 0
            FROM numbers"
        ))
        .await;
    let lengths = |series: Vec<StoredSeries>| -> Vec<usize> {
        series.iter().map(|series| series.speeds.len()).collect()
    };
    let shown = lengths(process.store.overview_samples(125).await.expect("samples"));
    assert!(shown.len() == 50 && shown.iter().all(|length| (550..=800).contains(length)), "{shown:?}");
    let all = lengths(process.store.samples(125).await.expect("samples"));
    assert_eq!(all, [2_000; 50]);
    process.shut_down().await;
}
