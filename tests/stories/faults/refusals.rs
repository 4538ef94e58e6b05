//! Requests that are refused before an answer begins, in every form.

use super::*;
use crate::support::provider::{refusal, response};

/// Returns the error for a refusal with this status and body.
async fn refused(status: &str, headers: &str, body: &str) -> String {
    let odd = response("odd", status, &format!("Content-Type: application/json\r\n{headers}"), body);
    at_once(odd).await.outcome()
}

fn error(message: &str) -> String {
    serde_json::json!({ "error": { "message": format!("{message} ({INTERNALS} {KEY})"), "type": "x" } })
        .to_string()
}

#[tokio::test]
async fn status_401() {
    let outcome = refused("401 Unauthorized", "", &error("Incorrect API key provided")).await;
    assert_eq!(outcome, "failed: the provider rejected the API key; ask the operator to check it | ");
}

#[tokio::test]
async fn status_402() {
    let outcome = refused("402 Payment Required", "", &error("You have exceeded your monthly credits")).await;
    assert_eq!(outcome, "failed: the provider account is out of credit; ask the operator to top it up | ");
}

#[tokio::test]
async fn status_404() {
    let outcome = refused("404 Not Found", "", &error("The model `odd` does not exist")).await;
    assert_eq!(outcome, "failed: the provider does not serve this model today | ");
}

#[tokio::test]
async fn status_400_for_a_prompt_that_is_too_long() {
    let outcome =
        refused("400 Bad Request", "", &error("the request exceeds the available context size")).await;
    assert_eq!(outcome, "failed: the prompt is too long for this model, try a shorter one | ");
}

#[tokio::test]
async fn status_429_with_retry_after() {
    let outcome = refused("429 Too Many Requests", "Retry-After: 20\r\n", &error("Slow down")).await;
    assert_eq!(outcome, "failed: rate limited by the provider, try again in 20 s | ");
}

#[tokio::test]
async fn status_429_without_a_body() {
    let outcome = refused("429 Too Many Requests", "", "").await;
    assert_eq!(outcome, "failed: rate limited by the provider, try again in a minute | ");
}

#[tokio::test]
async fn status_500() {
    let outcome = refused("500 Internal Server Error", "", &error("Traceback (most recent call last)")).await;
    assert_eq!(outcome, "failed: the provider failed (HTTP 500), try again later | ");
}

#[tokio::test]
async fn status_503_while_the_model_loads() {
    let outcome = refused("503 Service Unavailable", "Retry-After: 900\r\n", &error("Loading model")).await;
    assert_eq!(outcome, "failed: the model is still loading, try again in 15 min | ");
}

#[tokio::test]
async fn status_403_for_a_region() {
    let outcome = refused("403 Forbidden", "", &error("Country, region, or territory not supported")).await;
    assert_eq!(outcome, "failed: the provider does not serve this country or region | ");
}

#[tokio::test]
async fn status_404_for_a_wrong_address() {
    let outcome = refused("404 Not Found", "", &error("Unknown request URL: POST /chat/completions")).await;
    assert_eq!(
        outcome,
        "failed: the provider has no chat endpoint at its address; ask the operator to check base_url | "
    );
}

#[tokio::test]
async fn status_408() {
    let outcome = refused("408 Request Timeout", "", &error("Your request timed out")).await;
    assert_eq!(outcome, "failed: the provider timed out (HTTP 408), try again later | ");
}

#[tokio::test]
async fn the_words_of_the_provider_are_kept_without_its_key() {
    let odd = response("odd", "500 Internal Server Error", "", &format!("raw {INTERNALS} {KEY}"));
    let words = at_once(odd).await.lane.provider_message.expect("its words");
    assert_eq!(words, format!("HTTP 500: raw {INTERNALS} sk-***"));
}

#[tokio::test]
async fn status_502_as_a_web_page() {
    let page = format!("<html><body><h1>502 Bad Gateway</h1>{INTERNALS} {KEY}</body></html>");
    let odd = response("odd", "502 Bad Gateway", "Content-Type: text/html\r\n", &page);
    let outcome = at_once(odd).await.outcome();
    assert_eq!(outcome, "failed: the provider failed (HTTP 502), try again later | ");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let headers = format!("Location: http://127.0.0.1:9/{INTERNALS}\r\n");
    let outcome = refused("307 Temporary Redirect", &headers, "").await;
    assert_eq!(outcome, "failed: the provider's address has changed; ask the operator to update base_url | ");
}

#[tokio::test]
async fn an_error_in_json_with_status_200() {
    let outcome = at_once(refusal("odd", "200 OK", &error("rate limit reached"))).await.outcome();
    assert_eq!(outcome, "failed: rate limited by the provider, try again in a minute | ");
}

#[tokio::test]
async fn a_web_page_with_status_200() {
    let page = format!("<!doctype html><p>{INTERNALS}</p>");
    let odd = response("odd", "200 OK", "Content-Type: text/html\r\n", &page);
    let outcome = at_once(odd).await.outcome();
    assert_eq!(outcome, "failed: the provider sent a broken stream (a web page instead of an answer) | ");
}
