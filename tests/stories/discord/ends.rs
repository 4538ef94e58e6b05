//! Ends from outside: of the token, of the service.

use std::time::Duration;

use super::{
    DiscordScenario, NAMED, PROMPT, Setup, assert_ends, assert_ends_with_chart, endless_answer, endless_pair,
    gated_answer, gated_pair, single_model, start_race, two_models, wait_for_faults, with_timeout,
};
use crate::support::{
    discord::{ChannelKind, FakeDiscord, Family, Route, Scope, Span, UserRequest},
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
    for (place, seconds, life) in [(ChannelKind::Server, 2, 5.s()), (ChannelKind::Dm, 600, 3.s())] {
        let gate = Gate::default();
        let scenario =
            DiscordScenario::start(two_models(&format!("token_seconds = {seconds}")), gated_pair(&gate))
                .await;
        scenario.discord.world(|world| world.token_life = life);
        let request = start_race(&scenario, place).await;
        is_edited_through_the_channel(&scenario).await;
        let refused = scenario.discord.world(|world| world.calls.iter().filter(|c| c.status == 401).count());
        assert_eq!(refused, usize::from(seconds == 600), "{place:?}");
        gate.open();
        assert_ends_with_chart(&request).await;
        scenario.finish().await;
    }
}

/// Checks the last frame of a race that had to stop: it says why and has its chart.
async fn is_frozen(scenario: &DiscordScenario, request: &UserRequest) {
    let last = request.wait_for_end().await.look;
    let title = "🛑 Stopped: this message could not be edited any longer · 0 of 2 had finished";
    assert!(last.text().contains(title), "{}", last.text());
    assert!(last.text().contains("begins"), "{}", last.text());
    request.wait_until(|look| !look.attachments.is_empty()).await;
    with_timeout(
        scenario.provider.until(|truth| truth.exchanges.iter().all(|exchange| exchange.left().is_some())),
    )
    .await;
}

