//! Refusals that are not Discord's own, and such as come too early to be meant: they pass.

use super::{NAMED, Stage, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Place},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_that_is_not_discords_own_passes() {
    let refusals = [401, 403];
    let gates = refusals.map(|_| Gate::default());
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (status, gate) in refusals.into_iter().zip(&gates) {
        // the only way to this message is its token
        stage.discord.fails_next(Family::Edit, status);
        let asked = asks(&stage, Place::UserInstalled).await;
        stage.discord.fails_next(Family::Edit, status);
        are_met(&stage).await;
        stage.discord.fails_next(Family::FinalEdit, status);
        stage.discord.fails_next(Family::Upload, status);
        gate.open();
        ends_with_chart(&asked).await;
        stage.discord.fails_next(Family::Upload, status);
        let full = stage.discord.presses(asked.message().await, "Full answers", NAMED);
        full.until(|look| !look.attachments.is_empty()).await;
        are_met(&stage).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn a_refusal_that_comes_again_and_again_is_believed() {
    let gate = Gate::default();
    let mut stage = Stage::open(alone(""), [halves(&gate)]).await;
    asks(&stage, Place::UserInstalled).await;
    for _ in 0..5 {
        stage.discord.fails_next(Family::FinalEdit, 403);
    }
    gate.open();
    stage.logs("final frame not shown").await;
    are_met(&stage).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_message_that_may_not_be_edited_yet_is_edited_a_moment_later() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    stage.discord.refuses_next(Family::Edit, 403, 50_001);
    let asked = asks(&stage, Place::UserInstalled).await;
    are_met(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ends().await;
}
