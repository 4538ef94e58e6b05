//! Ends that come from outside: the token's, the service's.

use std::time::Duration;

use super::{
    DiscordScenario, NAMED, PROMPT, Setup, alone, are_met, asks, endless, ends_with_chart, halves,
    with_timeout,
};
use crate::support::{
    discord::{Asked, FakeDiscord, Family, Place, Route, Scope, Span},
    provider::Gate,
};

async fn is_edited_through_the_channel(scenario: &DiscordScenario) {
    let moved = |world: &crate::support::discord::World| {
        world.calls.iter().any(|call| call.route == Route::EditMessage && call.status == 200).then_some(())
    };
    scenario.discord.until(moved).await;
}

#[tokio::test]
async fn where_the_bot_is_a_message_outlives_its_token() {
    for (place, seconds, life) in [(Place::Server, 2, 5.s()), (Place::Dm, 600, 3.s())] {
        let gate = Gate::default();
        let scenario =
            DiscordScenario::start(alone(&format!("token_seconds = {seconds}")), [halves(&gate)]).await;
        scenario.discord.world(|world| world.token_life = life);
        let asked = asks(&scenario, place).await;
        is_edited_through_the_channel(&scenario).await;
        let refused = scenario.discord.world(|world| world.calls.iter().filter(|c| c.status == 401).count());
        assert_eq!(refused, usize::from(seconds == 600), "{place:?}");
        gate.open();
        ends_with_chart(&asked).await;
        scenario.finish().await;
    }
}

/// The last frame of a race that could not go on: it says why, and its chart is there.
async fn is_frozen(scenario: &DiscordScenario, asked: &Asked) {
    let last = asked.ends().await.look;
    assert!(last.text().contains("may not change any longer"), "{}", last.text());
    assert!(last.text().contains("begins"), "{}", last.text());
    asked.until(|look| !look.attachments.is_empty()).await;
    with_timeout(
        scenario.provider.until(|truth| truth.exchanges.iter().all(|exchange| exchange.left().is_some())),
    )
    .await;
}

