//! Races where the bot may not send files: the message says so before its end, and nothing is tried in vain.

use super::{
    DiscordScenario, NAMED, assert_ends, assert_ends_with_chart, calls, gated_answer, gated_pair,
    single_model, start_race, two_models,
};
use crate::support::{
    discord::{ALL_ANSWERS, ATTACH_FILES, ChannelKind, Family},
    provider::Gate,
};

const NO_CHART: &str = "no chart: LLM Arena lacks the permission Attach Files here";

#[tokio::test]
async fn without_attach_files_the_message_says_why_it_has_no_chart() {
    let gates = [Gate::default(), Gate::default()];
    let mut scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    scenario.discord.world(|world| world.missing_permissions = ATTACH_FILES);
    let request = start_race(&scenario, ChannelKind::Server).await;
    assert!(request.current().text().contains(NO_CHART), "before the end: {}", request.current().text());
    gates[0].open();
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains(NO_CHART) && last.attachments.is_empty(), "{}", last.text());
    scenario.service.wait_for_log("race over").await;
    let before = calls(&scenario);
    let full = scenario.discord.choose(request.wait_for_message().await, ALL_ANSWERS, NAMED);
    assert!(full.wait_for_ack().await.private);
    let said = full.wait_for_text("`Attach Files`").await.look.text();
    assert!(said.contains("manages this server") && !said.contains("in a moment"), "{said}");
    assert_eq!(calls(&scenario), before + 1, "nothing is uploaded in vain");
    scenario
        .discord
        .choose(request.wait_for_message().await, "A", NAMED)
        .wait_for_text("begins and ends")
        .await;
    // by the end of another race, the chart of the first one would have been tried
    let second = start_race(&scenario, ChannelKind::Server).await;
    gates[1].open();
    second.wait_for_end().await;
    let is_refused = scenario.discord.world(|world| world.calls.iter().any(|call| call.status == 403));
    assert!(!is_refused, "a chart is tried in vain");
    scenario.finish().await;
}

#[tokio::test]
async fn a_permission_that_is_taken_away_is_named_as_well() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    // Discord said that it may, and refuses the chart
    scenario.discord.refuse_next(Family::Upload, 403, 50_013);
    let request = start_race(&scenario, ChannelKind::Server).await;
    assert!(!request.current().text().contains(NO_CHART), "{}", request.current().text());
    gates[0].open();
    request.wait_for_text(NO_CHART).await;
    let refused =
        scenario.discord.world(|world| world.calls.iter().filter(|call| call.status == 403).count());
    assert_eq!(refused, 1, "the message is still edited by its token");
    // and the file
    scenario.discord.refuse_next(Family::Upload, 403, 50_013);
    let full = scenario.discord.choose(request.wait_for_message().await, ALL_ANSWERS, NAMED);
    full.wait_for_text("`Attach Files`").await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    gates[1].open();
    assert_ends_with_chart(&request).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_single_answer_has_no_chart_and_does_not_mention_one() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(single_model(""), [gated_answer(&gate)]).await;
    scenario.discord.world(|world| world.missing_permissions = ATTACH_FILES);
    let request = start_race(&scenario, ChannelKind::Server).await;
    gate.open();
    assert_ends(&request).await;
    assert!(request.revisions().iter().all(|revision| !revision.look.text().contains("chart")));
    scenario.finish().await;
}
