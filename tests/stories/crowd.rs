//! What crowds of races have in common on every platform: how their lanes speak, when the last token went out, and
//! what being late means on a machine that others use too.

use std::{collections::HashMap, time::Duration};

use llm_arena::config::Env;
use tokio::{sync::Mutex, time::Instant};

use crate::support::provider::{Answer, Truth, answer};

/// Every race's models.
pub const LANES: [&str; 5] = ["a", "b", "c", "d", "e"];
/// A lane writes 50 tokens a second, ten times five: an unoptimised bot shares the machine with the other tests.
pub const EVENT: Duration = Duration::from_millis(100);
const TOKENS: [&str; 5] = [" why", " it", " is", " so", "?"];
/// Crowds take turns: two cores are few.
pub static TURN: Mutex<()> = Mutex::const_new(());

/// Fails where something was late, on a machine that is said to be quiet (`ARENA_QUIET=1`); elsewhere it only tells, for
/// what is late there may be the machine's doing.
pub fn on_time(is_on_time: bool, else_say: &str) {
    if Env::process().path("ARENA_QUIET").is_some() {
        assert!(is_on_time, "{else_say}");
    } else if !is_on_time {
        println!("not asserted without ARENA_QUIET=1: {else_say}");
    }
}

/// The configuration's lines that let one person start a crowd.
pub const MANY: &str = "[arena]\nraces_per_user_per_minute = 1000";

/// What is asked in this race: tells it from the others.
pub fn prompt(race: usize) -> String {
    format!("race {race:02}")
}

/// A lane that speaks so many times, and is not over then.
pub fn speaks(model: &str, events: u32) -> Answer {
    let says = |answer: Answer, n| answer.until(EVENT * n).says_tokens(&TOKENS);
    (0..events).fold(answer(model).role(), says)
}

/// When the last token of each race went out, by its prompt.
pub fn last_tokens(truth: &Truth) -> HashMap<String, Instant> {
    let mut last = HashMap::new();
    for exchange in &truth.exchanges {
        let messages = exchange.body["messages"].as_array().expect("messages");
        let prompt = messages.last().expect("one")["content"].as_str().expect("a text");
        let (at, _) = *exchange.writes.last().expect("tokens");
        last.entry(prompt.to_owned()).and_modify(|last: &mut Instant| *last = at.max(*last)).or_insert(at);
    }
    last
}
