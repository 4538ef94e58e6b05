//! Races whose process died: another process adopts them, each of them once, and only those it can finish.

use llm_arena::{
    race::{RaceId, event::StopCause, report::Status},
    store::{AdmitOutcome, Orphan, Store},
};

use super::{Request, engine::Engine, lane, on_both, slots};
use crate::support::wait::with_timeout;

on_both!(
    an_orphan_is_adopted_once,
    an_unreadable_orphan_does_not_cost_the_healthy_ones,
    many_unreadable_orphans_do_not_starve_a_healthy_one,
    an_orphan_with_an_unreadable_id_is_closed,
    orphans_of_another_platform_are_left_to_it,
    an_orphan_without_a_message_is_closed_by_any_process,
);

/// Admits races in order on a process that then dies; returns their ids.
async fn orphans<const N: usize>(engine: &Engine, races: [Request<'_>; N]) -> [RaceId; N] {
    let dying = engine.process().await;
    for race in &races {
        assert_eq!(race.admit(&dying.store).await, AdmitOutcome::Admitted);
    }
    dying.die().await;
    races.map(|race| race.id)
}

/// The first call of `adopt` after the leases of dead processes expired, by a process that serves one platform.
async fn adopt(engine: &Engine, store: &Store) -> Vec<Orphan> {
    adopt_for(engine, store, &["test"]).await
}

async fn adopt_for(engine: &Engine, store: &Store, platforms: &[&str]) -> Vec<Orphan> {
    engine.execute(&format!("DELETE FROM leases WHERE name <> 'process:{}'", store.process_id())).await;
    store.adopt(platforms).await.expect("adopted orphans")
}

fn ids(orphans: &[Orphan]) -> Vec<RaceId> {
    orphans.iter().map(|orphan| orphan.id).collect()
}

async fn an_orphan_is_adopted_once(engine: &Engine) {
    let dying = engine.process().await;
    let reservations = [slots(3, 7)];
    let ran = Request { reservations: &reservations, ..Request::default() };
    assert_eq!(ran.admit(&dying.store).await, AdmitOutcome::Admitted);
    let second = lane("b", "half an ans");
    assert!(!dying.store.checkpoint(ran.id, &[(1, &second)]).await.expect("a checkpoint"));
    dying.store.set_message_ref(ran.id, "over there", "Ana").await.expect("stored");
    let over = Request::default();
    assert_eq!(over.admit(&dying.store).await, AdmitOutcome::Admitted);
    dying.store.mark_shown(over.id).await.expect("stored");
    dying.die().await;
    let next = engine.process().await;
    // without help, the lease of the dead process expires after some seconds
    let adopted = with_timeout(async {
        loop {
            let adopted = next.store.adopt(&["test"]).await.expect("adopted orphans");
            if !adopted.is_empty() {
                return adopted;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let [orphan] = adopted.as_slice() else { panic!("{adopted:?}") };
    assert_eq!((orphan.id, orphan.message_ref.as_deref()), (ran.id, Some("over there")));
    assert_eq!((orphan.platform.as_str(), orphan.asker.name.as_str()), ("test", "Ana"));
    assert_eq!(orphan.report.lanes[1], second);
    assert_eq!(next.store.used("provider:fake", 0).await.expect("a number"), 0);
    assert_eq!(next.store.adopt(&["test"]).await.expect("adopted orphans"), [], "adopted once");
    next.store.mark_shown(ran.id).await.expect("stored");
    next.shut_down().await;
}

async fn an_unreadable_orphan_does_not_cost_the_healthy_ones(engine: &Engine) {
    let [first, broken, last] = orphans(engine, [(); 3].map(|()| Request::default())).await;
    engine
        .execute(&format!(
            "UPDATE lanes SET report = '{{', answer = 'so far' WHERE race = '{broken}' AND place = 1"
        ))
        .await;
    let next = engine.process().await;
    let adopted = adopt(engine, &next.store).await;
    let mut all = ids(&adopted);
    all.sort();
    assert_eq!(all, [first, broken, last], "on the first call");
    let orphan = adopted.iter().find(|orphan| orphan.id == broken).expect("the unreadable one");
    let [readable, rebuilt] = orphan.report.lanes.as_slice() else { panic!("{orphan:?}") };
    assert_eq!(*readable, lane("a", ""));
    assert_eq!((rebuilt.card.name.as_str(), rebuilt.answer.as_str()), ("b", "so far"));
    assert_eq!(rebuilt.status, Status::Stopped(StopCause::Restart), "its message ends as interrupted");
    assert_eq!(next.store.adopt(&["test"]).await.expect("adopted orphans"), [], "adopted once");
    next.shut_down().await;
}

async fn many_unreadable_orphans_do_not_starve_a_healthy_one(engine: &Engine) {
    let [healthy, ..] = Box::pin(orphans(engine, [(); 61].map(|()| Request::default()))).await;
    engine.execute(&format!("UPDATE lanes SET report = '{{' WHERE race <> '{healthy}'")).await;
    engine
        .execute(&format!("UPDATE races SET admitted_at = admitted_at - 1000 WHERE id = '{healthy}'"))
        .await;
    let next = engine.process().await;
    let mut all = ids(&adopt(engine, &next.store).await);
    assert!(!all.contains(&healthy), "the newest come first");
    all.extend(ids(&adopt(engine, &next.store).await));
    assert!(all.contains(&healthy) && all.len() == 61, "{all:?}");
    next.shut_down().await;
}

async fn an_orphan_with_an_unreadable_id_is_closed(engine: &Engine) {
    let reservations = [slots(3, 7)];
    let odd = Request { reservations: &reservations, ..Request::default() };
    let [odd, healthy] = orphans(engine, [odd, Request::default()]).await;
    engine.execute(&format!("UPDATE races SET id = 'odd' WHERE id = '{odd}'")).await;
    engine.execute(&format!("UPDATE holds SET race = 'odd' WHERE race = '{odd}'")).await;
    let next = engine.process().await;
    assert_eq!(ids(&adopt(engine, &next.store).await), [healthy]);
    assert_eq!(next.store.used("provider:fake", 0).await.expect("a number"), 0, "it gives back what it held");
    next.shut_down().await;
}

async fn orphans_of_another_platform_are_left_to_it(engine: &Engine) {
    let reservations = [slots(3, 7)];
    let elsewhere = Request { platform: "other", reservations: &reservations, ..Request::default() };
    let [elsewhere, here] = orphans(engine, [elsewhere, Request::default()]).await;
    let next = engine.process().await;
    assert_eq!(ids(&adopt(engine, &next.store).await), [here]);
    let used = next.store.used("provider:fake", 0).await.expect("a number");
    assert_eq!(used, 0, "a dead race holds nothing, wherever its message is");
    next.store.mark_shown(here).await.expect("stored");
    next.shut_down().await;
    let other = engine.process().await;
    let adopted = adopt_for(engine, &other.store, &["another", "other"]).await;
    let [orphan] = adopted.as_slice() else { panic!("{adopted:?}") };
    assert_eq!((orphan.id, orphan.platform.as_str()), (elsewhere, "other"));
    assert_eq!(orphan.message_ref.as_deref(), Some("there"));
    other.shut_down().await;
}

async fn an_orphan_without_a_message_is_closed_by_any_process(engine: &Engine) {
    let page = Request { platform: "web", message_ref: None, ..Request::default() };
    let [page] = orphans(engine, [page]).await;
    let next = engine.process().await;
    assert_eq!(ids(&adopt_for(engine, &next.store, &[]).await), [page]);
    next.shut_down().await;
}
