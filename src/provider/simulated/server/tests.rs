//! The server over a real socket, with a hand-written client.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
};

use super::*;
use crate::{
    model::{Availability, Delta, ModelCard, Prompt},
    provider::simulated::{SimulatedModel, tests::card},
};

/// A running server with the models gemma-2b and deepseek-r1.
struct RunningServer {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<io::Result<()>>,
}

/// An HTTP response with its chunks joined.
struct HttpResponse {
    head: String,
    body: String,
}

impl RunningServer {
    async fn start(more: Option<ServedModel>) -> Self {
        let served = |id, name: &str| ServedModel {
            names: vec![String::from(id), name.to_owned()],
            model: Arc::new(SimulatedModel::new(card(id), None)),
        };
        let mut models =
            vec![served("gemma-2b", "google/gemma-2-2b-it"), served("deepseek-r1", "deepseek-ai/R1")];
        models.extend(more);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, models, async move {
            let _ = stopped.await;
        }));
        Self { address, stop, tasks }
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.expect("connected");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        socket.write_all((head + body).as_bytes()).await.expect("sent");
        socket
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> HttpResponse {
        let mut bytes = Vec::new();
        self.send(method, path, body).await.read_to_end(&mut bytes).await.expect("read");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let head = head.to_lowercase();
        let body =
            if head.contains("transfer-encoding: chunked") { join_chunks(body) } else { body.to_owned() };
        HttpResponse { head, body }
    }

    async fn complete(&self, body: &Value) -> HttpResponse {
        self.ask("POST", "/v1/chat/completions", &body.to_string()).await
    }

    async fn stop(mut self) {
        self.stop.send(()).expect("it runs");
        self.tasks.join_next().await.expect("a task").expect("no panic").expect("no error");
    }
}

impl HttpResponse {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Returns the data of the events, each of which is one line and ends with a blank one.
    fn events(&self) -> Vec<&str> {
        let events = self.body.strip_suffix("\n\n").expect("a blank line at the end").split("\n\n");
        events.map(|event| event.strip_prefix("data: ").expect("data")).collect()
    }
}

/// Joins the chunks of a body.
fn join_chunks(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        body += &after[..size];
        rest = &after[size + 2..];
    }
    body
}

fn ask_gemma(more: &Value) -> Value {
    let mut body = json!({ "model": "gemma-2b", "messages": [{ "role": "user", "content": "Hi!" }] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn a_stream_has_role_content_finish_usage_and_done_in_this_order() {
    let server = RunningServer::start(None).await;
    let options = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let answer = server.complete(&ask_gemma(&options)).await;
    for header in ["content-type: text/event-stream", "cache-control: no-cache", "x-accel-buffering: no"] {
        assert!(answer.head.contains(header), "{}", answer.head);
    }
    let events = answer.events();
    let (done, chunks) = events.split_last().expect("events");
    assert_eq!(*done, "[DONE]");
    let chunks: Vec<Value> = chunks.iter().map(|data| serde_json::from_str(data).expect("JSON")).collect();
    assert!(chunks.iter().all(|c| c["simulated"] == true && c["system_fingerprint"] == "simulated"));
    assert!(chunks.iter().all(|c| c["id"] == chunks[0]["id"] && c["object"] == "chat.completion.chunk"));
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));

    let [content @ .., finish, usage] = &chunks[1..] else { panic!("too few chunks: {chunks:?}") };
    let text: String =
        content.iter().map(|c| c["choices"][0]["delta"]["content"].as_str().expect("content")).collect();
    assert!(text.contains("simulated answer") && text.contains("“Hi!”"), "{text}");
    assert_eq!(finish["choices"][0], json!({ "index": 0, "delta": {}, "finish_reason": "stop" }));
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["completion_tokens"], content.len() + 1);
    assert_eq!(usage["usage"]["prompt_tokens"], 2);
    server.stop().await;
}

#[tokio::test]
async fn reasoning_has_its_own_field_and_the_cap_holds() {
    let server = RunningServer::start(None).await;
    let body = json!({ "model": "deepseek-ai/R1", "stream": true, "max_completion_tokens": 12,
                       "messages": [{ "role": "user", "content": "Why is the sky blue?" }] });
    let answer = server.complete(&body).await;
    let chunks: Vec<Value> =
        answer.events().iter().filter_map(|data| serde_json::from_str(data).ok()).collect();
    let reasoning =
        chunks.iter().filter(|c| c["choices"][0]["delta"]["reasoning_content"].is_string()).count();
    assert_eq!(reasoning, 12);
    assert_eq!(
        chunks.last().expect("chunks")["choices"][0]["finish_reason"],
        "length",
        "no usage unless asked"
    );
    assert_eq!(chunks[0]["model"], "deepseek-ai/R1");
    server.stop().await;
}

