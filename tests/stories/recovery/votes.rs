//! SIGKILL at any moment of a vote: no acknowledged ballot is lost, and each vote is closed once.
//!
//! The moments are random. Each story prints its seed, and `ARENA_SEED` repeats them; `ARENA_KILLS` sets the number of
//! kills.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::{
    super::{KEY, TestService, eventually, program},
    TestStore, kills, seed,
};
use crate::support::{
    program::{Program, free_address, post},
    provider::{FakeProvider, Rules, answer},
};

/// The people who vote, each twice: a change of mind.
const VOTERS: u32 = 30;
/// Ballots under way at once.
const CONCURRENT: usize = 8;

/// The last acknowledged choice of each voter.
#[derive(Default)]
struct Acknowledged(Mutex<HashMap<u32, &'static str>>);

impl Acknowledged {
    fn note(&self, voter: u32, best: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(voter, best);
    }

    fn count(&self, is_wanted: impl Fn(&str) -> bool) -> i64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        i64::try_from(all.values().filter(|best| is_wanted(best)).count()).expect("a small number")
    }
}

fn visitor(number: u32) -> Value {
    json!({ "id": format!("visitor-{number:04}"), "name": format!("v{number}") })
}

/// Casts both ballots of everyone, as far as the service answers.
async fn everyone_votes(service: std::net::SocketAddr, race: &str, acknowledged: &Acknowledged) {
    let path = format!("/api/races/{race}/ballot");
    let voters = stream::iter(0..VOTERS).map(|voter| {
        let path = &path;
        async move {
            for best in ["A", "B"] {
                let body = json!({ "from": visitor(voter), "best": best, "second": "none" });
                if let Ok((200, _)) = post(service, path, &body).await {
                    acknowledged.note(voter, best);
                }
            }
        }
    });
    voters.buffer_unordered(CONCURRENT).collect::<Vec<()>>().await;
}

/// One vote with a kill after `delay`; then the vote is closed in the next process.
async fn vote_with_a_kill(store: &TestStore, program: &impl Fn() -> Program, round: u32, delay: Duration) {
    let address = free_address();
    let start = || async { TestService::start(store.of(program(), address), address).await };
    let bot = start().await;
    let asks = json!({ "text": format!("blind question {round}"), "from": visitor(9_999) });
    let race = with_race(address, &asks).await;
    let open = format!("SELECT COUNT(*) FROM races WHERE id = '{race}' AND closes_at IS NOT NULL");
    eventually(async || store.query_number(&open).await == 1).await;
    let acknowledged = Acknowledged::default();
    let killed = async {
        sleep(delay).await;
        bot.kill().await
    };
    let ((), _) = tokio::join!(everyone_votes(address, &race, &acknowledged), killed);
    let bot = start().await;
    let stored = |condition: &str| format!("SELECT COUNT(*) FROM ballots WHERE race = '{race}'{condition}");
    assert!(store.query_number(&stored("")).await >= acknowledged.count(|_| true), "a ballot is lost");
    assert!(
        store.query_number(&stored(" AND best = 'B'")).await >= acknowledged.count(|best| best == "B"),
        "a change of mind is lost"
    );
    let close = json!({ "from": visitor(9_999) });
    let path = format!("/api/races/{race}/close");
    let closed = post(address, &path, &close).await.expect("an answer");
    assert_eq!(closed.0, 204, "{closed:?}");
    assert_eq!(post(address, &path, &close).await.expect("an answer").0, 409, "it is closed once");
    let time = format!("SELECT closed_at FROM races WHERE id = '{race}'");
    let closed_at = store.query_number(&time).await;
    let late = json!({ "from": visitor(1), "best": "A" });
    assert_eq!(post(address, &format!("/api/races/{race}/ballot"), &late).await.expect("an answer").0, 409);
    // the message gets its final frame, and the next start does not close the vote again
    let shown = format!("SELECT COUNT(*) FROM races WHERE id = '{race}' AND status = 'shown'");
    eventually(async || store.query_number(&shown).await == 1).await;
    drop(bot.kill().await);
    let bot = start().await;
    assert_eq!(store.query_number(&time).await, closed_at);
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
}

/// Starts the race and returns its id.
async fn with_race(address: std::net::SocketAddr, command: &Value) -> String {
    let (status, body) = post(address, "/api/command", command).await.expect("an answer");
    assert_eq!(status, 202, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    body["message"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn no_acknowledged_ballot_is_lost_and_each_vote_closes_once() {
    let (kills, seed) = (kills(), seed());
    println!("ARENA_KILLS={kills} ARENA_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..kills {
        let store = TestStore::sqlite();
        let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
        let answers = ["a", "b"].map(|model| answer(model).role().says("Air scatters blue light.").whole());
        let provider = FakeProvider::open_with(rules, answers).await;
        let program = || program(&provider, &[("a", ""), ("b", "")]).env("ARENA_LOCAL_CHANNEL", "on");
        let delay = Duration::from_millis(random.u64(0..400));
        vote_with_a_kill(&store, &program, round, delay).await;
        store.remove().await;
    }
}
