//! Streams that begin well and then break their own form or report an error.

use super::*;

#[tokio::test]
async fn a_clean_end_without_finish_reason() {
    let told = in_mid_answer(Answer::ends).await;
    assert_eq!(told, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn done_without_finish_reason() {
    let told = in_mid_answer(Answer::done).await;
    assert_eq!(told, "truncated: the connection ended before the answer did | Half an ");
}

#[tokio::test]
async fn an_event_that_is_not_json() {
    let told = in_mid_answer(|half| half.event(&format!("{{\"choices\": {INSIDES}"), 0).whole()).await;
    assert_eq!(
        told,
        "failed: the provider sent a broken stream (an event that is not valid JSON) | Half an "
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf8() {
    let told = in_mid_answer(|half| half.raw(b"data: {\"x\":\"\xff\xfe\"}\n\n").whole()).await;
    assert_eq!(told, "failed: the provider sent a broken stream (bytes that are not UTF-8) | Half an ");
}

#[tokio::test]
async fn an_event_of_4_mib() {
    let long = format!("{{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}", "x".repeat(4 << 20));
    let told = in_mid_answer(|half| half.event(&long, 0).whole()).await;
    assert_eq!(told, "failed: the provider sent a broken stream (an event above 1 MiB) | Half an ");
}

#[tokio::test]
async fn an_error_object() {
    let error = format!("{{\"error\":{{\"message\":\"CUDA error: {INSIDES} {KEY}\",\"code\":500}}}}");
    let told = in_mid_answer(|half| half.event(&error, 0).done()).await;
    assert_eq!(told, "failed: the provider reported an error mid-answer, try again | Half an ");
}

#[tokio::test]
async fn an_error_object_that_says_overloaded() {
    let error = format!("{{\"error\":{{\"message\":\"{INSIDES}\",\"type\":\"overloaded_error\"}}}}");
    let told = in_mid_answer(|half| half.event(&error, 0).done()).await;
    assert_eq!(told, "failed: the provider is overloaded, try again later | Half an ");
}

#[tokio::test]
async fn an_error_in_a_field_of_its_own() {
    let line = format!("error: {{\"code\":500,\"message\":\"{INSIDES}\"}}\n\n");
    let told = in_mid_answer(|half| half.raw(line.as_bytes()).ends()).await;
    assert_eq!(told, "failed: the provider reported an error mid-answer, try again | Half an ");
}

#[tokio::test]
async fn a_finish_reason_that_says_error() {
    let told = in_mid_answer(|half| half.finishes("error").done()).await;
    assert_eq!(told, "failed: the provider reported an error mid-answer, try again | Half an ");
}
