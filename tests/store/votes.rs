//! Votes: opened once, one ballot per voter, closed once, by whichever process does it.

use std::sync::Arc;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use llm_arena::{
    race::{
        RaceId,
        report::Report,
        vote::{Choice, Label, RaceKind, Tally, Uncounted, Vote},
    },
    store::{AdmitOutcome, CastOutcome, Store},
};

use super::{Request, engine::Engine, lane, on_both};

on_both!(
    a_vote_is_read_as_it_was_opened,
    two_hundred_voters_on_two_replicas_have_one_ballot_each,
    a_vote_closes_once,
    a_vote_that_is_due_takes_no_ballot,
    the_same_question_counts_once,
    the_ballots_of_a_person_are_forgotten,
    an_orphan_keeps_its_vote,
    a_race_from_before_votes_has_none,
);

fn label(letter: &str) -> Label {
    Label::parse(letter).expect("a label")
}

fn vote(minutes: i64) -> Vote {
    let closes_at = Timestamp::now() + SignedDuration::from_mins(minutes);
    let closes_at = Timestamp::from_millisecond(closes_at.as_millisecond()).expect("a time");
    Vote {
        order: vec![1, 0],
        left_out: 0,
        closes_at,
        is_open: true,
        tally: Tally::default(),
        uncounted: None,
    }
}

fn blind<'a>() -> Request<'a> {
    Request { kind: RaceKind::Blind, ..Request::default() }
}

/// Admits a blind race and opens `vote` on it.
async fn open(store: &Store, race: Request<'_>, vote: Vote) -> RaceId {
    assert_eq!(race.admit(store).await, AdmitOutcome::Admitted);
    let lanes = vec![lane("a", "because"), lane("b", "why not")];
    let report = Report { prompt: race.prompt.into(), lanes, vote: Some(vote), ..Report::default() };
    store.mark_ended(race.id, &report).await.expect("stored");
    race.id
}

async fn cast(store: &Store, id: RaceId, person: &str, choice: Choice) -> CastOutcome {
    store.cast(id, person, choice).await.expect("an outcome")
}

async fn a_vote_is_read_as_it_was_opened(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let opened = Vote { uncounted: Some(Uncounted::Leaked), ..vote(10) };
    let id = open(store, blind(), opened.clone()).await;
    assert_eq!(store.vote(id).await.expect("a result"), Some(opened.clone()));
    let best = Choice::Best(label("B"), Some(label("A")));
    assert_eq!(cast(store, id, "test:ana", best).await, CastOutcome::Saved);
    assert_eq!(cast(store, id, "test:ben", Choice::NoneGood).await, CastOutcome::Saved);
    let mut tally = Tally::default();
    tally.add(best);
    tally.add(Choice::NoneGood);
    let record = store.lookup(id).await.expect("a result").expect("a race");
    assert_eq!(record.report.vote, Some(Vote { tally, ..opened }));
    let stored = engine.query_text("SELECT voter FROM ballots ORDER BY at LIMIT 1").await.expect("a voter");
    assert!(stored.len() == 64 && !stored.contains("ana"), "a pseudonym: {stored}");
    process.shut_down().await;
}

async fn two_hundred_voters_on_two_replicas_have_one_ballot_each(engine: &Engine) {
    let one = engine.process().await;
    // a file has one process at a time; both stores are then the same one
    let two = if one.store.is_exclusive() { None } else { Some(engine.process().await) };
    let stores = [one.store.clone(), two.as_ref().map_or(one.store.clone(), |two| two.store.clone())];
    let id = open(&stores[0], blind(), vote(10)).await;
    let stores = Arc::new(stores);
    let voters = (0..200).map(|i| {
        let stores = Arc::clone(&stores);
        async move {
            let person = format!("test:{i}");
            let (first, last) = (Choice::Best(label("A"), None), Choice::Best(label("B"), Some(label("A"))));
            assert_eq!(cast(&stores[i % 2], id, &person, first).await, CastOutcome::Saved);
            // delivered twice, at either replica
            let twice = [cast(&stores[0], id, &person, last), cast(&stores[1], id, &person, last)];
            assert_eq!(join_all(twice).await, [CastOutcome::Saved; 2]);
        }
    });
    join_all(voters).await;
    assert!(stores[1].close_vote(id).await.expect("closed"));
    assert_eq!(cast(&stores[0], id, "test:late", Choice::NoneGood).await, CastOutcome::Closed);
    let vote = stores[0].vote(id).await.expect("a result").expect("a vote");
    assert_eq!((vote.tally.voters, vote.tally.best(label("B"))), (200, 200));
    assert_eq!((vote.tally.best(label("A")), vote.tally.second(label("A"))), (0, 200));
    one.shut_down().await;
    if let Some(two) = two {
        two.shut_down().await;
    }
}

