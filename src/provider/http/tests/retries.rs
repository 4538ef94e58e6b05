//! Requests that are sent again before the first token: loading models, refused connections, refused output caps.

use super::*;

const LOADING: &str = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;

fn refusal(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn loading(headers: &str) -> Vec<u8> {
    refusal("503 Service Unavailable", headers, LOADING)
}

#[tokio::test]
async fn a_loading_model_is_asked_again() {
    let good = sse(&format!("{HELLO}{STOP}"));
    let script = script(vec![loading(""), loading("retry-after: 0\r\n"), good]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert!(error.is_none(), "{error:?}");
    let want = [Delta::Sent, Delta::Loading, Delta::Sent, Delta::Loading, Delta::Sent, hello(), stop()];
    assert_eq!(deltas, want);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once() {
    let body = r#"{"error":"Model org/name is currently loading","estimated_time":20.0}"#;
    let script = script(vec![refusal("503 Service Unavailable", "", body)]).await;
    let deadlines = Deadlines { first_token: Duration::from_secs(12), ..Deadlines::default() };
    let (deltas, error) = ask_for_words(&model_with(&script.base, deadlines)).await;
    assert_eq!(deltas, [Delta::Sent, Delta::ProviderMessage(format!("HTTP 503: {body}"))]);
    assert_eq!(error.expect("an error").public(), "the model is still loading, try again in 20 s");
}

#[tokio::test]
async fn a_model_that_loads_for_too_long_is_given_up_at_the_first_token_deadline() {
    let script = script(vec![loading("retry-after: 0.2\r\n"); 9]).await;
    let deadlines = Deadlines { first_token: Duration::from_millis(700), ..Deadlines::default() };
    let (deltas, error) = ask(&model_with(&script.base, deadlines)).await;
    assert!((2..=4).contains(&deltas.iter().filter(|delta| **delta == Delta::Loading).count()), "{deltas:?}");
    assert!(matches!(error, Some(ModelError::Loading { .. })), "{error:?}");
}

#[tokio::test]
async fn a_rate_limit_is_not_tried_again() {
    let script = script(vec![refusal("429 Too Many Requests", "retry-after: 0\r\n", "{}")]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert_eq!(deltas, [Delta::Sent]);
    assert!(matches!(error, Some(ModelError::RateLimited { .. })), "{error:?}");
}

#[tokio::test]
async fn a_server_that_starts_late_is_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let late = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let listener = TcpListener::bind(address).await.expect("the port is still free");
        script_on(listener, vec![sse(&format!("{HELLO}{STOP}"))])
    };
    let model = model(&format!("http://{address}/v1"));
    let ((deltas, error), _script) = tokio::join!(ask(&model), late);
    assert!(error.is_none() && deltas.ends_with(&[Delta::Sent, hello(), stop()]), "{deltas:?}, {error:?}");
    assert!(deltas.len() > 3, "tried more than once: {deltas:?}");
}

/// The output caps of all requests.
async fn caps(script: &mut Script, requests: usize) -> Vec<u64> {
    let mut caps = Vec::new();
    for _ in 0..requests {
        let (_, request) = script.on("POST ").await;
        let (_, body) = request.split_once("\r\n\r\n").expect("a body");
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        caps.push(body["max_tokens"].as_u64().expect("a cap"));
    }
    caps
}

async fn ask_for_much(model: &OpenAiModel) -> Option<ModelError> {
    let prompt = Arc::new(Prompt::new("why?", 8192));
    model.stream(prompt).filter_map(async |item| item.err()).collect::<Vec<_>>().await.pop()
}

#[tokio::test]
async fn a_refused_cap_is_lowered_once_and_remembered() {
    let good = || sse(&format!("{HELLO}{STOP}data: [DONE]\n\n"));
    let limit = refusal(
        "400 Bad Request",
        "",
        r#"{"error":{"message":"max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.","param":"max_tokens","code":"invalid_value"}}"#,
    );
    let mut script = script(vec![limit, good(), good()]).await;
    let model = model(&script.base);
    assert!(ask_for_much(&model).await.is_none() && ask_for_much(&model).await.is_none());
    assert_eq!(caps(&mut script, 3).await, [8192, 4096, 4096]);
}

#[tokio::test]
async fn a_cap_that_leaves_no_room_for_the_prompt_is_lowered() {
    let total = refusal(
        "422 Unprocessable Entity",
        "",
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 20 `inputs` tokens and 8192 `max_new_tokens`","error_type":"validation"}"#,
    );
    let good = || sse(&format!("{HELLO}{STOP}data: [DONE]\n\n"));
    let mut script = script(vec![total, good(), good()]).await;
    let model = model(&script.base);
    assert!(ask_for_much(&model).await.is_none() && ask_for_much(&model).await.is_none());
    let caps = caps(&mut script, 3).await;
    assert_eq!(caps[..2], [8192, 8172]);
    assert!((8000..8172).contains(&caps[2]), "by the context and an estimate: {caps:?}");
}

#[tokio::test]
async fn a_cap_that_is_refused_again_names_the_setting() {
    for (bodies, requests) in [
        (
            vec![
                "max_tokens must be less than or equal to 4096",
                "max_tokens must be less than or equal to 2048",
            ],
            2,
        ),
        (vec!["max_tokens is too large"], 1),
    ] {
        let refusals = bodies.iter().map(|words| {
            refusal("400 Bad Request", "", &serde_json::json!({ "error": { "message": words } }).to_string())
        });
        let mut script = script(refusals.collect()).await;
        let error = ask_for_much(&model(&script.base)).await.expect("an error");
        assert!(error.public().contains("lower max_tokens"), "{}", error.public());
        assert_eq!(caps(&mut script, requests).await.len(), requests);
    }
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_not_sent() {
    let mut script = script(vec![]).await;
    let provider = Provider::new("p", script.base.parse().expect("a URL"), None);
    let settings = Settings { context: Some(100), ..Settings::default() };
    let model = OpenAiModel::new(card(), Arc::new(provider), settings);
    let prompt = Arc::new(Prompt::new("why? ".repeat(200), 50));
    let items: Vec<_> = model.stream(prompt).collect().await;
    assert!(matches!(items.as_slice(), [Err(ModelError::Refused(Refusal::ContextTooLong))]), "{items:?}");
    assert!(script.requests.try_recv().is_err(), "nothing was sent");
}
