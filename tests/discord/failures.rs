//! Failures on demand, the ends of tokens and messages, and what the referee counts.

use futures::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::bot::{Bot, message, saying, soon};
use crate::support::discord::{ANA, ChannelKind, Family, Moment, Span};

#[tokio::test]
async fn failures_come_in_their_order_to_the_family_that_they_are_for() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    bot.discord.set_edit_limits(50, 1.s());
    bot.discord.fail_next(Family::FinalEdit, 502);
    bot.discord.fail_next(Family::Upload, 500);
    bot.discord.fail_next(Family::Edit, 503);
    let mut last = saying("last");
    last["components"] = json!([]);
    let mut chart = last.clone();
    chart["attachments"] = json!([{ "id": 0, "filename": "a.png", "description": "alt" }]);
    let png: &[(&str, &[u8])] = &[("a.png", b"x")];
    assert_eq!(bot.edit(&request, &message()).await.status, 503);
    assert_eq!(bot.edit(&request, &message()).await.status, 200);
    assert_eq!(bot.upload(&request, &chart, png).await.status, 500);
    assert_eq!(bot.edit(&request, &last).await.status, 502);
    assert_eq!(bot.edit(&request, &last).await.status, 200);
    assert_eq!(bot.upload(&request, &chart, png).await.status, 200);
    assert_eq!(request.revisions().len(), 4);
    let calls = bot
        .discord
        .world(|world| world.calls.iter().map(|call| (call.status, call.faulty)).collect::<Vec<_>>());
    assert_eq!(calls[1..3], [(503, true), (200, false)]);
    assert_eq!(
        soon(request.wait_for_end()).await.look.text(),
        soon(request.wait_for_text("last")).await.look.text()
    );
    bot.discord.assert_clean();
}

#[tokio::test]
async fn connections_are_cut_before_or_after_the_effect() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    let path = Bot::original(&request);
    for (moment, revisions) in [(Moment::Before, 1), (Moment::After, 2)] {
        bot.discord.cut_next(Family::Edit, moment);
        bot.tries(Method::PATCH, &path, &message()).await.expect_err("cut");
        assert_eq!(request.revisions().len(), revisions);
    }
    assert_eq!(bot.edit(&request, &message()).await.status, 200);
    assert_eq!(bot.discord.world(|world| world.edits_without_change), 0, "nobody could know");
    assert_eq!(bot.edit(&request, &message()).await.status, 200);
    assert_eq!(bot.discord.world(|world| world.edits_without_change), 1);
}

#[tokio::test]
async fn a_call_hangs_until_it_is_released() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    let hung = bot.discord.hang_next(Family::Edit);
    let body = message();
    let mut edit = Box::pin(bot.edit(&request, &body));
    tokio::select! {
        said = &mut edit => panic!("{said:?}"),
        () = soon(hung.reached()) => {}
    }
    assert!((&mut edit).now_or_never().is_none());
    assert_eq!(request.revisions().len(), 1);
    hung.release();
    assert_eq!(soon(edit).await.status, 200);
}

#[tokio::test]
async fn what_is_gone_is_gone_and_asking_again_counts() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    let id = soon(request.wait_for_message()).await;
    bot.edit(&request, &message()).await;
    bot.discord.delete_message(id);
    assert_eq!(bot.edit(&request, &message()).await.code(), (404, 10_008));
    assert_eq!(bot.discord.world(|world| world.useless_calls), 0);
    assert_eq!(bot.edit(&request, &message()).await.code(), (404, 10_008));
    assert_eq!(bot.discord.world(|world| world.useless_calls), 1);
    assert_eq!(
        bot.call(Method::PATCH, &format!("/channels/6001/messages/{id}"), &message()).await.code(),
        (404, 10_008)
    );

    let other = bot.deferred().await;
    bot.edit(&other, &message()).await;
    bot.discord.forbid(Family::Edit);
    assert_eq!(bot.edit(&other, &saying("b")).await.code(), (403, 50_001));
    bot.discord.world(|world| world.token_life = 0.s());
    bot.take_violations();
}

