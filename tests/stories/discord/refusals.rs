//! Refusals that are not Discord's own, and such as come too early to be meant: they pass.

use super::{DiscordScenario, NAMED, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Place},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_that_is_not_discords_own_passes() {
    let refusals = [401, 403];
    let gates = refusals.map(|_| Gate::default());
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (status, gate) in refusals.into_iter().zip(&gates) {
        // only its token leads to this message
        scenario.discord.fails_next(Family::Edit, status);
        let asked = asks(&scenario, Place::UserInstalled).await;
        scenario.discord.fails_next(Family::Edit, status);
        are_met(&scenario).await;
        scenario.discord.fails_next(Family::FinalEdit, status);
        scenario.discord.fails_next(Family::Upload, status);
        gate.open();
        ends_with_chart(&asked).await;
        scenario.discord.fails_next(Family::Upload, status);
        let full = scenario.discord.presses(asked.message().await, "Full answers", NAMED);
        full.until(|look| !look.attachments.is_empty()).await;
        are_met(&scenario).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_refusal_that_comes_again_and_again_is_believed() {
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    asks(&scenario, Place::UserInstalled).await;
    for _ in 0..5 {
        scenario.discord.fails_next(Family::FinalEdit, 403);
    }
    gate.open();
    scenario.service.wait_for_log("message lost").await;
    are_met(&scenario).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_that_may_not_be_edited_yet_is_edited_a_moment_later() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(alone(""), [halves(&gate)]).await;
    scenario.discord.refuses_next(Family::Edit, 403, 50_001);
    let asked = asks(&scenario, Place::UserInstalled).await;
    are_met(&scenario).await;
    gate.open();
    ends_with_chart(&asked).await;
    scenario.finish().await;
}
