use serde_json::json;

use super::*;

fn body(message: &str) -> Vec<u8> {
    json!({"error": {"message": message, "type": "invalid_request_error", "code": null}})
        .to_string()
        .into_bytes()
}

#[test]
fn each_status_says_what_to_do() {
    let wait = Some(Duration::from_secs(20));
    let said = |status, text: &str| of_status(status, &body(text), wait).public();
    let rows = [
        (401, "No auth credentials found", "the provider rejected the API key; ask the operator to check it"),
        (403, "forbidden", "the provider rejected the API key; ask the operator to check it"),
        (402, "x", "the provider account is out of credit; ask the operator to top it up"),
        (404, "x", "the provider does not serve this model today"),
        (408, "x", "rate limited by the provider, try again in 20 s"),
        (429, "slow down", "rate limited by the provider, try again in 20 s"),
        (500, "boom", "the provider failed (HTTP 500), try again later"),
        (503, "Loading model", "the provider failed (HTTP 503), try again later"),
        (400, "bad field", "the provider refused the request (HTTP 400)"),
        (418, "x", "the provider refused the request (HTTP 418)"),
        (302, "x", "the provider refused the request (HTTP 302)"),
    ];
    for (status, text, want) in rows {
        assert_eq!(said(status, text), want, "{status} {text}");
    }
}

#[test]
fn words_refine_a_status() {
    let of = |status, text: &str| match of_status(status, &body(text), None) {
        ModelError::Refused(refusal) => refusal,
        other => panic!("{status} {text}: {other}"),
    };
    let context = "This model's maximum context length is 8192 tokens";
    for (status, text, want) in [
        (400, context, Refusal::ContextTooLong),
        (413, context, Refusal::ContextTooLong),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4096", Refusal::ContextTooLong),
        (413, "body too large", Refusal::Other(413)),
        (400, "triggering Azure OpenAI's content management policy", Refusal::Filtered),
        (403, "Your input was flagged", Refusal::Filtered),
        (403, "Insufficient balance for this request", Refusal::OutOfCredit),
        (429, "You exceeded your current quota: insufficient_quota", Refusal::OutOfCredit),
        (
            400,
            "The requested model 'a/b' is not supported by any provider you have enabled.",
            Refusal::UnknownModel,
        ),
        (400, "a/b is not a valid model ID", Refusal::UnknownModel),
    ] {
        assert_eq!(of(status, text), want, "{status} {text}");
    }
}

#[test]
fn recorded_refusals_are_understood() {
    let file = |name: &str| std::fs::read(format!("tests/fixtures/sse/{name}")).expect("a fixture");
    let of = |status, name| of_status(status, &file(name), None);
    let overflow = of(400, "llamacpp_ctx_overflow_http400.json");
    assert!(matches!(overflow, ModelError::Refused(Refusal::ContextTooLong)), "{overflow}");
    let field = of(400, "llamacpp_bad_field_http400.json");
    assert!(matches!(field, ModelError::Refused(Refusal::Other(400))), "{field}");
    assert!(matches!(of(500, "llamacpp_bad_json_http500.json"), ModelError::Overloaded(500)));
    assert!(matches!(of(503, "llamacpp_loading_http503.json"), ModelError::Overloaded(503)));
    assert!(matches!(of(429, "llmock_429.json"), ModelError::RateLimited { retry_after: None }));
    assert!(matches!(of(500, "llmock_500.json"), ModelError::Overloaded(500)));
}

#[test]
fn bodies_of_every_shape_are_read() {
    let context = "context_length_exceeded";
    for body in [
        json!({"error": {"code": context}}),
        json!({"error": context}),
        json!({"message": context}),
        json!({"detail": context}),
        json!({"error": {"type": context, "message": 7}}),
    ] {
        let error = of_status(400, body.to_string().as_bytes(), None);
        assert!(matches!(error, ModelError::Refused(Refusal::ContextTooLong)), "{body}");
    }
    for body in ["", "<html>", "\u{0}", "[[[[", "null"] {
        assert!(
            matches!(of_status(400, body.as_bytes(), None), ModelError::Refused(Refusal::Other(400))),
            "{body}"
        );
    }
}

#[test]
fn errors_in_a_stream_are_told_apart_by_code_and_words() {
    let said = |error: Value| in_stream(&error).public();
    let reported = ModelError::Reported.public();
    let limited = ModelError::RateLimited { retry_after: None }.public();
    let overloaded = ModelError::Overloaded(0).public();
    for (error, want) in [
        (json!({"message": "boom", "type": "server_error", "code": 500}), &reported),
        (json!("boom"), &reported),
        (json!({"code": 429, "message": "x"}), &limited),
        (json!({"code": "429"}), &limited),
        (json!({"type": "rate_limit_error"}), &limited),
        (json!({"code": 502, "message": "Provider disconnected"}), &overloaded),
        (json!({"message": "x", "http_status_code": 503}), &overloaded),
        (json!({"type": "overloaded_error"}), &overloaded),
        (
            json!({"type": "exceed_context_size_error", "code": 400}),
            &ModelError::Refused(Refusal::ContextTooLong).public(),
        ),
        (json!({"code": "content_filter"}), &ModelError::Refused(Refusal::Filtered).public()),
        (json!({"code": 402}), &ModelError::Refused(Refusal::OutOfCredit).public()),
        (json!({"code": 401}), &ModelError::Unauthorized.public()),
    ] {
        assert_eq!(&said(error.clone()), want, "{error}");
    }
}

#[test]
fn an_error_that_says_nothing_is_none() {
    for none in [json!(null), json!(false), json!(0), json!(""), json!([]), json!({})] {
        assert!(!is_error(&none), "{none}");
    }
    for some in [json!(true), json!(1), json!("x"), json!(["x"]), json!({"message": ""})] {
        assert!(is_error(&some), "{some}");
    }
}

#[test]
fn a_body_that_is_no_stream_is_named() {
    assert_eq!(
        of_foreign_body(b" \n<!doctype html>").to_string(),
        "corrupt stream: a web page instead of an answer"
    );
    let other = "corrupt stream: something else than an event stream";
    assert_eq!(
        of_foreign_body(include_bytes!("../../tests/fixtures/sse/aimock_malformed.sse")).to_string(),
        other
    );
    assert!(matches!(of_foreign_body(br#"{"choices":[{"mess"#), ModelError::Truncated));
    assert!(matches!(of_foreign_body(b""), ModelError::Truncated));
}
