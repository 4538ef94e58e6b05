//! Answers that get lost: the asker is told the truth, and no model call is wasted.

use super::{
    ANSWER, DiscordScenario, NAMED, PROMPT, Setup, assert_ends, gated_answer, single_model, start_race,
    wait_for_faults,
};
use crate::support::{
    discord::{ChannelKind, FakeDiscord, Family, Moment},
    provider::{Gate, answer},
};

#[tokio::test]
async fn full_answers_that_cannot_be_uploaded_do_not_stay_on_thinking() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    gate.open();
    assert_ends(&request).await;
    scenario.discord.fail_next(Family::Upload, 413);
    let full = scenario.discord.press(request.wait_for_message().await, "Full answers", NAMED);
    let said = full.wait_for_text("Discord rejected this answer").await.look;
    assert!(full.wait_for_ack().await.private && said.attachments.is_empty(), "{}", said.text());
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_answer_of_which_nobody_knows_leaves_no_thinking_behind() {
    let scenario = DiscordScenario::start(single_model(""), [answer("a").role().says(ANSWER).whole()]).await;
    for _ in 0..8 {
        scenario.discord.cut_next(Family::Callback, Moment::After);
    }
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, ChannelKind::Server);
    request.wait_for_text("this could start. Ask again").await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 0, "a model was called for nobody");
    scenario.discord.world(|world| drop(std::mem::take(&mut world.faults)));
    let again =
        scenario.discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, ChannelKind::Server);
    assert!(again.wait_for_end().await.look.text().contains(ANSWER));
    scenario.finish().await;
}

#[tokio::test]
async fn a_race_that_another_process_runs_does_not_count_against_its_asker() {
    let setup = Setup { lines: "[arena]\nraces_per_user_per_minute = 1", ..single_model("") };
    let gate = Gate::default();
    let mut scenario = DiscordScenario::start(setup, [gated_answer(&gate)]).await;
    scenario.discord.another_process_answers_first();
    let taken =
        scenario.discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, ChannelKind::Server);
    assert_eq!(taken.wait_for_response_code().await, 40_060);
    scenario.service.wait_for_log("already answered or too old").await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    gate.open();
    assert_ends(&request).await;
    scenario.finish().await;
}

/// Discord itself does not know a message for a moment after creating it.
#[tokio::test]
async fn a_message_that_discord_does_not_know_yet_is_edited_a_moment_later() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    scenario.discord.fail_next(Family::Edit, 404);
    let request = start_race(&scenario, ChannelKind::Server).await;
    wait_for_faults(&scenario).await;
    gate.open();
    assert_ends(&request).await;
    scenario.discord.fail_next(Family::Edit, 404);
    let models = scenario.discord.type_command("/arena models", &[], NAMED, ChannelKind::Server);
    models.wait_for_text("reachable").await;
    wait_for_faults(&scenario).await;
    scenario.finish().await;
}

/// A proxy in front of Discord refuses for a while, without an error code of Discord.
#[tokio::test]
async fn a_refusal_that_is_not_discords_own_does_not_end_the_registration() {
    let discord = FakeDiscord::open().await;
    discord.fail_next(Family::Application, 403);
    let mut scenario = DiscordScenario::launch(discord, single_model(""), []).await;
    scenario.service.wait_for_log("the commands were registered").await;
    assert_eq!(scenario.service.ready().await.0, 200);
    scenario.finish().await;
}

#[tokio::test]
async fn a_public_key_of_another_application_is_said_where_operators_look() {
    let discord = FakeDiscord::open().await;
    let hung = discord.hang_next(Family::Application);
    let mut scenario = DiscordScenario::launch(discord, single_model(""), []).await;
    hung.reached().await;
    scenario.discord.world(|world| world.signing_key = [8; 32]);
    hung.release();
    scenario.service.wait_for_log("DISCORD_PUBLIC_KEY").await;
    let (status, said) = scenario.service.ready().await;
    assert!(status == 503 && said.contains("DISCORD_PUBLIC_KEY"), "{status} {said}");
    scenario.service.signal("TERM").await;
    scenario.exited(0).await;
}
