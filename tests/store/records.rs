//! Stored records, and their deletion.

use std::io::ErrorKind;

use llm_arena::{
    race::{metrics::TokenCount, report::Report},
    store::{AdmitOutcome, Store, StoredRace},
};

use super::{Request, engine::Engine, lane, on_both};
use crate::support::wait::eventually;

on_both!(
    a_record_is_read_as_it_was_stored,
    texts_are_deleted_and_numbers_stay,
    a_race_is_forgotten_with_the_ones_that_repeat_it,
    forgetting_does_not_reset_the_rate,
    one_race_is_forgotten_for_its_asker_alone,
    a_channel_reads_the_races_that_no_other_process_runs,
    credentials_leave_when_they_expire,
    texts_are_never_stored_with_a_retention_of_zero_days,
    the_median_of_speeds,
    another_process_can_be_asked_to_stop_a_race,
);

async fn a_record_is_read_as_it_was_stored(engine: &Engine) {
    let process = engine.process().await;
    let (store, ran) = (&process.store, Request::default());
    assert_eq!(ran.admit(store).await, AdmitOutcome::Admitted);
    assert_eq!(store.lookup(ran.id).await.expect("a result"), None, "it is running");
    let odd = lane("a", "ünï 😀 \u{1} '\"; DROP TABLE races; --");
    let report =
        Report { prompt: "why?".into(), lanes: vec![odd, lane("b", "because")], ..Report::default() };
    store.mark_ended(ran.id, &report).await.expect("stored");
    store.mark_shown(ran.id).await.expect("stored");
    process.shut_down().await;
    let process = engine.process().await;
    let record = process.store.lookup(ran.id).await.expect("a result").expect("a race");
    assert_eq!((record.report, record.asker.name.as_str()), (report, "ana"));
    let zero = Request::default();
    assert_eq!(zero.admit(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "a\0b")], ..Report::default() };
    process.store.mark_ended(zero.id, &report).await.expect("stored");
    let record = process.store.lookup(zero.id).await.expect("a result").expect("a race");
    assert_eq!(record.report.lanes[0].answer, "a\u{FFFD}b", "no engine rejects an answer");
    process.shut_down().await;
}

async fn texts_are_deleted_and_numbers_stay(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let (mine, theirs, live) =
        (Request::default(), Request { user: "ben", ..Request::default() }, Request::default());
    for request in [&mine, &theirs, &live] {
        assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    }
    for id in [mine.id, theirs.id] {
        let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")], ..Report::default() };
        store.mark_ended(id, &report).await.expect("stored");
        store.mark_shown(id).await.expect("stored");
    }
    assert_eq!(store.forget("test:ana").await.expect("a result").deleted, 1);
    assert_eq!(store.forget("test:ana").await.expect("a result").deleted, 0);
    assert_eq!(store.lookup(mine.id).await.expect("a result"), None);
    assert!(store.lookup(theirs.id).await.expect("a result").is_some());
    assert_eq!(store.asker(live.id).await.expect("a result"), Some(("test:ana".into(), true)));
    let [prompt, answer] = ["Qzprompt", "Qzanswer"].map(|word| word.repeat(1_000));
    let long = Request { user: "dan", prompt: &prompt, ..Request::default() };
    assert_eq!(long.admit(store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: prompt.clone(), lanes: vec![lane("a", &answer)], ..Report::default() };
    store.mark_ended(long.id, &report).await.expect("stored");
    store.mark_shown(long.id).await.expect("stored");
    assert_eq!(store.forget("test:dan").await.expect("a result").deleted, 1);
    assert_not_on_disk(engine, &["Qzprompt", "Qzanswer"]);
    assert_eq!(store.speeds(7).await.expect("speeds")[0].answers, 3, "numbers are kept without an asker");
    process.shut_down().await;
}

/// Admits a race and brings it to its end.
async fn finished<'a>(store: &Store, request: Request<'a>) -> Request<'a> {
    assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")], ..Report::default() };
    store.mark_ended(request.id, &report).await.expect("stored");
    store.mark_shown(request.id).await.expect("stored");
    request
}

