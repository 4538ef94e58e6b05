//! Connections that break, stall, hang or are never established.

use super::*;
use crate::{
    stories::race,
    support::provider::{nobody, silence},
};

#[tokio::test]
async fn a_cut() {
    let outcome = mid_answer(Answer::cuts).await;
    assert_eq!(outcome, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn a_reset() {
    let outcome = mid_answer(Answer::resets).await;
    assert_eq!(outcome, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn a_cut_within_an_event() {
    let outcome = mid_answer(|half| half.raw(b"data: {\"choices\":[{\"delta\":{\"cont").cuts()).await;
    assert_eq!(outcome, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn a_cut_of_a_body_that_ends_with_its_connection() {
    let outcome = mid_answer(|half| half.close_delimited().cuts()).await;
    assert_eq!(outcome, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn a_stall() {
    let deadlines = Deadlines { idle: SHORT_TIMEOUT, ..Deadlines::default() };
    let outcome = mid_answer_within(deadlines, Answer::hangs).await;
    assert_eq!(outcome, "failed: timed out: no progress for 0.2 s | Half an ");
}

#[tokio::test]
async fn keep_alive_comments_do_not_count_as_progress() {
    let deadlines = Deadlines { idle: SHORT_TIMEOUT, ..Deadlines::default() };
    let outcome = mid_answer_within(deadlines, Answer::comments_for_ever).await;
    assert_eq!(outcome, "failed: timed out: no progress for 0.2 s | Half an ");
}

#[tokio::test]
async fn keep_alive_comments_do_not_count_as_a_first_token() {
    let deadlines = Deadlines { first_token: SHORT_TIMEOUT, ..Deadlines::default() };
    let ended = between_two(answer("odd").role().comments_for_ever(), deadlines, None).await;
    assert_eq!(ended.outcome(), "failed: timed out: no first token within 0.2 s | ");
}

#[tokio::test]
async fn a_hang_before_the_headers() {
    let deadlines = Deadlines { first_token: SHORT_TIMEOUT, ..Deadlines::default() };
    let ended = between_two(silence("odd").hangs(), deadlines, None).await;
    assert_eq!(ended.outcome(), "failed: timed out: no first token within 0.2 s | ");
}

#[tokio::test]
async fn an_endless_answer() {
    let deadlines = Deadlines { total: Duration::from_secs(2), ..Deadlines::default() };
    let outcome = mid_answer_within(deadlines, Answer::hangs).await;
    assert_eq!(outcome, "failed: timed out: not done within 2 s | Half an ");
}

#[tokio::test]
async fn a_cut_before_the_headers() {
    let fake = FakeProvider::open_with(
        Rules { cold: true, ..Rules::default() },
        [silence("odd").cuts(), silence("odd").cuts()],
    )
    .await;
    let record = race(&arena([model(&provider(&fake.base_url(), None), "odd", Deadlines::default())])).await;
    assert_eq!(record.report.lanes[0].error.as_deref(), Some("the connection to the provider broke"));
    assert_eq!(fake.truth().exchanges.len(), 2, "retried exactly once");
}

#[tokio::test]
async fn a_refused_connection() {
    let go_on = Gate::default();
    let fake = FakeProvider::open([healthy("left", &go_on), healthy("right", &go_on)]).await;
    let (here, there) = (provider(&fake.base_url(), None), provider(&nobody().await, None));
    let patient = Deadlines::default();
    let lanes =
        [model(&here, "left", patient), model(&there, "odd", patient), model(&here, "right", patient)];
    let (record, view) = race_with_fault(lanes, None, &go_on).await;
    let statuses = record.report.lanes.iter().map(|lane| lane.status.as_str()).collect::<Vec<_>>();
    assert_eq!(statuses, ["finished", "failed", "finished"]);
    assert_eq!(record.report.lanes[1].error.as_deref(), Some("the provider cannot be reached"));
    assert_no_secrets(&record, &view, &fake);
}
