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

mod answers;
mod buttons;
mod commands;
mod crowd;
mod ends;
mod faults;
mod hostile;
mod http;
mod limits;
mod modal;
mod places;
mod refusals;
mod socket;
mod starts;
mod trouble;

use super::{KEY, eventually, with_timeout};
use crate::support::{
    provider::{Answer, Gate, answer},
    scenario::{
        ANSWER, PROMPT,
        slack::{NAMED, Setup, SlackScenario, Transport},
    },
    slack::{Asked, LOBBY},
};

/// One model.
fn alone(slack: &str) -> Setup<'_> {
    Setup { models: &[("a", "")], slack, ..Setup::default() }
}

/// An answer that is held up in its middle until the gate opens.
fn halves(gate: &Gate) -> Answer {
    answer("a").role().says(ANSWER).says(" begins").waits_for(gate).says(" and ends").whole()
}

/// Somebody asks in a channel, and the beginning of the answer is shown.
async fn asks(scenario: &SlackScenario, channel: &str) -> Asked {
    let asked = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, channel);
    asked.shows("begins").await;
    asked
}

/// Waits for the last frame with the whole answer and for its picture.
async fn ends_with_chart(asked: &Asked) {
    let last = asked.ends().await.look;
    assert!(last.text().contains("begins and ends"), "{}", last.text());
    assert!(last.button("Full answers").is_some(), "{}", last.text());
    let picture = asked.file(".png").await;
    assert!(picture.alt.is_some_and(|alt| alt.len() > 20), "a picture without words");
}
