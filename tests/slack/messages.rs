//! Messages: public, edited, ephemeral; where the bot may write; which action they belong to.

use serde_json::json;

use super::bot::{Bot, blocks, post, soon};
use crate::support::slack::{ANA, BEN, CLUB, DM, LOBBY, Method, THEIR_DM, TOWN, VAULT, World};

#[tokio::test]
async fn a_message_is_posted_edited_and_seen() {
    let bot = Bot::new().await;
    let (request, _) = bot.compare("why is the sky blue?");
    let ts = bot.posts(LOBBY, "ana asks: why is the sky blue?").await;
    assert_eq!(soon(request.wait_for_message()).await, ts);
    assert_eq!(bot.update(&ts, "air scatters").await.code(), "ok");
    assert_eq!(soon(request.wait_for_text("air scatters")).await.look, request.current());
    assert_eq!(request.revisions().len(), 2);
    assert_eq!(request.current().text(), "Arena\nair scatters\nsmall\n[Stop] [Explain]");
    bot.update(&ts, "air scatters").await;
    assert_eq!(bot.slack.world(|world| world.edits_without_change), 1);
    let done = json!([{ "type": "actions", "elements": [
        { "type": "button", "action_id": "again", "text": { "type": "plain_text", "text": "Race again" } }] }]);
    let text = "🏁 small: 9 tok/s";
    let body = json!({ "channel": LOBBY, "ts": ts, "text": text, "blocks": done });
    assert_eq!(bot.call(Method::Update, &body).await.code(), "ok");
    assert_eq!(soon(request.wait_for_end()).await.look.buttons()[0].label, "Race again");
    let mut below = post(LOBBY, "the whole answer");
    below["thread_ts"] = ts.as_str().into();
    assert_eq!(bot.call(Method::PostMessage, &below).await.code(), "ok");
    assert_eq!(soon(request.wait_for_reply("whole answer")).await.thread, Some(ts));
    assert_eq!(request.thread().len(), 1);
    let auth = bot.call(Method::AuthTest, &json!({})).await.body;
    assert_eq!((&auth["bot_id"], &auth["user_id"]), (&json!("B0ARENA"), &json!("U0ARENA")));
    bot.slack.assert_clean();
}

/// With the manifest's scopes the bot writes in public everywhere, elsewhere only as a member.
#[tokio::test]
async fn it_writes_only_where_it_may() {
    let bot = Bot::new().await;
    for (channel, code) in [
        (LOBBY, "ok"),
        (TOWN, "ok"),
        (CLUB, "ok"),
        (DM, "ok"),
        (VAULT, "channel_not_found"),
        (THEIR_DM, "channel_not_found"),
        ("C0NONE", "channel_not_found"),
    ] {
        assert_eq!(bot.call(Method::PostMessage, &post(channel, "hello")).await.code(), code, "{channel}");
    }
    let whisper = |channel: &str| json!({ "channel": channel, "user": ANA.id, "text": "psst", "blocks": blocks("psst") });
    assert_eq!(bot.call(Method::PostEphemeral, &whisper(TOWN)).await.code(), "not_in_channel");
    let join = |channel: &str| json!({ "channel": channel });
    assert_eq!(bot.call(Method::Join, &join(VAULT)).await.code(), "channel_not_found");
    assert_eq!(bot.call(Method::Join, &join(CLUB)).await.code(), "method_not_supported_for_channel_type");
    assert_eq!(bot.call(Method::Join, &join(TOWN)).await.code(), "ok");
    assert_eq!(bot.call(Method::PostEphemeral, &whisper(TOWN)).await.code(), "ok");
    bot.slack.invite_bot(VAULT);
    assert_eq!(bot.call(Method::PostMessage, &post(VAULT, "hello")).await.code(), "ok");
    bot.slack.archive(VAULT);
    assert_eq!(bot.call(Method::PostMessage, &post(VAULT, "hello")).await.code(), "is_archived");
    assert_eq!(bot.take_violations(), "");
    bot.slack.world(|world| world.manifest.scopes.retain(|scope| scope != "chat:write.public"));
    bot.slack.world(|world| world.channel_mut(TOWN).has_bot = false);
    assert_eq!(bot.call(Method::PostMessage, &post(TOWN, "hello")).await.code(), "not_in_channel");
    assert_eq!(bot.call(Method::Info, &join(LOBBY)).await.code(), "missing_scope");
    assert_eq!(bot.take_violations(), "conversations.info: the manifest has no scope channels:read");
}

