//! Faults of Discord and of the network: nothing is lost, nothing is stuck, nothing is done twice.

use super::{
    DiscordScenario, NAMED, PROMPT, Setup, assert_ends, assert_ends_with_chart, gated_answer, gated_pair,
    single_model, start_race, two_models, wait_for_faults,
};
use crate::support::{
    discord::{ChannelKind, Family, Fault, Moment},
    provider::{Gate, answer},
};

type Trouble = fn(&DiscordScenario, Family);

const FAULTS: [Trouble; 4] = [
    |scenario, family| scenario.discord.fail_next(family, 500),
    |scenario, family| scenario.discord.fail_next(family, 502),
    |scenario, family| scenario.discord.cut_next(family, Moment::Before),
    |scenario, family| scenario.discord.cut_next(family, Moment::After),
];

#[tokio::test]
async fn trouble_with_edits_and_uploads_passes() {
    let gates = FAULTS.map(|_| Gate::default());
    let scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    for (trouble, gate) in FAULTS.into_iter().zip(&gates) {
        let request = start_race(&scenario, ChannelKind::Server).await;
        trouble(&scenario, Family::Edit);
        wait_for_faults(&scenario).await;
        trouble(&scenario, Family::FinalEdit);
        trouble(&scenario, Family::Upload);
        gate.open();
        assert_ends_with_chart(&request).await;
        wait_for_faults(&scenario).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_answer_that_fails_is_repeated() {
    let troubles = &FAULTS[1..];
    let gates: Vec<_> = troubles.iter().map(|_| Gate::default()).collect();
    let scenario = DiscordScenario::start(single_model(""), gates.iter().map(gated_answer)).await;
    for (trouble, gate) in troubles.iter().zip(&gates) {
        trouble(&scenario, Family::Callback);
        let request = start_race(&scenario, ChannelKind::Server).await;
        gate.open();
        assert_ends(&request).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_chart_that_cannot_be_uploaded_leaves_the_text() {
    let gates = [Gate::default(), Gate::default()];
    let mut scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    for (statuses, gate) in [&[500, 500, 500, 500][..], &[413]].into_iter().zip(&gates) {
        for status in statuses {
            scenario.discord.fail_next(Family::Upload, *status);
        }
        let request = start_race(&scenario, ChannelKind::Server).await;
        gate.open();
        wait_for_faults(&scenario).await;
        let text = request.current().text();
        assert!(text.contains("begins and ends") && is_decided(&text), "{text}");
        assert!(
            request.current().attachments.is_empty()
                && request.current().embeds.iter().all(|e| e["image"].is_null())
        );
    }
    scenario.service.wait_for_log("failed to attach the chart").await;
    let log = scenario.finish().await;
    assert_eq!(log.iter().filter(|line| line.contains("failed to attach the chart")).count(), 2);
}

#[tokio::test]
async fn without_its_chart_a_race_of_several_keeps_its_table() {
    let answers = [("a", "Air scatters"), ("b", "Rayleigh did")];
    let answers = answers.map(|(model, text)| {
        answer(model)
            .role()
            .streams(&[text, " blue", " ", "a", "n", "d", " ", "n", "o", "t", " ", "r", "e", "d"])
            .whole()
    });
    let mut scenario = DiscordScenario::start(Setup::default(), answers).await;
    for _ in 0..4 {
        scenario.discord.fail_next(Family::Upload, 500);
    }
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, ChannelKind::Server);
    scenario.service.wait_for_log("failed to attach the chart").await;
    wait_for_faults(&scenario).await;
    let text = request.current().text();
    let table = text.split("```").nth(1).expect("a table");
    let lines: Vec<_> = table.trim_matches('\n').lines().collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() == 28), "{text}");
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["1st", "tok", "tok/s"], "{text}");
    assert!(text.contains("Air scatters blue") && text.contains("Rayleigh did blue"), "{text}");
    assert!(request.current().attachments.is_empty());
    scenario.finish().await;
}

/// The calls are neither cut nor refused: waiting for a response would take for ever.
#[tokio::test]
async fn edits_that_hang_are_sent_again() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(single_model(""), gates.iter().map(gated_answer)).await;
    let live = start_race(&scenario, ChannelKind::Server).await;
    let hung = scenario.discord.hang_next(Family::Edit);
    hung.reached().await;
    let last = start_race(&scenario, ChannelKind::Server).await;
    let hung = scenario.discord.hang_next(Family::FinalEdit);
    gates[1].open();
    hung.reached().await;
    gates[0].open();
    assert_ends(&live).await;
    assert_ends(&last).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_frame_that_discord_does_not_take_is_shown_without_its_answers() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    // in mid-race
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.fail_next(Family::Edit, 400);
    wait_for_faults(&scenario).await;
    gates[0].open();
    assert_ends_with_chart(&request).await;
    // at the end
    let request = start_race(&scenario, ChannelKind::Server).await;
    scenario.discord.fail_next(Family::FinalEdit, 413);
    gates[1].open();
    let last = request.wait_for_end().await.look;
    assert!(is_decided(&last.text()) && !last.text().contains("begins"), "{}", last.text());
    request.wait_until(|look| !look.attachments.is_empty()).await;
    assert!(!request.current().text().contains("begins"), "the chart brings back what was refused");
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert_eq!(log.iter().filter(|line| line.contains("Discord rejected a frame")).count(), 2);
}

/// The message gets its final frame and its chart, no matter what Discord or a proxy refuses in mid-race.
#[tokio::test]
async fn no_refusal_of_a_live_frame_costs_the_final_one() {
    for (status, code, times) in [(404, 0, 1), (404, 0, 6), (400, 50_035, 3), (413, 40_005, 3)] {
        let gate = Gate::default();
        let scenario = DiscordScenario::start(two_models(""), gated_pair(&gate)).await;
        let request = start_race(&scenario, ChannelKind::Server).await;
        for _ in 0..times {
            scenario.discord.world(|world| world.faults.push(Family::Edit, Fault::Status(status, code)));
        }
        wait_for_faults(&scenario).await;
        gate.open();
        assert_ends_with_chart(&request).await;
        // a message that Discord refuses is an error in the log
        scenario.service.signal("TERM").await;
        scenario.exited(0).await;
    }
}

/// Returns true for the text of a final message: it names the fastest, or a tie.
fn is_decided(text: &str) -> bool {
    text.contains(" wrote fastest: ") || text.contains(" tied at ")
}
