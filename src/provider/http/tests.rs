mod prepare;
mod retries;
mod shapes;
mod tls;

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

use super::*;
use crate::{
    model::{Color, Delta, ModelId, Refusal, Stage},
    provider::Deadlines,
};

/// A server that sends scripted responses and reports each request with its connection.
struct Script {
    base: String,
    requests: mpsc::UnboundedReceiver<(usize, String)>,
    /// Requests that were received but not yet inspected.
    seen: Vec<(usize, String)>,
}

impl Script {
    /// Returns the first uninspected request that begins with `begin`, and its connection.
    async fn on(&mut self, begin: &str) -> (usize, String) {
        if let Some(index) = self.seen.iter().position(|(_, request)| request.starts_with(begin)) {
            return self.seen.remove(index);
        }
        loop {
            let next = self.requests.recv().await.expect("a request");
            if next.1.starts_with(begin) {
                return next;
            }
            self.seen.push(next);
        }
    }
}

/// Answers the requests in order, on any connection. An empty answer closes the connection instead. HEAD requests get
/// an empty success without using up an answer.
async fn script(answers: Vec<Vec<u8>>) -> Script {
    script_on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), answers)
}

/// As [`script`], on this listener.
fn script_on(listener: TcpListener, answers: Vec<Vec<u8>>) -> Script {
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (sender, requests) = mpsc::unbounded_channel();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let tasks = TaskTracker::new();
    tasks.clone().spawn(async move {
        for connection in 0.. {
            let (socket, _) = listener.accept().await.expect("a connection");
            tasks.spawn(serve(socket, connection, Arc::clone(&answers), sender.clone()));
        }
    });
    Script { base, requests, seen: Vec::new() }
}

async fn serve(
    mut socket: TcpStream,
    connection: usize,
    answers: Arc<Mutex<std::vec::IntoIter<Vec<u8>>>>,
    requests: mpsc::UnboundedSender<(usize, String)>,
) {
    while let Some(request) = request(&mut socket).await {
        if request.starts_with("HEAD ") {
            let _ = requests.send((connection, request));
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .expect("the client reads");
            continue;
        }
        requests.send((connection, request)).expect("the test listens");
        let answer = answers.lock().expect("not poisoned").next().unwrap_or_default();
        if answer.is_empty() {
            return;
        }
        socket.write_all(&answer).await.expect("the client reads");
        if answer.starts_with(b"HTTP/1.1 200 OK\r\nconnection: close") {
            return;
        }
    }
}

/// Reads a request with its body; `None` if the client closed the connection.
async fn request(socket: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let received = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = received.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return Some(received);
            }
        }
        if socket.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn sse(body: &str) -> Vec<u8> {
    answer("200 OK", "text/event-stream; charset=utf-8", body)
}

/// The head and the start of a stream that never ends.
fn endless(begin: &str) -> Vec<u8> {
    let length = begin.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{length:x}\r\n{begin}\r\n").into_bytes()
}

const HELLO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const MODELS: &str = r#"{"data":[{"id":"org/name"}]}"#;

fn model_with(base: &str, deadlines: Deadlines) -> OpenAiModel {
    let provider = Provider::new("p", base.parse().expect("a URL"), Some("sk-secret".to_owned().into()));
    let settings = Settings { model: "org/name".into(), deadlines, ..Settings::default() };
    OpenAiModel::new(card(), Arc::new(provider), settings)
}

fn model(base: &str) -> OpenAiModel {
    model_with(base, Deadlines::default())
}

fn card() -> ModelCard {
    ModelCard {
        id: ModelId::new("m"),
        name: "M".into(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 0, g: 0, b: 0 },
        provider: "p".into(),
        simulated: false,
        vision: false,
        prices: None,
    }
}

/// Returns the deltas of a call without [`Delta::Alive`], [`Delta::Done`], [`Delta::Ended`] and
/// [`Delta::ProviderMessage`], and the error, if any.
async fn ask(model: &OpenAiModel) -> (Vec<Delta>, Option<ModelError>) {
    let (mut deltas, error) = ask_for_words(model).await;
    deltas.retain(|delta| !matches!(delta, Delta::ProviderMessage(_)));
    (deltas, error)
}

/// As [`ask`], with [`Delta::ProviderMessage`].
async fn ask_for_words(model: &OpenAiModel) -> (Vec<Delta>, Option<ModelError>) {
    let prompt = Arc::new(Prompt::new("why?", 50));
    let (mut stream, mut deltas) = (model.stream(prompt), Vec::new());
    while let Some(item) = stream.next().await {
        match item {
            Ok(stamped) if matches!(stamped.delta, Delta::Alive | Delta::Done | Delta::Ended) => {}
            Ok(stamped) => deltas.push(stamped.delta),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing after an error");
                return (deltas, Some(error));
            }
        }
    }
    (deltas, None)
}

