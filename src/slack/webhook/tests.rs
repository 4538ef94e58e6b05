use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::Timestamp;
use rustls::{
    SupportedCipherSuite,
    crypto::{ring::cipher_suite::TLS13_AES_128_GCM_SHA256, tls13::OkmBlock},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::task::TaskTracker;

use super::*;
use crate::{
    loopback::announce,
    slack::incoming::{Incoming, Kind},
};

const NOW: i64 = 1_531_420_618;
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SIGNATURE: &str = "X-Slack-Signature";
const TIMESTAMP: &str = "X-Slack-Request-Timestamp";
const RETRY: &str = "X-Slack-Retry-Num";

/// Endpoints on a port, whose clock stands still, and Slack with the secret. A command gets a private answer, a
/// modal errors.
struct World {
    origin: String,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    client: reqwest::Client,
}

fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else { panic!("TLS 1.3") };
    let text = [b"v0:", timestamp.as_bytes(), b":", body].concat();
    let tag = suite.hkdf_provider.hmac_sign(&OkmBlock::new(secret.as_bytes()), &text);
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    let hex: String = tag.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    format!("v0={hex}")
}

fn answer(incoming: &Incoming) -> Ack {
    match incoming.kind {
        Kind::Command { .. } => Ack::Private(json!({ "text": "On it", "blocks": [] })),
        Kind::Modal { .. } => Ack::Errors(BTreeMap::from([("prompt".into(), "too long".into())])),
        _ => Ack::Empty,
    }
}

impl World {
    async fn open() -> Self {
        let (sender, incoming) = mpsc::unbounded_channel();
        let intake = Intake::new(Arc::new(move |incoming| {
            let ack = answer(&incoming);
            drop(sender.send(incoming));
            Box::pin(std::future::ready(ack)) as BoxFuture<'static, Ack>
        }));
        let clock = || Timestamp::from_second(NOW).expect("a moment");
        let router = router(&SECRET.into(), Arc::new(intake), clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}/slack", listener.local_addr().expect("an address"));
        TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
        let tls = crate::tls::mozilla().expect("the defaults");
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls);
        let client = client.build().expect("a client");
        Self { origin, incoming, client }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let request = self.client.post(format!("{}/{path}", self.origin)).body(body.to_vec());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    async fn post(&self, path: &str, timestamp: &str, body: &[u8]) -> (u16, String) {
        let signature = sign(SECRET, timestamp, body);
        self.send(path, &[(SIGNATURE, &signature), (TIMESTAMP, timestamp)], body).await
    }

    fn kinds(&mut self) -> Vec<Kind> {
        std::iter::from_fn(|| self.incoming.try_recv().ok()).map(|incoming| incoming.kind).collect()
    }
}

fn at(offset: i64) -> String {
    (NOW + offset).to_string()
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

fn command(trigger: &str, text: &str) -> Vec<u8> {
    form(&[
        ("token", "legacy"),
        ("team_id", "T1"),
        ("channel_id", "C1"),
        ("user_id", "U1"),
        ("user_name", "ana"),
        ("command", "/arena"),
        ("text", text),
        ("response_url", "https://hooks.slack.com/commands/T1/1/x"),
        ("trigger_id", trigger),
        ("is_enterprise_install", "false"),
    ])
}

fn mention(id: &str) -> Vec<u8> {
    let event = json!({ "type": "app_mention", "user": "U1", "text": "<@UBOT> help", "ts": "1.2", "channel": "C1",
                        "event_ts": "1.2" });
    json!({ "token": "legacy", "team_id": "T1", "api_app_id": "A1", "event": event, "type": "event_callback",
            "event_id": id, "event_time": NOW,
            "authorizations": [{ "enterprise_id": null, "team_id": "T1", "user_id": "UBOT", "is_bot": true,
                                 "is_enterprise_install": false }] })
    .to_string()
    .into_bytes()
}

#[tokio::test]
async fn the_example_of_slacks_documentation_is_accepted() {
    let mut world = World::open().await;
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
        https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
        398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(sign(SECRET, "1531420618", body), signature);
    let headers = [(SIGNATURE, signature), (TIMESTAMP, "1531420618")];
    assert_eq!(world.send("commands", &headers, body).await.0, 200);
    assert_eq!(world.kinds(), [Kind::Command { text: String::new() }]);
}

#[tokio::test]
async fn a_command_is_answered_in_private() {
    let mut world = World::open().await;
    let (status, body) = world.post("commands", &at(0), &command("1.a", "ask a &lt; b &amp; ü")).await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (status, answer),
        (200, json!({ "response_type": "ephemeral", "text": "On it", "blocks": [] }))
    );
    assert_eq!(world.kinds(), [Kind::Command { text: "ask a < b & ü".into() }]);
}

