//! A minimal bot that sends what a test wants, valid or not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, RequestBuilder, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::slack::{ANA, Acks, Envelope, FakeSlack, LOBBY, Method, Ts, UserRequest};

/// The client and the Slack that it plays against.
pub struct Bot {
    pub slack: FakeSlack,
    pub client: Client,
    /// Envelopes that wait for their acknowledgement.
    pub envelopes: Arc<Mutex<Vec<Envelope>>>,
}

/// A response of the fake.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Value,
}

impl Said {
    /// "ok", or Slack's error code, or the status.
    pub fn code(&self) -> String {
        let code = if self.body["ok"] == true { Some("ok") } else { self.body["error"].as_str() };
        code.map_or_else(|| self.status.to_string(), str::to_owned)
    }
}

/// Blocks that break no rule.
pub fn blocks(words: &str) -> Value {
    json!([
        { "type": "header", "text": { "type": "plain_text", "text": "Arena", "emoji": true } },
        { "type": "section", "text": { "type": "mrkdwn", "text": words, "verbatim": true } },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "small", "verbatim": true }] },
        { "type": "actions", "elements": [
            { "type": "button", "action_id": "stop", "value": "1", "style": "danger",
              "text": { "type": "plain_text", "text": "Stop" } },
            { "type": "button", "action_id": "explain", "value": "1", "text": { "type": "plain_text", "text": "Explain" } },
        ] },
    ])
}

/// A body for chat.postMessage.
pub fn post(channel: &str, words: &str) -> Value {
    json!({ "channel": channel, "text": words, "blocks": blocks(words), "unfurl_links": false, "unfurl_media": false })
}

impl Bot {
    pub async fn new() -> Self {
        let slack = FakeSlack::open().await;
        let envelopes = Arc::new(Mutex::new(vec![]));
        let store = Arc::clone(&envelopes);
        slack.deliver_by(crate::support::slack::Delivery::Socket(Arc::new(move |envelope| {
            store.lock().expect("envelopes").push(envelope);
        })));
        Self { slack, client: crate::support::client::client(), envelopes }
    }

    /// Returns the envelope of a user's action.
    pub fn envelope(&self) -> Envelope {
        self.envelopes.lock().expect("envelopes").pop().expect("an envelope")
    }

    /// Returns the envelope of a user's action and acknowledges it without a payload.
    pub fn acks(&self) -> Envelope {
        let envelope = self.envelope();
        Acks::ack(&envelope.acks, None);
        envelope
    }

    /// Ana types `/arena compare ...`; it is acknowledged.
    pub fn compare(&self, prompt: &str) -> (UserRequest, Envelope) {
        let request = self.slack.type_command("/arena", &format!("compare {prompt}"), ANA, LOBBY);
        (request, self.acks())
    }

    /// A request with the bot's token.
    pub fn request(&self, method: Method) -> RequestBuilder {
        let token = self.slack.world(|world| match method {
            Method::OpenConnection => world.app_token.clone(),
            _ => world.bot_token.clone(),
        });
        self.client.post(format!("{}/{}", self.slack.api_url(), method.name())).bearer_auth(token)
    }

    pub async fn call(&self, method: Method, body: &Value) -> Said {
        self.tries(method, body).await.expect("an answer")
    }

    /// The answer, or the error of a connection that was cut.
    pub async fn tries(&self, method: Method, body: &Value) -> Result<Said, reqwest::Error> {
        let kind = "application/json; charset=utf-8";
        said(self.request(method).header(CONTENT_TYPE, kind).body(body.to_string())).await
    }

    /// Posts a valid message to a channel and returns its name.
    pub async fn posts(&self, channel: &str, words: &str) -> Ts {
        let said = self.call(Method::PostMessage, &post(channel, words)).await;
        assert_eq!(said.code(), "ok");
        said.body["ts"].as_str().expect("a ts").to_owned()
    }

    pub async fn update(&self, ts: &str, words: &str) -> Said {
        let body = json!({ "channel": LOBBY, "ts": ts, "text": words, "blocks": blocks(words) });
        self.call(Method::Update, &body).await
    }

    /// A post to an address that Slack handed out, without a token.
    pub async fn to(&self, address: &Value, body: Vec<u8>, kind: &str) -> Said {
        let address = address.as_str().expect("an address");
        said(self.client.post(address).header(CONTENT_TYPE, kind).body(body)).await.expect("an answer")
    }

    /// The violations so far.
    pub fn take_violations(&self) -> String {
        self.slack.take_violations().join("\n")
    }
}

async fn said(request: RequestBuilder) -> Result<Said, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get("retry-after").map(|wait| wait.to_str().expect("text").to_owned());
    let body = response.text().await?;
    let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
    Ok(Said { status, retry_after: retry_after.map(|wait| wait.parse().expect("whole seconds")), body })
}

/// A test that hangs fails.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), future).await.expect("a test hangs")
}
