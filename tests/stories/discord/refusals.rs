//! Refusals that are not Discord's own, or that come too early to be final: the bot tries again.

use super::{
    DiscordScenario, NAMED, assert_ends, assert_ends_with_chart, gated_answer, gated_pair, single_model,
    start_race, two_models, wait_for_faults,
};
use crate::support::{
    discord::{ALL_ANSWERS, ChannelKind, Family},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_that_is_not_discords_own_passes() {
    let refusals = [401, 403];
    let gates = refusals.map(|_| Gate::default());
    let scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    for (status, gate) in refusals.into_iter().zip(&gates) {
        // only its token leads to this message
        scenario.discord.fail_next(Family::Edit, status);
        let request = start_race(&scenario, ChannelKind::UserInstalled).await;
        scenario.discord.fail_next(Family::Edit, status);
        wait_for_faults(&scenario).await;
        scenario.discord.fail_next(Family::FinalEdit, status);
        scenario.discord.fail_next(Family::Upload, status);
        gate.open();
        assert_ends_with_chart(&request).await;
        scenario.discord.fail_next(Family::Upload, status);
        let full = scenario.discord.choose(request.wait_for_message().await, ALL_ANSWERS, NAMED);
        full.wait_until(|look| !look.attachments.is_empty()).await;
        wait_for_faults(&scenario).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_refusal_that_comes_again_and_again_is_believed() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    start_race(&scenario, ChannelKind::UserInstalled).await;
    for _ in 0..5 {
        scenario.discord.fail_next(Family::FinalEdit, 403);
    }
    gate.open();
    scenario.service.wait_for_log("final frame not shown").await;
    wait_for_faults(&scenario).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_that_may_not_be_edited_yet_is_edited_a_moment_later() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    scenario.discord.refuse_next(Family::Edit, 403, 50_001);
    let request = start_race(&scenario, ChannelKind::UserInstalled).await;
    wait_for_faults(&scenario).await;
    gate.open();
    assert_ends(&request).await;
    scenario.finish().await;
}
