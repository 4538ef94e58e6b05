//! Messages and interactions that are no more, or not ours: no model runs for nobody, no call is made in vain.

use super::{
    ANSWER, DiscordScenario, NAMED, PROMPT, Setup, alone, asks, calls, endless, ends_with_chart, halves,
    with_timeout,
};
use crate::support::{
    discord::{Family, Place},
    provider::{Gate, answer},
};

#[tokio::test]
async fn a_deleted_message_ends_its_race_and_is_called_no_more() {
    let mut scenario = DiscordScenario::start(alone(""), [endless()]).await;
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.deletes(asked.message().await);
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.service.wait_for_log("race over").await;
    let log = {
        let refused = scenario.discord.world(|world| world.calls.iter().filter(|c| c.status == 404).count());
        assert_eq!(refused, 1);
        scenario.finish().await
    };
    assert!(log.iter().any(|line| line.contains("message lost")), "{log:#?}");
}

#[tokio::test]
async fn a_message_deleted_between_the_last_frame_and_the_chart_is_left_alone() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, Place::Server).await;
    let hung = scenario.discord.hangs_next(Family::Upload);
    gate.open();
    hung.reached().await;
    scenario.discord.deletes(asked.message().await);
    hung.release();
    scenario.service.wait_for_log("the chart was not attached").await;
    scenario.finish().await;
}

#[tokio::test]
async fn what_another_process_answered_or_nobody_knows_calls_no_model() {
    let gate = Gate::default();
    let setup = Setup { lines: "[arena]\nconcurrent_races = 1\nraces_per_user_per_minute = 60", ..alone("") };
    let scenario = DiscordScenario::start(setup, [halves(&gate)]).await;
    scenario.discord.another_process_answers_first();
    scenario.discord.forgets_next_interaction();
    for code in [40_060, 10_062] {
        let asked = scenario.discord.types(
            "/arena compare",
            &[("prompt", &format!("{PROMPT}?"))],
            NAMED,
            Place::Server,
        );
        assert_eq!(asked.tried().await, code);
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), 0);
    // the only slot is free again
    let asked = asks(&scenario, Place::Server).await;
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 1);
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_token_is_forbidden_the_channel_goes_on() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.refuses_next(Family::Edit, 403, 50_001);
    super::are_met(&scenario).await;
    gate.open();
    ends_with_chart(&asked).await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_every_edit_is_forbidden_the_race_goes_on_and_is_remembered() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.forbids(Family::Edit);
    let forbidden = |world: &crate::support::discord::World| {
        (world.calls.iter().filter(|call| call.status == 403).count() == 2).then_some(())
    };
    scenario.discord.until(forbidden).await;
    let before = calls(&scenario);
    gate.open();
    scenario.service.wait_for_log("message lost").await;
    assert_eq!(calls(&scenario), before, "a call in vain");
    assert!(asked.now().button("Stop").is_some(), "nothing could be shown");
    scenario.finish().await;
}

#[tokio::test]
async fn the_last_edit_forbidden_is_not_tried_again() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    asks(&scenario, Place::UserInstalled).await;
    scenario.discord.forbids(Family::FinalEdit);
    gate.open();
    scenario.service.wait_for_log("message lost").await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_stopped_race_leaves_its_providers() {
    let scenario =
        DiscordScenario::start(alone(""), [answer("a").role().says(ANSWER).says(" begins").hangs()]).await;
    let asked = asks(&scenario, Place::Server).await;
    let press = scenario.discord.presses(asked.message().await, "Stop", NAMED);
    press.acknowledged().await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("stopped") && last.text().contains("begins"), "{}", last.text());
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.finish().await;
}
