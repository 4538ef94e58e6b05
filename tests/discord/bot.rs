//! A minimal bot that sends what a test wants, valid or not.

use std::{sync::Mutex, time::Duration};

use reqwest::{
    Client, Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::support::discord::{ANA, ChannelKind, FakeDiscord, UserRequest};

/// The client and the Discord that it plays against.
pub struct Bot {
    pub discord: FakeDiscord,
    pub events: Mutex<mpsc::UnboundedReceiver<Value>>,
    client: Client,
}

/// A response of the fake.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Said {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Status and Discord's error code.
    pub fn code(&self) -> (u16, u64) {
        (self.status, self.body["code"].as_u64().unwrap_or(0))
    }
}

/// The commands that people of these tests type.
pub fn commands() -> Value {
    let text = |name: &str, required: bool, completes: bool| json!({ "type": 3, "name": name, "description": "text", "required": required, "autocomplete": completes });
    let word = |name: &str, options: Value| json!({ "type": 1, "name": name, "description": "a word", "options": options });
    json!([{
        "name": "arena", "description": "models race", "contexts": [0, 1, 2], "integration_types": [0, 1],
        "options": [
            word("compare", json!([text("prompt", true, false), text("models", false, true)])),
            word("help", json!([])),
        ],
    }, { "name": "Race this", "type": 3, "contexts": [0, 1, 2], "integration_types": [0, 1] }])
}

/// A message that breaks no rule.
pub fn message() -> Value {
    json!({
        "content": "", "allowed_mentions": { "parse": [] },
        "embeds": [{ "title": "t", "description": "d", "color": 5, "footer": { "text": "f" }, "author": { "name": "a" },
                     "fields": [{ "name": "n", "value": "v", "inline": true }] }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 4, "label": "Stop", "custom_id": "stop:1" },
            { "type": 2, "style": 2, "label": "Explain", "custom_id": "explain:1" },
        ] }],
    })
}

/// [`message`] with another description.
pub fn saying(description: &str) -> Value {
    let mut body = message();
    body["embeds"][0]["description"] = description.into();
    body
}

impl Bot {
    pub async fn new() -> Self {
        let discord = FakeDiscord::open().await;
        discord.set_registered_commands(0, &commands());
        let (sender, events) = mpsc::unbounded_channel();
        discord.deliver_to(move |event| sender.send(event).expect("a bot"));
        let client = crate::support::client::client();
        Self { discord, events: Mutex::new(events), client }
    }

    /// Returns the event of a user's action.
    pub fn event(&self) -> Value {
        self.events.lock().expect("events").try_recv().expect("an event")
    }

    /// Ana types `/arena compare` on the server.
    pub fn compare(&self) -> UserRequest {
        self.discord.type_command(
            "/arena compare",
            &[("prompt", "why is the sky blue?")],
            ANA,
            ChannelKind::Server,
        )
    }

    /// Types `/arena compare` and defers the answer in public.
    pub async fn deferred(&self) -> UserRequest {
        let request = self.compare();
        assert_eq!(self.callback(&request, &json!({ "type": 5 })).await.status, 204);
        request
    }

    pub async fn callback(&self, request: &UserRequest, body: &Value) -> Said {
        let path = Self::callback_path(request);
        self.call(Method::POST, &path, body).await
    }

    pub fn callback_path(request: &UserRequest) -> String {
        let interaction = request.interaction();
        format!("/interactions/{}/{}/callback", interaction.id, interaction.token)
    }

    pub fn original(request: &UserRequest) -> String {
        format!("/webhooks/1001/{}/messages/@original", request.interaction().token)
    }

    pub async fn edit(&self, request: &UserRequest, body: &Value) -> Said {
        self.call(Method::PATCH, &Self::original(request), body).await
    }

    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Said {
        self.tries(method, path, body).await.expect("an answer")
    }

    /// The answer, or the error of a connection that was cut.
    pub async fn tries(&self, method: Method, path: &str, body: &Value) -> Result<Said, reqwest::Error> {
        let request = self.request(method, path);
        let request = if body.is_null() {
            request
        } else {
            request.header(CONTENT_TYPE, "application/json").body(body.to_string())
        };
        said(request.send().await?).await
    }

    pub async fn get(&self, path: &str) -> Said {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// An edit with files: name and bytes each.
    pub async fn upload(&self, request: &UserRequest, body: &Value, files: &[(&str, &[u8])]) -> Said {
        let mut form = Form::new().part("payload_json", Part::text(body.to_string()));
        for (n, (name, bytes)) in files.iter().enumerate() {
            let part = Part::bytes(bytes.to_vec()).file_name((*name).to_owned());
            form = form.part(format!("files[{n}]"), part.mime_str("image/png").expect("a type"));
        }
        let request = self.request(Method::PATCH, &Self::original(request)).multipart(form);
        said(request.send().await.expect("an answer")).await.expect("an answer")
    }

    /// Returns a request with the headers of a valid bot.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.discord.world(|world| world.bot_token.clone());
        let request = self.client.request(method, format!("{}/api/v10{path}", self.discord.url()));
        request
            .header(USER_AGENT, "DiscordBot (https://example.com, 1.0)")
            .header(AUTHORIZATION, format!("Bot {token}"))
    }

    /// Returns the violations so far, without those by the published API, and clears them.
    pub fn take_violations(&self) -> String {
        let violations = self.discord.take_violations();
        violations
            .into_iter()
            .filter(|violation| !violation.contains("the published API"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

pub async fn said(response: Response) -> Result<Said, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?;
    Ok(Said { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

/// A test that hangs fails.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), future).await.expect("a test hangs")
}
