//! The latency of many races at once: acknowledgements, last frames and charts against the rate limits of Discord and
//! Slack, and the exit after SIGTERM.
//!
//! `cargo bench --bench crowd`. The built binary runs between the fakes of the tests, whose logs say what the limits
//! allowed and when the last token was sent. Times are those beyond what the limits made the bot wait, printed beside
//! their targets. They hold on a machine that does nothing else; the time in which the bot had no CPU is printed too.

#![expect(unreachable_pub, reason = "a bench has no outside; `pub` marks what the test support offers")]

mod discord;
mod restart;
mod slack;

#[expect(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::{collections::HashMap, env, fs, time::Duration};

use tokio::time::Instant;

use support::{provider::Truth, service::TestService};

fn main() {
    if !env::args().any(|argument| argument == "--bench") {
        println!("crowds are only measured by `cargo bench`");
        return;
    }
    println!("load of the machine: {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        discord::measure().await;
        slack::measure().await;
        restart::measure().await;
    });
}

/// Prints the longest of some times beside its target.
fn report(what: &str, times: &[Duration], target: Duration) {
    let longest = times.iter().max().copied().unwrap_or_default();
    let verdict = if longest <= target { "kept" } else { "MISSED" };
    println!("  {what}: {longest:.2?} at worst, target {target:.2?}, {verdict}");
}

/// Prints how long threads of the service were ready to run without getting a CPU; nothing where the system does not
/// say. <https://docs.kernel.org/scheduler/sched-stats.html>
fn report_cpu_wait(service: &TestService) {
    let tasks = service.child.id().map(|id| fs::read_dir(format!("/proc/{id}/task")));
    let threads = tasks.into_iter().flatten().flatten().flatten();
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    let waits = stats.filter_map(|stat| stat.split_whitespace().nth(1)?.parse().ok());
    let wait: Duration = waits.map(Duration::from_nanos).sum();
    println!("  without a CPU: {wait:.2?} in all");
}

/// Returns the time at which the last token of each race was sent, by its prompt.
fn last_tokens(truth: &Truth) -> HashMap<String, Instant> {
    let mut last = HashMap::new();
    for exchange in &truth.exchanges {
        let messages = exchange.body["messages"].as_array().expect("messages");
        let prompt = messages.last().expect("one")["content"].as_str().expect("a text");
        let (at, _) = *exchange.writes.last().expect("tokens");
        last.entry(prompt.to_owned()).and_modify(|last: &mut Instant| *last = at.max(*last)).or_insert(at);
    }
    last
}
