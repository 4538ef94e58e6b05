//! What Discord and the network do wrong: nothing is lost, nothing is stuck, nothing is done twice.

use super::{DiscordScenario, NAMED, PROMPT, Setup, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Moment, Place},
    provider::{Gate, answer},
};

type Trouble = fn(&DiscordScenario, Family);

const TROUBLES: [Trouble; 4] = [
    |scenario, family| scenario.discord.fails_next(family, 500),
    |scenario, family| scenario.discord.fails_next(family, 502),
    |scenario, family| scenario.discord.cuts_next(family, Moment::Before),
    |scenario, family| scenario.discord.cuts_next(family, Moment::After),
];

#[tokio::test]
async fn trouble_with_edits_and_uploads_passes() {
    let gates = TROUBLES.map(|_| Gate::default());
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.into_iter().zip(&gates) {
        let asked = asks(&scenario, Place::Server).await;
        trouble(&scenario, Family::Edit);
        are_met(&scenario).await;
        trouble(&scenario, Family::FinalEdit);
        trouble(&scenario, Family::Upload);
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&scenario).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_answer_that_fails_is_repeated() {
    let troubles = &TROUBLES[1..];
    let gates: Vec<_> = troubles.iter().map(|_| Gate::default()).collect();
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in troubles.iter().zip(&gates) {
        trouble(&scenario, Family::Callback);
        let asked = asks(&scenario, Place::Server).await;
        gate.open();
        ends_with_chart(&asked).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_chart_that_cannot_be_uploaded_leaves_the_text() {
    let gates = [Gate::default(), Gate::default()];
    let mut scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (statuses, gate) in [&[500, 500, 500, 500][..], &[413]].into_iter().zip(&gates) {
        for status in statuses {
            scenario.discord.fails_next(Family::Upload, *status);
        }
        let asked = asks(&scenario, Place::Server).await;
        gate.open();
        are_met(&scenario).await;
        let text = asked.now().text();
        assert!(text.contains("begins and ends") && text.contains("done"), "{text}");
        assert!(
            asked.now().attachments.is_empty() && asked.now().embeds.iter().all(|e| e["image"].is_null())
        );
    }
    scenario.service.wait_for_log("the chart was not attached").await;
    let log = scenario.finish().await;
    assert_eq!(log.iter().filter(|line| line.contains("the chart was not attached")).count(), 2);
}

#[tokio::test]
async fn without_its_chart_a_race_of_several_keeps_its_table() {
    let answers = [("a", "Air scatters"), ("b", "Rayleigh did")];
    let answers = answers.map(|(model, text)| answer(model).role().says(text).says(" blue").whole());
    let mut scenario = DiscordScenario::start(Setup::default(), answers).await;
    for _ in 0..4 {
        scenario.discord.fails_next(Family::Upload, 500);
    }
    let asked = scenario.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    scenario.service.wait_for_log("the chart was not attached").await;
    are_met(&scenario).await;
    let text = asked.now().text();
    let table = text.split("```").nth(1).expect("a table");
    let heads = ["first", "total", "tokens", "tok/s"];
    assert!(heads.iter().all(|head| table.contains(head)) && table.trim().lines().count() == 3, "{text}");
    assert!(text.contains("Air scatters blue") && text.contains("Rayleigh did blue"), "{text}");
    assert!(asked.now().attachments.is_empty());
    scenario.finish().await;
}

/// Nothing is cut and nothing is refused: whoever waited for an answer would wait for ever.
#[tokio::test]
async fn edits_that_hang_are_sent_again() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    let live = asks(&scenario, Place::Server).await;
    let hung = scenario.discord.hangs_next(Family::Edit);
    hung.reached().await;
    let last = asks(&scenario, Place::Server).await;
    let hung = scenario.discord.hangs_next(Family::FinalEdit);
    gates[1].open();
    hung.reached().await;
    gates[0].open();
    ends_with_chart(&live).await;
    ends_with_chart(&last).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_frame_that_discord_does_not_take_is_shown_without_its_answers() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    // in mid-race
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.fails_next(Family::Edit, 400);
    are_met(&scenario).await;
    gates[0].open();
    ends_with_chart(&asked).await;
    // at the end
    let asked = asks(&scenario, Place::Server).await;
    scenario.discord.fails_next(Family::FinalEdit, 413);
    gates[1].open();
    let last = asked.ends().await.look;
    assert!(last.text().contains("done") && !last.text().contains("begins"), "{}", last.text());
    asked.until(|look| !look.attachments.is_empty()).await;
    assert!(!asked.now().text().contains("begins"), "the chart brings back what was refused");
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert_eq!(log.iter().filter(|line| line.contains("does not take a message of ours")).count(), 2);
}