#[tokio::test]
async fn tokens_end_and_the_channel_goes_on_where_the_bot_is() {
    let bot = Bot::new().await;
    bot.discord.world(|world| world.token_life = 60.s());
    let types = |place| bot.discord.type_command("/arena help", &[], ANA, place);
    let answer = json!({ "type": 4, "data": message() });
    let mut said = vec![];
    for place in [
        ChannelKind::Server,
        ChannelKind::Channel(6_100),
        ChannelKind::Dm,
        ChannelKind::UserInstalled,
        ChannelKind::ForeignServer,
    ] {
        let request = types(place);
        assert_eq!(bot.callback(&request, &answer).await.status, 204);
        let id = soon(request.wait_for_message()).await;
        assert_eq!(bot.get(&Bot::original(&request)).await.body["id"], id.to_string());
        bot.discord.world(|world| world.token_life = 0.s());
        assert_eq!(bot.edit(&request, &saying("late")).await.code(), (401, 50_027));
        bot.discord.world(|world| world.token_life = 60.s());
        let path = format!("/channels/{}/messages/{id}", place.channel());
        said.push(bot.call(Method::PATCH, &path, &saying("late")).await.code());
    }
    assert_eq!(said, [(200, 0), (200, 0), (200, 0), (403, 50_001), (403, 50_001)]);
    bot.discord.assert_clean();
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_in_time() {
    let bot = Bot::new().await;
    let request = bot.compare();
    assert_eq!(bot.edit(&request, &message()).await.code(), (404, 10_015), "not answered yet");
    let deferral = json!({ "type": 5 });
    assert_eq!(bot.callback(&request, &deferral).await.status, 204);
    assert_eq!(bot.callback(&request, &deferral).await.code(), (400, 40_060));
    assert_eq!(bot.take_violations(), "callback: /arena by ana was answered twice");
    bot.edit(&request, &message()).await;

    bot.discord.world(|world| world.answer_within = 0.s());
    let late = bot.compare();
    assert_eq!(bot.callback(&late, &deferral).await.code(), (404, 10_062));
    let violation = bot.take_violations();
    assert!(violation.starts_with("callback: /arena by ana was answered after "), "{violation}");
    bot.discord.world(|world| world.answer_within = 3.s());

    bot.discord.another_process_answers_first();
    bot.discord.forget_next_interaction();
    for code in [(400, 40_060), (404, 10_062)] {
        let request = bot.compare();
        assert_eq!(bot.callback(&request, &deferral).await.code(), code);
        assert_eq!(soon(request.wait_for_response_code()).await, code.1);
    }
    bot.discord.assert_clean();
}

#[tokio::test]
async fn a_story_does_not_end_with_loose_ends() {
    let bot = Bot::new().await;
    let (request, never) = (bot.deferred().await, bot.compare());
    bot.discord.fail_next(Family::Followup, 500);
    bot.discord.world(|world| world.forbidden_words.clear());
    insta::assert_snapshot!(bot.discord.world(|world| world.all_violations()).join("\n"), @r#"
    the failure of Followup met no call
    /arena by ana is left with "... is thinking"
    /arena by ana was never answered
    "#);
    let path = format!("/webhooks/1001/{}", request.interaction().token);
    assert_eq!(bot.call(Method::POST, &path, &message()).await.status, 500);
    assert_eq!(bot.call(Method::POST, &path, &saying("filled")).await.status, 200);
    assert_eq!(
        request.current().embeds[0]["description"],
        "filled",
        "the first followup takes the deferred place"
    );
    assert_eq!(bot.call(Method::POST, &path, &saying("more")).await.status, 200);
    assert_eq!(
        soon(request.wait_until(|look| look.text().contains("more"))).await.look.embeds[0]["description"],
        "more"
    );
    never.excuse();
    bot.discord.assert_clean();
}

#[tokio::test]
async fn where_the_bot_is_not_followups_are_few() {
    let bot = Bot::new().await;
    let request = bot.discord.type_command("/arena help", &[], ANA, ChannelKind::UserInstalled);
    bot.callback(&request, &json!({ "type": 4, "data": message() })).await;
    bot.discord.set_edit_limits(9, 1.s());
    let path = format!("/webhooks/1001/{}", request.interaction().token);
    for n in 0..5 {
        assert_eq!(bot.call(Method::POST, &path, &saying(&n.to_string())).await.status, 200);
    }
    assert_eq!(bot.call(Method::POST, &path, &message()).await.code(), (400, 40_094));
    assert_eq!(
        bot.take_violations(),
        "followup: one followup more than an app may send where its bot is not"
    );
    bot.discord.assert_clean();
}

#[tokio::test]
async fn a_channel_has_messages_without_interactions() {
    let bot = Bot::new().await;
    let said = bot.call(Method::POST, "/channels/6001/messages", &message()).await;
    let path = format!("/channels/6001/messages/{}", said.body["id"].as_str().expect("an id"));
    assert_eq!(bot.get(&path).await.body["embeds"][0]["title"], "t");
    assert_eq!(bot.call(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!(bot.get(&path).await.code(), (404, 10_008));
    bot.discord.world(|world| world.token_is_revoked = true);
    assert_eq!(bot.get("/gateway/bot").await.status, 401);
    bot.discord.assert_clean();
}