#[tokio::test]
async fn where_the_bot_is_not_a_race_ends_while_it_can_still_be_shown() {
    let scenario =
        DiscordScenario::start(two_models("token_seconds = 4"), [endless_pair(), endless_pair()].concat())
            .await;
    scenario.discord.world(|world| world.token_life = 8.s());
    for place in [ChannelKind::UserInstalled, ChannelKind::ForeignServer] {
        let request = start_race(&scenario, place).await;
        is_frozen(&scenario, &request).await;
    }
    let channel = scenario.discord.world(|world| world.calls.iter().any(|c| c.route == Route::EditMessage));
    assert!(!channel, "a call in vain");
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_that_discord_made_private_is_not_looked_for_in_the_channel() {
    let scenario = DiscordScenario::start(two_models("token_seconds = 4"), endless_pair()).await;
    scenario.discord.world(|world| (world.token_life, world.makes_private) = (30.s(), true));
    let request = start_race(&scenario, ChannelKind::Server).await;
    is_frozen(&scenario, &request).await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_token_is_over_too_soon_and_the_bot_is_not_the_race_ends() {
    let mut scenario = DiscordScenario::start(single_model(""), [endless_answer()]).await;
    scenario.discord.world(|world| world.token_life = 2.s());
    start_race(&scenario, ChannelKind::UserInstalled).await;
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.service.wait_for_log("final frame not shown").await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_channel_is_closed_to_the_bot_the_token_takes_the_last_frame() {
    let scenario = DiscordScenario::start(two_models("token_seconds = 4"), endless_pair()).await;
    scenario.discord.world(|world| world.token_life = 30.s());
    scenario.discord.forbid(Family::ChannelEdit);
    let request = start_race(&scenario, ChannelKind::Server).await;
    is_frozen(&scenario, &request).await;
    scenario.finish().await;
}

/// A restart in mid-race where edits are this rare: the last frame gets its slot in time.
async fn is_interrupted_within_its_bucket(calls: u32, window: Duration, trouble: fn(&DiscordScenario)) {
    let lines = "[arena]\ndrain_seconds = 7";
    let discord = FakeDiscord::open().await;
    discord.set_edit_limits(calls, window);
    let scenario =
        DiscordScenario::start_with(discord, Setup { lines, ..single_model("") }, [endless_answer()]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    trouble(&scenario);
    scenario.service.signal("TERM").await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    wait_for_faults(&scenario).await;
    scenario.finished().await;
}

#[tokio::test]
async fn a_restart_leaves_the_last_frame_the_time_for_its_only_slot() {
    is_interrupted_within_its_bucket(1, 4.s(), |_| {}).await;
}

#[tokio::test]
async fn a_restart_leaves_the_last_frame_the_time_for_a_second_one() {
    is_interrupted_within_its_bucket(3, 4.s(), |scenario| {
        scenario.discord.fail_next(Family::FinalEdit, 500);
    })
    .await;
}

#[tokio::test]
async fn a_restart_gets_over_edits_that_hang() {
    let setup = Setup { lines: "[arena]\ndrain_seconds = 5", ..single_model("") };
    let gate = Gate::default();
    let scenario = DiscordScenario::start(setup, [gated_answer(&gate), endless_answer()]).await;
    // the race ends by itself while one of its live edits hangs
    let over = start_race(&scenario, ChannelKind::Server).await;
    let hung = scenario.discord.hang_next(Family::Edit);
    hung.reached().await;
    gate.open();
    let interrupted = start_race(&scenario, ChannelKind::Server).await;
    let hung = scenario.discord.hang_next(Family::FinalEdit);
    scenario.service.signal("TERM").await;
    hung.reached().await;
    let last = over.wait_for_end().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    let last = interrupted.wait_for_end().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    scenario.finished().await;
}

/// Requests the full answers of a finished race, whose upload is struck by a fault.
async fn wants_full_answers<T>(
    scenario: &DiscordScenario,
    gate: &Gate,
    inject: impl Fn(&FakeDiscord) -> T,
) -> (UserRequest, T) {
    let request = start_race(scenario, ChannelKind::Server).await;
    gate.open();
    assert_ends(&request).await;
    let fault = inject(&scenario.discord);
    (scenario.discord.press(request.wait_for_message().await, "Full answers", NAMED), fault)
}

#[tokio::test]
async fn a_restart_does_not_wait_for_private_answers() {
    let gates = [Gate::default(), Gate::default()];
    let setup = Setup { lines: "[arena]\ndrain_seconds = 4", ..single_model("") };
    let scenario = DiscordScenario::start(setup, gates.iter().map(gated_answer)).await;
    // the limiter knows that not even a short text is accepted
    let limits = |discord: &FakeDiscord| discord.rate_limit_next(Family::Upload, Scope::User, 300.s());
    let (limited, ()) = wants_full_answers(&scenario, &gates[0], limits).await;
    wait_for_faults(&scenario).await;
    limited.excuse();
    // the upload hangs, but a short text is accepted
    let hangs = |discord: &FakeDiscord| discord.hang_next(Family::Upload);
    let (stuck, hung) = wants_full_answers(&scenario, &gates[1], hangs).await;
    hung.reached().await;
    scenario.service.signal("TERM").await;
    stuck.wait_for_text("before this could be shown").await;
    let log = scenario.finished().await;
    assert_eq!(log.iter().filter(|line| line.contains("an answer stays on")).count(), 1);
}

async fn is_interrupted_by(name: &str) {
    let lines = "[arena]\ndrain_seconds = 8\nraces_per_user_per_minute = 60";
    let scenario =
        DiscordScenario::start(Setup { lines, ..single_model("") }, [endless_answer(), endless_answer()])
            .await;
    let live = [
        start_race(&scenario, ChannelKind::Server).await,
        start_race(&scenario, ChannelKind::UserInstalled).await,
    ];
    scenario.service.signal(name).await;
    super::wait_for_shutdown(&scenario).await;
    let late =
        scenario.discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, ChannelKind::Server);
    let answer = late.wait_for_ack().await;
    assert!(answer.private && late.current().text().contains("restarting"), "{}", late.current().text());
    for request in &live {
        let last = request.wait_for_end().await.look;
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
    let scenario = DiscordScenario::start(single_model(""), [endless_answer()]).await;
    start_race(&scenario, ChannelKind::Server).await;
    scenario.service.signal("TERM").await;
    super::wait_for_shutdown(&scenario).await;
    scenario.service.signal("TERM").await;
    scenario.exited(130).await;
}

#[tokio::test]
async fn the_final_edit_of_a_restart_gets_over_trouble() {
    let scenario = DiscordScenario::start(single_model(""), [endless_answer()]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.fail_next(Family::FinalEdit, 500);
    scenario.service.signal("TERM").await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    wait_for_faults(&scenario).await;
    scenario.finished().await;
}