async fn a_vote_closes_once(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let id = open(store, blind(), vote(10)).await;
    let progress = store.vote_progress(id).await.expect("a result").expect("a vote");
    assert!(progress.is_open && !progress.is_due && progress.voters == 0);
    let closed = join_all((0..8).map(|_| store.close_vote(id))).await;
    assert_eq!(closed.into_iter().filter(|closed| matches!(closed, Ok(true))).count(), 1);
    assert!(!store.vote_progress(id).await.expect("a result").expect("a vote").is_open);
    // a late write of the end must not open it again
    let lanes = vec![lane("a", "because"), lane("b", "why not")];
    let report = Report { prompt: "why?".into(), lanes, vote: Some(vote(20)), ..Report::default() };
    store.mark_ended(id, &report).await.expect("stored");
    assert!(!store.vote(id).await.expect("a result").expect("a vote").is_open);
    process.shut_down().await;
}

async fn a_vote_that_is_due_takes_no_ballot(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let id = open(store, blind(), vote(-1)).await;
    assert!(store.vote_progress(id).await.expect("a result").expect("a vote").is_due);
    assert_eq!(cast(store, id, "test:ana", Choice::NoneGood).await, CastOutcome::Closed);
    let unopened = blind();
    assert_eq!(unopened.admit(store).await, AdmitOutcome::Admitted);
    assert_eq!(cast(store, unopened.id, "test:ana", Choice::NoneGood).await, CastOutcome::Closed);
    process.shut_down().await;
}

async fn the_same_question_counts_once(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let first = open(store, blind(), vote(10)).await;
    assert!(!store.is_repeated(first).await.expect("a result"), "it is the first");
    let again = open(store, blind(), vote(10)).await;
    assert!(store.is_repeated(again).await.expect("a result"));
    let other_user = open(store, Request { user: "ben", ..blind() }, vote(10)).await;
    assert!(!store.is_repeated(other_user).await.expect("a result"));
    let other_prompt = open(store, Request { prompt: "how?", ..blind() }, vote(10)).await;
    assert!(!store.is_repeated(other_prompt).await.expect("a result"));
    engine
        .execute(&format!("UPDATE races SET admitted_at = admitted_at - 601000 WHERE id = '{first}'"))
        .await;
    assert!(!store.is_repeated(again).await.expect("a result"), "ten minutes ago");
    process.shut_down().await;
}

async fn the_ballots_of_a_person_are_forgotten(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let id = open(store, blind(), vote(10)).await;
    for person in ["test:ana", "test:ben"] {
        cast(store, id, person, Choice::Best(label("A"), None)).await;
    }
    store.forget("test:ben").await.expect("forgotten");
    let tally = store.vote(id).await.expect("a result").expect("a vote").tally;
    assert_eq!(tally.voters, 1);
    process.shut_down().await;
}

async fn an_orphan_keeps_its_vote(engine: &Engine) {
    let dying = engine.process().await;
    let opened = vote(10);
    let id = open(&dying.store, blind(), opened.clone()).await;
    cast(&dying.store, id, "test:ana", Choice::Best(label("A"), None)).await;
    dying.die().await;
    let next = engine.process().await;
    engine.execute(&format!("DELETE FROM leases WHERE name <> 'process:{}'", next.store.process_id())).await;
    let adopted = next.store.adopt(&["test"]).await.expect("adopted orphans");
    let vote = adopted[0].report.vote.clone().expect("a vote");
    assert_eq!((vote.is_open, vote.tally.voters, vote.order), (true, 1, opened.order));
    // the key of the pseudonyms is the installation's, not the process's
    cast(&next.store, id, "test:ana", Choice::NoneGood).await;
    let tally = next.store.vote(id).await.expect("a result").expect("a vote").tally;
    assert_eq!((tally.voters, tally.none_good), (1, 1));
    next.shut_down().await;
}

async fn a_race_from_before_votes_has_none(engine: &Engine) {
    let process = engine.process().await;
    let open_race = Request::default();
    assert_eq!(open_race.admit(&process.store).await, AdmitOutcome::Admitted);
    assert_eq!(process.store.vote(open_race.id).await.expect("a result"), None);
    assert!(!process.store.close_vote(open_race.id).await.expect("a result"));
    process.shut_down().await;
}