fn hello() -> Delta {
    Delta::Text("Hello".into())
}

fn stop() -> Delta {
    Delta::Finished(crate::model::FinishReason::new("stop"))
}

#[tokio::test]
async fn a_recorded_answer_is_read_from_a_socket() {
    let recorded = include_bytes!("../../../tests/fixtures/sse/llamacpp_wire_raw_http11.bin");
    let mut script = script(vec![recorded.to_vec()]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(deltas[0], Delta::Sent);
    assert!(matches!(&deltas[1], Delta::Served(served) if served.name == "smollm2-135m"), "{deltas:?}");
    assert!(matches!(deltas[2], Delta::Text(_)), "{deltas:?}");
    assert!(
        matches!(deltas.last(), Some(Delta::Usage(usage)) if usage.output_tokens.is_some()),
        "{deltas:?}"
    );
    let (_, request) = script.requests.recv().await.expect("a request");
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer sk-secret\r\n"), "{request}");
    assert!(request.contains(concat!("user-agent: llm-arena/", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
}

#[tokio::test]
async fn a_dead_pooled_connection_costs_one_retry() {
    let listing = answer("200 OK", "application/json", MODELS);
    let script = script(vec![listing, Vec::new(), sse(&format!("{HELLO}{STOP}")), Vec::new()]).await;
    let model = model(&script.base);
    model.prepare().await;
    assert_eq!(ask(&model).await.0, [Delta::Sent, Delta::Sent, hello(), stop()]);
    let (deltas, error) = ask(&model).await;
    assert_eq!(deltas, [Delta::Sent, Delta::Sent], "the pooled one is dead, the new one is not retried");
    assert!(matches!(error, Some(ModelError::Transport { connecting: false, .. })), "{error:?}");
}

#[tokio::test]
async fn rejected_fields_are_left_out_from_then_on() {
    let unknown =
        answer("400 Bad Request", "application/json", r#"{"error":"unknown field stream_options"}"#);
    let limit = answer("400 Bad Request", "application/json", r#"{"error":"use max_completion_tokens"}"#);
    let mut script = script(vec![unknown, limit, sse(&format!("{HELLO}{STOP}")), sse(HELLO)]).await;
    let model = model(&script.base);
    assert_eq!(ask(&model).await.0, [Delta::Sent, Delta::Sent, Delta::Sent, hello(), stop()]);
    assert_eq!(ask(&model).await.0, [Delta::Sent, hello()]);
    let mut last = String::new();
    for _ in 0..4 {
        last = script.requests.recv().await.expect("a request").1;
    }
    assert!(last.contains("max_completion_tokens") && !last.contains("stream_options"), "{last}");
}

#[tokio::test]
async fn refusals_and_bodies_that_are_no_stream_are_classified() {
    let limited = answer("429 Too Many Requests", "application/json", "{}");
    let limited = String::from_utf8(limited).expect("UTF-8").replacen(
        "content-type",
        "retry-after: 7\r\ncontent-type",
        1,
    );
    let too_long =
        answer("400 Bad Request", "application/json", r#"{"error":{"code":"context_length_exceeded"}}"#);
    let page = answer("200 OK", "text/html", "<html>");
    let whole = answer(
        "200 OK",
        "application/json",
        r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#,
    );
    let error = answer("200 OK", "application/json", r#"{"error":{"code":503}}"#);
    let script = script(vec![limited.into_bytes(), too_long, page, whole, error]).await;
    let model = model(&script.base);
    let seven = Duration::from_secs(7);
    assert!(
        matches!(ask(&model).await.1, Some(ModelError::RateLimited { retry_after: Some(wait) }) if wait == seven)
    );
    assert!(matches!(ask(&model).await.1, Some(ModelError::Refused(Refusal::ContextTooLong))));
    assert!(matches!(ask(&model).await.1, Some(ModelError::Corrupt("a web page instead of an answer"))));
    assert_eq!(ask(&model).await.0, [Delta::Sent, hello(), stop()]);
    assert!(matches!(ask(&model).await.1, Some(ModelError::Overloaded(0))));
}

#[tokio::test]
async fn a_connection_that_ends_within_the_answer_truncates_it() {
    let cut = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\n";
    let chunked = String::from_utf8(endless(HELLO)).expect("UTF-8").replacen(
        "OK\r\n",
        "OK\r\nconnection: close\r\n",
        1,
    );
    let script =
        script(vec![[cut.as_slice(), HELLO.as_bytes()].concat(), chunked.into_bytes(), sse(HELLO)]).await;
    let model = model(&script.base);
    for framing in ["length", "chunked"] {
        let (deltas, error) = ask(&model).await;
        assert_eq!(deltas, [Delta::Sent, hello()], "{framing}");
        assert!(matches!(error, Some(ModelError::Truncated)), "{framing}: {error:?}");
    }
    let (deltas, error) = ask(&model).await;
    assert_eq!((deltas, error.is_none()), (vec![Delta::Sent, hello()], true), "a clean end is no error here");
}

#[tokio::test]
async fn each_deadline_applies_to_its_stage() {
    let silent = b"HTTP/1.1 200 OK\r\n".to_vec();
    let (short, long) = (Duration::from_millis(200), Duration::from_mins(1));
    let patient = Deadlines { connect: long, first_token: long, idle: long, total: long };
    for (body, deadlines, want) in [
        (silent, Deadlines { first_token: short, ..patient }, Stage::FirstToken),
        (endless(": no token\n\n"), Deadlines { first_token: short, ..patient }, Stage::FirstToken),
        (endless(HELLO), Deadlines { idle: short, ..patient }, Stage::Idle),
        (endless(HELLO), Deadlines { total: short, ..patient }, Stage::Total),
    ] {
        // a server of its own, so that an attempt that comes late takes no other's answer
        let script = script(vec![body]).await;
        let (deltas, error) = ask(&model_with(&script.base, deadlines)).await;
        assert!(
            matches!(error, Some(ModelError::Timeout { stage, after }) if stage == want && after == short)
        );
        assert_eq!(deltas.contains(&hello()), want != Stage::FirstToken, "earlier deltas are kept");
    }
}

#[tokio::test]
async fn a_stream_left_open_ends_at_its_last_progress() {
    let usage = "data: {\"choices\":[],\"usage\":{\"completion_tokens\":1}}\n\n";
    let script = script(vec![endless(&format!("{HELLO}{STOP}{usage}"))]).await;
    let prompt = Arc::new(Prompt::new("why?", 50));
    let items: Vec<_> =
        model(&script.base).stream(prompt).map(|item| item.expect("no error")).collect().await;
    let [.., counted, ended] = items.as_slice() else { panic!("{items:?}") };
    assert!(matches!(counted.delta, Delta::Usage(_)), "{items:?}");
    assert_eq!((&ended.delta, ended.at), (&Delta::Ended, counted.at));
}

#[tokio::test]
async fn a_stream_without_a_content_type_is_recognized_by_its_start() {
    let body = format!("\u{feff}\r\n{HELLO}{STOP}data: [DONE]\n\n");
    let types = ["text/plain", "application/octet-stream", "", "Text/Event-Stream"];
    let untyped = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let mut answers = types.map(|content_type| answer("200 OK", content_type, &body)).to_vec();
    answers.push(untyped);
    let script = script(answers).await;
    let model = model(&script.base);
    for content_type in types.into_iter().chain(["none"]) {
        let (deltas, error) = ask(&model).await;
        assert_eq!(deltas, [Delta::Sent, hello(), stop()], "{content_type}: {error:?}");
    }
}

#[tokio::test]
async fn an_endless_foreign_body_times_out() {
    let plain = String::from_utf8(endless("hello")).expect("UTF-8").replace("event-stream", "plain");
    let script = script(vec![plain.into_bytes()]).await;
    let deadlines = Deadlines { first_token: Duration::from_millis(100), ..Deadlines::default() };
    let (_, error) = ask(&model_with(&script.base, deadlines)).await;
    assert!(matches!(error, Some(ModelError::Timeout { stage: Stage::FirstToken, .. })), "{error:?}");
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let model = model(&format!("http://{}/v1", listener.local_addr().expect("an address")));
    let mut stream = model.stream(Arc::new(Prompt::new("why?", 50)));
    let first = stream.next().await.expect("a delta").expect("no error");
    assert_eq!(first.delta, Delta::Sent);
    let serve = async {
        let mut socket = listener.accept().await.expect("a connection").0;
        request(&mut socket).await.expect("a request");
        socket.write_all(&endless(HELLO)).await.expect("the client reads");
        socket
    };
    let (mut socket, alive) = tokio::join!(serve, stream.next());
    assert_eq!(alive.expect("a delta").expect("no error").delta, Delta::Alive);
    assert_eq!(stream.next().await.expect("a delta").expect("no error").delta, hello());
    drop(stream);
    assert!(request(&mut socket).await.is_none(), "the client closed");
}

#[tokio::test]
async fn an_error_never_shows_the_url() {
    let script = script(vec![Vec::new()]).await;
    let (_, error) = ask(&model(&format!("{}?key=sk-in-url", script.base))).await;
    let chain = format!("{:?}", error.expect("an error"));
    assert!(!chain.contains("sk-in-url") && !chain.contains("127.0.0.1"), "{chain}");
}
