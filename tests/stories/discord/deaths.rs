//! Messages and interactions that are gone or belong to another process: no model runs in vain, no call is wasted.

use super::{
    ANSWER, DiscordScenario, NAMED, PROMPT, Setup, assert_ends, calls, endless_answer, gated_answer,
    gated_pair, single_model, start_race, two_models, with_timeout,
};
use crate::support::{
    discord::{ChannelKind, Family},
    provider::{Gate, answer},
};

#[tokio::test]
async fn a_deleted_message_ends_its_race_and_is_called_no_more() {
    let mut scenario = DiscordScenario::start(single_model(""), [endless_answer()]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.delete_message(request.wait_for_message().await);
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.service.wait_for_log("race over").await;
    let log = {
        let refused = scenario.discord.world(|world| world.calls.iter().filter(|c| c.status == 404).count());
        assert_eq!(refused, 1);
        scenario.finish().await
    };
    assert!(log.iter().any(|line| line.contains("final frame not shown")), "{log:#?}");
}

#[tokio::test]
async fn a_message_deleted_between_the_last_frame_and_the_chart_is_left_alone() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(two_models(""), gated_pair(&gate)).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    let hung = scenario.discord.hang_next(Family::Upload);
    gate.open();
    hung.reached().await;
    scenario.discord.delete_message(request.wait_for_message().await);
    hung.release();
    scenario.service.wait_for_log("failed to attach the chart").await;
    scenario.finish().await;
}

#[tokio::test]
async fn what_another_process_answered_or_nobody_knows_calls_no_model() {
    let gate = Gate::default();
    let setup =
        Setup { lines: "[arena]\nconcurrent_races = 1\nraces_per_user_per_minute = 60", ..single_model("") };
    let scenario = DiscordScenario::start(setup, [gated_answer(&gate)]).await;
    scenario.discord.another_process_answers_first();
    scenario.discord.forget_next_interaction();
    for code in [40_060, 10_062] {
        let request = scenario.discord.type_command(
            "/arena compare",
            &[("prompt", &format!("{PROMPT}?"))],
            NAMED,
            ChannelKind::Server,
        );
        assert_eq!(request.wait_for_response_code().await, code);
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), 0);
    // the only slot is free again
    let request = start_race(&scenario, ChannelKind::Server).await;
    gate.open();
    assert_ends(&request).await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 1);
    scenario.finish().await;
}

#[tokio::test]
async fn where_the_token_is_forbidden_the_channel_goes_on() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.refuse_next(Family::Edit, 403, 50_001);
    super::wait_for_faults(&scenario).await;
    gate.open();
    assert_ends(&request).await;
    scenario.finish().await;
}

#[tokio::test]
async fn where_every_edit_is_forbidden_the_race_goes_on_and_its_final_frame_is_tried_once() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.forbid(Family::Edit);
    let forbidden = |world: &crate::support::discord::World| {
        (world.calls.iter().filter(|call| call.status == 403).count() == 2).then_some(())
    };
    scenario.discord.until(forbidden).await;
    let before = calls(&scenario);
    gate.open();
    scenario.service.wait_for_log("final frame not shown").await;
    assert_eq!(calls(&scenario), before + 1, "the final frame is tried once");
    scenario.discord.take_violations();
    assert!(request.current().button("Stop").is_some(), "nothing could be shown");
    scenario.finish().await;
}

#[tokio::test]
async fn the_last_edit_forbidden_is_not_tried_again() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    start_race(&scenario, ChannelKind::UserInstalled).await;
    scenario.discord.forbid(Family::FinalEdit);
    gate.open();
    scenario.service.wait_for_log("final frame not shown").await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_stopped_race_leaves_its_providers() {
    let scenario =
        DiscordScenario::start(single_model(""), [answer("a").role().says(ANSWER).says(" begins").hangs()])
            .await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    let press = scenario.discord.press(request.wait_for_message().await, "Stop", NAMED);
    press.wait_for_ack().await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("stopped") && last.text().contains("begins"), "{}", last.text());
    with_timeout(scenario.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    scenario.finish().await;
}
