//! Interactions that are posted: signed as Discord signs them, or not.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::json;
use serenity::interactions_endpoint::Verifier;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::bot::{Bot, soon};
use crate::support::discord::{ANA, ChannelKind, Delivery, Forgery};

/// Starts a webhook of a bot that checks signatures itself and keeps valid payloads.
async fn endpoint(bot: &Bot, status: StatusCode) -> Arc<Mutex<Vec<Bytes>>> {
    let key = bot.discord.world(|world| world.public_key());
    let (verifier, kept) = (Arc::new(Verifier::new(&key)), Arc::new(Mutex::new(vec![])));
    let store = Arc::clone(&kept);
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let good = verifier.verify(text("x-signature-ed25519"), text("x-signature-timestamp"), &body).is_ok();
        if good {
            store.lock().expect("kept").push(body);
        }
        if good { status } else { StatusCode::UNAUTHORIZED }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    bot.discord.deliver_by(Delivery::Http(listener.local_addr().expect("an address")));
    let app = Router::new().route("/discord/interactions", post(take));
    TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
    kept
}

#[tokio::test]
async fn what_is_posted_is_signed() {
    let bot = Bot::new().await;
    let kept = endpoint(&bot, StatusCode::ACCEPTED).await;
    let request = bot.discord.type_command("/arena help", &[], ANA, ChannelKind::Dm);
    bot.discord.wait_until_taken(&request).await;
    assert!(String::from_utf8_lossy(&kept.lock().expect("kept")[0]).contains(&request.interaction().token));
    request.excuse();
    assert_eq!(soon(bot.discord.ping()).await, (202, String::new()));
    let body = json!({ "type": 2 });
    let forgeries =
        [Forgery::OtherBody, Forgery::OtherKey, Forgery::OtherTimestamp, Forgery::Unsigned, Forgery::Garbage];
    for forgery in forgeries {
        assert_eq!(soon(bot.discord.post_forged(&body, forgery)).await.0, 401, "{forgery:?}");
    }
    assert_eq!(soon(bot.discord.post_forged(&body, Forgery::Age(400))).await.0, 202, "well signed, but old");
    assert_eq!(kept.lock().expect("kept").len(), 3);
    bot.discord.assert_clean();
}

#[tokio::test]
async fn a_posted_interaction_is_taken_with_202() {
    let bot = Bot::new().await;
    endpoint(&bot, StatusCode::OK).await;
    let request = bot.discord.type_command("/arena help", &[], ANA, ChannelKind::Dm);
    bot.discord.wait_until_taken(&request).await;
    request.excuse();
    assert_eq!(bot.take_violations(), "a posted interaction got (200, \"\")");
}
