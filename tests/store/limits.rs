//! What is let in, and what it reservations.

use futures::future::join_all;
use llm_arena::{race::cost::Cost, store::AdmitOutcome};

use super::{Asks, engine::Engine, money, on_both, race, slots};

on_both!(
    a_delivery_runs_once,
    limits_hold_over_processes,
    money_is_settled_once,
    one_person_waits_for_a_minute,
    a_clock_that_is_set_back_locks_nobody_out
);

async fn a_delivery_runs_once(engine: &Engine) {
    let process = engine.process().await;
    let asks = || async { Asks { delivery: Some("d1"), ..Asks::default() }.of(&process.store).await };
    let all = join_all((0..8).map(|_| asks())).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 1, "{all:?}");
    assert!(all.iter().all(|one| matches!(one, AdmitOutcome::Admitted | AdmitOutcome::Duplicate)), "{all:?}");
    assert!(process.store.claim_delivery("test", "d2").await.expect("an answer"));
    assert!(!process.store.claim_delivery("test", "d2").await.expect("an answer"));
    assert!(process.store.claim_delivery("other", "d2").await.expect("an answer"));
    process.store.forget_delivery("test", "d2").await.expect("it is done");
    assert!(process.store.claim_delivery("test", "d2").await.expect("an answer"));
    assert!(!process.store.claim_delivery("other", "d2").await.expect("an answer"));
    process.ends().await;
}

async fn limits_hold_over_processes(engine: &Engine) {
    let process = engine.process().await;
    let reservations = [money(30, 100), slots(2, 7)];
    let ids: Vec<_> = (0..8).map(|_| race()).collect();
    let asks = ids.iter().map(|id| {
        let asks = Asks { id: *id, reservations: &reservations, ..Asks::default() };
        let store = &process.store;
        async move { asks.of(store).await }
    });
    let all = join_all(asks).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 3, "{all:?}");
    assert!(
        all.iter().all(|one| matches!(one, AdmitOutcome::Admitted | AdmitOutcome::LimitReached(0))),
        "{all:?}"
    );
    assert_eq!(process.store.used("day", 30_000).await.expect("a number"), 90);
    assert_eq!(process.store.used("provider:fake", 0).await.expect("a number"), 6);
    let small = [money(5, 100), slots(2, 7)];
    let refused = Asks { reservations: &small, ..Asks::default() }.of(&process.store).await;
    assert_eq!(refused, AdmitOutcome::LimitReached(1), "the second limit");
    assert_eq!(process.store.used("day", 30_000).await.expect("a number"), 90, "a refusal takes nothing");
    process.ends().await;
}

async fn money_is_settled_once(engine: &Engine) {
    let process = engine.process().await;
    let (store, reservations) = (&process.store, [money(60, 100), slots(2, 7)]);
    let ran = Asks { reservations: &reservations, ..Asks::default() };
    assert_eq!(ran.of(store).await, AdmitOutcome::Admitted);
    assert!(store.settle(ran.id, Cost::from_micros(25)).await.expect("an answer"));
    assert!(!store.settle(ran.id, Cost::from_micros(0)).await.expect("an answer"), "a second time");
    assert_eq!(store.used("day", 30_000).await.expect("a number"), 25);
    assert_eq!(store.used("provider:fake", 0).await.expect("a number"), 0);
    let never_began = Asks { reservations: &reservations, ..Asks::default() };
    assert_eq!(never_began.of(store).await, AdmitOutcome::Admitted);
    store.withdraw(never_began.id).await.expect("withdrawn");
    assert_eq!(store.used("day", 30_000).await.expect("a number"), 25);
    assert_eq!(store.asker(never_began.id).await.expect("an answer"), None);
    let dear = Asks { reservations: &reservations, ..Asks::default() };
    assert_eq!(dear.of(store).await, AdmitOutcome::Admitted);
    assert!(store.settle(dear.id, Cost::from_micros(70)).await.expect("an answer"), "more than was held");
    assert_eq!(store.used("day", 30_000).await.expect("a number"), 85, "what was held bounds it");
    process.ends().await;
}

async fn one_person_waits_for_a_minute(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let asks = |who| async move { Asks { who, a_minute: 3, ..Asks::default() }.of(store).await };
    let all = join_all((0..6).map(|_| asks("ana"))).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 3, "{all:?}");
    for one in all.iter().filter(|one| **one != AdmitOutcome::Admitted) {
        assert!(matches!(one, AdmitOutcome::TooFast { wait_ms: 30_000..=60_000 }), "{one:?}");
    }
    assert_eq!(asks("ben").await, AdmitOutcome::Admitted);
    process.ends().await;
}

async fn a_clock_that_is_set_back_locks_nobody_out(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let asks = || async { Asks { a_minute: 2, ..Asks::default() }.of(store).await };
    assert_eq!((asks().await, asks().await), (AdmitOutcome::Admitted, AdmitOutcome::Admitted));
    assert!(matches!(asks().await, AdmitOutcome::TooFast { .. }));
    // as an hour back would leave them
    engine.does("UPDATE races SET admitted_at = admitted_at + 3600000").await;
    assert_eq!((asks().await, asks().await), (AdmitOutcome::Admitted, AdmitOutcome::Admitted));
    assert!(matches!(asks().await, AdmitOutcome::TooFast { wait_ms: 1..=60_000 }));
    process.ends().await;
}