#[tokio::test]
async fn only_its_own_messages_are_edited() {
    let bot = Bot::new().await;
    let theirs = bot.slack.write_message("hello", BEN, LOBBY, None);
    assert_eq!(bot.update(&theirs, "a").await.code(), "cant_update_message");
    let private = json!({ "channel": LOBBY, "user": ANA.id, "text": "psst", "blocks": blocks("psst") });
    let private = bot.call(Method::PostEphemeral, &private).await.body["message_ts"].clone();
    assert_eq!(bot.update(private.as_str().expect("a ts"), "a").await.code(), "message_not_found");
    let violation = "chat.update: only messages of the bot that everybody sees can be edited";
    assert_eq!(bot.take_violations(), [violation, violation].join("\n"));
    let ts = bot.posts(LOBBY, "hello").await;
    bot.slack.delete_message(&ts);
    assert_eq!(bot.update(&ts, "a").await.code(), "message_not_found");
    assert_eq!(bot.slack.world(|world| world.all_violations()), [""; 0]);
    assert_eq!(bot.update(&ts, "b").await.code(), "message_not_found");
    let useless = |world: &mut World| std::mem::take(&mut world.useless_calls);
    assert_eq!(bot.slack.world(useless), 1, "it was told before");
    let delete = json!({ "channel": LOBBY, "ts": ts });
    assert_eq!(bot.call(Method::Delete, &delete).await.code(), "nobody deletes here");
    bot.slack.assert_clean();
}

#[tokio::test]
async fn threads_stand_under_a_first_message() {
    let bot = Bot::new().await;
    let root = bot.slack.write_message("look here", BEN, LOBBY, None);
    let reply = bot.slack.write_message("where?", ANA, LOBBY, Some(&root));
    let mut body = post(LOBBY, "here");
    for (thread, code, violation) in [
        (root.as_str(), "ok", ""),
        (
            reply.as_str(),
            "ok",
            "chat.postMessage: a thread stands under its first message, which everybody sees",
        ),
        ("1.0", "thread_not_found", "chat.postMessage: there is no message 1.0 to thread under"),
    ] {
        body["thread_ts"] = thread.into();
        assert_eq!(bot.call(Method::PostMessage, &body).await.code(), code);
        assert_eq!(bot.take_violations(), violation);
    }
}

#[tokio::test]
async fn who_calls_shows_the_right_token() {
    let bot = Bot::new().await;
    let url = format!("{}/auth.test", bot.slack.api_url());
    let said = |token: Option<String>| {
        let request = bot.client.post(&url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        async move { request.send().await.expect("an answer").text().await.expect("text") }
    };
    let app = bot.slack.world(|world| world.app_token.clone());
    for (token, code) in [
        (None, "not_authed"),
        (Some("xoxb-2"), "invalid_auth"),
        (Some(app.as_str()), "not_allowed_token_type"),
    ] {
        let answer = said(token.map(str::to_owned)).await;
        assert!(answer.contains(code), "{answer}");
    }
    assert_eq!(bot.take_violations().lines().count(), 3);
    bot.slack.world(|world| world.socket_url = "ws://127.0.0.1:1/link".into());
    let opened = bot.call(Method::OpenConnection, &json!({})).await;
    assert_eq!((opened.code().as_str(), &opened.body["url"]), ("ok", &json!("ws://127.0.0.1:1/link")));
    bot.slack.world(|world| world.revoked = vec![world.bot_token.clone(), world.app_token.clone()]);
    assert_eq!(bot.call(Method::AuthTest, &json!({})).await.code(), "token_revoked");
    assert_eq!(bot.call(Method::OpenConnection, &json!({})).await.code(), "token_revoked");
    assert_eq!(bot.slack.world(|world| (world.connections_opened, world.pings.len())), (1, 0));
    bot.slack.assert_clean();
}
