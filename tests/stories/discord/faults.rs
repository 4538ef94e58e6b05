//! What Discord and the network do wrong: nothing is lost, nothing is stuck, nothing is done twice.

use super::{NAMED, PROMPT, Setting, Stage, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Fault, Moment, Place},
    provider::{Gate, answer},
};

type Trouble = fn(&Stage, Family);

const TROUBLES: [Trouble; 4] = [
    |stage, family| stage.discord.fails_next(family, 500),
    |stage, family| stage.discord.fails_next(family, 502),
    |stage, family| stage.discord.cuts_next(family, Moment::Before),
    |stage, family| stage.discord.cuts_next(family, Moment::After),
];

#[tokio::test]
async fn trouble_with_edits_and_uploads_passes() {
    let gates = TROUBLES.map(|_| Gate::default());
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.into_iter().zip(&gates) {
        let asked = asks(&stage, Place::Server).await;
        trouble(&stage, Family::Edit);
        are_met(&stage).await;
        trouble(&stage, Family::FinalEdit);
        trouble(&stage, Family::Upload);
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&stage).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn a_first_answer_that_fails_is_repeated() {
    let troubles = &TROUBLES[1..];
    let gates: Vec<_> = troubles.iter().map(|_| Gate::default()).collect();
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in troubles.iter().zip(&gates) {
        trouble(&stage, Family::Callback);
        let asked = asks(&stage, Place::Server).await;
        gate.open();
        ends_with_chart(&asked).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn a_chart_that_cannot_be_uploaded_leaves_the_text() {
    let gates = [Gate::default(), Gate::default()];
    let mut stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (statuses, gate) in [&[500, 500, 500, 500][..], &[413]].into_iter().zip(&gates) {
        for status in statuses {
            stage.discord.fails_next(Family::Upload, *status);
        }
        let asked = asks(&stage, Place::Server).await;
        gate.open();
        are_met(&stage).await;
        let text = asked.now().text();
        assert!(text.contains("begins and ends") && text.contains("done"), "{text}");
        assert!(
            asked.now().attachments.is_empty() && asked.now().embeds.iter().all(|e| e["image"].is_null())
        );
    }
    stage.logs("failed to attach the chart").await;
    let log = stage.ends().await;
    assert_eq!(log.iter().filter(|line| line.contains("failed to attach the chart")).count(), 2);
}

#[tokio::test]
async fn without_its_chart_a_race_of_several_keeps_its_table() {
    let answers = [("a", "Air scatters"), ("b", "Rayleigh did")];
    let answers = answers.map(|(model, text)| answer(model).role().says(text).says(" blue").whole());
    let mut stage = Stage::open(Setting::default(), answers).await;
    for _ in 0..4 {
        stage.discord.fails_next(Family::Upload, 500);
    }
    let asked = stage.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
    stage.logs("failed to attach the chart").await;
    are_met(&stage).await;
    let text = asked.now().text();
    let table = text.split("```").nth(1).expect("a table");
    let heads = ["first", "total", "tokens", "tok/s"];
    assert!(heads.iter().all(|head| table.contains(head)) && table.trim().lines().count() == 3, "{text}");
    assert!(text.contains("Air scatters blue") && text.contains("Rayleigh did blue"), "{text}");
    assert!(asked.now().attachments.is_empty());
    stage.ends().await;
}

/// Nothing is cut and nothing is refused: whoever waited for an answer would wait for ever.
#[tokio::test]
async fn edits_that_hang_are_sent_again() {
    let gates = [Gate::default(), Gate::default()];
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    let live = asks(&stage, Place::Server).await;
    let hung = stage.discord.hangs_next(Family::Edit);
    hung.reached().await;
    let last = asks(&stage, Place::Server).await;
    let hung = stage.discord.hangs_next(Family::FinalEdit);
    gates[1].open();
    hung.reached().await;
    gates[0].open();
    ends_with_chart(&live).await;
    ends_with_chart(&last).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_frame_that_discord_does_not_take_is_shown_without_its_answers() {
    let gates = [Gate::default(), Gate::default()];
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    // in mid-race
    let asked = asks(&stage, Place::Server).await;
    stage.discord.fails_next(Family::Edit, 400);
    are_met(&stage).await;
    gates[0].open();
    ends_with_chart(&asked).await;
    // at the end
    let asked = asks(&stage, Place::Server).await;
    stage.discord.fails_next(Family::FinalEdit, 413);
    gates[1].open();
    let last = asked.ends().await.look;
    assert!(last.text().contains("done") && !last.text().contains("begins"), "{}", last.text());
    asked.until(|look| !look.attachments.is_empty()).await;
    assert!(!asked.now().text().contains("begins"), "the chart brings back what was refused");
    stage.signals("TERM").await;
    let log = stage.closed(0).await;
    assert_eq!(log.iter().filter(|line| line.contains("rejected a frame")).count(), 2);
}

/// Whatever Discord, or a proxy before it, refuses in mid-race, the message gets its final frame and its chart.
#[tokio::test]
async fn no_refusal_of_a_live_frame_costs_the_final_one() {
    for (status, code, times) in [(404, 0, 1), (404, 0, 6), (400, 50_035, 3), (413, 40_005, 3)] {
        let gate = Gate::default();
        let stage = Stage::open(alone(""), [halves(&gate)]).await;
        let asked = asks(&stage, Place::Server).await;
        for _ in 0..times {
            stage.discord.world(|world| world.faults.push(Family::Edit, Fault::Status(status, code)));
        }
        are_met(&stage).await;
        gate.open();
        ends_with_chart(&asked).await;
        // a message that a platform refuses is an error in the log
        stage.signals("TERM").await;
        stage.closed(0).await;
    }
}
