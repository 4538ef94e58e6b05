//! Delivery of users' actions to the bot: over a fake socket, or posted with a signature.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::time::Instant;
use url::form_urlencoded;

use super::{
    FakeSlack,
    payload::Payload,
    request::UserRequest,
    server::Shared,
    users::ChannelKind,
    world::{ActionKind, World},
};
pub use crate::support::fake::Forgery;

/// The way to the bot.
#[derive(Clone)]
pub enum Delivery {
    /// Takes the content of an envelope and returns its acknowledgement.
    Socket(Arc<dyn Fn(Envelope) + Send + Sync>),
    /// Posts to the address of the bot.
    Http(SocketAddr),
    /// Posts each payload to two replicas.
    Twice([SocketAddr; 2]),
}

/// The content of an envelope of Socket Mode.
pub struct Envelope {
    /// `slash_commands`, `interactive` or `events_api`.
    pub kind: &'static str,
    pub payload: Value,
    pub accepts_response_payload: bool,
    /// The receiver of its acknowledgement.
    pub acks: Acks,
}

/// Takes the acknowledgement of one envelope.
#[derive(Clone)]
pub struct Acks {
    shared: Arc<Shared>,
    action: usize,
    delivered: Instant,
    takes_answer: bool,
}

impl Acks {
    /// The bot acknowledged, with this payload if any.
    pub fn ack(&self, payload: Option<Value>) {
        let after = self.delivered.elapsed();
        self.shared.with(|world| {
            if payload.is_some() && !self.takes_answer {
                world.violation("an acknowledgement carries a payload where none is accepted");
            }
            world.acked(self.action, after, 200, payload);
        });
    }
}

/// A request of Slack, signed and ready to be sent, once or more.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    pub path: &'static str,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// Delivers actions to the bot.
#[derive(Clone)]
pub(super) struct Deliveries {
    pub(super) shared: Arc<Shared>,
    pub(super) client: reqwest::Client,
    way: Arc<Mutex<Option<Delivery>>>,
    /// Payloads that were delivered, by action, for redelivery.
    handed: Arc<Mutex<HashMap<usize, Payload>>>,
}

impl FakeSlack {
    /// Sets the way in which actions reach the bot.
    pub fn deliver_by(&self, delivery: Delivery) {
        *self.deliveries.way.lock().expect("the way") = Some(delivery);
    }

    /// Delivers an action again, as Slack does when it saw no acknowledgement.
    ///
    /// # Panics
    /// If no delivery is set.
    pub fn redeliver(&self, action: &UserRequest) {
        let payload = self.deliveries.handed.lock().expect("handed").get(&action.id).cloned();
        self.deliveries.deliver_payload(action.id, &payload.expect("it was delivered"), Some(1));
    }

    /// A request with this payload, as Slack signs it, or not.
    pub fn signed_request(&self, kind: &'static str, payload: &Value, forgery: Forgery) -> SignedRequest {
        let payload = Payload { kind, json: payload.clone(), takes_answer: false };
        self.shared.read(|world| world.signed_request(&payload, forgery))
    }

    /// Sends a request to the bot. Returns status and body of the response.
    ///
    /// # Panics
    /// If nothing is posted.
    pub async fn send(&self, signed_request: &SignedRequest) -> (u16, String) {
        let Some(Delivery::Http(address)) = self.deliveries.way() else { panic!("nothing is posted here") };
        send(&self.deliveries.client, address, signed_request).await
    }
}

