//! The client against a loopback server, by the real clock.

mod secrets;
mod server;

use serde_json::json;

use self::server::{counted, limited, refusal};
use super::*;
use crate::loopback::{Reply, Server, ok, reply};

const BOT_TOKEN: &str = "bot-SECRET-token";
const TOKEN: &str = "interaction-SECRET-token";

impl Server {
    fn rest(&self) -> Rest {
        Rest::new(&self.origin, &BOT_TOKEN.into()).expect("a client")
    }
}

fn edit() -> Request {
    let route = Route::EditOriginal { application: 7, token: TOKEN.into() };
    Request::json(route, json!({"content": "a"}))
}

fn message(channel: u64) -> Request {
    Request::json(Route::EditMessage { channel, message: 1 }, json!({"content": "a"}))
}

fn callback() -> Request {
    let route = Route::Callback { interaction: 3, token: TOKEN.into() };
    Request::json(route, json!({"type": 5}))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(8)
}

#[tokio::test]
async fn requests_are_as_documented_and_the_bot_token_is_sent_only_where_needed() {
    let mut server = Server::script(vec![]).await;
    let rest = server.rest();
    rest.attempt(&Request::new(Route::Application), Urgency::Final).await.expect("an answer");
    let seen = server.seen();
    assert_eq!(seen.first, "GET /api/v10/applications/@me HTTP/1.1");
    assert!(seen.has("authorization: Bot bot-SECRET-token"), "{}", seen.head);
    let agent = concat!("user-agent: DiscordBot (llm-arena, ", env!("CARGO_PKG_VERSION"), ")");
    assert!(seen.has(agent), "{}", seen.head);
    rest.attempt(&edit(), Urgency::Live).await.expect("an answer");
    let seen = server.seen();
    assert_eq!(seen.first, format!("PATCH /api/v10/webhooks/7/{TOKEN}/messages/@original HTTP/1.1"));
    assert!(seen.has("content-type: application/json"), "{}", seen.head);
    assert!(!seen.head.contains("authorization"), "{}", seen.head);
    assert_eq!(seen.text(), r#"{"content":"a"}"#);
    rest.send(&callback(), soon()).await.expect("an answer");
    let seen = server.seen();
    assert_eq!(seen.first, format!("POST /api/v10/interactions/3/{TOKEN}/callback HTTP/1.1"));
    assert!(!seen.head.contains("authorization"), "{}", seen.head);
}

#[tokio::test]
async fn an_origin_may_have_a_path_and_a_token_stays_one_segment() {
    let mut server = Server::script(vec![]).await;
    let origin = server.origin.join("proxy/").expect("a URL");
    let rest = Rest::new(&origin, &BOT_TOKEN.into()).expect("a client");
    let route = Route::EditOriginal { application: 7, token: "../x?y#z".into() };
    rest.attempt(&Request::new(route), Urgency::Final).await.expect("an answer");
    let expected = "PATCH /proxy/api/v10/webhooks/7/..%2Fx%3Fy%23z/messages/@original HTTP/1.1";
    assert_eq!(server.seen().first, expected);
    let wrong = Rest::new(&server.origin, &"line\nbreak".into()).map(drop);
    assert!(matches!(wrong, Err(RestError::Unauthorized)), "{wrong:?}");
}

#[tokio::test]
async fn uploads_are_sent_as_parts_byte_by_byte() {
    let mut server = Server::script(vec![]).await;
    let file = |name: &str, mime, bytes: &'static [u8]| File { name: name.into(), mime, bytes: bytes.into() };
    let files = vec![
        file("race.png", "image/png", b"\x89PNG\r\n\x1a\n\0\xff"),
        file("answers.md", "text/markdown", b"# a"),
    ];
    server.rest().send(&edit().with_files(files), soon()).await.expect("an answer");
    let seen = server.seen();
    let marker = "content-type: multipart/form-data; boundary=";
    let boundary = seen.head.lines().find_map(|line| line.strip_prefix(marker)).expect("a boundary");
    let part = |head: &str, content: &[u8]| {
        let disposition = "Content-Disposition: form-data; name=";
        [format!("--{boundary}\r\n{disposition}{head}\r\n\r\n").as_bytes(), content, b"\r\n"].concat()
    };
    let expected = [
        part("\"payload_json\"\r\nContent-Type: application/json", br#"{"content":"a"}"#),
        part("\"files[0]\"; filename=\"race.png\"\r\nContent-Type: image/png", b"\x89PNG\r\n\x1a\n\0\xff"),
        part("\"files[1]\"; filename=\"answers.md\"\r\nContent-Type: text/markdown", b"# a"),
        format!("--{boundary}--\r\n").into_bytes(),
    ];
    assert_eq!(seen.text(), String::from_utf8_lossy(&expected.concat()));
    assert_eq!(seen.body, expected.concat());
}

#[tokio::test]
async fn calls_beyond_the_limits_in_the_headers_are_not_made() {
    let mut server =
        Server::script(vec![counted(3, 2, 60.5), counted(3, 1, 60.5), counted(3, 0, 60.5)]).await;
    let rest = server.rest();
    let share = rest.limiter.share(&edit().route);
    assert_eq!(share.spacing(), ms(1_000));
    for urgency in [Urgency::Live, Urgency::Live] {
        rest.attempt(&edit(), urgency).await.expect("a slot");
    }
    assert_eq!(share.spacing(), ms(60_550) / 2, "with its fraction");
    let refused = rest.attempt(&edit(), Urgency::Live).await;
    let Err(RestError::Limited { retry_after }) = refused else { panic!("no room for it: {refused:?}") };
    assert!(retry_after <= ms(60_550), "{retry_after:?}");
    rest.attempt(&edit(), Urgency::Final).await.expect("the room that was kept");
    let late = rest.send(&edit(), soon()).await;
    assert!(matches!(late, Err(RestError::Limited { .. })), "{late:?}");
    assert!((0..3).map(|_| server.seen()).count() == 3 && server.is_done(), "no other was sent");
}

#[tokio::test]
async fn a_send_waits_for_the_next_window() {
    let mut server = Server::script(vec![counted(1, 0, 0.35)]).await;
    let rest = server.rest();
    rest.send(&edit(), soon()).await.expect("an answer");
    rest.send(&edit(), soon()).await.expect("an answer");
    let (first, second) = (server.seen(), server.seen());
    assert!(second.at - first.at >= ms(350), "{:?}", second.at - first.at);
}

#[tokio::test]
async fn a_429_of_this_route_is_waited_for_exactly() {
    for (scope, status) in [("user", 0.307), ("shared", 0.211)] {
        let mut server = Server::script(vec![limited(scope, status), counted(5, 4, 1.0)]).await;
        let rest = server.rest();
        rest.send(&message(1), soon()).await.expect("an answer");
        rest.attempt(&message(2), Urgency::Final).await.expect("another channel");
        let (first, second) = (server.seen(), server.seen());
        let gap = second.at - first.at;
        assert!(gap >= Duration::from_secs_f64(status), "{scope}: {gap:?}");
        assert!(gap < ms(9_000), "the header is not waited for: {gap:?}");
    }
}

#[tokio::test]
async fn a_global_429_stops_channels_but_no_interaction() {
    let mut server = Server::script(vec![limited("global", 60.4)]).await;
    let rest = server.rest();
    let refused = rest.attempt(&message(1), Urgency::Live).await;
    let Err(RestError::Limited { retry_after }) = refused else { panic!("{refused:?}") };
    assert_eq!(retry_after, ms(60_400), "as the body says");
    let other = rest.attempt(&message(2), Urgency::Final).await;
    assert!(matches!(other, Err(RestError::Limited { .. })), "{other:?}");
    rest.attempt(&edit(), Urgency::Live).await.expect("exempt");
    assert!((0..2).map(|_| server.seen()).count() == 2 && server.is_done());
    let mut server = Server::script(vec![limited("global", 0.4)]).await;
    let rest = server.rest();
    rest.attempt(&message(1), Urgency::Live).await.expect_err("a 429");
    rest.send(&message(2), soon()).await.expect("after the wait");
    let (first, last) = (server.seen(), server.seen());
    assert!(last.at - first.at >= ms(400));
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once() {
    let mut server = Server::script(vec![limited("user", 60.0)]).await;
    let result = server.rest().send(&message(1), soon()).await;
    assert!(
        matches!(result, Err(RestError::Limited { retry_after }) if retry_after > ms(59_000)),
        "{result:?}"
    );
    server.seen();
    assert!(server.is_done());
}

#[tokio::test]
async fn a_server_error_is_repeated_with_a_pause_and_not_by_an_attempt() {
    let error = || reply("500 Internal Server Error", &[], "");
    let mut server = Server::script(vec![error(), error(), ok(&[], r#"{"id":"5"}"#), error()]).await;
    let rest = server.rest();
    let body = rest.send(&edit(), soon()).await.expect("at last");
    assert_eq!(body, json!({"id": "5"}));
    let times: Vec<Instant> = (0..3).map(|_| server.seen().at).collect();
    assert!(times[1] - times[0] >= ms(250) && times[2] - times[1] >= ms(500), "{times:?}");
    let once = rest.attempt(&edit(), Urgency::Live).await;
    assert!(matches!(once, Err(RestError::Server { status: 500 })), "{once:?}");
    server.seen();
    assert!(server.is_done());
}

#[tokio::test]
async fn refusals_are_never_repeated() {
    let refusals = [
        ("400 Bad Request", 50_035, "refused with status 400, code 50035"),
        ("403 Forbidden", 50_001, "forbidden, code 50001"),
        ("404 Not Found", 10_062, "unknown interaction"),
        ("400 Bad Request", 40_060, "interaction was acknowledged already"),
        ("404 Not Found", 10_008, "message or channel is gone"),
        ("401 Unauthorized", 50_027, "interaction token has expired"),
    ];
    let replies = refusals.iter().map(|(status, code, _)| refusal(status, *code)).collect();
    let mut server = Server::script(replies).await;
    let rest = server.rest();
    for (_, _, expected) in refusals {
        let error = rest.send(&callback(), soon()).await.expect_err("a refusal");
        assert_eq!(error.to_string(), expected);
        server.seen();
    }
    assert!(server.is_done());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Server::script(vec![]).await;
    let location = format!("location: {}", elsewhere.origin);
    let server = Server::script(vec![reply("302 Found", &[&location], "")]).await;
    let result = server.rest().send(&Request::new(Route::Application), soon()).await;
    assert!(matches!(result, Err(RestError::Invalid { status: 302, .. })), "{result:?}");
    assert!(elsewhere.is_done());
}

#[tokio::test]
async fn a_dead_pooled_connection_is_repeated_once_at_once() {
    let mut server = Server::script(vec![counted(5, 4, 5.0), Reply::Cut]).await;
    let rest = server.rest();
    rest.attempt(&edit(), Urgency::Live).await.expect("an answer");
    rest.attempt(&edit(), Urgency::Live).await.expect("on a fresh connection");
    let connections = [server.seen(), server.seen(), server.seen()].map(|seen| seen.connection);
    assert_eq!(connections, [0, 0, 1]);
    let mut server = Server::script(vec![Reply::Cut, Reply::Cut]).await;
    let result = server.rest().attempt(&edit(), Urgency::Live).await;
    assert!(matches!(result, Err(RestError::Transport { ambiguous: true, .. })), "{result:?}");
    assert!((0..2).map(|_| server.seen()).count() == 2 && server.is_done(), "once");
}

#[tokio::test]
async fn an_initial_response_whose_confirmation_was_lost_is_ours() {
    for lost in [Reply::Cut, reply("502 Bad Gateway", &[], "<html>"), Reply::Silence] {
        let mut server = Server::script(vec![lost, refusal("400 Bad Request", 40_060)]).await;
        let body = server.rest().send(&callback(), soon()).await.expect("it was ours");
        assert_eq!(body, Value::Null);
        assert!((0..2).map(|_| server.seen()).count() == 2 && server.is_done());
    }
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let server = Server::script(vec![]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let rest = Rest::new(&origin.parse().expect("a URL"), &BOT_TOKEN.into()).expect("a client");
    let result = rest.attempt(&callback(), Urgency::Final).await;
    assert!(matches!(result, Err(RestError::Transport { ambiguous: false, .. })), "{result:?}");
    drop(server);
}

#[tokio::test]
async fn an_edit_whose_response_is_cut_off_is_done_and_a_query_is_repeated() {
    let broken = || Reply::Broken("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{".into());
    let huge = || ok(&[], &format!("\"{}\"", "x".repeat(3 << 20)));
    let replies: [(&str, &dyn Fn() -> Reply); 3] =
        [("broken", &broken), ("huge", &huge), ("html", &|| ok(&[], "<html>"))];
    for (name, reply) in replies {
        let mut server = Server::script(vec![reply(), reply(), ok(&[], r#"{"shards":1}"#)]).await;
        let rest = server.rest();
        let done = rest.attempt(&edit(), Urgency::Final).await.expect("accepted");
        assert_eq!(done, Value::Null, "{name}");
        let question = Request::new(Route::GatewayBot);
        let answer = rest.send(&question, soon()).await.expect("the second time");
        assert_eq!(answer, json!({"shards": 1}), "{name}");
        assert!((0..3).map(|_| server.seen()).count() == 3 && server.is_done(), "{name}");
    }
}

#[tokio::test]
async fn an_abandoned_call_still_counts() {
    let mut server = Server::script(vec![counted(2, 1, 60.0), Reply::Silence]).await;
    let rest = server.rest();
    rest.attempt(&edit(), Urgency::Final).await.expect("an answer");
    let given_up = tokio::time::timeout(ms(50), rest.attempt(&edit(), Urgency::Final)).await;
    assert!(given_up.is_err(), "there is no answer");
    let third = rest.attempt(&edit(), Urgency::Final).await;
    assert!(matches!(third, Err(RestError::Limited { .. })), "{third:?}");
    server.seen();
}

#[tokio::test]
async fn live_messages_of_one_channel_share_its_pace() {
    let server = Server::script(vec![counted(5, 4, 5.0)]).await;
    let rest = server.rest();
    rest.attempt(&message(1), Urgency::Live).await.expect("an answer");
    let shares: Vec<Share> = (0..4).map(|_| rest.limiter.share(&message(1).route)).collect();
    assert_eq!(shares[0].sharers(), 4);
    assert_eq!(shares[0].spacing(), ms(5_050));
    drop(shares);
    let alone = rest.limiter.share(&message(1).route);
    assert_eq!((alone.sharers(), alone.spacing()), (1, ms(5_050) / 4));
}
