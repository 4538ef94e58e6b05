//! *Race this message*, the command of a message's context menu.

use serde_json::{Value, json};

use super::{DiscordScenario, PROMPT, Setup, Transport, single_model, two_models};
use crate::{
    stories::eventually,
    support::{
        discord::{ANA, BEN, ChannelKind, MOD, UserRequest},
        provider::{Answer, answer},
        scenario::discord::NAMED,
    },
};

/// The name of the command.
const RACE_THIS: &str = "Race this message";

fn pair(words: &'static str) -> [Answer; 2] {
    ["a", "b"].map(|model| answer(model).role().says(words).says(" more").whole())
}

fn race(scenario: &DiscordScenario, message: &Value, place: ChannelKind) -> UserRequest {
    scenario.discord.use_on_message(RACE_THIS, message, ANA, place)
}

/// Returns the last user message of each request to the models.
fn asked(scenario: &DiscordScenario) -> Vec<String> {
    let truth = scenario.provider.truth();
    let last = |body: &Value| body["messages"].as_array().and_then(|all| all.last().cloned());
    let bodies = truth.exchanges.iter().filter_map(|exchange| last(&exchange.body));
    bodies.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// One tap races the text of a message of someone else, quoting its author, in every kind of place.
async fn one_tap(transport: Transport, place: ChannelKind) {
    let setup = Setup { transport, ..two_models("") };
    let scenario = DiscordScenario::start(setup, pair("Once")).await;
    let content = format!("{PROMPT}: why is the sky <:blue:12>, <@{}>?", MOD.id);
    let mut message = scenario.discord.target_message(&content, BEN, place);
    message["mentions"] = json!([{ "id": MOD.id.to_string(), "username": "mod", "global_name": null }]);
    let request = race(&scenario, &message, place);
    let ack = request.wait_for_ack().await;
    assert!(!ack.private && ack.after.as_millis() < 1_000, "{ack:?}");
    let last = request.wait_for_end().await.look.text();
    let server = place.guild().map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    let id = message["id"].as_str().expect("an id");
    let url = format!("https://discord.com/channels/{server}/{}/{id}", place.channel());
    for words in ["Ana · quoting Ana", "Once more", &format!("[message]({url})")] {
        assert!(last.contains(words), "{words} in\n{last}");
    }
    let meant = format!("{PROMPT}: why is the sky :blue:, @mod?");
    assert_eq!(asked(&scenario), [meant.clone(), meant]);
    scenario.finish().await;
}

#[tokio::test]
async fn one_tap_over_the_gateway_in_a_server() {
    one_tap(Transport::Gateway, ChannelKind::Server).await;
}

#[tokio::test]
async fn one_tap_over_http_in_a_direct_message() {
    one_tap(Transport::Http, ChannelKind::Dm).await;
}

#[tokio::test]
async fn one_tap_over_http_in_another_channel() {
    one_tap(Transport::Http, ChannelKind::Channel(6_100)).await;
}

#[tokio::test]
async fn one_tap_in_a_private_channel_of_others() {
    one_tap(Transport::Gateway, ChannelKind::UserInstalled).await;
}

#[tokio::test]
async fn one_tap_in_a_server_without_the_bot() {
    one_tap(Transport::Http, ChannelKind::ForeignServer).await;
}

#[tokio::test]
async fn a_forwarded_message_is_raced_and_a_repeated_race_quotes_it_too() {
    let answers = pair("Once").into_iter().chain(pair("Twice"));
    let scenario = DiscordScenario::start(two_models(""), answers).await;
    let mut message = scenario.discord.target_message("", BEN, ChannelKind::Server);
    message["message_snapshots"] = json!([{ "message": {
        "type": 0, "content": "why is it so?", "embeds": [], "attachments": [], "flags": 0, "mentions": [],
        "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null,
    } }]);
    let first = race(&scenario, &message, ChannelKind::Server);
    assert!(first.wait_for_end().await.look.text().contains("why is it so?"));
    let again = scenario.discord.press(first.wait_for_message().await, "Race again", MOD);
    let last = again.wait_for_end().await.look.text();
    assert!(last.contains("Mo the Mod · quoting Ana") && last.contains("[message](https://"), "{last}");
    scenario.finish().await;
}

/// Nothing is asked of a model, and only the person who tried is told.
async fn assert_refused(scenario: &DiscordScenario, message: &Value, words: &str) {
    let request = race(scenario, message, ChannelKind::Server);
    assert!(request.wait_for_ack().await.private, "{words}");
    request.wait_for_text(words).await;
}

#[tokio::test]
async fn a_message_without_text_says_what_is_missing() {
    let [answer, _] = pair("Once");
    let scenario = DiscordScenario::start(single_model(""), [answer]).await;
    let discord = &scenario.discord;
    let embed = json!([{ "type": "rich", "title": "t" }]);
    let file =
        json!([{ "id": "1", "filename": "a.bin", "size": 1, "url": "https://cdn.discordapp.com/a.bin" }]);
    for (key, value, words) in [
        ("embeds", embed, "has only an embed, which I can't read"),
        ("sticker_items", json!([{ "id": "1", "name": "s", "format_type": 1 }]), "has only a sticker"),
        ("poll", json!({ "question": { "text": "why?" }, "answers": [] }), "has only a poll"),
        ("attachments", file, "has only a file"),
        ("flags", json!(0), "has no text"),
    ] {
        let mut message = discord.target_message(" ", BEN, ChannelKind::Server);
        message[key] = value;
        assert_refused(&scenario, &message, words).await;
    }
    assert!(asked(&scenario).is_empty());
    // one with a text is raced whatever else it holds
    let mut message = discord.target_message("why?", BEN, ChannelKind::Server);
    message["embeds"] = json!([{ "type": "rich" }]);
    race(&scenario, &message, ChannelKind::Server).wait_for_end().await;
    // a race of its own is not a question
    let race_message = discord.posted(race_id(&scenario).await);
    assert_refused(&scenario, &race_message, "a message of mine").await;
    scenario.finish().await;
}

/// Returns the message of the first race.
async fn race_id(scenario: &DiscordScenario) -> u64 {
    let first = |world: &crate::support::discord::World| {
        world.messages.iter().find(|message| !message.private).map(|message| message.id)
    };
    scenario.discord.until(first).await
}

#[tokio::test]
async fn the_operator_can_keep_people_to_their_own_messages() {
    let lines = "[access]\nrace_others_messages = false\n[arena]\nmax_prompt_chars = 20";
    let setup = Setup { lines, ..Setup::default() };
    let scenario = DiscordScenario::start(setup, pair("Once")).await;
    let discord = &scenario.discord;
    let theirs = discord.target_message("why is it so?", BEN, ChannelKind::Server);
    assert_refused(&scenario, &theirs, "Only your own messages can be raced here").await;
    let long = discord.target_message("why is it so, and not otherwise?", ANA, ChannelKind::Server);
    assert_refused(&scenario, &long, "has 32 characters; the limit is 20").await;
    assert!(asked(&scenario).is_empty());
    let own = discord.target_message("why is it so?", ANA, ChannelKind::Server);
    assert!(
        race(&scenario, &own, ChannelKind::Server).wait_for_end().await.look.text().contains("Once more")
    );
    scenario.finish().await;
}

/// A hostile author and a hostile text ping no one, and the author's name is in no log.
#[tokio::test]
async fn a_quoted_author_is_text() {
    let scenario = DiscordScenario::start(two_models(""), pair("Once")).await;
    let mut message = scenario.discord.target_message("@everyone <@7001> why?", NAMED, ChannelKind::Server);
    message["author"]["global_name"] = json!("Qzname [x](http://evil) @everyone");
    let request = race(&scenario, &message, ChannelKind::Server);
    let last = request.wait_for_end().await.look.text();
    assert!(last.contains("quoting Qzname \\[x\\](http\\://evil) \\@everyone"), "{last}");
    eventually(async || scenario.discord.world(|world| world.violations.is_empty())).await;
    scenario.finish().await;
}
