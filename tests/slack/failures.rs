//! Failures as verbs, the manifest, and the end of a story.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::bot::{Bot, post, soon};
use crate::support::slack::{LOBBY, Manifest, Method, Moment, World};

#[tokio::test]
async fn calls_fail_as_they_are_told() {
    let bot = Bot::new().await;
    let ts = bot.posts(LOBBY, "hello").await;
    bot.slack.fail_next(Method::Update, 503);
    let failed = bot.update(&ts, "a").await;
    assert_eq!((failed.status, failed.body.is_string()), (503, true));
    bot.slack.refuse_next(Method::Update, "msg_blocks_too_long");
    assert_eq!(bot.update(&ts, "a").await.code(), "msg_blocks_too_long");
    bot.slack.refuse_next(Method::Upload, "upload_refused");
    let wrong = bot.slack.world(|world| world.all_violations());
    assert_eq!(wrong, ["the failure of upload met no call"]);
    let nowhere =
        serde_json::json!(format!("{}/upload/v1/F1", bot.slack.world(|world| world.origin.clone())));
    bot.to(&nowhere, vec![1], "image/png").await;
    assert_eq!(bot.slack.world(|world| world.message(&ts).map(|message| message.revisions.len())), Some(1));
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_cut_connection_leaves_it_open_what_happened() {
    let bot = Bot::new().await;
    let count = |bot: &Bot| bot.slack.world(|world| world.public(LOBBY).count());
    bot.slack.cut_next(Method::PostMessage, Moment::Before);
    assert!(bot.tries(Method::PostMessage, &post(LOBBY, "a")).await.is_err());
    assert_eq!(count(&bot), 0);
    bot.slack.cut_next(Method::PostMessage, Moment::After);
    assert!(bot.tries(Method::PostMessage, &post(LOBBY, "a")).await.is_err());
    assert_eq!(count(&bot), 1);
    let calls = bot
        .slack
        .world(|world| world.calls.iter().map(|call| (call.status, call.faulty)).collect::<Vec<_>>());
    assert_eq!(calls, [(0, true), (0, true)]);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_slow_call_has_its_effect_though_nobody_waits() {
    let bot = Bot::new().await;
    bot.slack.delay_next(Method::PostMessage, Duration::from_millis(400));
    let began = Instant::now();
    let body = post(LOBBY, "slow");
    let call = bot.tries(Method::PostMessage, &body);
    assert!(timeout(Duration::from_millis(100), call).await.is_err(), "the caller gives up");
    soon(bot.slack.until(|world: &World| world.public(LOBBY).next().map(|_| ()))).await;
    assert!(began.elapsed() >= Duration::from_millis(400));
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_call_hangs_until_it_is_released() {
    let bot = Bot::new().await;
    let hung = bot.slack.hang_next(Method::PostMessage);
    let (said, ()) = soon(async {
        tokio::join!(bot.posts(LOBBY, "late"), async {
            hung.reached().await;
            assert_eq!(bot.slack.world(|world| world.public(LOBBY).count()), 0);
            hung.release();
        })
    })
    .await;
    assert_eq!(
        bot.slack.world(|world| world.public(LOBBY).next().map(|message| message.ts.clone())),
        Some(said)
    );
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_story_ends_with_all_that_was_wrong() {
    let bot = Bot::new().await;
    bot.slack.world(|world| world.violation("something"));
    let panic = catch_unwind(AssertUnwindSafe(|| bot.slack.assert_clean())).expect_err("assert_clean");
    let words = panic.downcast_ref::<String>().expect("words");
    assert!(words.contains("the referee saw") && words.contains("something"), "{words}");
}

#[tokio::test]
async fn who_waits_in_vain_is_told_what_was() {
    let bot = Bot::new().await;
    bot.compare("why?");
    bot.posts(LOBBY, "compare why?").await;
    let told = bot.slack.world(|world| world.transcript());
    for words in [
        "/arena of ana in C0LOBBY -> 200 after",
        "for everybody, 1 revisions:\nArena\ncompare why?",
        "chat.postMessage 200 ok",
    ] {
        assert!(told.contains(words), "{told}");
    }
    bot.slack.assert_clean();
}

/// The scopes are those that the calls and events of the bot need, and no others.
#[test]
fn the_manifest_asks_for_what_is_needed() {
    let manifest = Manifest::read();
    let scopes = [
        "commands",
        "chat:write",
        "chat:write.public",
        "channels:join",
        "files:write",
        "files:read",
        "app_mentions:read",
        "users:read",
        "im:history",
        "assistant:write",
    ];
    assert_eq!(manifest.scopes, scopes);
    assert_eq!(manifest.events, ["app_home_opened", "app_mention", "message.im"]);
    assert_eq!(manifest.commands, ["/arena"]);
    let shortcut = ("Race this message".to_owned(), "race_message".to_owned());
    assert_eq!(manifest.message_shortcuts, [shortcut]);
    let other = Manifest::parse("scopes:\n  bot:\n    - a # why\n    - b\nuser:\n  - c\n");
    assert_eq!((other.scopes.join(","), other.has("b"), other.has("c")), ("a,b".into(), true, false));
}
