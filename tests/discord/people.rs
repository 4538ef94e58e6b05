//! Actions of users, and what the bot receives of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use reqwest::Method;
use serde_json::json;
use serenity::model::application::{
    ActionRowComponent, CommandType, ComponentInteractionDataKind, Interaction,
};

use super::bot::{Bot, commands, message, soon};
use crate::support::discord::{ANA, BEN, ChannelKind, Delivery, FakeDiscord, MOD, Route, User, World};

/// The bot's library reads everything that it needs from them.
#[tokio::test]
async fn interactions_are_as_a_library_reads_them() {
    let bot = Bot::new().await;
    let read = || serde_json::from_value::<Interaction>(bot.event()).expect("an interaction");
    for place in [
        ChannelKind::Server,
        ChannelKind::Channel(6_100),
        ChannelKind::Dm,
        ChannelKind::UserInstalled,
        ChannelKind::ForeignServer,
    ] {
        let request =
            bot.discord.type_command("/arena compare", &[("prompt", "why?"), ("models", "a, b")], MOD, place);
        let command = read().command().expect("a command");
        assert_eq!(command.data.name, "arena");
        assert_eq!(
            (command.user.id.get(), command.guild_id.map(serenity::all::GuildId::get)),
            (MOD.id, place.guild())
        );
        assert_eq!(
            command.member.as_ref().and_then(|member| member.nick.clone()),
            place.guild().and(MOD.nick.map(str::to_owned))
        );
        assert_eq!(serde_json::to_value(command.context).expect("a number"), json!(place.context()));
        assert_eq!(command.attachment_size_limit, 10 << 20);
        assert_eq!(command.token, request.interaction().token);
        request.excuse();
        let written = bot.discord.target_message("why?", BEN, place);
        bot.discord.use_on_message("Race this", &written, MOD, place).excuse();
        let used = read().command().expect("a command").data;
        assert_eq!((used.name.as_str(), used.kind), ("Race this", CommandType::Message));
        let target = used.target_id.expect("a target").to_message_id();
        assert_eq!(used.resolved.messages[&target].content, "why?");
        bot.discord.autocomplete("/arena compare", &[("prompt", "x"), ("models", "ge")], ANA, place).excuse();
        let completion = read().autocomplete().expect("a completion");
        assert_eq!(
            completion.data.autocomplete().map(|focus| (focus.name, focus.value)),
            Some(("models", "ge"))
        );
        let found = bot.discord.add_message(place, &message());
        bot.discord.press(found, "Stop", ANA).excuse();
        let button = read().message_component().expect("a button");
        assert_eq!((button.data.custom_id.as_str(), button.message.id.get()), ("stop:1", found));
        assert!(matches!(button.message.components[0].components[0], ActionRowComponent::Button(_)));
        let mut body = message();
        body["components"][0]["components"] = json!([{
            "type": 3, "custom_id": "menu", "options": [{ "label": "One", "value": "1" }, { "label": "Two", "value": "2" }],
        }]);
        bot.discord.choose(bot.discord.add_message(place, &body), "Two", ANA).excuse();
        let chosen = read().message_component().expect("an option").data;
        assert_eq!(chosen.custom_id, "menu");
        assert!(
            matches!(chosen.kind, ComponentInteractionDataKind::StringSelect { values } if values == ["2"])
        );
    }
    bot.discord.assert_clean();
}

