//! The votes that the board reads.

use llm_arena::{
    board::{Ballot, Board},
    race::{
        RaceId,
        report::{LaneReport, Report, Status},
    },
    store::{AdmitOutcome, Settings, Store, Votes},
};

use super::{
    Request,
    engine::{Engine, Process},
    lane, on_both, race,
};

on_both!(
    counted_ballots_of_closed_votes_are_read,
    votes_are_chosen_by_days_and_server,
    a_voter_counts_twenty_times_a_day,
    a_reader_works_beside_the_service,
);

const A: &str = "a@0123456789abcdef";

/// Stores a race of the models a, b and c, of which c failed; a has the longest answer.
async fn ended_race(process: &Process) -> RaceId {
    let ran = Request { id: race(), ..Request::default() };
    assert_eq!(ran.admit(&process.store).await, AdmitOutcome::Admitted);
    let mut a = lane("a", "because");
    (a.metrics.output_tokens, a.metrics.tokens_per_second) = (30, Some(50.0));
    let failed = LaneReport { status: Status::Failed, ..lane("c", "") };
    let report =
        Report { prompt: "why?".into(), lanes: vec![a, lane("b", "because"), failed], ..Report::default() };
    process.store.mark_ended(ran.id, &report).await.expect("stored");
    ran.id
}

/// Closes the vote of a race in which a was labelled B and b was labelled A.
async fn close_vote(engine: &Engine, id: RaceId, server: &str) {
    let statement = format!(
        "UPDATE races SET kind = 'blind', server = '{server}', closed_at = 1 WHERE id = '{id}';
        UPDATE lanes SET label = 'B', contender = '{A}' WHERE race = '{id}' AND model = 'a';
        UPDATE lanes SET label = 'A' WHERE race = '{id}' AND model = 'b';"
    );
    engine.execute(&statement).await;
}

async fn vote(engine: &Engine, id: RaceId, voter: &str, choice: &str) {
    let statement = format!(
        "INSERT INTO ballots (race, voter, best, second, none_good, at, counted) VALUES ('{id}', '{voter}', {choice})"
    );
    engine.execute(&statement).await;
}

fn ballot(id: RaceId, voter: &str, best: Option<&str>, second: Option<&str>) -> Ballot {
    let lanes = vec![A.into(), "b".into()];
    let ballot = Ballot::new(id.to_string(), voter, lanes, (best, second), best.is_none());
    ballot.expect("a ballot").with_longest(Some(A))
}

async fn votes(store: &Store, days: Option<u32>, server: Option<&str>) -> Votes {
    store.votes(days, server).await.expect("votes")
}

async fn counted_ballots_of_closed_votes_are_read(engine: &Engine) {
    let process = engine.process().await;
    assert_eq!(votes(&process.store, None, None).await, Votes::default());
    let (closed, open) = (ended_race(&process).await, ended_race(&process).await);
    close_vote(engine, closed, "").await;
    vote(engine, closed, "ana", "'B', 'A', 0, 3, 1").await;
    vote(engine, closed, "ben", "NULL, NULL, 1, 2, 1").await;
    vote(engine, closed, "cleo", "'A', NULL, 0, 1, 1").await;
    vote(engine, closed, "not counted", "'A', NULL, 0, 1, 0").await;
    vote(engine, closed, "no such label", "'C', NULL, 0, 1, 1").await;
    vote(engine, open, "ana", "'A', NULL, 0, 1, 1").await;
    let read = votes(&process.store, Some(30), None).await;
    let expected = [
        ballot(closed, "cleo", Some("b"), None),
        ballot(closed, "ben", None, None),
        ballot(closed, "ana", Some(A), Some("b")),
    ];
    assert_eq!(read.ballots, expected);
    assert_eq!(read.ballots[2].is_longest_best(), Some(true));
    assert_eq!(read.asides.len(), 3);
    assert_eq!((read.asides["c"].answers, read.asides["c"].failures), (1, 1));
    assert_eq!((read.asides[A].median_speed, read.asides[A].failures), (Some(50.0), 0));
    assert_eq!(read.asides[A].cost.map(llm_arena::race::cost::Cost::micros), Some(70));
    let board = Board::of(&read.ballots).expect("a board").beside(&read.asides);
    assert_eq!(board.standings.len(), 2, "c gave no answer");
    assert!(board.standings.iter().all(|standing| standing.aside.is_some()));
    process.shut_down().await;
}

async fn votes_are_chosen_by_days_and_server(engine: &Engine) {
    let process = engine.process().await;
    let (here, there) = (ended_race(&process).await, ended_race(&process).await);
    close_vote(engine, here, "discord:1").await;
    close_vote(engine, there, "slack:T1").await;
    for id in [here, there] {
        vote(engine, id, "ana", "'A', NULL, 0, 1, 1").await;
    }
    engine
        .execute(&format!("UPDATE races SET admitted_at = admitted_at - 8 * 86400000 WHERE id = '{there}'"))
        .await;
    let races = async |days, server| {
        let votes = votes(&process.store, days, server).await;
        votes.ballots.iter().map(|ballot| ballot.race().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(races(Some(7), None).await, [here.to_string()]);
    assert_eq!(races(Some(9), None).await.len(), 2);
    assert_eq!(races(None, Some("slack:T1")).await, [there.to_string()]);
    assert_eq!(races(None, Some("slack:T2")).await, [""; 0]);
    process.shut_down().await;
}

async fn a_voter_counts_twenty_times_a_day(engine: &Engine) {
    let process = engine.process().await;
    for i in 0..22 {
        let id = ended_race(&process).await;
        close_vote(engine, id, "").await;
        vote(engine, id, "ana", &format!("'A', NULL, 0, {i}, 1")).await;
        // the next day
        vote(engine, id, "ben", &format!("'A', NULL, 0, {}, 1", if i < 2 { i } else { 86_400_000 + i }))
            .await;
    }
    let read = votes(&process.store, None, None).await;
    let of = |voter: &str| read.ballots.iter().filter(|ballot| ballot.voter() == voter).count();
    assert_eq!((of("ana"), of("ben")), (20, 22));
    process.shut_down().await;
}

async fn a_reader_works_beside_the_service(engine: &Engine) {
    let reader = || Store::new(Settings { location: engine.location(), text_days: 30 }, "reader".into());
    if let Engine::Sqlite(_) = engine {
        assert!(!reader().open_read_only().await.expect("no database yet"));
    }
    let process = engine.process().await;
    let id = ended_race(&process).await;
    close_vote(engine, id, "").await;
    vote(engine, id, "ana", "'A', NULL, 0, 1, 1").await;
    let reading = reader();
    assert!(reading.open_read_only().await.expect("opened"));
    assert_eq!(votes(&reading, None, None).await.ballots.len(), 1);
    assert!(reading.mark_shown(id).await.is_err() || matches!(engine, Engine::Postgres(_)), "it only reads");
    process.shut_down().await;
    assert_eq!(votes(&reading, None, None).await.ballots.len(), 1);
}
