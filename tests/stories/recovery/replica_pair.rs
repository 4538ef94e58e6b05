//! Two replicas over one PostgreSQL, which a platform reaches over HTTP.

use std::{collections::HashMap, net::SocketAddr};

use tokio::time::{Instant, sleep};

use super::{
    super::{KEY, TestService, assert_no_errors, eventually, program},
    TestStore,
};
use crate::support::{
    program::{Program, free_address, get},
    provider::{Answer, FakeProvider, Rules, Truth, answer},
    wait::{POLL_INTERVAL, TIMEOUT},
};

/// Every race's models.
const MODELS: [&str; 2] = ["a", "b"];
const LINES: &str = "[arena]\nraces_per_user_per_minute = 1000\n";

/// The metric that counts races that another replica had admitted already.
pub const DUPLICATES: &str = "arena_refusals_total{reason=\"duplicate\"}";
/// The metric that counts races that ran.
pub const FINISHED: &str = "arena_race_seconds_count{outcome=\"all_finished\"}";

/// Both of them, and what they ask.
pub struct ReplicaPair {
    pub store: TestStore,
    provider: FakeProvider,
    /// Those that run, first the first.
    bots: Vec<TestService>,
}

/// The answers of so many races, which all say these words, letter by letter, so that they have a speed.
pub fn answers(races: usize, words: &str) -> Vec<Answer> {
    let letters: Vec<_> = words.split("").filter(|letter| !letter.is_empty()).collect();
    let streams = |model| answer(model).role().streams(&letters).whole();
    (0..races).flat_map(|_| MODELS.map(streams)).collect()
}

impl ReplicaPair {
    /// Starts both and waits until they are ready. Skips the test and returns `None` without PostgreSQL.
    pub async fn open(answers: Vec<Answer>, lines: &str, knows: impl Fn(Program) -> Program) -> Option<Self> {
        let store = TestStore::postgres().await?;
        let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let start = async || {
            let address = free_address();
            let program = program(&provider, &MODELS.map(|model| (model, "")));
            let program = knows(program.with_lines(&format!("{LINES}{lines}\n")));
            let bot = TestService::start(store.of(program, address), address).await;
            eventually(async || bot.ready().await.0 == 200).await;
            bot
        };
        let bots = vec![start().await, start().await];
        Some(Self { store, provider, bots })
    }

    /// Returns the addresses of both.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.bots[0].address, self.bots[1].address]
    }

    /// Returns the value of a metric in each replica, by the start of its line, or 0.
    pub async fn counters(&self, line: &str) -> [u64; 2] {
        let mut counted = [0; 2];
        for (bot, counted) in self.bots.iter().zip(&mut counted) {
            let (_, page) = get(bot.address, "/metrics").await.expect("an answer");
            let value = page.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
            *counted = value.map_or(0, |value| value.parse().expect("a number"));
        }
        counted
    }

    /// Waits until a metric reaches this sum over both replicas. Returns its value in each.
    pub async fn wait_for_counter(&self, line: &str, together: usize) -> [u64; 2] {
        let begun = Instant::now();
        loop {
            let counted = self.counters(line).await;
            if counted.iter().sum::<u64>() >= together as u64 {
                return counted;
            }
            assert!(begun.elapsed() < TIMEOUT, "{line} is {counted:?} in each, and not {together} in both");
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Kills the first one with SIGKILL.
    pub async fn kill_first(mut self) -> Self {
        drop(self.bots.remove(0).kill().await);
        self
    }

    /// Waits until the store contains no running race, which may be a moment after users see the end.
    pub async fn wait_until_idle(&self) {
        let running = "SELECT COUNT(*) FROM races WHERE status <> 'shown'";
        eventually(async || self.store.query_number(running).await == 0).await;
    }

    /// All that run end well; what the provider saw.
    pub async fn finish(self) -> Truth {
        for bot in self.bots {
            bot.signal("TERM").await;
            assert_no_errors(&bot.wait_for_exit(0).await);
        }
        self.store.remove().await;
        self.provider.truth()
    }
}

/// Asserts that so many races asked each of their models once.
pub fn assert_each_ran_once(truth: &Truth, races: usize) {
    let mut asked = HashMap::<_, u32>::new();
    for exchange in &truth.exchanges {
        *asked.entry((&exchange.model, exchange.body["messages"].to_string())).or_default() += 1;
    }
    assert_eq!(asked.len(), races * MODELS.len(), "a lane was not asked: {asked:?}");
    assert!(asked.values().all(|times| *times == 1), "a race ran twice: {asked:?}");
}