/// An action that the client would not allow fails the test.
#[tokio::test]
async fn people_can_do_only_what_the_client_lets_them() {
    let bot = Bot::new().await;
    let long = "x".repeat(6_001);
    let why = |what: &dyn Fn(&FakeDiscord)| {
        let panic = catch_unwind(AssertUnwindSafe(|| what(&bot.discord))).expect_err("refused");
        panic.downcast_ref::<String>().expect("words").clone()
    };
    let types = |command: &'static str, options: &[(&str, &str)], place| {
        why(&|discord: &FakeDiscord| drop(discord.type_command(command, options, ANA, place)))
    };
    let found = bot.discord.add_message(ChannelKind::Server, &message());
    let mut said = vec![
        types("/other", &[], ChannelKind::Server),
        types("/arena race", &[], ChannelKind::Server),
        types("/arena compare", &[], ChannelKind::Server),
        types("/arena compare", &[("prompt", "")], ChannelKind::Server),
        types("/arena compare", &[("prompt", &long)], ChannelKind::Server),
        types("/arena compare", &[("prompt", "x"), ("speed", "1")], ChannelKind::Server),
        why(&|discord| {
            drop(discord.autocomplete("/arena compare", &[("prompt", "x")], ANA, ChannelKind::Dm));
        }),
        why(&|discord| drop(discord.press(found, "Race again", ANA))),
        why(&|discord| drop(discord.choose(found, "Gemma", ANA))),
    ];
    let mut here = commands();
    here[0]["contexts"] = json!([0]);
    here[0]["integration_types"] = json!([0]);
    bot.discord.set_registered_commands(0, &here);
    said.push(types("/arena help", &[], ChannelKind::Dm));
    said.push(types("/arena help", &[], ChannelKind::ForeignServer));
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn choices_are_offered() {
    let bot = Bot::new().await;
    let request = bot.discord.autocomplete("/arena compare", &[("models", "ge")], ANA, ChannelKind::Dm);
    let choices = json!([{ "name": "Gemma 2B", "value": "gemma-2b" }]);
    bot.callback(&request, &json!({ "type": 8, "data": { "choices": choices } })).await;
    assert_eq!(soon(request.wait_for_choices()).await, [("Gemma 2B".to_owned(), "gemma-2b".to_owned())]);
    let answered = |world: &World| world.calls.first().map(|call| (call.route, call.status));
    assert_eq!(soon(bot.discord.until(answered)).await, (Route::Callback, 204));
    bot.discord.assert_clean();
}

#[tokio::test]
async fn a_button_is_answered_in_all_ways() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    bot.edit(&request, &message()).await;
    let id = soon(request.wait_for_message()).await;
    let mut other = message();
    other["content"] = "updated".into();
    let press = |user: User| bot.discord.press(id, "stop:1", user);
    bot.callback(&press(BEN), &json!({ "type": 7, "data": other })).await;
    assert_eq!(request.current().content, "updated");
    let silent = press(BEN);
    bot.callback(&silent, &json!({ "type": 6 })).await;
    assert_eq!(soon(silent.wait_for_message()).await, id);

    let private = press(BEN);
    bot.callback(&private, &json!({ "type": 5, "data": { "flags": 64 } })).await;
    bot.edit(&private, &message()).await;
    let answer = soon(private.wait_for_ack()).await;
    assert!(answer.private && answer.kind == 5 && answer.after.as_secs() < 3);
    let unseen = soon(private.wait_for_message()).await;
    let not_hers = catch_unwind(AssertUnwindSafe(|| bot.discord.press(unseen, "Stop", ANA)));
    assert!(not_hers.is_err());
    let path = format!("/channels/6001/messages/{unseen}");
    assert_eq!(
        bot.call(Method::PATCH, &path, &message()).await.code(),
        (404, 10_008),
        "only through the token"
    );
    bot.discord.assert_clean();
}

#[tokio::test]
async fn commands_are_told_back_with_ids_and_without_what_is_empty() {
    let bot = Bot::new().await;
    bot.discord.world(|world| world.commands.clear());
    let mut put = commands();
    put[0]["name_localizations"] = serde_json::Value::Null;
    let path = "/applications/1001/guilds/5001/commands";
    let first = bot.call(Method::PUT, path, &put).await;
    let again = bot.call(Method::PUT, path, &put).await;
    let listed = bot.get(path).await;
    assert_eq!((&again.body, &first.body[0]["id"]), (&listed.body, &listed.body[0]["id"]));
    assert_eq!(listed.body[0].get("name_localizations"), None);
    assert_eq!(listed.body[0]["options"][0]["options"][1].get("required"), None);
    assert_eq!(listed.body[0]["guild_id"], "5001");
    assert_eq!(bot.discord.world(|world| world.registrations), 2);
    assert_eq!(bot.get("/applications/1001/commands").await.body, json!([]));
    let heard = std::sync::Arc::new(std::sync::Mutex::new(None));
    let ear = std::sync::Arc::clone(&heard);
    bot.discord.deliver_by(Delivery::Gateway(std::sync::Arc::new(move |event| {
        *ear.lock().expect("ear") = Some(event);
    })));
    bot.discord.type_command("/arena help", &[], ANA, ChannelKind::Server).excuse();
    let event = heard.lock().expect("ear").take().expect("an event");
    assert_eq!(event["data"]["guild_id"], "5001");
    let me = bot.get("/applications/@me").await.body;
    assert_eq!((&me["id"], me["verify_key"].as_str().map(str::len)), (&json!("1001"), Some(64)));
    let gateway = bot.get("/gateway/bot").await.body;
    assert_eq!(gateway["session_start_limit"]["total"], 1000);
    bot.discord.assert_clean();
}
