use ed25519_dalek::{Signer as _, SigningKey};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::task::TaskTracker;

use super::*;
use crate::{discord::interaction::Interaction, loopback::announce};

const NOW: i64 = 1_800_000_000;

/// An endpoint on a port, whose clock stands still, and Discord with its key.
struct World {
    url: String,
    key: SigningKey,
    interactions: mpsc::UnboundedReceiver<Interaction>,
    client: reqwest::Client,
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

impl World {
    async fn open() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::parse(&hex(key.verifying_key().as_bytes())).expect("a key");
        let (sender, interactions) = mpsc::unbounded_channel();
        let inbox: Inbox = Arc::new(move |interaction| drop(sender.send(interaction)));
        let router = router_at(public, inbox, || Timestamp::from_second(NOW).expect("a moment"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/discord/interactions", listener.local_addr().expect("an address"));
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        let tls = crate::tls::mozilla().expect("the defaults");
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls);
        let client = client.build().expect("a client");
        Self { url, key, interactions, client }
    }

    fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        hex(&self.key.sign(&[timestamp.as_bytes(), body].concat()).to_bytes())
    }

    async fn send(&self, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let request = self.client.post(&self.url).body(body.to_vec());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    async fn post(&self, timestamp: &str, body: &[u8]) -> (u16, String) {
        let signature = self.sign(timestamp, body);
        let headers = [("X-Signature-Ed25519", signature.as_str()), ("X-Signature-Timestamp", timestamp)];
        self.send(&headers, body).await
    }

    fn ids(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.interactions.try_recv().ok()).map(|interaction| interaction.id).collect()
    }
}

fn button(id: u64) -> Vec<u8> {
    let json = json!({
        "id": id.to_string(), "application_id": "42", "token": "secret-token", "type": 3,
        "data": { "custom_id": "x" }, "user": { "id": "5" },
    });
    json.to_string().into_bytes()
}

fn at(offset: i64) -> String {
    (NOW + offset).to_string()
}

#[tokio::test]
async fn a_ping_is_answered_here() {
    let mut world = World::open().await;
    let (status, body) =
        world.post(&at(0), br#"{"type":1,"id":"1","application_id":"42","token":"t"}"#).await;
    assert_eq!((status, body.as_str()), (200, r#"{"type":1}"#));
    assert!(world.ids().is_empty());
}

#[tokio::test]
async fn an_interaction_is_accepted_without_a_body_and_handed_on_once() {
    let mut world = World::open().await;
    for _ in 0..3 {
        assert_eq!(world.post(&at(0), &button(7)).await, (202, String::new()));
    }
    assert_eq!(world.post(&at(1), &button(8)).await, (202, String::new()));
    assert_eq!(world.ids(), [7, 8]);
}

#[tokio::test]
async fn only_signed_requests_of_these_minutes_count() {
    let mut world = World::open().await;
    for (offset, status) in [(-301, 401), (-300, 202), (300, 202), (301, 401)] {
        assert_eq!(
            world.post(&at(offset), &button(1000 + offset.unsigned_abs())).await.0,
            status,
            "{offset}"
        );
    }
    for timestamp in ["", "now", "1e9", "99999999999999999999", "-1"] {
        assert_eq!(world.post(timestamp, &button(9)).await.0, 401, "{timestamp:?}");
    }
    world.ids();
    let (now, body) = (at(0), button(10));
    let right = world.sign(&now, &body);
    let other = hex(&SigningKey::from_bytes(&[8; 32]).sign(&[now.as_bytes(), &body[..]].concat()).to_bytes());
    let (upper, short, later) = (right.to_uppercase(), right[2..].to_owned(), at(1));
    let (signature, timestamp) = ("X-Signature-Ed25519", "X-Signature-Timestamp");
    for headers in [
        vec![],
        vec![(signature, right.as_str())],
        vec![(timestamp, now.as_str())],
        vec![(signature, &short), (timestamp, &now)],
        vec![(signature, "zz"), (timestamp, &now)],
        vec![(signature, &other), (timestamp, &now)],
        vec![(signature, &right), (timestamp, &later)],
        vec![(signature, &right), (signature, &right), (timestamp, &now)],
    ] {
        let (status, text) = world.send(&headers, &body).await;
        assert_eq!((status, text.as_str()), (401, "invalid request signature"), "{headers:?}");
    }
    assert_eq!(world.send(&[(signature, &right), (timestamp, &now)], &button(11)).await.0, 401, "other body");
    assert!(world.ids().is_empty());
    assert_eq!(world.send(&[(signature, &upper), (timestamp, &now)], &body).await.0, 202);
}

#[tokio::test]
async fn what_is_no_interaction_is_refused_with_constant_text() {
    let mut world = World::open().await;
    for body in [&b""[..], b"{", b"[]", b"\xff", br#"{"type":2}"#, br#"{"type":2,"id":"<b>","token":"t"}"#] {
        let (status, text) = world.post(&at(0), body).await;
        assert_eq!((status, text.as_str()), (400, "the body is unreadable"), "{body:?}");
    }
    assert!(world.ids().is_empty());
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let mut world = World::open().await;
    let mut body = button(12);
    body.resize(MAX_BODY_BYTES, b' ');
    assert_eq!(world.post(&at(0), &body).await.0, 202);
    body.push(b' ');
    let (status, text) = world.post(&at(0), &body).await;
    assert_eq!((status, text.as_str()), (413, "the body is too large"));
    assert_eq!(world.ids(), [12]);
}

#[tokio::test]
async fn nothing_else_is_served() {
    let world = World::open().await;
    let got = world.client.get(&world.url).send().await.expect("an answer");
    assert_eq!(got.status().as_u16(), 405);
}

#[test]
fn a_key_is_64_digits() {
    let right = hex(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    assert!(PublicKey::parse(&right).is_some() && PublicKey::parse(&format!(" {right}\n")).is_some());
    for wrong in
        ["", "00", &right[1..], &right[2..], &format!("{right}00"), &"zz".repeat(32), &"é".repeat(32)]
    {
        assert!(PublicKey::parse(wrong).is_none(), "{wrong}");
    }
}

#[tokio::test]
async fn a_body_is_not_read_if_its_headers_are_refused() {
    let world = World::open().await;
    let (now, stale, early) = (at(0), at(-301), at(301));
    let signature = world.sign(&now, b"{}");
    let not_hex = "g".repeat(signature.len());
    let (name, timestamp) = ("X-Signature-Ed25519", "X-Signature-Timestamp");
    for (headers, status) in [
        (vec![], "401"),
        (vec![(timestamp, now.as_str())], "401"),
        (vec![(name, signature.as_str())], "401"),
        (vec![(name, &signature[1..]), (timestamp, &now)], "401"),
        (vec![(name, &not_hex), (timestamp, &now)], "401"),
        (vec![(name, &signature), (timestamp, "now")], "401"),
        (vec![(name, &signature), (timestamp, &stale)], "401"),
        (vec![(name, &signature), (timestamp, &early)], "401"),
    ] {
        let line = announce(&world.url, &headers, 1000).await;
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{line} {headers:?}");
    }
    let line = announce(&world.url, &[(name, &signature), (timestamp, &now)], MAX_BODY_BYTES + 1).await;
    assert!(line.starts_with("HTTP/1.1 413"), "{line}");
}
