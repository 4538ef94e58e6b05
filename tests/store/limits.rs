//! Admission, and the reservations of limits.

use futures::future::join_all;
use llm_arena::{race::cost::Cost, store::AdmitOutcome};

use super::{Request, engine::Engine, money, on_both, race, slots};

on_both!(
    a_delivery_is_admitted_once,
    concurrent_races_never_exceed_a_limit,
    money_is_settled_once,
    a_user_who_is_too_fast_waits,
    a_clock_that_is_set_back_locks_no_user_out
);

async fn a_delivery_is_admitted_once(engine: &Engine) {
    let process = engine.process().await;
    let admit =
        || async { Request { delivery: Some("d1"), ..Request::default() }.admit(&process.store).await };
    let all = join_all((0..8).map(|_| admit())).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 1, "{all:?}");
    assert!(all.iter().all(|one| matches!(one, AdmitOutcome::Admitted | AdmitOutcome::Duplicate)), "{all:?}");
    assert!(process.store.claim_delivery("test", "d2").await.expect("a result"));
    assert!(!process.store.claim_delivery("test", "d2").await.expect("a result"));
    assert!(process.store.claim_delivery("other", "d2").await.expect("a result"));
    process.store.forget_delivery("test", "d2").await.expect("forgotten");
    assert!(process.store.claim_delivery("test", "d2").await.expect("a result"));
    assert!(!process.store.claim_delivery("other", "d2").await.expect("a result"));
    process.shut_down().await;
}

async fn concurrent_races_never_exceed_a_limit(engine: &Engine) {
    let process = engine.process().await;
    let reservations = [money(30, 100), slots(2, 7)];
    let ids: Vec<_> = (0..8).map(|_| race()).collect();
    let requests = ids.iter().map(|id| {
        let request = Request { id: *id, reservations: &reservations, ..Request::default() };
        let store = &process.store;
        async move { request.admit(store).await }
    });
    let all = join_all(requests).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 3, "{all:?}");
    assert!(
        all.iter().all(|one| matches!(one, AdmitOutcome::Admitted | AdmitOutcome::LimitReached(0))),
        "{all:?}"
    );
    assert_eq!(process.store.used("day", 30_000).await.expect("a number"), 90);
    assert_eq!(process.store.used("provider:fake", 0).await.expect("a number"), 6);
    let small = [money(5, 100), slots(2, 7)];
    let refused = Request { reservations: &small, ..Request::default() }.admit(&process.store).await;
    assert_eq!(refused, AdmitOutcome::LimitReached(1), "the second limit");
    assert_eq!(process.store.used("day", 30_000).await.expect("a number"), 90, "a refusal reserves nothing");
    process.shut_down().await;
}

async fn money_is_settled_once(engine: &Engine) {
    let process = engine.process().await;
    let (store, reservations) = (&process.store, [money(60, 100), slots(2, 7)]);
    let ran = Request { reservations: &reservations, ..Request::default() };
    assert_eq!(ran.admit(store).await, AdmitOutcome::Admitted);
    assert!(store.settle(ran.id, Cost::from_micros(25)).await.expect("a result"));
    assert!(!store.settle(ran.id, Cost::from_micros(0)).await.expect("a result"), "a second time");
    assert_eq!(store.used("day", 30_000).await.expect("a number"), 25);
    assert_eq!(store.used("provider:fake", 0).await.expect("a number"), 0);
    let never_began = Request { reservations: &reservations, ..Request::default() };
    assert_eq!(never_began.admit(store).await, AdmitOutcome::Admitted);
    store.withdraw(never_began.id).await.expect("withdrawn");
    assert_eq!(store.used("day", 30_000).await.expect("a number"), 25);
    assert_eq!(store.asker(never_began.id).await.expect("a result"), None);
    let dear = Request { reservations: &reservations, ..Request::default() };
    assert_eq!(dear.admit(store).await, AdmitOutcome::Admitted);
    assert!(store.settle(dear.id, Cost::from_micros(70)).await.expect("a result"), "more than was reserved");
    assert_eq!(
        store.used("day", 30_000).await.expect("a number"),
        85,
        "the reservation is the most that counts"
    );
    process.shut_down().await;
}

async fn a_user_who_is_too_fast_waits(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let admit =
        |user| async move { Request { user, races_per_minute: 3, ..Request::default() }.admit(store).await };
    let all = join_all((0..6).map(|_| admit("ana"))).await;
    assert_eq!(all.iter().filter(|one| **one == AdmitOutcome::Admitted).count(), 3, "{all:?}");
    for one in all.iter().filter(|one| **one != AdmitOutcome::Admitted) {
        assert!(matches!(one, AdmitOutcome::TooFast { wait_ms: 30_000..=60_000 }), "{one:?}");
    }
    assert_eq!(admit("ben").await, AdmitOutcome::Admitted);
    process.shut_down().await;
}

async fn a_clock_that_is_set_back_locks_no_user_out(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let admit = || async { Request { races_per_minute: 2, ..Request::default() }.admit(store).await };
    assert_eq!((admit().await, admit().await), (AdmitOutcome::Admitted, AdmitOutcome::Admitted));
    assert!(matches!(admit().await, AdmitOutcome::TooFast { .. }));
    // as they look after the clock was set back by an hour
    engine.execute("UPDATE races SET admitted_at = admitted_at + 3600000").await;
    assert_eq!((admit().await, admit().await), (AdmitOutcome::Admitted, AdmitOutcome::Admitted));
    assert!(matches!(admit().await, AdmitOutcome::TooFast { wait_ms: 1..=60_000 }));
    process.shut_down().await;
}
