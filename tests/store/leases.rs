//! Who leads, who lives, and whose races are taken over.

use llm_arena::store::{AdmitOutcome, State};

use super::{super::stories::soon, Asks, engine::Engine, on_both};

on_both!(a_lease_has_one_holder_and_an_epoch, starts_are_counted);

#[tokio::test]
async fn a_file_is_for_one_process() {
    let engine = Engine::sqlite();
    let first = engine.process().await;
    let second = llm_arena::store::Store::new(
        llm_arena::store::Settings { location: engine.location(), text_days: 30 },
        "second".into(),
    );
    let closed = tokio_util::sync::CancellationToken::new();
    let (running, token) = (second.clone(), closed.clone());
    let task = tokio_util::task::TaskTracker::new().spawn(async move { running.run(token).await });
    let mut state = second.state();
    let said = |state: &State| matches!(state, State::Unavailable { reason } if reason.contains("another process uses"));
    soon(state.wait_for(said)).await.expect("told");
    first.ends().await;
    soon(state.wait_for(|state| matches!(state, State::Connected { .. }))).await.expect("its turn");
    closed.cancel();
    task.await.expect("an end");
}

async fn a_lease_has_one_holder_and_an_epoch(engine: &Engine) {
    let a = engine.process().await;
    assert_eq!(a.store.renew_lease("gateway").await.expect("an answer"), Some(1));
    assert_eq!(a.store.renew_lease("gateway").await.expect("an answer"), Some(1), "renewed");
    a.store.release_lease("gateway").await.expect("given back");
    assert_eq!(a.store.renew_lease("gateway").await.expect("an answer"), Some(1), "nobody else had it");
    if let Engine::Sqlite(_) = engine {
        return a.ends().await;
    }
    let b = engine.process().await;
    assert_eq!(b.store.renew_lease("gateway").await.expect("an answer"), None);
    b.store.release_lease("gateway").await.expect("nothing happens");
    assert_eq!(b.store.renew_lease("gateway").await.expect("an answer"), None);
    a.store.release_lease("gateway").await.expect("given back");
    assert_eq!(b.store.renew_lease("gateway").await.expect("an answer"), Some(2));
    let mut state = b.store.state();
    let two = |state: &State| matches!(state, State::Connected { processes: 2, .. });
    soon(state.wait_for(two)).await.expect("two live");
    a.ends().await;
    soon(state.wait_for(|state| matches!(state, State::Connected { processes: 1, .. })))
        .await
        .expect("one lives");
    b.ends().await;
}

#[tokio::test]
async fn leases_of_the_dead_end_though_the_clock_is_set_back() {
    let Some(engine) = Engine::postgres().await else { return };
    let dying = engine.process().await;
    assert_eq!(dying.store.renew_lease("gateway").await.expect("an answer"), Some(1));
    let ran = Asks::default();
    assert_eq!(ran.of(&dying.store).await, AdmitOutcome::Admitted);
    dying.dies().await;
    // as an hour back would leave them
    engine.does("UPDATE leases SET until = until + 3600000").await;
    let next = engine.process().await;
    assert_eq!(next.store.acquire_lease("gateway").await.expect("an answer"), Some(2));
    let adopted = next.store.adopt(&["test"]).await.expect("an answer");
    assert_eq!(adopted.iter().map(|orphan| orphan.id).collect::<Vec<_>>(), [ran.id]);
    next.ends().await;
    engine.ends().await;
}

async fn starts_are_counted(engine: &Engine) {
    let process = engine.process().await;
    for (id, starts) in [("a", 1), ("b", 2), ("b", 2), ("c", 3)] {
        assert_eq!(process.store.record_start("process", id, 600).await.expect("a number"), starts, "{id}");
    }
    assert_eq!(process.store.record_start("gateway", "d", 600).await.expect("a number"), 1);
    process.ends().await;
}
