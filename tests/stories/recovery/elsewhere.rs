//! Buttons that need what a race was, pressed at another replica than the one that ran it.

use std::net::SocketAddr;

use super::pair::{Pair, RAN, answers};
use crate::support::{
    discord::{self, FakeDiscord, Place},
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
    let Some(pair) = Pair::open(answers(2, ANSWER), lines, knows).await else { return };
    let at = |address: SocketAddr| discord.delivers_by(discord::Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let race = discord.types("/arena compare", &[("prompt", PROMPT)], discord::ANA, Place::Server);
    is_whole(&race, "Ana").await;
    pair.rests().await;
    at(second);
    let message = race.message().await;
    has_the_answers(&discord, message).await;
    let again = discord.presses(message, "Race again", discord::MOD);
    is_whole(&again, "Mo the Mod").await;
    assert_ne!(again.message().await, message, "it has a message of its own");
    pair.rests().await;
    at(first);
    has_the_answers(&discord, again.message().await).await;
    assert_eq!(pair.counted(RAN).await, [1, 1], "each ran what it was asked");
    assert_eq!(pair.ends().await.exchanges.len(), 4);
    discord.judged();
}

async fn is_whole(race: &discord::Asked, asker: &str) {
    let last = race.until(|look| look.attachment("race.png").is_some()).await.look.text();
    assert!(last.contains(PROMPT) && last.contains(asker), "{last}");
    assert_eq!(last.matches(ANSWER).count(), 2, "{last}");
}

/// Somebody presses Full answers and gets a file with all of them, for their eyes alone.
async fn has_the_answers(discord: &FakeDiscord, message: discord::Id) {
    let full = discord.presses(message, "Full answers", discord::BEN);
    let look = full.until(|look| !look.attachments.is_empty()).await.look;
    assert!(full.acknowledged().await.private, "{}", look.text());
    let file = String::from_utf8(look.attachments[0].bytes.clone()).expect("UTF-8");
    assert!(file.contains(PROMPT) && file.matches(ANSWER).count() == 2, "{file}");
}

#[tokio::test]
async fn on_slack_any_replica_has_the_answers_and_races_again() {
    let slack = FakeSlack::open().await;
    let knows = |program| on_slack::with_credentials(program, &slack, SlackTransport::Http);
    let lines = on_slack::mode(SlackTransport::Http);
    let Some(pair) = Pair::open(answers(2, ANSWER), lines, knows).await else { return };
    let at = |address: SocketAddr| slack.delivers_by(slack::Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let race = slack.types("/arena", &format!("compare {PROMPT}"), slack::ANA, LOBBY);
    ends_well(&race, slack::ANA.name).await;
    pair.rests().await;
    at(second);
    let message = race.message().await;
    slack.presses(&message, "Full answers", slack::MOD);
    stand_in_the_thread(&race).await;
    let again = slack.presses(&message, "Race again", slack::BEN);
    ends_well(&again, slack::BEN.name).await;
    pair.rests().await;
    at(first);
    slack.presses(&again.message().await, "Full answers", slack::MOD);
    stand_in_the_thread(&again).await;
    slack.presses(&message, "Full answers", slack::BEN).told("stand in the thread").await;
    let count = race.thread().iter().filter(|said| said.text().contains("Full answers of race")).count();
    assert_eq!(count, 1, "the other replica posted them already");
    assert_eq!(pair.counted(RAN).await, [1, 1], "each ran what it was asked");
    assert_eq!(pair.ends().await.exchanges.len(), 4);
    slack.judged();
}

async fn ends_well(race: &slack::Asked, asker: &str) {
    let last = race.ends().await.look.text();
    assert!(last.contains(PROMPT) && last.contains(asker), "{last}");
    assert_eq!(last.matches(ANSWER).count(), 2, "{last}");
    race.file(".png").await;
}

async fn stand_in_the_thread(race: &slack::Asked) {
    let said = race.adds("Full answers of race").await;
    assert_eq!(said.thread, Some(race.message().await), "in the thread of the race");
    assert_eq!(said.text().matches(ANSWER).count(), 2, "{}", said.text());
}
