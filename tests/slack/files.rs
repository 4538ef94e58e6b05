//! Files: an upload address, the bytes, and sharing with a delay.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::bot::{Bot, Said, soon};
use crate::support::slack::{LOBBY, Message, Method, TOWN, World};

async fn address(bot: &Bot, fields: &[(&str, &str)]) -> Said {
    let url = format!("{}/files.getUploadURLExternal", bot.slack.api_url());
    let token = bot.slack.world(|world| world.bot_token.clone());
    let url = url::Url::parse_with_params(&url, fields).expect("an address");
    let answer = bot.client.get(url).bearer_auth(token).send().await.expect("an answer");
    let status = answer.status().as_u16();
    Said {
        status,
        retry_after: None,
        body: serde_json::from_str(&answer.text().await.expect("text")).expect("JSON"),
    }
}

/// Announced and sent; the file's id.
async fn uploaded(bot: &Bot, name: &str) -> Value {
    let said = address(bot, &[("filename", name), ("length", "3"), ("alt_txt", "three bytes")]).await;
    assert_eq!(bot.to(&said.body["upload_url"], b"png".to_vec(), "image/png").await.status, 200);
    said.body["file_id"].clone()
}

fn complete(id: &Value, channel: &str, thread: Option<&str>) -> Value {
    let mut body = json!({ "files": [{ "id": id, "title": "Speed" }], "channel_id": channel, "initial_comment": "the chart" });
    if let Some(thread) = thread {
        body["thread_ts"] = thread.into();
    }
    body
}

#[tokio::test]
async fn a_file_is_shared_a_moment_later() {
    let bot = Bot::new().await;
    bot.slack.world(|world| world.sharing_takes = Duration::from_millis(300));
    let (request, _) = bot.compare("why?");
    let ts = bot.posts(LOBBY, "compare why?").await;
    let id = uploaded(&bot, "speed.png").await;
    assert_eq!(bot.call(Method::CompleteUpload, &complete(&id, LOBBY, Some(&ts))).await.code(), "ok");
    assert_eq!(request.thread().len(), 0, "not yet");
    let file = soon(request.wait_for_file(".png")).await;
    assert_eq!(
        (file.title.as_str(), file.alt.as_deref(), &file.bytes[..]),
        ("Speed", Some("three bytes"), &b"png"[..])
    );
    let below: Vec<Message> = request.thread();
    assert_eq!(below[0].text(), "the chart\n(speed.png: three bytes)");

    let said = address(&bot, &[("filename", "a.md"), ("length", "3")]).await;
    let form = Form::new().part("filename", Part::bytes(b"abc".to_vec()).file_name("a.md"));
    let sent = bot.client.post(said.body["upload_url"].as_str().expect("text")).multipart(form).send().await;
    assert_eq!(sent.expect("an answer").status(), 200);
    let token = bot.slack.world(|world| world.secrets().contains(&world.bot_token));
    assert!(token, "secrets are listed");
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_file_wants_a_member() {
    let bot = Bot::new().await;
    let id = uploaded(&bot, "speed.png").await;
    assert_eq!(bot.call(Method::CompleteUpload, &complete(&id, TOWN, None)).await.code(), "not_in_channel");
    assert_eq!(bot.call(Method::Join, &json!({ "channel": TOWN })).await.code(), "ok");
    assert_eq!(bot.call(Method::CompleteUpload, &complete(&id, TOWN, None)).await.code(), "ok");
    let shared =
        |world: &World| world.public(TOWN).find(|message| !message.files.is_empty()).map(|m| m.ts.clone());
    soon(bot.slack.until(shared)).await;
    assert_eq!(bot.call(Method::CompleteUpload, &complete(&id, TOWN, None)).await.code(), "file_not_found");
    assert_eq!(bot.take_violations(), "files.completeUploadExternal: the file is complete already");
    bot.slack.world(|world| world.loses_files = true);
    let id = uploaded(&bot, "lost.png").await;
    assert_eq!(
        bot.call(Method::CompleteUpload, &complete(&id, TOWN, None)).await.code(),
        "ok",
        "though it is lost"
    );
    bot.slack.assert_clean();
}

#[tokio::test]
async fn lengths_texts_and_order_are_right() {
    let bot = Bot::new().await;
    address(&bot, &[("filename", "speed.png"), ("length", "3")]).await;
    assert!(bot.take_violations().contains("a picture an alt text"));
    assert_eq!(address(&bot, &[("filename", "a.md"), ("length", "0")]).await.code(), "invalid_arguments");
    assert_eq!(address(&bot, &[("filename", "a.md")]).await.code(), "invalid_arguments");
    bot.take_violations();
    let said = address(&bot, &[("filename", "a.md"), ("length", "4")]).await;
    let id = &said.body["file_id"];
    let early = bot.call(Method::CompleteUpload, &complete(id, LOBBY, None)).await;
    assert_eq!(
        (early.code().as_str(), bot.take_violations().as_str()),
        ("file_not_found", "files.completeUploadExternal: the bytes have not come")
    );
    assert_eq!(bot.to(&said.body["upload_url"], b"abc".to_vec(), "text/markdown").await.status, 400);
    assert_eq!(bot.take_violations(), "upload: 4 bytes were announced, 3 came");
    let nowhere = json!(said.body["upload_url"].as_str().expect("text").replace("5ecret", "other"));
    assert_eq!(bot.to(&nowhere, b"abcd".to_vec(), "text/markdown").await.status, 404);
    let mut body = complete(&json!("F1"), LOBBY, None);
    assert_eq!(bot.call(Method::CompleteUpload, &body).await.code(), "file_not_found");
    body["blocks"] = json!([{ "type": "markdown", "text": "a" }]);
    assert_eq!(bot.call(Method::CompleteUpload, &body).await.code(), "internal_error");
    body = json!({ "files": [], "channel_id": LOBBY });
    assert_eq!(bot.call(Method::CompleteUpload, &body).await.code(), "invalid_arguments");
    bot.take_violations();
}