#[tokio::test]
async fn what_is_wrong_in_a_modal_is_told() {
    let mut world = World::open().await;
    let payload = json!({
        "type": "view_submission", "team": { "id": "T1", "domain": "x" }, "user": { "id": "U1", "name": "ana" },
        "trigger_id": "1.m", "response_urls": [],
        "view": { "id": "V1", "team_id": "T1", "type": "modal", "hash": "h", "private_metadata": "C1",
                  "callback_id": "", "title": { "type": "plain_text", "text": "Arena" }, "blocks": [],
                  "state": { "values": { "prompt": { "prompt": { "type": "plain_text_input", "value": "x" } } } } },
    });
    let body = form(&[("payload", &payload.to_string())]);
    let (status, body) = world.post("interactive", &at(0), &body).await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (status, answer),
        (200, json!({ "response_action": "errors", "errors": { "prompt": "too long" } }))
    );
    let [Kind::Modal { view_state, private_metadata, .. }] = &world.kinds()[..] else { panic!("a modal") };
    assert_eq!((view_state, private_metadata.as_str()), (&payload["view"]["state"], "C1"));
}

#[tokio::test]
async fn slacks_question_is_answered_only_if_it_is_slacks() {
    let mut world = World::open().await;
    let body = br#"{"type":"url_verification","token":"x","challenge":"3eZb"}"#;
    assert_eq!(world.post("events", &at(0), body).await, (200, r#"{"challenge":"3eZb"}"#.into()));
    let headers = [(SIGNATURE, "v0=00"), (TIMESTAMP, "1531420618")];
    assert_eq!(world.send("events", &headers, body).await, (401, "invalid request signature".into()));
    assert!(world.kinds().is_empty());
}

#[tokio::test]
async fn only_signed_requests_of_these_minutes_count() {
    let mut world = World::open().await;
    for (offset, status) in [(-301, 401), (-300, 200), (300, 200), (301, 401)] {
        let body = command(&offset.to_string(), "help");
        assert_eq!(world.post("commands", &at(offset), &body).await.0, status, "{offset}");
    }
    assert_eq!(world.kinds().len(), 2);
    for timestamp in ["", "now", "1e9", "-1", "+1531420618", "9999999999999", "-9223372036854775808"] {
        assert_eq!(world.post("commands", timestamp, b"x").await.0, 401, "{timestamp:?}");
    }
    let (now, body) = (at(0), command("2.a", "help"));
    let right = sign(SECRET, &now, &body);
    let (other, upper, later) = (sign("other", &now, &body), right.to_uppercase(), at(1));
    for headers in [
        vec![],
        vec![(SIGNATURE, right.as_str())],
        vec![(TIMESTAMP, now.as_str())],
        vec![(SIGNATURE, &right[..40]), (TIMESTAMP, &now)],
        vec![(SIGNATURE, &right[3..]), (TIMESTAMP, &now)],
        vec![(SIGNATURE, &other), (TIMESTAMP, &now)],
        vec![(SIGNATURE, &upper), (TIMESTAMP, &now)],
        vec![(SIGNATURE, &right), (TIMESTAMP, &later)],
        vec![(SIGNATURE, &right), (SIGNATURE, &right), (TIMESTAMP, &now)],
        vec![(SIGNATURE, &right), (TIMESTAMP, &now), (TIMESTAMP, &later)],
    ] {
        let refused = world.send("commands", &headers, &body).await;
        assert_eq!(refused, (401, "invalid request signature".into()), "{headers:?}");
    }
    let headers = [(SIGNATURE, right.as_str()), (TIMESTAMP, now.as_str())];
    assert_eq!(world.send("commands", &headers, &command("2.b", "help")).await.0, 401, "another body");
    assert_eq!(world.post("commands", &now, b"\xff").await.0, 401, "no text");
    assert!(world.kinds().is_empty());
    assert_eq!(world.send("commands", &headers, &body).await.0, 200, "it was right all the time");
}

#[tokio::test]
async fn a_replay_is_refused_and_a_retry_is_answered_but_not_run() {
    let mut world = World::open().await;
    let (now, body) = (at(0), mention("Ev1"));
    let signature = sign(SECRET, &now, &body);
    let first = [(SIGNATURE, signature.as_str()), (TIMESTAMP, now.as_str())];
    assert_eq!(world.send("events", &first, &body).await, (200, String::new()));
    assert_eq!(world.send("events", &first, &body).await, (409, "this request came before".into()));
    let at_once = [first[0], first[1], (RETRY, "1")];
    assert_eq!(world.send("events", &at_once, &body).await.0, 200, "a retry within the same second");
    assert_eq!(world.send("events", &at_once, &body).await.0, 409);
    for number in ["0", "4", "-1", "x", "256"] {
        assert_eq!(
            world.send("events", &[first[0], first[1], (RETRY, number)], &body).await.0,
            409,
            "{number}"
        );
    }
    let (later, number) = (at(60), (RETRY, "2"));
    let signature = sign(SECRET, &later, &body);
    let retried = [(SIGNATURE, signature.as_str()), (TIMESTAMP, later.as_str()), number];
    assert_eq!(world.send("events", &retried, &body).await, (200, String::new()));
    assert_eq!(world.kinds(), [Kind::Message { text: "help".into() }], "once");
}

#[tokio::test]
async fn what_nobody_can_read_is_no_error_to_slack() {
    let mut world = World::open().await;
    for path in ["commands", "interactive", "events"] {
        for body in [&b"{"[..], b"[]", b"payload=%7B", b"text=only", br#"{"type":"new"}"#, b"ssl_check=1"] {
            let stamp = at(i64::try_from(path.len() + body.len()).expect("small"));
            assert_eq!(world.post(path, &stamp, body).await, (200, String::new()), "{path} {body:?}");
        }
    }
    assert!(world.kinds().is_empty());
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let mut world = World::open().await;
    let mut body = command("3.a", "help");
    body.extend_from_slice(b"&padding=");
    body.resize(MAX_BODY_BYTES, b'x');
    assert_eq!(world.post("commands", &at(0), &body).await.0, 200);
    body.push(b'x');
    assert_eq!(world.post("commands", &at(0), &body).await, (413, "the body is too large".into()));
    assert_eq!(world.kinds().len(), 1);
}

#[tokio::test]
async fn nothing_else_is_served() {
    let world = World::open().await;
    for path in ["commands", "interactive", "events"] {
        let got = world.client.get(format!("{}/{path}", world.origin)).send().await.expect("an answer");
        assert_eq!(got.status().as_u16(), 405);
    }
}

#[tokio::test]
async fn a_body_is_not_read_if_its_headers_are_refused() {
    let world = World::open().await;
    let (now, stale, early) = (at(0), at(-301), at(301));
    let signature = sign(SECRET, &now, b"x");
    let not_hex = format!("v0={}", "g".repeat(64));
    for path in ["commands", "interactive", "events"] {
        for headers in [
            vec![],
            vec![(TIMESTAMP, now.as_str())],
            vec![(SIGNATURE, signature.as_str())],
            vec![(SIGNATURE, &signature[3..]), (TIMESTAMP, &now)],
            vec![(SIGNATURE, &signature[..66]), (TIMESTAMP, &now)],
            vec![(SIGNATURE, &not_hex), (TIMESTAMP, &now)],
            vec![(SIGNATURE, &signature), (TIMESTAMP, "now")],
            vec![(SIGNATURE, &signature), (TIMESTAMP, &stale)],
            vec![(SIGNATURE, &signature), (TIMESTAMP, &early)],
        ] {
            let line = announce(&format!("{}/{path}", world.origin), &headers, 1000).await;
            assert!(line.starts_with("HTTP/1.1 401"), "{line} {headers:?}");
        }
        let headers = [(SIGNATURE, signature.as_str()), (TIMESTAMP, now.as_str())];
        let line = announce(&format!("{}/{path}", world.origin), &headers, MAX_BODY_BYTES + 1).await;
        assert!(line.starts_with("HTTP/1.1 413"), "{line}");
    }
}