async fn a_race_is_forgotten_with_the_ones_that_repeat_it(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let mine = finished(store, Request::default()).await;
    let ben = |original| Request { user: "ben", original, ..Request::default() };
    let copy = finished(store, ben(Some(mine.id))).await;
    let of_copy = finished(store, Request { user: "cyn", ..ben(Some(copy.id)) }).await;
    let own = finished(store, ben(None)).await;
    let forgotten = store.forget("test:ana").await.expect("a result");
    assert_eq!(forgotten.deleted, 3);
    for id in [mine.id, copy.id, of_copy.id] {
        assert!(forgotten.races.contains(&id));
        assert_eq!(store.lookup(id).await.expect("a result"), None);
        assert!(store.is_without_text(id).await.expect("a result"));
    }
    let query = format!("SELECT answer FROM lanes WHERE race = '{}' AND place = 0", of_copy.id);
    assert_eq!(engine.query_text(&query).await, None);
    assert!(store.lookup(own.id).await.expect("a result").is_some(), "typed by another user");
    assert!(!store.is_without_text(own.id).await.expect("a result"));
    assert_eq!(store.asker(copy.id).await.expect("a result"), Some(("test:ben".into(), false)));
    let forgotten = store.forget("test:ben").await.expect("a result");
    assert_eq!(forgotten.deleted, 2, "the name on the copy, and the own one");
    process.shut_down().await;
}

async fn one_race_is_forgotten_for_its_asker_alone(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let mine = finished(store, Request::default()).await;
    let other = finished(store, Request::default()).await;
    let copy = finished(store, Request { user: "ben", original: Some(mine.id), ..Request::default() }).await;
    assert_eq!(store.forget_race("test:ben", mine.id).await.expect("a result").races, vec![]);
    assert!(store.lookup(mine.id).await.expect("a result").is_some(), "another user's race");
    assert_eq!(store.forget_race("test:ben", copy.id).await.expect("a result").races, [copy.id]);
    assert!(store.lookup(mine.id).await.expect("a result").is_some(), "a copy was deleted, not the original");
    let forgotten = store.forget_race("test:ana", mine.id).await.expect("a result").races;
    assert!(forgotten.contains(&mine.id) && forgotten.contains(&copy.id) && forgotten.len() == 2);
    assert_eq!(store.lookup(mine.id).await.expect("a result"), None);
    assert!(store.lookup(other.id).await.expect("a result").is_some(), "another race of the same user");
    let live = Request::default();
    assert_eq!(live.admit(store).await, AdmitOutcome::Admitted);
    assert!(store.is_unsettled(live.id).await.expect("a result"));
    assert!(!store.is_unsettled(other.id).await.expect("a result"));
    process.shut_down().await;
}

async fn a_channel_reads_the_races_that_no_other_process_runs(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(finished(store, Request::default()).await.id);
    }
    let cut_off = Request::default();
    assert_eq!(cut_off.admit(store).await, AdmitOutcome::Admitted);
    ids.push(cut_off.id);
    process.shut_down().await;
    let process = engine.process().await;
    let store = &process.store;
    assert_eq!(store.channel_races("test", 200).await.expect("races"), ids);
    assert_eq!(store.channel_races("test", 2).await.expect("races"), ids[2..], "the newest");
    assert_eq!(store.channel_races("other", 200).await.expect("races"), vec![]);
    assert_eq!(store.channel_race("other", ids[0]).await.expect("a result"), None);
    let Some(StoredRace::Kept(record)) = store.channel_race("test", cut_off.id).await.expect("a result")
    else {
        panic!("no record");
    };
    assert_eq!((record.report.lanes.len(), record.asker.id.as_str()), (2, "test:ana"));
    store.forget_race("test:ana", ids[0]).await.expect("forgotten");
    assert_eq!(store.channel_race("test", ids[0]).await.expect("a result"), Some(StoredRace::WithoutText));
    assert_eq!(store.channel_races("test", 200).await.expect("races"), ids[1..]);
    assert_eq!(store.count_without_text("test").await.expect("a number"), 1);
    process.shut_down().await;
}

async fn forgetting_does_not_reset_the_rate(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let limited = || Request { races_per_minute: 2, ..Request::default() };
    for _ in 0..2 {
        finished(store, limited()).await;
    }
    assert_eq!(store.forget("test:ana").await.expect("a result").deleted, 2);
    assert!(matches!(limited().admit(store).await, AdmitOutcome::TooFast { .. }));
    engine.execute("UPDATE races SET admitted_at = admitted_at - 61000").await;
    store.expire().await.expect("expired");
    let left = engine.query_text("SELECT CAST(COUNT(*) AS TEXT) FROM races WHERE asker <> ''").await;
    assert_eq!(left.as_deref(), Some("0"), "the id leaves with the minute");
    assert_eq!(limited().admit(store).await, AdmitOutcome::Admitted);
    process.shut_down().await;
}

