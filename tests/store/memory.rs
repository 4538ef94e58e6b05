//! What is remembered of races, and what is forgotten.

use llm_arena::{
    race::{metrics::TokenCount, report::Report},
    store::AdmitOutcome,
};

use super::{Asks, engine::Engine, lane, on_both};

on_both!(
    a_race_is_recalled_as_it_was,
    texts_are_forgotten_and_numbers_stay,
    texts_are_never_kept_where_nobody_wants_that,
    speeds_have_a_median,
    another_process_can_be_asked_to_stop,
);

async fn a_race_is_recalled_as_it_was(engine: &Engine) {
    let process = engine.process().await;
    let (store, ran) = (&process.store, Asks::default());
    assert_eq!(ran.of(store).await, AdmitOutcome::Admitted);
    assert_eq!(store.lookup(ran.id).await.expect("an answer"), None, "it runs");
    let odd = lane("a", "ünï 😀 \u{1} '\"; DROP TABLE races; --");
    let report = Report { prompt: "why?".into(), lanes: vec![odd, lane("b", "because")] };
    store.mark_ended(ran.id, &report).await.expect("kept");
    store.mark_shown(ran.id).await.expect("kept");
    process.ends().await;
    let process = engine.process().await;
    let record = process.store.lookup(ran.id).await.expect("an answer").expect("a race");
    assert_eq!((record.report, record.asker.name.as_str()), (report, "ana"));
    let zero = Asks::default();
    assert_eq!(zero.of(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "a\0b")] };
    process.store.mark_ended(zero.id, &report).await.expect("kept");
    let record = process.store.lookup(zero.id).await.expect("an answer").expect("a race");
    assert_eq!(record.report.lanes[0].answer, "a\u{FFFD}b", "no engine refuses an answer");
    process.ends().await;
}

async fn texts_are_forgotten_and_numbers_stay(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let (mine, theirs, live) = (Asks::default(), Asks { who: "ben", ..Asks::default() }, Asks::default());
    for asks in [&mine, &theirs, &live] {
        assert_eq!(asks.of(store).await, AdmitOutcome::Admitted);
    }
    for id in [mine.id, theirs.id] {
        let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")] };
        store.mark_ended(id, &report).await.expect("kept");
        store.mark_shown(id).await.expect("kept");
    }
    assert_eq!(store.forget("test:ana").await.expect("a number"), 1);
    assert_eq!(store.forget("test:ana").await.expect("a number"), 0);
    assert_eq!(store.lookup(mine.id).await.expect("an answer"), None);
    assert!(store.lookup(theirs.id).await.expect("an answer").is_some());
    assert_eq!(store.asker(live.id).await.expect("an answer"), Some(("test:ana".into(), true)));
    assert_eq!(store.speeds(7).await.expect("speeds")[0].answers, 2, "numbers belong to nobody");
    process.ends().await;
}

async fn texts_are_never_kept_where_nobody_wants_that(engine: &Engine) {
    let process = engine.process_with(0).await;
    let ran = Asks::default();
    assert_eq!(ran.of(&process.store).await, AdmitOutcome::Admitted);
    let report = Report { prompt: "why?".into(), lanes: vec![lane("a", "because")] };
    process.store.mark_ended(ran.id, &report).await.expect("kept");
    assert_eq!(process.store.lookup(ran.id).await.expect("an answer"), None);
    process.dies().await;
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

async fn speeds_have_a_median(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    for (speed, count) in
        [(10.0, TokenCount::Usage), (90.0, TokenCount::Usage), (30.0, TokenCount::Estimated)]
    {
        let ran = Asks::default();
        assert_eq!(ran.of(store).await, AdmitOutcome::Admitted);
        let mut lanes = vec![lane("a", ""), lane("b", "")];
        lanes[0].metrics.tokens_per_second = Some(speed);
        lanes[0].metrics.token_count = count;
        lanes[1].metrics.tokens_per_second = None;
        store.mark_ended(ran.id, &Report { prompt: String::new(), lanes }).await.expect("kept");
    }
    let speeds = store.speeds(7).await.expect("speeds");
    let [speed] = speeds.as_slice() else { panic!("{speeds:?}") };
    assert_eq!((speed.model.as_str(), speed.median, speed.answers), ("a", 30.0, 3));
    assert_eq!(speed.count, TokenCount::Estimated);
    process.ends().await;
}

async fn another_process_can_be_asked_to_stop(engine: &Engine) {
    let process = engine.process().await;
    let (store, ran) = (&process.store, Asks::default());
    assert_eq!(ran.of(store).await, AdmitOutcome::Admitted);
    assert!(!store.checkpoint(ran.id, &[]).await.expect("an answer"));
    assert!(store.request_stop(ran.id).await.expect("an answer"));
    assert!(store.checkpoint(ran.id, &[]).await.expect("an answer"));
    store.mark_shown(ran.id).await.expect("kept");
    assert!(!store.request_stop(ran.id).await.expect("an answer"), "it is over");
    process.ends().await;
}
