//! Streams that begin well and then break their own form or report an error.

use super::*;

#[tokio::test]
async fn a_clean_end_without_finish_reason() {
    let outcome = mid_answer(Answer::ends).await;
    assert_eq!(outcome, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn done_without_finish_reason() {
    let outcome = mid_answer(Answer::done).await;
    assert_eq!(outcome, "finished | Half an ");
}

#[tokio::test]
async fn an_event_that_is_not_json() {
    let outcome = mid_answer(|half| half.event(&format!("{{\"choices\": {INTERNALS}"), 0).whole()).await;
    assert_eq!(
        outcome,
        "failed: the provider sent a broken stream (an event that is not valid JSON) | Half an "
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf8() {
    let outcome = mid_answer(|half| half.raw(b"data: {\"x\":\"\xff\xfe\"}\n\n").whole()).await;
    assert_eq!(outcome, "failed: the provider sent a broken stream (bytes that are not UTF-8) | Half an ");
}

#[tokio::test]
async fn an_event_of_4_mib() {
    let long = format!("{{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}", "x".repeat(4 << 20));
    let outcome = mid_answer(|half| half.event(&long, 0).whole()).await;
    assert_eq!(outcome, "failed: the provider sent a broken stream (an event larger than 1 MiB) | Half an ");
}

#[tokio::test]
async fn an_error_object() {
    let error = format!("{{\"error\":{{\"message\":\"CUDA error: {INTERNALS} {KEY}\",\"code\":500}}}}");
    let outcome = mid_answer(|half| half.event(&error, 0).done()).await;
    assert_eq!(outcome, "failed: the provider reported an error mid-answer, try again | Half an ");
}

#[tokio::test]
async fn an_error_object_that_says_overloaded() {
    let error = format!("{{\"error\":{{\"message\":\"{INTERNALS}\",\"type\":\"overloaded_error\"}}}}");
    let outcome = mid_answer(|half| half.event(&error, 0).done()).await;
    assert_eq!(outcome, "failed: the provider is overloaded, try again later | Half an ");
}

#[tokio::test]
async fn an_error_in_a_field_of_its_own() {
    let line = format!("error: {{\"code\":500,\"message\":\"{INTERNALS}\"}}\n\n");
    let outcome = mid_answer(|half| half.raw(line.as_bytes()).ends()).await;
    assert_eq!(outcome, "failed: the provider reported an error mid-answer, try again | Half an ");
}

#[tokio::test]
async fn a_finish_reason_that_says_error() {
    let outcome = mid_answer(|half| half.finishes("error").done()).await;
    assert_eq!(outcome, "failed: the provider reported an error mid-answer, try again | Half an ");
}