#[tokio::test]
async fn where_the_bot_is_not_a_race_ends_while_it_can_still_be_shown() {
    let scenario = DiscordScenario::start(alone("token_seconds = 2"), [endless(), endless()]).await;
    scenario.discord.world(|world| world.token_life = 8.s());
    for place in [Place::UserInstalled, Place::ForeignServer] {
        let asked = asks(&scenario, place).await;
        is_frozen(&scenario, &asked).await;
    }
    let channel = scenario.discord.world(|world| world.calls.iter().any(|c| c.route == Route::EditMessage));
    assert!(!channel, "a call in vain");
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_that_discord_made_private_is_not_looked_for_in_the_channel() {
    let scenario = DiscordScenario::start(alone("token_seconds = 2"), [endless()]).await;
    scenario.discord.world(|world| (world.token_life, world.makes_private) = (30.s(), true));
    let asked = asks(&scenario, Place::Server).await;
    is_frozen(&scenario, &asked).await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_token_is_over_too_soon_and_the_bot_is_not_the_race_ends() {
    let mut scenario = DiscordScenario::start(alone(""), [endless()]).await;
    scenario.discord.world(|world| world.token_life = 2.s());
    asks(&scenario, Place::UserInstalled).await;
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.service.wait_for_log("message lost").await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_channel_is_closed_to_the_bot_the_token_takes_the_last_frame() {
    let scenario = DiscordScenario::start(alone("token_seconds = 2"), [endless()]).await;
    scenario.discord.world(|world| world.token_life = 30.s());
    scenario.discord.forbids(Family::ChannelEdit);
    let asked = asks(&scenario, Place::Server).await;
    is_frozen(&scenario, &asked).await;
    scenario.finish().await;
}

/// A restart in mid-race where edits are this rare: the last frame gets its slot in time.
async fn is_interrupted_within_its_bucket(calls: u32, window: Duration, trouble: fn(&DiscordScenario)) {
    let lines = "[arena]\ndrain_seconds = 7";
    let discord = FakeDiscord::open().await;
    discord.edits(calls, window);
    let scenario = DiscordScenario::start_with(discord, Setup { lines, ..alone("") }, [endless()]).await;
    let asked = asks(&scenario, Place::Server).await;
    trouble(&scenario);
    scenario.service.signal("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    are_met(&scenario).await;
    scenario.finished().await;
}

#[tokio::test]
async fn a_restart_leaves_the_last_frame_the_time_for_its_only_slot() {
    is_interrupted_within_its_bucket(1, 4.s(), |_| {}).await;
}

#[tokio::test]
async fn a_restart_leaves_the_last_frame_the_time_for_a_second_one() {
    is_interrupted_within_its_bucket(3, 4.s(), |scenario| {
        scenario.discord.fails_next(Family::FinalEdit, 500);
    })
    .await;
}

#[tokio::test]
async fn a_restart_gets_over_edits_that_hang() {
    let setup = Setup { lines: "[arena]\ndrain_seconds = 5", ..alone("") };
    let gate = Gate::default();
    let scenario = DiscordScenario::start(setup, [halves(&gate), endless()]).await;
    // the race ends by itself while a live edit of it hangs
    let over = asks(&scenario, Place::Server).await;
    let hung = scenario.discord.hangs_next(Family::Edit);
    hung.reached().await;
    gate.open();
    let interrupted = asks(&scenario, Place::Server).await;
    let hung = scenario.discord.hangs_next(Family::FinalEdit);
    scenario.service.signal("TERM").await;
    hung.reached().await;
    let last = over.ends().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    let last = interrupted.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    scenario.finished().await;
}

/// Somebody wants the full answers of a race that is over, whose upload meets this.
async fn wants_full_answers<T>(
    scenario: &DiscordScenario,
    gate: &Gate,
    meets: impl Fn(&FakeDiscord) -> T,
) -> (Asked, T) {
    let asked = asks(scenario, Place::Server).await;
    gate.open();
    ends_with_chart(&asked).await;
    let met = meets(&scenario.discord);
    (scenario.discord.presses(asked.message().await, "Full answers", NAMED), met)
}

#[tokio::test]
async fn a_restart_does_not_wait_for_private_answers() {
    let gates = [Gate::default(), Gate::default()];
    let setup = Setup { lines: "[arena]\ndrain_seconds = 4", ..alone("") };
    let scenario = DiscordScenario::start(setup, gates.iter().map(halves)).await;
    // the limiter knows that not even a word is taken
    let limits = |discord: &FakeDiscord| discord.limits_next(Family::Upload, Scope::User, 300.s());
    let (limited, ()) = wants_full_answers(&scenario, &gates[0], limits).await;
    are_met(&scenario).await;
    limited.pardons();
    // nobody answers, but a word is taken
    let hangs = |discord: &FakeDiscord| discord.hangs_next(Family::Upload);
    let (stuck, hung) = wants_full_answers(&scenario, &gates[1], hangs).await;
    hung.reached().await;
    scenario.service.signal("TERM").await;
    stuck.shows("this was not shown yet").await;
    let log = scenario.finished().await;
    assert_eq!(log.iter().filter(|line| line.contains("an answer stays on thinking")).count(), 1);
}

async fn is_interrupted_by(name: &str) {
    let lines = "[arena]\ndrain_seconds = 4\nraces_per_user_per_minute = 60";
    let scenario = DiscordScenario::start(Setup { lines, ..alone("") }, [endless(), endless()]).await;
    let live = [asks(&scenario, Place::Server).await, asks(&scenario, Place::UserInstalled).await];
    scenario.service.signal(name).await;
    super::drains(&scenario).await;
    let late = scenario.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    let answer = late.acknowledged().await;
    assert!(answer.private && late.now().text().contains("restarting"), "{}", late.now().text());
    for asked in &live {
        let last = asked.ends().await.look;
        assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
        assert!(last.text().contains("begins"), "{}", last.text());
    }
    scenario.finished().await;
}

#[tokio::test]
async fn sigterm_in_mid_race_leaves_no_live_word_behind() {
    is_interrupted_by("TERM").await;
}

#[tokio::test]
async fn sigint_does_the_same() {
    is_interrupted_by("INT").await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let scenario = DiscordScenario::start(alone(""), [endless()]).await;
    asks(&scenario, Place::Server).await;
    scenario.service.signal("TERM").await;
    super::drains(&scenario).await;
    scenario.service.signal("TERM").await;
    scenario.exited(130).await;
}

#[tokio::test]
async fn the_final_edit_of_a_restart_gets_over_trouble() {
    let scenario = DiscordScenario::start(alone(""), [endless()]).await;
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.fails_next(Family::FinalEdit, 500);
    scenario.service.signal("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    are_met(&scenario).await;
    scenario.finished().await;
}
