//! Messages and interactions that are no more, or not ours: no model runs for nobody, no call is made in vain.

use super::{ANSWER, NAMED, PROMPT, Setting, Stage, alone, asks, calls, endless, ends_with_chart, halves};
use crate::{
    stories::soon,
    support::{
        discord::{Family, Place},
        provider::{Gate, answer},
    },
};

#[tokio::test]
async fn a_deleted_message_ends_its_race_and_is_called_no_more() {
    let mut stage = Stage::open(alone(""), [endless()]).await;
    let asked = asks(&stage, Place::Server).await;
    stage.discord.deletes(asked.message().await);
    soon(stage.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    stage.logs("race over").await;
    let log = {
        let refused = stage.discord.world(|world| world.calls.iter().filter(|c| c.status == 404).count());
        assert_eq!(refused, 1);
        stage.ends().await
    };
    assert!(log.iter().any(|line| line.contains("final frame not shown")), "{log:#?}");
}

#[tokio::test]
async fn a_message_deleted_between_the_last_frame_and_the_chart_is_left_alone() {
    let gate = Gate::default();
    let mut stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, Place::Server).await;
    let hung = stage.discord.hangs_next(Family::Upload);
    gate.open();
    hung.reached().await;
    stage.discord.deletes(asked.message().await);
    hung.release();
    stage.logs("failed to attach the chart").await;
    stage.ends().await;
}

#[tokio::test]
async fn what_another_process_answered_or_nobody_knows_calls_no_model() {
    let gate = Gate::default();
    let setting =
        Setting { lines: "[arena]\nconcurrent_races = 1\nraces_per_user_per_minute = 60", ..alone("") };
    let stage = Stage::open(setting, [halves(&gate)]).await;
    stage.discord.another_process_answers_first();
    stage.discord.forgets_next_interaction();
    for code in [40_060, 10_062] {
        let asked =
            stage.discord.types("/arena compare", &[("prompt", &format!("{PROMPT}?"))], NAMED, Place::Server);
        assert_eq!(asked.tried().await, code);
    }
    assert_eq!(stage.provider.truth().exchanges.len(), 0);
    // the only slot is free again
    let asked = asks(&stage, Place::Server).await;
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!(stage.provider.truth().exchanges.len(), 1);
    stage.ends().await;
}

#[tokio::test]
async fn where_the_token_is_forbidden_the_channel_goes_on() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, Place::Server).await;
    stage.discord.refuses_next(Family::Edit, 403, 50_001);
    super::are_met(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ends().await;
}

#[tokio::test]
async fn where_every_edit_is_forbidden_the_race_goes_on_and_its_final_frame_is_tried_once() {
    let gate = Gate::default();
    let mut stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, Place::Server).await;
    stage.discord.forbids(Family::Edit);
    let forbidden = |world: &crate::support::discord::World| {
        (world.calls.iter().filter(|call| call.status == 403).count() == 2).then_some(())
    };
    stage.discord.until(forbidden).await;
    let before = calls(&stage);
    gate.open();
    stage.logs("final frame not shown").await;
    assert_eq!(calls(&stage), before + 1, "the final frame is tried once");
    stage.discord.pardon();
    assert!(asked.now().button("Stop").is_some(), "nothing could be shown");
    stage.ends().await;
}

#[tokio::test]
async fn the_last_edit_forbidden_is_not_tried_again() {
    let gate = Gate::default();
    let mut stage = Stage::open(alone(""), [halves(&gate)]).await;
    asks(&stage, Place::UserInstalled).await;
    stage.discord.forbids(Family::FinalEdit);
    gate.open();
    stage.logs("final frame not shown").await;
    stage.ends().await;
}

#[tokio::test]
async fn a_stopped_race_leaves_its_providers() {
    let stage = Stage::open(alone(""), [answer("a").role().says(ANSWER).says(" begins").hangs()]).await;
    let asked = asks(&stage, Place::Server).await;
    let press = stage.discord.presses(asked.message().await, "Stop", NAMED);
    press.acknowledged().await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("stopped") && last.text().contains("begins"), "{}", last.text());
    soon(stage.provider.until(|truth| truth.exchanges[0].left().is_some())).await;
    stage.ends().await;
}
