//! Incidents in the channels of Discord and Slack: posted by one process, changed by the buttons that people press in
//! another, and recovered in a third.

use std::{ops::Range, sync::Arc};

use llm_arena::{
    alert::AlertChannel,
    arena::{Arena, Caps},
    history::IncidentState,
    store::Store,
};
use serde_json::json;

use super::{SLOW, START, Samples, after, scripted, slower, watching};
use crate::{
    store::engine::Engine,
    support::{
        alerts::{on_discord, on_slack},
        discord::{self, ChannelKind, FakeDiscord},
        scenario::{
            discord::{DiscordScenario, Setup as DiscordSetup},
            slack::{Setup as SlackSetup, SlackScenario},
        },
        slack::{self, CLUB, FakeSlack, LOBBY},
    },
};

const ALERTS: u64 = 6_009;
const ELSEWHERE: &str = "only in the channel in which its alert was posted";

/// A platform with a channel of alerts.
trait Platform {
    /// Returns the channel as a process sees it.
    fn alerts(&self, store: &Store) -> Arc<dyn AlertChannel>;

    /// Returns the only message with its buttons, and the texts in its thread.
    fn message(&self) -> (String, usize, Vec<String>);
}

impl Platform for FakeDiscord {
    fn alerts(&self, _: &Store) -> Arc<dyn AlertChannel> {
        on_discord(self, ALERTS)
    }

    fn message(&self) -> (String, usize, Vec<String>) {
        let message = on_discord_message(self);
        let thread = self.world(|world| {
            let all = world.messages.iter().filter(|reply| reply.place.channel() == message.id);
            all.map(|reply| reply.look().text()).collect()
        });
        (message.look().text(), message.look().buttons().len(), thread)
    }
}

impl Platform for FakeSlack {
    fn alerts(&self, store: &Store) -> Arc<dyn AlertChannel> {
        // another arena than the one that holds the channel, so that the store can close
        let arena = Arena::new(vec![], super::super::LIMITS).with_store(store.clone(), Caps::default());
        on_slack(self, Some(Arc::new(arena)), LOBBY)
    }

    fn message(&self) -> (String, usize, Vec<String>) {
        let message = on_slack_message(self);
        let thread = self.world(|world| {
            let all = world.public(LOBBY).filter(|reply| reply.thread.as_ref() == Some(&message.ts));
            all.filter(|reply| reply.files.is_empty()).map(slack::Message::text).collect()
        });
        (message.text(), message.look().buttons().len(), thread)
    }
}