/// A process that died left them; none adopts its races.
async fn credentials_leave_when_they_expire(engine: &Engine) {
    let dying = engine.process().await;
    let discord = r#"{"application":1,"token":"s3cret","channel":2}"#;
    let slack = r#"{"channel":"C1","response_url":"s3cret"}"#;
    let [discord, slack] = [discord, slack].map(|message_ref| Request {
        platform: "elsewhere",
        message_ref: Some(message_ref),
        ..Request::default()
    });
    for request in [&discord, &slack] {
        assert_eq!(request.admit(&dying.store).await, AdmitOutcome::Admitted);
    }
    dying.die().await;
    let reference = async |request: &Request<'_>| {
        let query = format!("SELECT reference FROM races WHERE id = '{}'", request.id);
        engine.query_text(&query).await.expect("a reference")
    };
    for (minutes, left) in [(14, [true, true]), (2, [false, true]), (15, [false, false])] {
        engine.execute(&format!("UPDATE races SET admitted_at = admitted_at - {minutes} * 60000")).await;
        let process = engine.process().await;
        eventually(async || {
            let kept = [reference(&discord).await, reference(&slack).await];
            kept.map(|reference| reference.contains("s3cret")) == left
        })
        .await;
        process.shut_down().await;
    }
    assert!(reference(&discord).await.contains("\"channel\":2"), "the rest stays");
}

async fn texts_are_never_stored_with_a_retention_of_zero_days(engine: &Engine) {
    let process = engine.process_with(0).await;
    let ran = Request::default();
    assert_eq!(ran.admit(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")], ..Report::default() };
    process.store.mark_ended(ran.id, &report).await.expect("stored");
    assert_eq!(process.store.lookup(ran.id).await.expect("a result"), None);
    process.die().await;
    assert_not_on_disk(engine, &["why?", "because"]);
}

/// Asserts that none of these words is in a file of SQLite.
pub(super) fn assert_not_on_disk(engine: &Engine, words: &[&str]) {
    let Engine::Sqlite(folder) = engine else { return };
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        // SQLite deletes its log when the last connection of a dead process closes
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            bytes => bytes.expect("bytes"),
        };
        for word in words {
            let is_there = bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes());
            assert!(!is_there, "{word} is in {}", path.display());
        }
    }
}

async fn the_median_of_speeds(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    for (speed, count) in
        [(10.0, TokenCount::Usage), (90.0, TokenCount::Usage), (30.0, TokenCount::Estimated)]
    {
        let ran = Request::default();
        assert_eq!(ran.admit(store).await, AdmitOutcome::Admitted);
        let mut lanes = vec![lane("a", ""), lane("b", "")];
        lanes[0].metrics.tokens_per_second = Some(speed);
        lanes[0].metrics.token_count = count;
        lanes[1].metrics.tokens_per_second = None;
        store
            .mark_ended(ran.id, &Report { prompt: String::new(), lanes, ..Report::default() })
            .await
            .expect("stored");
    }
    let speeds = store.speeds(7).await.expect("speeds");
    let [speed] = speeds.as_slice() else { panic!("{speeds:?}") };
    assert_eq!((speed.model.as_str(), speed.median, speed.answers), ("a", 30.0, 3));
    assert_eq!(speed.count, TokenCount::Estimated);
    process.shut_down().await;
}

async fn another_process_can_be_asked_to_stop_a_race(engine: &Engine) {
    let process = engine.process().await;
    let (store, ran) = (&process.store, Request::default());
    assert_eq!(ran.admit(store).await, AdmitOutcome::Admitted);
    assert!(!store.checkpoint(ran.id, &[]).await.expect("a result"));
    assert!(store.request_stop(ran.id).await.expect("a result"));
    assert!(store.checkpoint(ran.id, &[]).await.expect("a result"));
    store.mark_shown(ran.id).await.expect("stored");
    assert!(!store.request_stop(ran.id).await.expect("a result"), "it is over");
    process.shut_down().await;
}
