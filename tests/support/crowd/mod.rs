//! Crowds: many races at once. The stories check that all of them end well; the bench `crowd` measures how soon.

pub mod discord;
pub mod slack;

use std::time::Duration;

use super::provider::{Answer, answer};

/// The models of every race.
pub const LANES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The models in the form that a scenario takes.
const MODELS: [(&str, &str); 5] = [("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "")];

/// A lane streams 50 tokens a second: five of them ten times a second.
const EVENT_INTERVAL: Duration = Duration::from_millis(100);
const TOKENS: [&str; 5] = [" why", " it", " is", " so", "?"];

/// The lines of the configuration that let one user start a crowd.
const NO_RATE_LIMIT: &str = "[arena]\nraces_per_user_per_minute = 1000";

/// The log filter: a log of everything would cost most of the time here.
const LOG: &str = "info";

/// Returns the prompt of a race, which identifies it.
pub fn prompt(race: usize) -> String {
    format!("race {race:02}")
}

/// Returns an answer that streams this many events and is not finished then.
pub fn streams(model: &str, events: u32) -> Answer {
    let event = |answer: Answer, n| answer.until(EVENT_INTERVAL * n).says_tokens(&TOKENS);
    (0..events).fold(answer(model).role(), event)
}
