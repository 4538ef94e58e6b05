//! Answers that get lost on their way: whoever asked is told something true, and nothing is paid for in vain.

use super::{ANSWER, NAMED, PROMPT, Setting, Stage, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{FakeDiscord, Family, Moment, Place},
    provider::{Gate, answer},
};

#[tokio::test]
async fn full_answers_that_cannot_be_uploaded_do_not_stay_on_thinking() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, Place::Server).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.discord.fails_next(Family::Upload, 413);
    let full = stage.discord.presses(asked.message().await, "Full answers", NAMED);
    let said = full.shows("Discord rejected this answer").await.look;
    assert!(full.acknowledged().await.private && said.attachments.is_empty(), "{}", said.text());
    stage.ends().await;
}

#[tokio::test]
async fn a_first_answer_of_which_nobody_knows_leaves_no_thinking_behind() {
    let stage = Stage::open(alone(""), [answer("a").role().says(ANSWER).whole()]).await;
    for _ in 0..8 {
        stage.discord.cuts_next(Family::Callback, Moment::After);
    }
    let asked = stage.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    asked.shows("this could start. Ask again").await;
    assert_eq!(stage.provider.truth().exchanges.len(), 0, "a model was called for nobody");
    stage.discord.world(|world| drop(std::mem::take(&mut world.faults)));
    let again = stage.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    again.shows(ANSWER).await;
    again.until(|look| look.attachment("race.png").is_some()).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_race_that_another_process_runs_does_not_count_against_its_asker() {
    let setting = Setting { lines: "[arena]\nraces_per_user_per_minute = 1", ..alone("") };
    let gate = Gate::default();
    let mut stage = Stage::open(setting, [halves(&gate)]).await;
    stage.discord.another_process_answers_first();
    let taken = stage.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    assert_eq!(taken.tried().await, 40_060);
    stage.logs("already answered or too old").await;
    let asked = asks(&stage, Place::Server).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ends().await;
}

/// Discord itself forgets a message that it has just made, for a moment.
#[tokio::test]
async fn a_message_that_discord_does_not_know_yet_is_edited_a_moment_later() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    stage.discord.fails_next(Family::Edit, 404);
    let asked = asks(&stage, Place::Server).await;
    are_met(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.discord.fails_next(Family::Edit, 404);
    let models = stage.discord.types("/arena models", &[], NAMED, Place::Server);
    models.shows("reachable").await;
    are_met(&stage).await;
    stage.ends().await;
}

/// What stands before Discord refuses for a while without a code of Discord's own.
#[tokio::test]
async fn a_refusal_that_is_not_discords_own_does_not_end_the_registration() {
    let discord = FakeDiscord::open().await;
    discord.fails_next(Family::Application, 403);
    let mut stage = Stage::raise(discord, alone(""), []).await;
    stage.logs("the commands were registered").await;
    assert_eq!(stage.ready().await.0, 200);
    stage.ends().await;
}

#[tokio::test]
async fn a_public_key_of_another_application_is_said_where_operators_look() {
    let discord = FakeDiscord::open().await;
    let hung = discord.hangs_next(Family::Application);
    let mut stage = Stage::raise(discord, alone(""), []).await;
    hung.reached().await;
    stage.discord.world(|world| world.signing_key = [8; 32]);
    hung.release();
    stage.logs("DISCORD_PUBLIC_KEY").await;
    let (status, said) = stage.ready().await;
    assert!(status == 503 && said.contains("DISCORD_PUBLIC_KEY"), "{status} {said}");
    stage.signals("TERM").await;
    stage.closed(0).await;
}