impl Deliveries {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let client = crate::support::client::client();
        Self { shared, client, way: Arc::default(), handed: Arc::default() }
    }

    fn way(&self) -> Option<Delivery> {
        self.way.lock().expect("the way").clone()
    }

    /// Hands something that action to the bot.
    pub(super) fn deliver(&self, id: usize) {
        let payload = self.shared.with(|world| world.payload(id));
        self.handed.lock().expect("handed").insert(id, payload.clone());
        self.deliver_payload(id, &payload, None);
    }

    fn deliver_payload(&self, id: usize, payload: &Payload, retry: Option<u8>) {
        match self.way().expect("nobody listens: the test gave no way to the bot") {
            Delivery::Socket(socket) => {
                let Payload { kind, json, takes_answer } = payload.clone();
                let (shared, delivered) = (Arc::clone(&self.shared), Instant::now());
                let acks = Acks { shared, action: id, delivered, takes_answer };
                socket(Envelope { kind, payload: json, accepts_response_payload: takes_answer, acks });
            }
            Delivery::Http(address) => self.post(id, payload, retry, &[address]),
            Delivery::Twice(addresses) => self.post(id, payload, retry, &addresses),
        }
    }

    fn post(&self, id: usize, payload: &Payload, retry: Option<u8>, addresses: &[SocketAddr]) {
        let delivered = Instant::now();
        let mut signed_request = self.shared.read(|world| world.signed_request(payload, Forgery::None));
        if let Some(retry) = retry.filter(|_| payload.kind == "events_api") {
            signed_request.headers.push(("X-Slack-Retry-Num", retry.to_string()));
            signed_request.headers.push(("X-Slack-Retry-Reason", "http_timeout".into()));
        }
        for address in addresses.iter().copied() {
            let (shared, client, signed_request) =
                (Arc::clone(&self.shared), self.client.clone(), signed_request.clone());
            self.shared.spawn(async move {
                let (status, body) = send(&client, address, &signed_request).await;
                shared.with(|world| world.posted(id, delivered.elapsed(), status, &body));
            });
        }
    }

    /// Delivers the bot's own message in a direct message as an event, if the manifest subscribes to it.
    pub(super) fn echo(&self, ts: &str) {
        let id = self.shared.with(|world| {
            let channel = world.message(ts)?.channel.clone();
            let is_direct = world.channel(&channel)?.kind == ChannelKind::Direct;
            let kind = ActionKind::Echo { ts: ts.to_owned() };
            (is_direct && world.wants("message.im"))
                .then(|| world.happens(super::users::BOT, (&channel, None), kind))
        });
        if let Some(id) = id.filter(|_| self.way().is_some()) {
            self.deliver(id);
        }
    }
}

async fn send(
    client: &reqwest::Client,
    address: SocketAddr,
    signed_request: &SignedRequest,
) -> (u16, String) {
    let request =
        client.post(format!("http://{address}{}", signed_request.path)).timeout(Duration::from_secs(10));
    let request =
        signed_request.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let request = request
        .header("Content-Type", signed_request.content_type)
        .header("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)");
    match request.body(signed_request.body.clone()).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(error) => (0, error.without_url().to_string()),
    }
}

impl World {
    fn signed_request(&self, payload: &Payload, forgery: Forgery) -> SignedRequest {
        let form = "application/x-www-form-urlencoded";
        let (path, content_type, body) = match payload.kind {
            "slash_commands" => ("/slack/commands", form, as_form(&payload.json)),
            "interactive" => {
                let body = form_urlencoded::Serializer::new(String::new())
                    .append_pair("payload", &payload.json.to_string())
                    .finish();
                ("/slack/interactive", form, body)
            }
            _ => ("/slack/events", "application/json", payload.json.to_string()),
        };
        let headers = self.signed(&body, forgery);
        SignedRequest { path, content_type, headers, body }
    }

    fn signed(&self, body: &str, forgery: Forgery) -> Vec<(&'static str, String)> {
        let now = jiff::Timestamp::now().as_second();
        let timestamp = if let Forgery::Age(seconds) = forgery { now - seconds } else { now };
        let secret = if forgery == Forgery::OtherKey { "another" } else { &self.signing_secret };
        let what = if forgery == Forgery::OtherBody { "{}" } else { body };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
        mac.update(format!("v0:{timestamp}:{what}").as_bytes());
        let signature = mac
            .finalize()
            .into_bytes()
            .iter()
            .fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let timestamp = timestamp + i64::from(forgery == Forgery::OtherTimestamp);
        let timestamp = ("X-Slack-Request-Timestamp", timestamp.to_string());
        match forgery {
            Forgery::Unsigned => vec![],
            Forgery::Garbage => vec![timestamp, ("X-Slack-Signature", "v0=zz".into())],
            _ => vec![timestamp, ("X-Slack-Signature", signature)],
        }
    }
}

/// Returns the fields of a command as a form: only those with text.
fn as_form(json: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in json.as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            form.append_pair(name, text);
        }
    }
    form.finish()
}
