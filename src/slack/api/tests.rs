//! The client against a loopback server, by the real clock.

mod secrets;
mod upload;

use slack_morphism::blocks::{SlackDividerBlock, SlackModalView};
use tokio::time::{Instant, timeout};

use super::*;
use crate::loopback::{Reply, Seen, Server, reply};

const BOT_TOKEN: &str = "xoxb-SECRET-token";
const TEXT: &str = "Why is TEXT the sky blue?";

impl Server {
    fn api(&self) -> Api {
        Api::new(&self.url(), &BOT_TOKEN.into()).expect("a client")
    }

    /// A client that gives up soon.
    fn hasty(&self) -> Api {
        let soon = Duration::from_millis(200);
        let timeouts = Timeouts { message: soon, upload: soon, other: soon, retry_delay: soon / 20 };
        Api::with(&self.url(), &BOT_TOKEN.into(), timeouts).expect("a client")
    }

    fn url(&self) -> Url {
        self.origin.join("api").expect("a URL")
    }

    fn at(&self, path: &str) -> SecretString {
        format!("{}{path}", self.origin).into()
    }
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

const JSON: &str = "content-type: application/json; charset=utf-8";

/// An answer of Slack's.
fn answer(body: &Value) -> Reply {
    reply("200 OK", &[JSON], &body.to_string())
}

fn refusal(code: &str) -> Reply {
    answer(&json!({"ok": false, "error": code}))
}

fn limited(headers: &[&str]) -> Reply {
    let headers = [&[JSON], headers].concat();
    reply("429 Too Many Requests", &headers, r#"{"ok":false,"error":"ratelimited"}"#)
}

fn posted() -> Reply {
    answer(&json!({"ok": true, "channel": "C1", "ts": "1.2", "message": {"text": TEXT}}))
}

fn message() -> Body {
    Body { text: TEXT.into(), blocks: vec![SlackDividerBlock::new().into()] }
}

fn at(ts: &str) -> Address {
    Address { channel: "C1".into(), ts: ts.into(), thread: None }
}

fn view() -> SlackView {
    SlackView::Modal(SlackModalView::new("TEXT".into(), vec![]))
}

fn place() -> ChannelThread {
    ChannelThread { channel: "C1".into(), thread: None }
}

fn thread() -> ChannelThread {
    ChannelThread { channel: "C1".into(), thread: Some("1.1".into()) }
}

#[tokio::test]
async fn requests_are_as_documented() {
    let done = || answer(&json!({"ok": true}));
    let mut server = Server::script(vec![posted(), done(), done(), done(), done()]).await;
    let api = server.api();
    let blocks = json!([{"type": "divider"}]);
    let there = api.post(&thread(), &message()).await.expect("posted");
    assert_eq!(there, Address { thread: Some("1.1".into()), ..at("1.2") });
    let seen = server.seen();
    assert_eq!(seen.first, "POST /api/chat.postMessage HTTP/1.1");
    assert!(seen.has("authorization: Bearer xoxb-SECRET-token") && seen.has(JSON), "{}", seen.head);
    let no_links = (false, false);
    let expected = json!({"channel": "C1", "thread_ts": "1.1", "text": TEXT, "blocks": blocks,
        "unfurl_links": no_links.0, "unfurl_media": no_links.1});
    assert_eq!(seen.json(), expected);
    api.update(&at("1.2"), &message()).await.expect("updated");
    let seen = server.seen();
    assert_eq!(seen.first, "POST /api/chat.update HTTP/1.1");
    assert_eq!(seen.json(), json!({"channel": "C1", "ts": "1.2", "text": TEXT, "blocks": blocks}));
    api.post_ephemeral(&place(), "U1", &message()).await.expect("whispered");
    let seen = server.seen();
    assert_eq!(seen.first, "POST /api/chat.postEphemeral HTTP/1.1");
    assert_eq!(seen.json(), json!({"channel": "C1", "user": "U1", "text": TEXT, "blocks": blocks}));
    let view = view();
    api.open_view("t.1", &view, Duration::from_secs(2)).await.expect("opened");
    let seen = server.seen();
    assert_eq!(seen.first, "POST /api/views.open HTTP/1.1");
    assert_eq!(seen.json(), json!({"trigger_id": "t.1", "view": view}));
    api.join("C1").await.expect("joined");
    let seen = server.seen();
    assert_eq!(
        (seen.first.as_str(), seen.json()),
        ("POST /api/conversations.join HTTP/1.1", json!({"channel": "C1"}))
    );
}

#[tokio::test]
async fn a_token_is_known_by_its_answer_and_each_call_has_its_own() {
    let me = json!({"ok": true, "team_id": "T1", "user_id": "U1", "bot_id": "B1"});
    let socket = json!({"ok": true, "url": "wss://wss.slack.com/link?ticket=SECRET"});
    let mut server = Server::script(vec![answer(&me), answer(&socket), answer(&json!({"ok": true}))]).await;
    let api = server.api();
    assert_eq!(api.identity().await, Ok(Identity { team: "T1".into(), user: "U1".into() }));
    assert_eq!(server.seen().first, "POST /api/auth.test HTTP/1.1");
    let second = Duration::from_secs(1);
    let url = api.open_connection(&"xapp-SECRET".into(), 6 * second).await.expect("a socket's address");
    assert_eq!(url.expose_secret(), "wss://wss.slack.com/link?ticket=SECRET");
    let seen = server.seen();
    assert_eq!(seen.first, "POST /api/apps.connections.open HTTP/1.1");
    assert!(seen.has("authorization: Bearer xapp-SECRET"), "{}", seen.head);
    assert_eq!(api.identity().await, Err(Lost::Unreadable.into_error()), "an answer without ids");
    for bad in ["", "line\nbreak", "emoji 🙂"] {
        let refused = ApiError::Unauthorized { code: "invalid_auth".into() };
        assert_eq!(Api::new(&server.url(), &bad.into()).err(), Some(refused.clone()), "{bad:?}");
        assert_eq!(api.open_connection(&bad.into(), second).await.err(), Some(refused));
    }
    assert!(server.seen().first.contains("auth.test") && server.is_done());
}

#[tokio::test]
async fn the_address_may_end_with_a_slash() {
    for address in ["https://slack.example/api", "https://slack.example/api/"] {
        let api = Api::new(&address.parse().expect("a URL"), &BOT_TOKEN.into()).expect("a client");
        let request = api.method(&BOT_TOKEN.into(), "auth.test").expect("a request").build();
        assert_eq!(request.expect("a request").url().as_str(), "https://slack.example/api/auth.test");
    }
    let mut server = Server::script(vec![posted()]).await;
    let api = Api::new(&server.origin, &BOT_TOKEN.into()).expect("a client");
    api.post(&place(), &message()).await.expect("posted");
    assert_eq!(server.seen().first, "POST /chat.postMessage HTTP/1.1");
}

#[tokio::test]
async fn an_answer_is_classified() {
    let html = || reply("200 OK", &["content-type: text/html"], "<html>");
    let cases = [
        (refusal("not_in_channel"), ApiError::NotInChannel, false),
        (refusal("is_archived"), ApiError::Closed, false),
        (refusal("msg_blocks_too_long"), ApiError::TooLong, false),
        (refusal("invalid_blocks"), ApiError::InvalidBlocks { unsupported: vec![] }, false),
        (refusal("token_revoked"), ApiError::Unauthorized { code: "token_revoked".into() }, false),
        (refusal("no_text"), ApiError::Refused { code: "no_text".into() }, false),
        (
            answer(
                &json!({"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "commands"}),
            ),
            ApiError::MissingScope { needed: "chat:write".into() },
            false,
        ),
        (refusal("fatal_error"), ApiError::Server { status: 200 }, true),
        (reply("503 Service Unavailable", &[], TEXT), ApiError::Server { status: 503 }, true),
        (reply("500 No", &[JSON], "{}"), ApiError::Server { status: 500 }, true),
        (reply("404 Not Found", &[], ""), ApiError::Refused { code: "http_404".into() }, false),
        (Reply::Cut, Lost::Cut.into_error(), true),
        (
            Reply::Broken(format!("HTTP/1.1 200 OK\r\n{JSON}\r\ncontent-length: 99\r\n\r\n{{")),
            Lost::Cut.into_error(),
            true,
        ),
        (Reply::Text("HTTP/1.1 nonsense\r\n\r\n".into()), Lost::Cut.into_error(), true),
        (html(), Lost::Unreadable.into_error(), true),
        (reply("200 OK", &[JSON], "{"), Lost::Unreadable.into_error(), true),
        (reply("200 OK", &[JSON], r#"{"ok":false}"#), Lost::Unreadable.into_error(), true),
        (answer(&json!({"ok": true})), Lost::Unreadable.into_error(), true), // posted at an unknown address
    ];
    for (reply, expected, ambiguous) in cases {
        let mut server = Server::script(vec![reply]).await;
        let error = server.api().post(&place(), &message()).await.expect_err("a failure");
        assert_eq!((&error, error.is_ambiguous()), (&expected, ambiguous));
        let connection = server.seen().connection;
        assert!(connection == 0 && server.is_done(), "it is never posted twice: {expected}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up_at_its_deadline() {
    let endless = || Reply::Text(format!("HTTP/1.1 200 OK\r\n{JSON}\r\ncontent-length: 99\r\n\r\n{{"));
    for slow in [|| Reply::Silence, endless] {
        let mut server = Server::script((0..7).map(|_| slow()).collect()).await;
        let (api, late) = (server.hasty(), Lost::Late.into_error());
        let began = Instant::now();
        assert_eq!(api.post(&place(), &message()).await, Err(late.clone()));
        assert_eq!(api.update(&at("1.2"), &message()).await, Err(late.clone()));
        assert_eq!(api.post_ephemeral(&place(), "U1", &message()).await, Err(late.clone()));
        assert_eq!(api.open_view("t", &view(), Duration::from_millis(100)).await, Err(late.clone()));
        assert_eq!(api.join("C1").await, Err(late.clone()));
        assert_eq!(api.identity().await, Err(late.clone()));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(late.is_ambiguous() && (0..6).map(|_| server.seen()).count() == 6);
    }
}

#[tokio::test]
async fn without_a_listener_nothing_is_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let api = Api::new(&origin.parse().expect("a URL"), &BOT_TOKEN.into()).expect("a client");
    let unsent = Lost::Unconnected.into_error();
    assert!(!unsent.is_ambiguous());
    assert_eq!(api.post(&place(), &message()).await, Err(unsent.clone()));
    let url = format!("{origin}/respond").into();
    assert_eq!(api.respond(&url, None, &message(), false).await, Err(unsent));
}

#[tokio::test]
async fn a_method_is_not_called_before_its_wait_is_over() {
    let ok = || answer(&json!({"ok": true}));
    let mut server = Server::script(vec![limited(&["retry-after: 1"]), posted(), ok()]).await;
    let api = server.api();
    let second = Duration::from_secs(1);
    assert_eq!(api.update(&at("1.2"), &message()).await, Err(ApiError::Limited { retry_after: second }));
    let first = server.seen().at;
    let held = api.update(&Address { channel: "C2".into(), ..at("1.3") }, &message()).await;
    assert!(matches!(held, Err(ApiError::Limited { retry_after }) if retry_after > second / 2), "{held:?}");
    api.post(&place(), &message()).await.expect("another method");
    assert!(server.seen().first.contains("postMessage") && server.is_done());
    tokio::time::sleep(api.rate_limiter().held(method::UPDATE).expect("it waits")).await;
    api.update(&at("1.2"), &message()).await.expect("now");
    let gap = server.seen().at - first;
    assert!(gap >= second, "{gap:?}");
}

#[tokio::test]
async fn a_wait_is_read_from_its_header_or_assumed() {
    for (headers, seconds) in [
        (&["retry-after: 30"] as &[&str], 30),
        (&["retry-after: 0"], 1),
        (&[], 10),
        (&["retry-after: soon"], 10),
        (&["retry-after: 1.5"], 10),
        (&["retry-after: -4"], 10),
    ] {
        let expected = Err(ApiError::Limited { retry_after: Duration::from_secs(seconds) });
        let server = Server::script(vec![limited(headers), limited(headers)]).await;
        let api = server.api();
        assert_eq!(api.join("C1").await, expected, "{headers:?}");
        assert_eq!(
            api.respond(&server.at("respond"), None, &message(), false).await,
            expected,
            "{headers:?}"
        );
    }
    let server = Server::script(vec![refusal("ratelimited")]).await;
    let error = server.api().join("C1").await.expect_err("a limit without its status");
    assert_eq!(error, ApiError::Limited { retry_after: Duration::from_secs(10) });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Server::script(vec![]).await;
    let location = format!("location: {}", elsewhere.origin);
    let redirects = (0..2).map(|_| reply("307 Temporary Redirect", &[&location], "")).collect();
    let server = Server::script(redirects).await;
    let (api, refused) = (server.api(), Err(ApiError::Refused { code: "http_307".into() }));
    assert_eq!(api.join("C1").await, refused);
    assert_eq!(api.respond(&server.at("respond"), None, &message(), false).await, refused);
    assert!(elsewhere.is_done());
}

#[tokio::test]
async fn a_delivered_response_is_a_success() {
    let delivered = [
        reply("200 OK", &["content-type: text/html"], "ok"),
        reply("200 OK", &[], ""),
        reply("200 OK", &[JSON], ""),
        answer(&json!({"ok": true})),
        Reply::Broken("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no".into()),
    ];
    for delivered in delivered {
        let mut server = Server::script(vec![delivered]).await;
        let api = server.api();
        api.respond(&server.at("respond/SECRET"), None, &message(), true).await.expect("delivered");
        let seen = server.seen();
        assert_eq!(seen.first, "POST /respond/SECRET HTTP/1.1");
        assert!(!seen.head.contains("authorization") && seen.has(JSON), "{}", seen.head);
        let expected = json!({"text": TEXT, "blocks": [{"type": "divider"}], "replace_original": true});
        assert_eq!(seen.json(), expected);
    }
    for (failed, expected) in [
        (refusal("expired_url"), ApiError::Gone),
        (reply("404 Not Found", &[], "used_url"), ApiError::Gone),
        (refusal("invalid_blocks"), ApiError::InvalidBlocks { unsupported: vec![] }),
        (reply("500 No", &[], ""), ApiError::Server { status: 500 }),
        (Reply::Cut, Lost::Cut.into_error()),
    ] {
        let server = Server::script(vec![failed]).await;
        let error = server.api().respond(&server.at("respond"), None, &message(), false).await;
        assert_eq!(error, Err(expected));
    }
}

#[tokio::test]
async fn no_response_url_leads_elsewhere() {
    let (server, mut elsewhere) = (Server::script(vec![]).await, Server::script(vec![]).await);
    let api = server.api();
    let wrong = [elsewhere.at("respond"), "https://hooks.slack.com/x".into(), "nonsense".into()];
    for url in wrong {
        let error = api.respond(&url, None, &message(), false).await.expect_err("not there");
        assert_eq!(error, ApiError::Gone);
        assert!(!error.is_ambiguous());
    }
    assert!(elsewhere.is_done());
}

#[tokio::test]
async fn calls_do_not_wait_for_each_other() {
    let mut server = Server::script(vec![Reply::Silence, posted()]).await;
    let api = server.api();
    let (there, frame) = (at("1.1"), message());
    let mut slow = Box::pin(api.update(&there, &frame));
    assert!(timeout(Duration::from_millis(100), &mut slow).await.is_err(), "there is no answer");
    api.post(&place(), &message()).await.expect("beside the slow one");
    assert_eq!([server.seen(), server.seen()].map(|seen| seen.connection), [0, 1]);
}
