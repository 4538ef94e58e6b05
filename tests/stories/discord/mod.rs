//! Discord: from what a person types to the last frame, against a referee.

mod alerts;
mod canaries;
mod commands;
mod crowd;
mod deaths;
mod ends;
mod faults;
mod files;
mod follow_up_troubles;
mod follow_ups;
mod gateway;
mod hostile;
mod limits;
mod messages;
mod overviews;
mod permissions;
mod refusals;
mod review;
mod shared_files;
mod starts;
mod strangers;
mod unlogged;
mod votes;

use super::{eventually, with_timeout};
use crate::support::{
    discord::{ALL_ANSWERS, ChannelKind, UserRequest},
    provider::{Answer, Gate, answer},
    scenario::{
        ANSWER, PROMPT,
        discord::{DiscordScenario, NAMED, Setup, Transport},
    },
};

/// One model, and races as often as one likes.
fn single_model(discord: &str) -> Setup<'_> {
    Setup {
        models: &[("a", "")],
        lines: "[arena]\nraces_per_user_per_minute = 60",
        discord,
        ..Setup::default()
    }
}

/// Returns an answer that pauses in its middle until the gate opens.
fn gated_answer(gate: &Gate) -> Answer {
    answer("a").role().says(ANSWER).says(" begins").waits_for(gate).says(" and ends").whole()
}

/// Returns an answer that begins and never ends.
fn endless_answer() -> Answer {
    answer("a").role().says(ANSWER).says(" begins").hangs()
}

/// Two models, and races as often as one likes.
fn two_models(discord: &str) -> Setup<'_> {
    Setup { models: &[("a", ""), ("b", "")], ..single_model(discord) }
}

/// The letters of a text. As tokens of a stream they are so many that they have a speed on a busy machine too.
fn letters(text: &str) -> Vec<&str> {
    text.split("").filter(|letter| !letter.is_empty()).collect()
}

/// Begins an answer with enough tokens for a speed, so that its race has a chart.
fn begun_answer(model: &str) -> Answer {
    answer(model).role().says(ANSWER).streams(&letters(" once it has gone on calmly it begins"))
}

/// Returns answers of both models that pause in their middle until the gate opens.
fn gated_pair(gate: &Gate) -> [Answer; 2] {
    ["a", "b"].map(|model| begun_answer(model).waits_for(gate).says(" and ends").whole())
}

/// Returns answers of both models that begin and never end.
fn endless_pair() -> [Answer; 2] {
    ["a", "b"].map(|model| begun_answer(model).hangs())
}

/// Starts a race and waits until the beginning of an answer is shown.
async fn start_race(scenario: &DiscordScenario, place: ChannelKind) -> UserRequest {
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", &format!("{PROMPT}?"))], NAMED, place);
    request.wait_for_text("begins").await;
    request
}

/// Waits until every injected fault has struck a call.
async fn wait_for_faults(scenario: &DiscordScenario) {
    scenario.discord.until(|world| world.faults.left().is_empty().then_some(())).await;
}

/// Waits for the last frame of a single answer: the whole answer, its buttons, and no chart.
async fn assert_ends(request: &UserRequest) {
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    assert!(last.button("Full answers").is_some() && last.attachments.is_empty(), "{}", last.text());
}

/// Waits for the last frame of a race of two and for its chart.
async fn assert_ends_with_chart(request: &UserRequest) {
    let last = request.wait_for_end().await.look;
    assert_eq!(last.text().matches("begins and ends").count(), 2, "{}", last.text());
    assert!(last.text().contains(ALL_ANSWERS), "{}", last.text());
    let with_chart = request.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert_eq!(with_chart.text().matches("begins and ends").count(), 2, "{}", with_chart.text());
}

/// Returns the number of calls that Discord received.
fn calls(scenario: &DiscordScenario) -> usize {
    scenario.discord.world(|world| world.calls.len())
}

/// Waits until the service says that it shuts down.
async fn wait_for_shutdown(scenario: &DiscordScenario) {
    eventually(async || scenario.service.ready().await.1.contains("shutting down")).await;
}