fn on_discord_message(discord: &FakeDiscord) -> discord::Message {
    let all = discord.world(|world| {
        let all = world.messages.iter().filter(|message| message.place.channel() == ALERTS);
        all.filter(|message| !message.private).cloned().collect::<Vec<_>>()
    });
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

fn on_slack_message(slack: &FakeSlack) -> slack::Message {
    let all: Vec<slack::Message> = slack
        .world(|world| world.public(LOBBY).filter(|message| message.thread.is_none()).cloned().collect());
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

/// A process looks after each of these days, then exits.
async fn look_on(engine: &Engine, platform: &impl Platform, days: Range<i64>) -> Vec<IncidentState> {
    let alerts = |store: &Store| platform.alerts(store);
    let (process, arena) = watching(engine, alerts, &[scripted("a")], Caps::default()).await;
    for day in days {
        arena.look(after(day)).await;
    }
    let incidents = process.store.incidents(0).await.expect("incidents");
    drop(arena);
    process.shut_down().await;
    incidents.iter().map(|stored| stored.incident.state).collect()
}

/// A model slows by a third for ten days: suspected, then confirmed and posted.
async fn slowed(platform: &impl Platform) -> Engine {
    let engine = Engine::sqlite();
    engine.process().await.shut_down().await;
    Samples::of("a").insert(&engine, START..SLOW + 20, slower(SLOW..SLOW + 10)).await;
    assert_eq!(look_on(&engine, platform, SLOW..SLOW + 8).await, [IncidentState::Confirmed]);
    let (text, buttons, thread) = platform.message();
    assert!(text.contains("a is slower") && text.contains(" tok/s (−3"), "{text}");
    assert_eq!((buttons, thread.len()), (3, 1), "{thread:?}");
    engine
}

/// The model recovers after someone has seen the incident.
async fn recovers(platform: &impl Platform, engine: &Engine) {
    assert_eq!(look_on(engine, platform, SLOW + 8..SLOW + 20).await, [IncidentState::Recovered]);
    let (text, buttons, thread) = platform.message();
    assert!(text.contains("a is back to normal") && text.to_lowercase().contains("seen by ana"), "{text}");
    assert_eq!((buttons, thread.len()), (0, 2), "{thread:?}");
    assert!(thread[1].contains("back to normal"), "{thread:?}");
}

fn assert_new_normal(platform: &impl Platform) {
    let (text, buttons, thread) = platform.message();
    assert!(text.contains("a new normal") && text.to_lowercase().contains("ana accepted it"), "{text}");
    // the end of a muted incident is an edit alone
    assert_eq!((buttons, thread.len()), (0, 1), "{thread:?}");
}

async fn discord_service(discord: FakeDiscord, engine: &Engine) -> DiscordScenario {
    let (lines, folder) = (format!("[alerts]\ndiscord_channel = \"{ALERTS}\""), engine.folder());
    let env = [("ARENA_DATA", folder.as_str())];
    DiscordScenario::start_with(discord, DiscordSetup { lines: &lines, env: &env, ..Default::default() }, [])
        .await
}

async fn slack_service(slack: FakeSlack, engine: &Engine) -> SlackScenario {
    let (lines, folder) = (format!("[alerts]\nslack_channel = \"{LOBBY}\""), engine.folder());
    let env = [("ARENA_DATA", folder.as_str())];
    SlackScenario::start_with(slack, SlackSetup { lines: &lines, env: &env, ..Default::default() }, []).await
}

#[tokio::test]
async fn on_discord_an_incident_is_seen_and_recovers_in_one_message_over_three_processes() {
    let discord = FakeDiscord::open().await;
    let engine = slowed(&discord).await;
    let DiscordScenario { discord, service, provider, gateway } = discord_service(discord, &engine).await;
    let id = on_discord_message(&discord).id;
    let pressed = discord.press(id, "Seen", discord::ANA);
    pressed.wait_for_text("The message now says that you look after it.").await;
    let components = on_discord_message(&discord).look().components.clone();
    let copy = discord.add_message(ChannelKind::Server, &json!({ "components": components }));
    discord.press(copy, "This is the new normal", discord::ANA).wait_for_text(ELSEWHERE).await;
    service.signal("TERM").await;
    service.wait_for_exit(0).await;
    recovers(&discord, &engine).await;
    drop((provider, gateway));
    discord.assert_clean();
}

#[tokio::test]
async fn on_slack_an_incident_is_seen_and_recovers_in_one_message_over_three_processes() {
    let slack = FakeSlack::open().await;
    let engine = slowed(&slack).await;
    let SlackScenario { slack, service, provider, socket } = slack_service(slack, &engine).await;
    let message = on_slack_message(&slack);
    let pressed = slack.press(&message.ts, "Seen", slack::ANA);
    pressed.wait_for_private_text("The message now says that you look after it.").await;
    let copy = slack.world(|world| {
        let ts = world.ts();
        world.messages.push(slack::Message { ts: ts.clone(), channel: CLUB.into(), ..message });
        ts
    });
    slack.press(&copy, "This is the new normal", slack::ANA).wait_for_private_text(ELSEWHERE).await;
    service.signal("TERM").await;
    service.wait_for_exit(0).await;
    recovers(&slack, &engine).await;
    drop((provider, socket));
    slack.assert_clean();
}

#[tokio::test]
async fn on_discord_an_incident_is_muted_and_accepted_by_its_buttons() {
    let discord = FakeDiscord::open().await;
    let engine = slowed(&discord).await;
    let scenario = discord_service(discord, &engine).await;
    let id = on_discord_message(&scenario.discord).id;
    scenario.discord.press(id, "Mute 7 days", discord::ANA).wait_for_text("Muted until ").await;
    assert!(scenario.discord.message().0.contains("muted until "), "{:?}", scenario.discord.message());
    let pressed = scenario.discord.press(id, "This is the new normal", discord::ANA);
    pressed.wait_for_text("Accepted as the new normal").await;
    assert_new_normal(&scenario.discord);
    scenario.finish().await;
}

#[tokio::test]
async fn on_slack_an_incident_is_muted_and_accepted_by_its_buttons() {
    let slack = FakeSlack::open().await;
    let engine = slowed(&slack).await;
    let scenario = slack_service(slack, &engine).await;
    let ts = on_slack_message(&scenario.slack).ts;
    scenario.slack.press(&ts, "Mute 7 days", slack::ANA).wait_for_private_text("Muted until ").await;
    assert!(scenario.slack.message().0.contains("muted until "), "{:?}", scenario.slack.message());
    let pressed = scenario.slack.press(&ts, "This is the new normal", slack::ANA);
    pressed.wait_for_private_text("Accepted as the new normal").await;
    assert_new_normal(&scenario.slack);
    scenario.finish().await;
}
