//! Buttons that need what a race was, pressed at another replica than the one that ran it.

use std::net::SocketAddr;

use super::replica_pair::{FINISHED, ReplicaPair, answers};
use crate::support::{
    discord::{self, ChannelKind, FakeDiscord},
    scenario::{
        discord::{self as on_discord, Transport as DiscordTransport},
        slack::{self as on_slack, Transport as SlackTransport},
    },
    slack::{self, FakeSlack, LOBBY},
};

const ANSWER: &str = "Air scatters";
const PROMPT: &str = "why so blue?";

#[tokio::test]
async fn on_discord_any_replica_has_the_answers_and_races_again() {
    let discord = FakeDiscord::open().await;
    let knows = |program| on_discord::with_credentials(program, &discord, DiscordTransport::Http);
    let lines = on_discord::mode(DiscordTransport::Http);
    let Some(pair) = ReplicaPair::open(answers(2, ANSWER), lines, knows).await else { return };
    let at = |address: SocketAddr| discord.deliver_by(discord::Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let race =
        discord.type_command("/arena compare", &[("prompt", PROMPT)], discord::ANA, ChannelKind::Server);
    is_whole(&race, "Ana").await;
    pair.wait_until_idle().await;
    at(second);
    let message = race.wait_for_message().await;
    has_the_answers(&discord, message).await;
    has_the_pictures(&discord, message).await;
    let again = discord.press(message, "Race again", discord::MOD);
    is_whole(&again, "Mo the Mod").await;
    assert_ne!(again.wait_for_message().await, message, "it has a message of its own");
    pair.wait_until_idle().await;
    at(first);
    has_the_answers(&discord, again.wait_for_message().await).await;
    assert_eq!(pair.counters(FINISHED).await, [1, 1], "each ran what it was asked");
    assert_eq!(pair.finish().await.exchanges.len(), 4);
    discord.assert_clean();
}

async fn is_whole(race: &discord::UserRequest, asker: &str) {
    let last = race.wait_until(|look| look.attachment("race.png").is_some()).await.look.text();
    assert!(last.contains(PROMPT) && last.contains(asker), "{last}");
    assert_eq!(last.matches(ANSWER).count(), 2, "{last}");
}

/// Asks for the file with all answers and checks that a private file contains all of them.
async fn has_the_answers(discord: &FakeDiscord, message: discord::Id) {
    let full = discord.choose(message, discord::ALL_ANSWERS, discord::BEN);
    let look = full.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert!(full.wait_for_ack().await.private, "{}", look.text());
    let file = String::from_utf8(look.attachments[0].bytes.clone()).expect("UTF-8");
    assert!(file.contains(PROMPT) && file.matches(ANSWER).count() == 2, "{file}");
}

/// Presses Replay and Share, the latter also as someone else.
async fn has_the_pictures(discord: &FakeDiscord, message: discord::Id) {
    let replay = discord.press(message, "Replay", discord::BEN);
    let look = replay.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert!(replay.wait_for_ack().await.private && look.attachments[0].bytes.starts_with(b"GIF89a"));
    discord.press(message, "Share", discord::BEN).wait_for_text("Only the person who asked can share").await;
    let shared = discord.press(message, "Share", discord::ANA);
    let look = shared.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert!(!shared.wait_for_ack().await.private && look.attachments[0].bytes.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn on_slack_any_replica_has_the_answers_and_races_again() {
    let slack = FakeSlack::open().await;
    let knows = |program| on_slack::with_credentials(program, &slack, SlackTransport::Http);
    let lines = on_slack::mode(SlackTransport::Http);
    let Some(pair) = ReplicaPair::open(answers(2, ANSWER), lines, knows).await else { return };
    let at = |address: SocketAddr| slack.deliver_by(slack::Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let race = slack.type_command("/arena", &format!("compare {PROMPT}"), slack::ANA, LOBBY);
    ends_well(&race, slack::ANA.name).await;
    pair.wait_until_idle().await;
    at(second);
    let message = race.wait_for_message().await;
    slack.press(&message, "Full answers", slack::MOD);
    stand_in_the_thread(&race).await;
    slack.press(&message, "Replay", slack::MOD);
    assert!(race.wait_for_file(".gif").await.bytes.starts_with(b"GIF89a"));
    slack.press(&message, "Replay", slack::BEN).wait_for_private_text("is in the thread").await;
    slack
        .press(&message, "Share", slack::MOD)
        .wait_for_private_text("Only the person who asked can share")
        .await;
    slack.press(&message, "Share", slack::ANA);
    slack
        .until(|world| {
            let mut files = world.public(slack::LOBBY).flat_map(|said| &said.files);
            files.any(|file| file.name.ends_with("-result.png")).then_some(())
        })
        .await;
    slack.press(&message, "Share", slack::ANA).wait_for_private_text("is shared here already").await;
    let again = slack.press(&message, "Race again", slack::BEN);
    ends_well(&again, slack::BEN.name).await;
    pair.wait_until_idle().await;
    at(first);
    slack.press(&again.wait_for_message().await, "Full answers", slack::MOD);
    stand_in_the_thread(&again).await;
    slack.press(&message, "Full answers", slack::BEN).wait_for_private_text("are in the thread").await;
    let count = race.thread().iter().filter(|said| said.text().contains("Full answers of race")).count();
    assert_eq!(count, 1, "the other replica posted them already");
    assert_eq!(pair.counters(FINISHED).await, [1, 1], "each ran what it was asked");
    assert_eq!(pair.finish().await.exchanges.len(), 4);
    slack.assert_clean();
}

async fn ends_well(race: &slack::UserRequest, asker: &str) {
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains(PROMPT) && last.contains(asker), "{last}");
    assert_eq!(last.matches(ANSWER).count(), 2, "{last}");
    race.wait_for_file(".png").await;
}

async fn stand_in_the_thread(race: &slack::UserRequest) {
    let said = race.wait_for_reply("Full answers of race").await;
    assert_eq!(said.thread, Some(race.wait_for_message().await), "in the thread of the race");
    assert_eq!(said.text().matches(ANSWER).count(), 2, "{}", said.text());
}
