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
        (408, "x", "the provider timed out (HTTP 408), try again later"),
        (429, "slow down", "rate limited by the provider, try again in 20 s"),
        (500, "boom", "the provider failed (HTTP 500), try again later"),
        (503, "Loading model", "the model is still loading, try again in 20 s"),
        (504, "x", "the provider timed out (HTTP 504), try again later"),
        (451, "x", "the provider does not serve this country or region"),
        (405, "x", "the provider has no chat endpoint at its address; ask the operator to check base_url"),
        (400, "bad field", "the provider refused the request (HTTP 400)"),
        (418, "x", "the provider refused the request (HTTP 418)"),
        (302, "x", "the provider's address has changed; ask the operator to update base_url"),
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
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4096", Refusal::OutputCap),
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
    assert!(matches!(of(503, "llamacpp_loading_http503.json"), ModelError::Loading { retry_after: None }));
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
        (json!({"code": 408}), &ModelError::Overloaded(408).public()),
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

/// The sentence for a refusal with this status and JSON body.
fn refused(status: u16, body: &Value) -> String {
    from_status(status, body.to_string().as_bytes(), None).public()
}

#[test]
fn refusals_with_one_status_are_told_apart() {
    let region = Refusal::Region;
    let (url, model) = (Refusal::WrongUrl, Refusal::UnknownModel);
    for (status, body, want) in [
        (
            403,
            json!({"error": {"code": "unsupported_country_region_territory", "message": "Country, region, or territory not supported", "type": "request_forbidden"}}),
            region,
        ),
        (
            400,
            json!([{"error": {"code": 400, "message": "User location is not supported for the API use.", "status": "FAILED_PRECONDITION"}}]),
            region,
        ),
        (403, json!({"error": "This model is not available in your region"}), region),
        (
            404,
            json!({"error": {"code": "unknown_url", "message": "Unknown request URL: POST /chat/completions. Please check the URL for typos."}}),
            url,
        ),
        (404, json!({"detail": "Not Found"}), url),
        (
            404,
            json!({"error": {"message": "Invalid URL (POST /v1/v1/chat/completions)", "type": "invalid_request_error"}}),
            url,
        ),
        (404, json!({"error": "Not Found", "message": "Cannot POST /chat"}), url),
        (405, json!({"detail": "Method Not Allowed"}), url),
        (
            404,
            json!({"error": {"message": "The model `a/b` does not exist.", "code": "model_not_found"}}),
            model,
        ),
        (404, json!({"error": {"message": "model 'x' not found, try pulling it first"}}), model),
        (
            404,
            json!({"error": {"code": 404, "message": "models/x is not found for API version v1beta"}}),
            model,
        ),
        (400, json!({"error": {"message": "x is not a valid model ID"}}), model),
    ] {
        assert_eq!(refused(status, &body), ModelError::Refused(want).public(), "{status} {body}");
    }
    for page in ["<html><h1>404 Not Found</h1></html>", "404 page not found", ""] {
        let error = from_status(404, page.as_bytes(), None);
        assert!(matches!(error, ModelError::Refused(Refusal::WrongUrl)), "{page}");
    }
}

#[test]
fn a_wait_in_the_body_is_read() {
    for (body, want) in [
        (
            json!([{"error": {"code": 429, "message": "You exceeded your current quota. Please retry in 36.9s.", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}]}}]),
            "in 37 s",
        ),
        (json!({"error": {"message": "Rate limit reached. Please try again in 4.8s."}}), "in 5 s"),
        (json!({"error": {"message": "Please retry after 20 seconds."}}), "in 20 s"),
        (json!({"error": {"message": "Please try again in 6m0s."}}), "in 6 min"),
        (json!({"message": "slow down", "retry_after": 3}), "in 3 s"),
        (json!({"error": {"message": "slow down"}}), "in a minute"),
    ] {
        assert_eq!(refused(429, &body), format!("rate limited by the provider, try again {want}"), "{body}");
    }
    let loading = json!({"error": "Model org/name is currently loading", "estimated_time": 20.0});
    assert_eq!(refused(503, &loading), "the model is still loading, try again in 20 s");
}

