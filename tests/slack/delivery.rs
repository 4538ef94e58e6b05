//! Deliveries that are posted: signed as Slack signs them, or not; and how they may be acknowledged.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse,
};
use serde_json::{Value, json};
use slack_morphism::signature_verifier::SlackEventSignatureVerifier;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::bot::{Bot, blocks, soon};
use crate::support::slack::{ANA, Delivery, Forgery, LOBBY, SignedRequest, UserRequest, World};

type Answer = (StatusCode, String);

/// Received requests: path, retry number, body.
type Kept = Arc<Mutex<Vec<(String, Option<String>, String)>>>;

/// Starts a webhook of a bot that checks signatures itself, keeps valid requests and answers with this.
async fn endpoint(bot: &Bot, answer: &Arc<Mutex<Answer>>) -> Kept {
    let secret = bot.slack.world(|world| world.signing_secret.clone());
    let (verifier, kept) = (Arc::new(SlackEventSignatureVerifier::new(&secret.into())), Kept::default());
    let (store, answer) = (Arc::clone(&kept), Arc::clone(answer));
    let take = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        if verifier.verify(text("x-slack-signature"), &body, text("x-slack-request-timestamp")).is_err() {
            return (StatusCode::UNAUTHORIZED, String::new()).into_response();
        }
        let retry = headers.get("x-slack-retry-num").map(|value| value.to_str().expect("text").to_owned());
        store.lock().expect("kept").push((uri.path().to_owned(), retry, body));
        answer.lock().expect("answer").clone().into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    bot.slack.deliver_by(Delivery::Http(listener.local_addr().expect("an address")));
    let app = Router::new().fallback(take);
    TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
    kept
}

fn ok(body: &str) -> Arc<Mutex<Answer>> {
    Arc::new(Mutex::new((StatusCode::OK, body.to_owned())))
}

/// Waits until so many acknowledgements arrived.
async fn acked(bot: &Bot, request: &UserRequest, count: usize) {
    let acks = |world: &World| {
        (world.actions.iter().map(|request| request.acks.len()).sum::<usize>() >= count).then_some(())
    };
    soon(bot.slack.until(acks)).await;
    soon(request.wait_for_ack()).await;
}

#[tokio::test]
async fn what_is_posted_is_signed() {
    let bot = Bot::new().await;
    let kept = endpoint(&bot, &ok("")).await;
    let request = bot.slack.type_command("/arena", "compare a & b", ANA, LOBBY);
    let ack = soon(request.wait_for_ack()).await;
    assert!(
        ack.status == 200 && ack.after.as_millis() < 3_000 && ack.payload.is_none() && ack.shown.is_none()
    );
    let mention = bot.slack.mention("help", ANA, LOBBY, None);
    acked(&bot, &mention, 2).await;
    bot.slack.redeliver(&mention);
    acked(&bot, &mention, 3).await;
    let came = kept.lock().expect("kept").clone();
    let fields: Vec<_> = url::form_urlencoded::parse(came[0].2.as_bytes()).collect();
    assert!(fields.contains(&("text".into(), "compare a &amp; b".into())), "{fields:?}");
    assert_eq!(
        came.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(),
        ["/slack/commands", "/slack/events", "/slack/events"]
    );
    assert_eq!(
        (&came[1].1, came[2].1.as_deref(), &came[1].2),
        (&None, Some("1"), &came[2].2),
        "the same once more"
    );

    let body = json!({ "type": "url_verification", "challenge": "c" });
    for (forgery, status) in [
        (Forgery::None, 200),
        (Forgery::OtherBody, 401),
        (Forgery::OtherKey, 401),
        (Forgery::OtherTimestamp, 401),
        (Forgery::Age(400), 401),
        (Forgery::Age(-400), 401),
        (Forgery::Age(200), 200),
        (Forgery::Unsigned, 401),
        (Forgery::Garbage, 401),
    ] {
        let request = bot.slack.signed_request("events_api", &body, forgery);
        assert_eq!(soon(bot.slack.send(&request)).await.0, status, "{forgery:?}");
    }
    let twice: SignedRequest = bot.slack.signed_request("events_api", &body, Forgery::None);
    for _ in 0..2 {
        assert_eq!(soon(bot.slack.send(&twice)).await.0, 200, "a replay is good where nobody remembers");
    }
    bot.slack.assert_clean();
}

#[tokio::test]
async fn an_answer_to_a_command_is_seen_by_the_asker() {
    let bot = Bot::new().await;
    let answer = json!({ "response_type": "ephemeral", "text": "Hello", "blocks": blocks("Hello <@U0BEN>") });
    endpoint(&bot, &ok(&answer.to_string())).await;
    let request = bot.slack.type_command("/arena", "help", ANA, LOBBY);
    let seen = soon(request.wait_for_private_text("Hello")).await;
    assert_eq!(seen.look.buttons().len(), 2);
    assert_eq!(request.ephemerals()[0].only_for.as_deref(), Some(ANA.id));
    assert_eq!(bot.take_violations(), "an acknowledgement: <@U0BEN>", "it is held against the same rules");
    bot.slack.assert_clean();
}

#[tokio::test]
async fn wrong_acknowledgements_are_fouls() {
    let bot = Bot::new().await;
    let answer = ok("{}");
    endpoint(&bot, &answer).await;
    let loud = json!({ "response_type": "in_channel", "text": "a", "blocks": blocks("a") }).to_string();
    let more = json!({ "text": "a", "blocks": blocks("a"), "channel": "C1" }).to_string();
    for (status, body, violation) in [
        (200, "{}", "/arena of ana in C0LOBBY was acknowledged with {}, which people would see"),
        (200, "ok", "/arena of ana in C0LOBBY was acknowledged with no JSON: \"ok\""),
        (500, "", "/arena of ana in C0LOBBY was posted and got 500: \"\""),
        (202, "", "/arena of ana in C0LOBBY was posted and got 202: \"\""),
        (200, &loud, "an acknowledgement: it would be shown to everybody, with the command"),
        (200, &more, "an acknowledgement: it has a field \"channel\""),
    ] {
        *answer.lock().expect("answer") = (StatusCode::from_u16(status).expect("a status"), body.to_owned());
        let request = bot.slack.type_command("/arena", "help", ANA, LOBBY);
        soon(request.wait_for_ack()).await;
        assert_eq!(bot.take_violations(), violation);
    }
    *answer.lock().expect("answer") = (StatusCode::OK, json!({ "text": "a" }).to_string());
    let mention = bot.slack.mention("help", ANA, LOBBY, None);
    soon(mention.wait_for_ack()).await;
    assert_eq!(bot.take_violations(), "a mention of ana in C0LOBBY was acknowledged with something in it");
    bot.slack.assert_clean();
}

#[tokio::test]
async fn an_acknowledgement_comes_and_in_time() {
    let bot = Bot::new().await;
    bot.slack.type_command("/arena", "help", ANA, LOBBY);
    let envelope = bot.envelope();
    let open = bot.slack.world(|world| world.all_violations());
    assert_eq!(open, ["/arena of ana in C0LOBBY was never acknowledged"]);
    bot.slack.world(|world| world.acks_within = std::time::Duration::ZERO);
    envelope.acks.ack(Some(Value::Null));
    assert!(bot.take_violations().starts_with("/arena of ana in C0LOBBY was acknowledged after"));
    bot.slack.mention("help", ANA, LOBBY, None).excuse();
    bot.envelope().acks.ack(Some(json!({})));
    assert_eq!(bot.take_violations(), "an acknowledgement carries a payload where none is accepted");
    bot.slack.assert_clean();
}
