//! Leases and starts.

use llm_arena::store::{AdmitOutcome, State};

use super::{Request, engine::Engine, on_both};
use crate::support::wait::with_timeout;

on_both!(a_lease_has_one_holder_and_an_epoch, starts_are_counted);

#[tokio::test]
async fn a_file_belongs_to_one_process() {
    let engine = Engine::sqlite();
    let first = engine.process().await;
    let second = engine.start();
    second.unavailable("another process uses").await;
    first.shut_down().await;
    second.connected().await;
    second.shut_down().await;
}

async fn a_lease_has_one_holder_and_an_epoch(engine: &Engine) {
    let a = engine.process().await;
    assert_eq!(a.store.renew_lease("gateway").await.expect("a result"), Some(1));
    assert_eq!(a.store.renew_lease("gateway").await.expect("a result"), Some(1), "renewed");
    a.store.release_lease("gateway").await.expect("released");
    assert_eq!(a.store.renew_lease("gateway").await.expect("a result"), Some(1), "no other process held it");
    if let Engine::Sqlite(_) = engine {
        return a.shut_down().await;
    }
    let b = engine.process().await;
    assert_eq!(b.store.renew_lease("gateway").await.expect("a result"), None);
    b.store.release_lease("gateway").await.expect("no effect");
    assert_eq!(b.store.renew_lease("gateway").await.expect("a result"), None);
    a.store.release_lease("gateway").await.expect("released");
    assert_eq!(b.store.renew_lease("gateway").await.expect("a result"), Some(2));
    let mut state = b.store.state();
    let two = |state: &State| matches!(state, State::Connected { processes: 2, .. });
    with_timeout(state.wait_for(two)).await.expect("two live");
    a.shut_down().await;
    with_timeout(state.wait_for(|state| matches!(state, State::Connected { processes: 1, .. })))
        .await
        .expect("one lives");
    b.shut_down().await;
}

#[tokio::test]
async fn leases_of_dead_processes_expire_even_if_the_clock_is_set_back() {
    let Some(engine) = Engine::postgres().await else { return };
    let dying = engine.process().await;
    assert_eq!(dying.store.renew_lease("gateway").await.expect("a result"), Some(1));
    let ran = Request::default();
    assert_eq!(ran.admit(&dying.store).await, AdmitOutcome::Admitted);
    dying.die().await;
    // as they look after the clock was set back by an hour
    engine.execute("UPDATE leases SET until = until + 3600000").await;
    let next = engine.process().await;
    assert_eq!(next.store.acquire_lease("gateway").await.expect("a result"), Some(2));
    let adopted = next.store.adopt(&["test"]).await.expect("a result");
    assert_eq!(adopted.iter().map(|orphan| orphan.id).collect::<Vec<_>>(), [ran.id]);
    next.shut_down().await;
    engine.drop_database().await;
}

async fn starts_are_counted(engine: &Engine) {
    let process = engine.process().await;
    for (id, starts) in [("a", 1), ("b", 2), ("b", 2), ("c", 3)] {
        assert_eq!(process.store.record_start("process", id, 600).await.expect("a number"), starts, "{id}");
    }
    assert_eq!(process.store.record_start("gateway", "d", 600).await.expect("a number"), 1);
    process.shut_down().await;
}