#[test]
fn a_limit_per_minute_is_no_long_prompt() {
    let groq = "Request too large for model `llama` in organization `o` on tokens per minute (TPM): Limit 6000, \
                Requested 9000, please reduce your message size and try again.";
    let error = from_status(413, &body(groq), None);
    assert!(matches!(error, ModelError::RateLimited { .. }), "{error}");
}

#[test]
fn a_rejected_parameter_is_named() {
    for body in [
        json!({"error": {"message": "Unrecognized request argument supplied: top_k", "type": "invalid_request_error"}}),
        json!({"error": {"message": "Unsupported parameter: 'top_k' is not supported with this model.", "param": "top_k"}}),
        json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted", "input": 40}]}),
        json!({"error": {"message": "[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs are not permitted'}]", "param": "top_k"}}),
        json!({"error": {"message": "property 'top_k' is unsupported"}}),
        json!([{"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \"top_k\": Cannot find field.", "status": "INVALID_ARGUMENT"}}]),
    ] {
        let error = from_status(400, body.to_string().as_bytes(), None);
        assert!(
            matches!(&error, ModelError::UnsupportedParameter(name) if name == "top_k"),
            "{body}: {error}"
        );
    }
}

#[test]
fn google_rejects_a_key_with_400() {
    let google = json!([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}]);
    assert_eq!(refused(400, &google), ModelError::Unauthorized.public());
}

#[test]
fn an_error_without_the_key_error_is_found() {
    let limited = ModelError::RateLimited { retry_after: None }.public();
    let refused = |refusal| ModelError::Refused(refusal).public();
    for (value, want) in [
        (json!({"code": 1302, "msg": "rate limit: too many requests", "success": false}), limited.clone()),
        (json!({"code": 1302, "msg": "x"}), limited.clone()),
        (
            json!({"code": 404, "message": "The model `org/name` does not exist.", "object": "error", "type": "NotFoundError"}),
            refused(Refusal::UnknownModel),
        ),
        (
            json!({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
            ModelError::Unauthorized.public(),
        ),
        (
            json!({"code": "Throttling.RateQuota", "message": "Requests throttled", "request_id": "r"}),
            limited.clone(),
        ),
        (
            json!({"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"}),
            ModelError::Unauthorized.public(),
        ),
        (json!({"detail": "Not authenticated: unauthorized"}), ModelError::Unauthorized.public()),
        (json!({"detail": [{"loc": ["body"], "msg": "boom", "type": "x"}]}), ModelError::Reported.public()),
        (json!([{"error": {"code": 429}}]), limited.clone()),
        (json!({"error_type": "overloaded", "error_message": "busy"}), ModelError::Overloaded(0).public()),
        (
            json!({"error": "Input validation error", "error_type": "validation"}),
            ModelError::Reported.public(),
        ),
        (
            json!({"errors": [{"message": "AiError: boom", "code": 5007}], "success": false, "result": {}}),
            ModelError::Reported.public(),
        ),
        (json!({"message": "boom", "type": "invalid_request_error"}), ModelError::Reported.public()),
        (json!({"status": "RESOURCE_EXHAUSTED", "message": "x"}), limited.clone()),
        (json!({"error": {"message": "{\"error\":{\"code\":429,\"message\":\"slow\"}}"}}), limited.clone()),
        (
            json!({"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
            refused(Refusal::WrongUrl),
        ),
    ] {
        let found = in_object(&value).map(|error| error.public());
        assert_eq!(found.as_deref(), Some(want.as_str()), "{value}");
    }
}

#[test]
fn metadata_and_keep_alives_are_no_errors() {
    for value in [
        json!({}),
        json!(null),
        json!("x"),
        json!({"type": "ping"}),
        json!({"type": "status", "message": "queued"}),
        json!({"message": "keep-alive"}),
        json!({"base_resp": {"status_code": 0, "status_msg": "success"}}),
        json!({"code": 0, "msg": "ok"}),
        json!({"code": 200, "message": "success"}),
        json!({"error": null, "id": "x", "object": "chat.completion.chunk", "usage": {}}),
        json!({"choices": [{"delta": {}}], "code": 1302, "msg": "x"}),
        json!({"success": true, "result": {}, "errors": []}),
        json!([{"id": 1}]),
    ] {
        assert!(in_object(&value).is_none(), "{value}");
    }
}
