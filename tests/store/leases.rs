//! Who leads, who lives, and whose races are taken over.

use llm_arena::store::{Admitted, State};

use super::{Asks, engine::Engine, lane, on_both, slots};
use crate::support::wait::with_timeout;

on_both!(a_lease_has_one_holder_and_an_epoch, races_of_the_dead_are_taken_over_once, starts_are_counted);

#[tokio::test]
async fn a_file_is_for_one_process() {
    let engine = Engine::sqlite();
    let first = engine.process().await;
    let second = llm_arena::store::Store::new(
        llm_arena::store::Settings { place: engine.place(), text_days: 30 },
        "second".into(),
    );
    let closed = tokio_util::sync::CancellationToken::new();
    let (running, token) = (second.clone(), closed.clone());
    let task = tokio_util::task::TaskTracker::new().spawn(async move { running.run(token).await });
    let mut state = second.state();
    let said = |state: &State| matches!(state, State::Away { why } if why.contains("another process uses"));
    with_timeout(state.wait_for(said)).await.expect("told");
    first.ends().await;
    with_timeout(state.wait_for(|state| matches!(state, State::Here { .. }))).await.expect("its turn");
    closed.cancel();
    task.await.expect("an end");
}

async fn a_lease_has_one_holder_and_an_epoch(engine: &Engine) {
    let a = engine.process().await;
    assert_eq!(a.store.hold("gateway").await.expect("an answer"), Some(1));
    assert_eq!(a.store.hold("gateway").await.expect("an answer"), Some(1), "renewed");
    a.store.release("gateway").await.expect("given back");
    assert_eq!(a.store.hold("gateway").await.expect("an answer"), Some(1), "nobody else had it");
    if let Engine::Sqlite(_) = engine {
        return a.ends().await;
    }
    let b = engine.process().await;
    assert_eq!(b.store.hold("gateway").await.expect("an answer"), None);
    b.store.release("gateway").await.expect("nothing happens");
    assert_eq!(b.store.hold("gateway").await.expect("an answer"), None);
    a.store.release("gateway").await.expect("given back");
    assert_eq!(b.store.hold("gateway").await.expect("an answer"), Some(2));
    let mut state = b.store.state();
    let two = |state: &State| matches!(state, State::Here { processes: 2, .. });
    with_timeout(state.wait_for(two)).await.expect("two live");
    a.ends().await;
    with_timeout(state.wait_for(|state| matches!(state, State::Here { processes: 1, .. })))
        .await
        .expect("one lives");
    b.ends().await;
}

async fn races_of_the_dead_are_taken_over_once(engine: &Engine) {
    let dying = engine.process().await;
    let holds = [slots(3, 7)];
    let ran = Asks { holds: &holds, ..Asks::default() };
    assert_eq!(ran.of(&dying.store).await, Admitted::In);
    let second = lane("b", "half an ans");
    assert!(!dying.store.checkpoint(ran.id, &[(1, &second)]).await.expect("an answer"));
    dying.store.place(ran.id, "over there", "Ana").await.expect("kept");
    let over = Asks::default();
    assert_eq!(over.of(&dying.store).await, Admitted::In);
    dying.store.shown(over.id).await.expect("kept");
    dying.dies().await;
    let next = engine.process().await;
    let adopted = with_timeout(async {
        loop {
            let adopted = next.store.adopt().await.expect("an answer");
            if !adopted.is_empty() {
                return adopted;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let [orphan] = adopted.as_slice() else { panic!("{adopted:?}") };
    assert_eq!((orphan.id, orphan.reference.as_deref()), (ran.id, Some("over there")));
    assert_eq!((orphan.platform.as_str(), orphan.asker.name.as_str()), ("test", "Ana"));
    assert_eq!(orphan.report.lanes[1], second);
    assert_eq!(next.store.used("provider:fake", 0).await.expect("a number"), 0);
    assert_eq!(next.store.adopt().await.expect("an answer"), [], "taken over once");
    next.store.shown(ran.id).await.expect("kept");
    next.ends().await;
}

#[tokio::test]
async fn leases_of_the_dead_end_though_the_clock_is_set_back() {
    let Some(engine) = Engine::postgres().await else { return };
    let dying = engine.process().await;
    assert_eq!(dying.store.hold("gateway").await.expect("an answer"), Some(1));
    let ran = Asks::default();
    assert_eq!(ran.of(&dying.store).await, Admitted::In);
    dying.dies().await;
    // as an hour back would leave them
    engine.does("UPDATE leases SET until = until + 3600000").await;
    let next = engine.process().await;
    assert_eq!(next.store.take("gateway").await.expect("an answer"), Some(2));
    let adopted = next.store.adopt().await.expect("an answer");
    assert_eq!(adopted.iter().map(|orphan| orphan.id).collect::<Vec<_>>(), [ran.id]);
    next.ends().await;
    engine.ends().await;
}

async fn starts_are_counted(engine: &Engine) {
    let process = engine.process().await;
    for (id, starts) in [("a", 1), ("b", 2), ("b", 2), ("c", 3)] {
        assert_eq!(process.store.start("process", id, 600).await.expect("a number"), starts, "{id}");
    }
    assert_eq!(process.store.start("gateway", "d", 600).await.expect("a number"), 1);
    process.ends().await;
}
