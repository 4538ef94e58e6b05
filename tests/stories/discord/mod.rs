//! Discord: from what a person types to the last frame, against a referee.

mod commands;
mod crowd;
mod deaths;
mod ends;
mod faults;
mod gateway;
mod hostile;
mod limits;
mod refusals;
mod review;
mod starts;
mod strangers;

use super::{eventually, with_timeout};
use crate::support::{
    discord::{ChannelKind, UserRequest},
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

/// Starts a race and waits until the beginning of the answer is shown.
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

/// Waits for the last frame with the whole answer and for its chart.
async fn assert_ends_with_chart(request: &UserRequest) {
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    assert!(last.button("Full answers").is_some(), "{}", last.text());
    let with_chart = request.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert!(with_chart.text().contains("begins and ends"), "{}", with_chart.text());
}

/// Returns the number of calls that Discord received.
fn calls(scenario: &DiscordScenario) -> usize {
    scenario.discord.world(|world| world.calls.len())
}

/// Waits until the service says that it shuts down.
async fn wait_for_shutdown(scenario: &DiscordScenario) {
    eventually(async || scenario.service.ready().await.1.contains("shutting down")).await;
}
