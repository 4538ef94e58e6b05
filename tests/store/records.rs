//! Stored records, and their deletion.

use llm_arena::{
    race::{metrics::TokenCount, report::Report},
    store::AdmitOutcome,
};

use super::{Request, engine::Engine, lane, on_both};

on_both!(
    a_record_is_read_as_it_was_stored,
    texts_are_deleted_and_numbers_stay,
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
    let report = Report { prompt: "why?".into(), lanes: vec![odd, lane("b", "because")] };
    store.mark_ended(ran.id, &report).await.expect("stored");
    store.mark_shown(ran.id).await.expect("stored");
    process.shut_down().await;
    let process = engine.process().await;
    let record = process.store.lookup(ran.id).await.expect("a result").expect("a race");
    assert_eq!((record.report, record.asker.name.as_str()), (report, "ana"));
    let zero = Request::default();
    assert_eq!(zero.admit(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "a\0b")] };
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
        let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")] };
        store.mark_ended(id, &report).await.expect("stored");
        store.mark_shown(id).await.expect("stored");
    }
    assert_eq!(store.forget("test:ana").await.expect("a number"), 1);
    assert_eq!(store.forget("test:ana").await.expect("a number"), 0);
    assert_eq!(store.lookup(mine.id).await.expect("a result"), None);
    assert!(store.lookup(theirs.id).await.expect("a result").is_some());
    assert_eq!(store.asker(live.id).await.expect("a result"), Some(("test:ana".into(), true)));
    assert_eq!(store.speeds(7).await.expect("speeds")[0].answers, 2, "numbers are kept without an asker");
    process.shut_down().await;
}

async fn texts_are_never_stored_with_a_retention_of_zero_days(engine: &Engine) {
    let process = engine.process_with(0).await;
    let ran = Request::default();
    assert_eq!(ran.admit(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")] };
    process.store.mark_ended(ran.id, &report).await.expect("stored");
    assert_eq!(process.store.lookup(ran.id).await.expect("a result"), None);
    process.die().await;
    if let Engine::Sqlite(folder) = engine {
        for file in std::fs::read_dir(folder.path()).expect("a folder") {
            let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
            for word in ["why?", "because"] {
                assert!(
                    !bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes()),
                    "{word} is on the disk"
                );
            }
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
        store.mark_ended(ran.id, &Report { prompt: String::new(), lanes }).await.expect("stored");
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
