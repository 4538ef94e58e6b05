//! Incidents and their messages.

use llm_arena::{
    history::{
        Cause, Incident, IncidentAction, IncidentEvent, IncidentId, IncidentKind, IncidentState, Member,
        Suspicion,
    },
    store::Store,
};
use uuid::Uuid;

use super::{asker, engine::Engine, on_both};

on_both!(
    an_incident_is_read_as_it_was_stored,
    of_two_changes_of_one_version_the_first_succeeds,
    one_incident_of_a_cause_is_open,
    a_message_is_posted_by_one_process_that_lives,
    a_message_remembers_its_text_and_its_thread,
    a_forgotten_person_leaves_open_and_closed_incidents,
);

fn incident(contender: &str) -> Incident {
    let member = Member {
        contender: contender.into(),
        model: "a".into(),
        provider: "x".into(),
        is_canary: false,
        since_ms: 1_000,
        back_ms: None,
        before: 150.25,
        after: 100.125,
        count_before: 37,
        count_after: 12,
        p: 0.000_123,
        answers: None,
    };
    let cause = Cause::Model(contender.into());
    let suspicion = Suspicion { kind: IncidentKind::Speed, cause, members: vec![member], day: 7 };
    Incident::open(IncidentId::new(Uuid::now_v7()), suspicion, 5_000)
}

async fn opened(store: &Store, contender: &str) -> Incident {
    let incident = incident(contender);
    assert!(store.open_incident(&incident).await.expect("stored"));
    incident
}

async fn an_incident_is_read_as_it_was_stored(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let mut incident = opened(store, "a#1").await;
    let stored = store.incident(incident.id).await.expect("read").expect("an incident");
    assert_eq!((&stored.incident, stored.version), (&incident, 1));
    incident.apply(IncidentEvent::NoRoom, 6_000);
    incident.apply(IncidentEvent::Back(incident.details.members.clone(), 8), 7_000);
    assert!(store.update_incident(&incident, 1).await.expect("stored"));
    let all = store.incidents(0).await.expect("read");
    assert_eq!((all.len(), &all[0].incident, all[0].version), (1, &incident, 2));
    let closed = Incident { state: IncidentState::Recovered, closed_at: Some(7_000), ..incident };
    assert!(store.update_incident(&closed, 2).await.expect("stored"));
    assert_eq!(store.incidents(7_001).await.expect("read"), []);
    assert_eq!(store.incidents(7_000).await.expect("read")[0].incident, closed);
    assert_eq!(store.incident(IncidentId::new(Uuid::now_v7())).await.expect("read"), None);
    process.shut_down().await;
}

async fn of_two_changes_of_one_version_the_first_succeeds(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let incident = opened(store, "a#1").await;
    let (first, second) =
        tokio::join!(store.update_incident(&incident, 1), store.update_incident(&incident, 1));
    let outcomes = [first.expect("an answer"), second.expect("an answer")];
    assert_eq!(outcomes.iter().filter(|is_stored| **is_stored).count(), 1, "{outcomes:?}");
    process.shut_down().await;
}

async fn one_incident_of_a_cause_is_open(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let first = opened(store, "a#1").await;
    assert!(!store.open_incident(&incident("a#1")).await.expect("an answer"));
    opened(store, "a#2").await;
    let closed = Incident { state: IncidentState::Cleared, closed_at: Some(9_000), ..first };
    assert!(store.update_incident(&closed, 1).await.expect("stored"));
    opened(store, "a#1").await;
    process.shut_down().await;
}

async fn a_message_is_posted_by_one_process_that_lives(engine: &Engine) {
    let process = engine.process().await;
    let id = opened(&process.store, "a#1").await.id;
    assert!(process.store.claim_incident_message(id, "slack").await.expect("an answer"));
    assert!(process.store.claim_incident_message(id, "slack").await.expect("an answer"), "its own");
    if let Engine::Postgres(_) = engine {
        let other = engine.process().await;
        assert!(!other.store.claim_incident_message(id, "slack").await.expect("an answer"));
        assert!(other.store.claim_incident_message(id, "discord").await.expect("an answer"));
        other.shut_down().await;
    }
    process.shut_down().await;
    let next = engine.process().await;
    assert!(next.store.claim_incident_message(id, "slack").await.expect("an answer"), "the owner is gone");
    next.store.set_incident_message(id, "slack", "C1/2", 5).await.expect("stored");
    assert!(!next.store.claim_incident_message(id, "slack").await.expect("an answer"), "it was posted");
    next.shut_down().await;
}

async fn a_message_remembers_its_text_and_its_thread(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let id = opened(store, "a#1").await.id;
    assert_eq!(store.incident_messages(id).await.expect("read"), []);
    store.claim_incident_message(id, "slack").await.expect("an answer");
    assert_eq!(store.incident_messages(id).await.expect("read")[0].message_ref, None);
    store.set_incident_message(id, "slack", "C1/2", i64::MIN).await.expect("stored");
    store.set_incident_message(id, "slack", "C1/3", 1).await.expect("an answer");
    store.set_incident_shown(id, "slack", 7).await.expect("stored");
    assert!(store.claim_incident_reply(id, "slack", 2).await.expect("an answer"));
    assert!(!store.claim_incident_reply(id, "slack", 2).await.expect("an answer"));
    let message = store.incident_messages(id).await.expect("read").remove(0);
    assert_eq!((message.message_ref.as_deref(), message.shown, message.replies), (Some("C1/2"), 7, 2));
    assert!(message.is_in("C1") && !message.is_gone);
    store.set_incident_gone(id, "slack").await.expect("stored");
    assert!(store.incident_messages(id).await.expect("read")[0].is_gone);
    process.shut_down().await;
}

async fn a_forgotten_person_leaves_open_and_closed_incidents(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let mut seen = vec![];
    // the id of the second is the beginning of the third's
    for (contender, person) in [("a", "ana"), ("b", "an"), ("c", "anastasia")] {
        let mut incident = opened(store, contender).await;
        incident.apply(IncidentEvent::Pressed(IncidentAction::Seen, asker(person)), 6_000);
        incident.apply(IncidentEvent::Pressed(IncidentAction::NewNormal, asker(person)), 7_000);
        assert!(store.update_incident(&incident, 1).await.expect("stored"));
        seen.push(incident.id);
    }
    let mut open = opened(store, "d").await;
    open.apply(IncidentEvent::Pressed(IncidentAction::Seen, asker("ana")), 6_000);
    assert!(store.update_incident(&open, 1).await.expect("stored"));
    store.forget("test:ana").await.expect("forgotten");
    let people = async |id| {
        let details = store.incident(id).await.expect("read").expect("an incident").incident.details;
        (details.seen_by, details.rebased_by)
    };
    let nameless = Some(String::new());
    assert_eq!(people(seen[0]).await, (nameless.clone(), nameless.clone()));
    assert_eq!(people(seen[1]).await, (Some("an".into()), Some("an".into())));
    assert_eq!(people(seen[2]).await, (Some("anastasia".into()), Some("anastasia".into())));
    assert_eq!(people(open.id).await, (nameless, None));
    let left = "SELECT CAST(COUNT(*) AS TEXT) FROM incidents WHERE details LIKE '%ana\"%'";
    assert_eq!(engine.query_text(left).await.as_deref(), Some("0"), "neither name nor id");
    process.shut_down().await;
}
