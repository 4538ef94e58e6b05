use serde_json::json;

use super::*;

fn body(message: &str) -> Vec<u8> {
    json!({"error": {"message": message, "type": "invalid_request_error", "code": null}})
        .to_string()
        .into_bytes()
}

#[test]
fn each_status_has_its_message() {
    let wait = Some(Duration::from_secs(20));
    let message = |status, text: &str| from_status(status, &body(text), wait).public();
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
        assert_eq!(message(status, text), want, "{status} {text}");
    }
}

#[test]
fn wording_refines_a_status() {
    let of = |status, text: &str| match from_status(status, &body(text), None) {
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
fn recorded_refusals_are_classified() {
    let file = |name: &str| std::fs::read(format!("tests/fixtures/sse/{name}")).expect("a fixture");
    let of = |status, name| from_status(status, &file(name), None);
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
        let error = from_status(400, body.to_string().as_bytes(), None);
        assert!(matches!(error, ModelError::Refused(Refusal::ContextTooLong)), "{body}");
    }
    for body in ["", "<html>", "\u{0}", "[[[[", "null"] {
        assert!(
            matches!(from_status(400, body.as_bytes(), None), ModelError::Refused(Refusal::Other(400))),
            "{body}"
        );
    }
}

#[test]
fn errors_in_a_stream_are_classified_by_code_and_wording() {
    let message = |error: Value| from_stream(&error).public();
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
        assert_eq!(&message(error.clone()), want, "{error}");
    }
}

#[test]
fn an_empty_error_is_no_error() {
    for none in [json!(null), json!(false), json!(0), json!(""), json!([]), json!({})] {
        assert!(!is_error(&none), "{none}");
    }
    for some in [json!(true), json!(1), json!("x"), json!(["x"]), json!({"message": ""})] {
        assert!(is_error(&some), "{some}");
    }
}

#[test]
fn bodies_that_are_no_stream_are_classified() {
    assert_eq!(
        from_foreign_body(b" \n<!doctype html>").to_string(),
        "corrupt stream: a web page instead of an answer"
    );
    let other = "corrupt stream: something other than an event stream";
    assert_eq!(
        from_foreign_body(include_bytes!("../../../tests/fixtures/sse/aimock_malformed.sse")).to_string(),
        other
    );
    assert!(matches!(from_foreign_body(br#"{"choices":[{"mess"#), ModelError::Truncated));
    assert!(matches!(from_foreign_body(b""), ModelError::Truncated));
}

fn waits(headers: &[(&str, &'static str)]) -> Option<Duration> {
    let now = "2026-11-23T15:00:00Z".parse().expect("a time");
    retry_after(|name| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| *value), now)
}

#[test]
fn retry_after_is_read_from_whichever_header_has_it() {
    let seconds = |s| Some(Duration::from_secs_f64(s));
    assert_eq!(waits(&[("retry-after", "20")]), seconds(20.0));
    assert_eq!(waits(&[("retry-after", "1.5")]), seconds(1.5));
    assert_eq!(waits(&[("retry-after", "20"), ("retry-after-ms", "300")]), seconds(0.3));
    assert_eq!(waits(&[("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT")]), seconds(7.0));
    let dates = [("retry-after", "Mon, 23 Nov 2026 15:00:07 GMT"), ("date", "Mon, 23 Nov 2026 15:00:04 GMT")];
    assert_eq!(waits(&dates), seconds(3.0), "by the server's own clock");
    let groq = [
        ("x-ratelimit-remaining-requests", "3"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    assert_eq!(waits(&groq), seconds(360.0));
}

#[test]
fn invalid_waits_are_ignored_and_long_ones_are_capped() {
    for nonsense in ["", "soon", "-5", "NaN", "inf"] {
        assert_eq!(waits(&[("retry-after", nonsense)]), None, "{nonsense:?}");
    }
    assert_eq!(waits(&[("retry-after", "1e12")]), Some(MAX_RETRY_AFTER));
    assert_eq!(waits(&[("retry-after", "Mon, 23 Nov 2020 15:00:07 GMT")]), Some(Duration::ZERO), "long past");
}
