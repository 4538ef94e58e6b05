//! Slack: from what a person types to the last frame, against a referee.

/// Two tests of one story: over Socket Mode and over HTTP.
macro_rules! on_both_transports {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            use super::super::Transport;

            #[tokio::test]
            async fn over_a_socket() {
                super::$story(Transport::Socket).await;
            }

            #[tokio::test]
            async fn over_http() {
                super::$story(Transport::Http).await;
            }
        }
    )+};
}

mod alerts;
mod answers;
mod buttons;
mod canaries;
mod commands;
mod common;
mod crowd;
mod ends;
mod faults;
mod files;
mod follow_up_limits;
mod follow_ups;
mod home;
mod hostile;
mod http;
mod limits;
mod messages;
mod modal;
mod overviews;
mod places;
mod questions;
mod reading;
mod refusals;
mod shared_files;
mod socket;
mod starts;
mod unlogged;
mod votes;

use super::{KEY, eventually, with_timeout};
use crate::support::{
    provider::{Answer, Gate, answer},
    scenario::{
        ANSWER, PROMPT,
        slack::{NAMED, Setup, SlackScenario, Transport},
    },
    slack::{LOBBY, UserRequest},
};

/// One model.
fn single_model(slack: &str) -> Setup<'_> {
    Setup { models: &[("a", "")], slack, ..Setup::default() }
}

/// The first half of an answer, long enough to have a speed.
const BEGINNING: [&str; 9] = [ANSWER, " so", " far", " and", " on", " it", " goes", " until", " it"];

/// Returns an answer that pauses in its middle until the gate opens.
fn gated_answer(gate: &Gate) -> Answer {
    answer("a").role().streams(&BEGINNING).says(" begins").waits_for(gate).says(" and ends").whole()
}

/// Returns answers of both models that pause in their middle until the gate opens.
fn gated_race(gate: &Gate) -> [Answer; 2] {
    let other = answer("b").role().streams(&BEGINNING).waits_for(gate).says(" comes").whole();
    [gated_answer(gate), other]
}

/// Starts a race in a channel and waits until the beginning of the answer is shown.
async fn start_race(scenario: &SlackScenario, channel: &str) -> UserRequest {
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, channel);
    request.wait_for_text("begins").await;
    request
}

/// Waits for the last frame with the whole answer and for its picture.
async fn assert_ends_with_chart(request: &UserRequest) {
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    assert!(last.button("Full answers").is_some(), "{}", last.text());
    let picture = request.wait_for_file(".png").await;
    assert!(picture.alt.is_some_and(|alt| alt.len() > 20), "a picture without words");
}