#[tokio::test]
async fn a_whole_answer_is_one_object() {
    let server = RunningServer::start(None).await;
    let answer = server.complete(&ask_gemma(&json!({ "max_tokens": 5 }))).await;
    let whole = answer.json();
    assert_eq!(answer.status(), "200");
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["finish_reason"], "length");
    assert!(!whole["choices"][0]["message"]["content"].as_str().expect("content").is_empty());
    assert_eq!(whole["usage"]["completion_tokens"], 5);
    assert_eq!(whole["simulated"], true);
    server.stop().await;
}

#[tokio::test]
async fn the_list_has_every_name_and_head_works() {
    let server = RunningServer::start(None).await;
    let list = server.ask("GET", "/v1/models", "").await.json();
    let ids: Vec<&str> =
        list["data"].as_array().expect("a list").iter().filter_map(|m| m["id"].as_str()).collect();
    assert_eq!(ids, ["gemma-2b", "google/gemma-2-2b-it", "deepseek-r1", "deepseek-ai/R1"]);
    let head = server.ask("HEAD", "/v1/models", "").await;
    assert_eq!((head.status(), head.body.as_str()), ("200", ""));
    assert_eq!(server.ask("GET", "/health", "").await.body, "ok");
    server.stop().await;
}

#[tokio::test]
async fn errors_have_openais_form() {
    let server = RunningServer::start(None).await;
    let mut unknown = ask_gemma(&json!({}));
    unknown["model"] = "nobody".into();
    let table = [
        (server.complete(&unknown).await, "404", "model_not_found"),
        (server.ask("POST", "/v1/chat/completions", "{nonsense").await, "400", "invalid_request_error"),
        (server.ask("GET", "/v1/chat/completions", "").await, "405", "invalid_request_error"),
        (server.ask("GET", "/v2", "").await, "404", "invalid_request_error"),
    ];
    for (answer, status, word) in table {
        assert_eq!(answer.status(), status, "{}", answer.body);
        let error = &answer.json()["error"];
        assert!(error["message"].is_string(), "{error}");
        assert!(error["type"] == word || error["code"] == word, "{error}");
    }
    server.stop().await;
}

/// A model that sends one word and then stays silent; `dropped` is closed when its stream is dropped.
struct Endless {
    card: ModelCard,
    dropped: std::sync::Mutex<Option<oneshot::Sender<()>>>,
}

impl ChatModel for Endless {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn prepare(&self) -> futures::future::BoxFuture<'static, Availability> {
        Box::pin(async { Availability::Listed })
    }

    fn stream(&self, _: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let guard = self.dropped.lock().expect("one stream").take();
        let deltas = [Delta::Sent, Delta::Text("word".into())];
        let stamped = deltas.map(|delta| Ok(Stamped::new(tokio::time::Instant::now(), delta)));
        let silence = stream::pending().map(move |never: Result<Stamped, ModelError>| {
            let _ = &guard;
            never
        });
        stream::iter(stamped).chain(silence).boxed()
    }
}

#[tokio::test]
async fn a_client_that_disconnects_cancels_the_answer() {
    let (dropped, is_dropped) = oneshot::channel();
    let model = Arc::new(Endless { card: card("endless"), dropped: Some(dropped).into() });
    let server = RunningServer::start(Some(ServedModel { names: vec!["endless".into()], model })).await;
    let mut body = ask_gemma(&json!({ "stream": true }));
    body["model"] = "endless".into();
    let mut socket = server.send("POST", "/v1/chat/completions", &body.to_string()).await;
    let mut seen = String::new();
    while !seen.contains("word") {
        let mut bytes = [0; 1024];
        let n = socket.read(&mut bytes).await.expect("read");
        seen += std::str::from_utf8(&bytes[..n]).expect("UTF-8");
    }
    drop(socket);
    let gone =
        tokio::time::timeout(Duration::from_secs(20), is_dropped).await.expect("the stream was dropped");
    assert!(gone.is_err(), "dropped, never sent");
    server.stop().await;
}
