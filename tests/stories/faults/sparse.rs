//! Unusual but valid answers: other line ends, small packets, little or no content.

use llm_arena::race::{metrics::TokenCount, report::Status};

use super::*;
use crate::support::provider::{Spelling, refusal};

/// Asserts that the answer arrives complete.
async fn arrives(odd: Answer) -> OddLane {
    let ended = at_once(odd).await;
    assert_eq!(ended.outcome(), "finished | Grüße, 世界 🌍");
    ended
}

fn greets(answer: Answer) -> Answer {
    answer.role().says("Grüße").says(", ").says("世界").says(" 🌍").whole()
}

#[tokio::test]
async fn a_byte_order_mark() {
    arrives(greets(answer("odd").raw(b"\xef\xbb\xbf"))).await;
}

#[tokio::test]
async fn line_ends_crlf() {
    arrives(greets(answer("odd").with_line_end("\r\n"))).await;
}

#[tokio::test]
async fn line_ends_cr() {
    arrives(greets(answer("odd").with_line_end("\r"))).await;
}

#[tokio::test]
async fn one_byte_per_packet() {
    let ended = arrives(greets(answer("odd").in_packets_of(1))).await;
    assert_eq!(ended.lane.metrics.output_tokens, 4);
}

#[tokio::test]
async fn a_body_that_ends_with_its_connection() {
    arrives(greets(answer("odd").close_delimited())).await;
}

#[tokio::test]
async fn comments_between_events() {
    arrives(greets(answer("odd").comments(" OPENROUTER PROCESSING").comments(""))).await;
}

#[tokio::test]
async fn role_and_first_token_in_one_read() {
    let odd = answer("odd").role().says("Grüße").joined().says_tokens(&[", ", "世界", " 🌍"]).whole();
    arrives(odd).await;
}

#[tokio::test]
async fn no_done() {
    let odd = answer("odd").says("Grüße, 世界 🌍").finishes("stop").used().ends();
    arrives(odd).await;
}

#[tokio::test]
async fn a_cut_after_the_finish_reason() {
    arrives(answer("odd").says("Grüße, 世界 🌍").finishes("stop").cuts()).await;
}

#[tokio::test]
async fn no_usage() {
    let ended = arrives(answer("odd").says("Grüße, ").says("世界 🌍").finishes("stop").done()).await;
    assert_eq!(ended.lane.metrics.token_count, TokenCount::Estimated);
    assert!(ended.view.status.contains('≈'), "{}", ended.view.status);
}

#[tokio::test]
async fn one_token() {
    let ended = at_once(answer("odd").role().says("Yes").whole()).await;
    let metrics = ended.lane.metrics;
    assert_eq!((ended.outcome().as_str(), metrics.output_tokens), ("finished | Yes", 1));
    assert_eq!((metrics.tokens_per_second, metrics.ttft.is_some()), (None, true));
}

#[tokio::test]
async fn an_empty_answer() {
    let ended = at_once(answer("odd").role().whole()).await;
    let metrics = ended.lane.metrics;
    assert_eq!((ended.outcome().as_str(), metrics.output_tokens), ("finished | ", 0));
    assert_eq!((metrics.tokens_per_second, metrics.end_to_end_tokens_per_second), (None, None));
    assert_eq!((metrics.ttft, ended.view.status.as_str()), (None, "done, with an empty answer"));
}

#[tokio::test]
async fn a_cap_spent_on_thinking() {
    let odd = answer("odd").role().thinks(Spelling::ReasoningContent, &["Let", " me", " see"]);
    let ended = at_once(odd.finishes("length").used().done()).await;
    assert_eq!((ended.outcome().as_str(), ended.lane.reasoning.as_str()), ("finished | ", "Let me see"));
    assert!(ended.lane.spent_on_thinking() && ended.lane.metrics.output_tokens == 3);
    assert_eq!(ended.view.status, "spent its whole cap on reasoning, 3 tokens");
}

#[tokio::test]
async fn an_answer_ended_by_its_cap() {
    let ended = at_once(answer("odd").says("One").says(" two").finishes("length").used().done()).await;
    assert!(matches!(&ended.lane.status, Status::Finished(Some(reason)) if reason.is_length()));
    assert!(ended.view.status.contains("at its length cap"), "{}", ended.view.status);
}

#[tokio::test]
async fn a_whole_answer_that_does_not_stream() {
    let body = serde_json::json!({
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "All at once." }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 },
    });
    let ended = at_once(refusal("odd", "200 OK", &body.to_string())).await;
    assert_eq!((ended.outcome().as_str(), ended.lane.metrics.output_tokens), ("finished | All at once.", 4));
    assert_eq!(ended.lane.metrics.tokens_per_second, None, "it arrived in one read");
}
