//! A running local channel, and tabs that receive its stream.

use std::{collections::BTreeMap, path::Path, pin::Pin, sync::Arc, time::Duration};

use eventsource_stream::{Event, Eventsource};
use futures::{Stream, StreamExt};
use llm_arena::{
    arena::{Arena, Caps, Limits},
    guide::Example,
    model::ChatModel,
    store::{Location, Settings, Store},
    web::{Hosts, LocalChannel},
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::script::Script;

/// Far longer than any step takes, so that a hanging test fails instead.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The open store of a site.
pub struct StoreRun {
    closed: CancellationToken,
    task: JoinHandle<()>,
}

/// A local channel on its own port.
pub struct Site {
    pub arena: Arc<Arena>,
    pub local: LocalChannel,
    pub host: String,
    client: Client,
    server: JoinHandle<()>,
}

impl Site {
    /// Serves a channel with these models.
    pub async fn open(models: impl IntoIterator<Item = Script>) -> Self {
        Self::with(models, 60, vec![]).await
    }

    /// Serves a channel with these models and examples, and a limit on the races that a user may start per minute.
    pub async fn with(
        models: impl IntoIterator<Item = Script>,
        races_per_minute: usize,
        examples: Vec<Example>,
    ) -> Self {
        Self::serving(models, races_per_minute, examples, |arena| arena).await
    }

    async fn serving(
        models: impl IntoIterator<Item = Script>,
        races_per_minute: usize,
        examples: Vec<Example>,
        change: impl FnOnce(Arena) -> Arena,
    ) -> Self {
        let models = models.into_iter().map(Script::arc).collect();
        Self::of(models, races_per_minute, examples, change).await
    }

    async fn of(
        models: Vec<Arc<dyn ChatModel>>,
        races_per_minute: usize,
        examples: Vec<Example>,
        change: impl FnOnce(Arena) -> Arena,
    ) -> Self {
        let limits =
            Limits { prompt_chars: 12_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute };
        let arena = Arc::new(change(Arena::new(models, limits)));
        let local = LocalChannel::new(Arc::clone(&arena), examples, Hosts::loopback([]));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("its address").to_string();
        let app = local.router();
        let server =
            TaskTracker::new().spawn(async move { axum::serve(listener, app).await.expect("served") });
        let client = crate::support::client::client();
        Self { arena, local, host, client, server }
    }

    /// Serves a channel with these models whose races are recorded in `folder`, as the service does after a start.
    pub async fn stored(
        models: impl IntoIterator<Item = Script>,
        folder: &Path,
        text_days: u32,
    ) -> (Self, StoreRun) {
        Self::changed(models, folder, text_days, |arena| arena).await
    }

    /// Serves a changed arena whose races are recorded in `folder`.
    pub async fn changed(
        models: impl IntoIterator<Item = Script>,
        folder: &Path,
        text_days: u32,
        change: impl FnOnce(Arena) -> Arena,
    ) -> (Self, StoreRun) {
        let models = models.into_iter().map(Script::arc).collect();
        Self::capped(models, folder, text_days, (60, Caps::default()), change).await
    }

    /// Serves a changed arena with these limits whose races are recorded in `folder`.
    pub async fn capped(
        models: Vec<Arc<dyn ChatModel>>,
        folder: &Path,
        text_days: u32,
        (races_per_minute, caps): (usize, Caps),
        change: impl FnOnce(Arena) -> Arena,
    ) -> (Self, StoreRun) {
        let settings = Settings { location: Location::Folder(folder.to_owned()), text_days };
        let store = Store::new(settings, uuid::Uuid::now_v7().to_string());
        let (running, closed) = (store.clone(), CancellationToken::new());
        let token = closed.clone();
        let task = TaskTracker::new().spawn(async move { running.run(token).await });
        store.wait_until_connected(TIMEOUT).await;
        let change = |arena: Arena| change(arena.with_store(store, caps));
        let site = Self::of(models, races_per_minute, vec![], change).await;
        site.local.restore().await;
        (site, StoreRun { closed, task })
    }

    /// Ends the races and the store, as a restart does. Open tabs hold the store: drop them first.
    pub async fn shut_down(self, store: StoreRun) {
        let now = Instant::now();
        assert!(self.arena.drain(now, now + TIMEOUT).await, "a race did not end");
        self.local.close();
        // its routes hold the store, which no other process can open meanwhile
        self.server.abort();
        store.closed.cancel();
        timeout(TIMEOUT, store.task).await.expect("the store closes").expect("no panic");
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// Builds a POST of JSON.
    pub fn send(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post(path).header("content-type", "application/json").body(body.to_string())
    }

    /// Sends a typed line of `who`; returns the status and the response.
    pub async fn say(&self, who: &str, text: &str) -> (u16, Value) {
        let line = json!({ "text": text, "from": visitor(who) });
        read(self.send("/api/command", &line).send().await.expect("an answer")).await
    }

    /// Starts a race of `who` and returns its id.
    pub async fn race(&self, who: &str, line: &str) -> String {
        let (status, said) = self.say(who, line).await;
        assert_eq!(status, 202, "{said}");
        said["message"].as_str().expect("an id").to_owned()
    }

    /// Presses a button under race `id` as `who`.
    pub async fn press(&self, who: &str, id: &str, action: &str) -> (u16, Value) {
        let press = json!({ "from": visitor(who) });
        let request = self.send(&format!("/api/races/{id}/{action}"), &press);
        read(request.send().await.expect("an answer")).await
    }

    /// Casts a ballot on race `id` as `who`, such as `{"best": "A"}`.
    pub async fn vote(&self, who: &str, id: &str, mut ballot: Value) -> (u16, Value) {
        ballot["from"] = visitor(who);
        read(self.send(&format!("/api/races/{id}/ballot"), &ballot).send().await.expect("an answer")).await
    }

    /// Fetches a part of race `id`, such as `answers`.
    pub async fn look(&self, id: &str, what: &str) -> (u16, Value) {
        read(self.get(&format!("/api/races/{id}/{what}")).send().await.expect("an answer")).await
    }

    /// Opens a tab.
    pub async fn tab(&self) -> Tab {
        self.tab_after(None).await
    }

    /// Opens a tab that has seen the event with this id.
    pub async fn tab_after(&self, seen: Option<&str>) -> Tab {
        let request = self.get("/api/channel");
        let request =
            seen.map_or(request.try_clone().expect("no body"), |id| request.header("last-event-id", id));
        Self::tab_of(request.send().await.expect("a stream"))
    }

    /// A tab that reads this stream.
    pub fn tab_of(response: Response) -> Tab {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let events = response.bytes_stream().eventsource();
        let events = events.map(|event| event.map_err(|error| error.to_string()));
        Tab { events: Box::pin(events), messages: BTreeMap::new(), seen: String::new(), frames: vec![] }
    }
}

/// The visitor in a request of the page.
pub fn visitor(who: &str) -> Value {
    json!({ "id": format!("browser-of-{who}"), "name": who })
}

/// Reads the status and the body, which is JSON or text.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The stream of one tab.
pub struct Tab {
    events: Pin<Box<dyn Stream<Item = Result<Event, String>> + Send>>,
    /// The messages that it shows.
    pub messages: BTreeMap<String, Value>,
    /// The id of the last event.
    pub seen: String,
    /// Every message in the order of arrival.
    pub frames: Vec<Value>,
}

impl Tab {
    /// Receives the next event. Returns false at the end of the stream.
    pub async fn next(&mut self) -> bool {
        let Some(event) = timeout(TIMEOUT, self.events.next()).await.expect("an event in time") else {
            return false;
        };
        let event = event.expect("a valid stream");
        self.seen = event.id;
        let data: Value = serde_json::from_str(&event.data).expect("JSON");
        match event.event.as_str() {
            "snapshot" => self.messages.clear(),
            "message" => {}
            "removed" => {
                let ids: Vec<String> = serde_json::from_value(data).expect("ids");
                self.messages.retain(|id, _| !ids.contains(id));
                return true;
            }
            other => panic!("an unknown event: {other}"),
        }
        let messages = data["messages"].as_array().cloned().unwrap_or_else(|| vec![data]);
        for message in messages {
            self.frames.push(message.clone());
            self.messages.insert(message["id"].as_str().expect("an id").to_owned(), message);
        }
        true
    }

    /// Reads until message `id` satisfies a condition, and returns it.
    pub async fn until(&mut self, id: &str, is_reached: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(message) = self.messages.get(id).filter(|message| is_reached(message)) {
                return message.clone();
            }
            assert!(self.next().await, "the stream ended first");
        }
    }

    /// Reads until race `id` is over.
    pub async fn over(&mut self, id: &str) -> Value {
        self.until(id, |message| message["progress"] != "live" && message["progress"] != "voting").await
    }

    /// Reads until the vote on race `id` is open and so many people have voted.
    pub async fn voting(&mut self, id: &str, voters: u64) -> Value {
        self.until(id, |message| message["progress"] == "voting" && message["vote"]["voters"] == voters).await
    }

    /// Reads until race `id` has its chart.
    pub async fn charted(&mut self, id: &str) -> Value {
        self.until(id, |message| !message["chart"].is_null()).await
    }
}
