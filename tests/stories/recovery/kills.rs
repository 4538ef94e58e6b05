//! SIGKILL at any moment under load, then a start on the same store.
//!
//! The moments are random. Each story prints its seed, and `ARENA_SEED` repeats them; `ARENA_KILLS` sets the number of
//! kills.

use std::{collections::HashMap, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    super::{KEY, TestService, program},
    TestStore, kills, seed,
};
use crate::support::{
    crowd,
    discord::{self, ChannelKind, FakeDiscord},
    program::{Program, free_address},
    provider::{Exchange, FakeProvider, Rules, Truth},
    scenario::{discord as on_discord, slack as on_slack},
    slack::{self, FakeSlack, LOBBY},
};

/// Races at once.
const RACES: usize = 4;
/// The longest time from the start of the races to the kill.
const KILL_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest time from the restart to the end of the last message.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(40);
/// A token costs a dollar, so that micro-dollars are a million for each.
const MODELS: [(&str, &str); 2] = [("a", "price_out = 1000000"), ("b", "price_out = 1000000")];
const LINES: &str = "[arena]\nraces_per_user_per_minute = 1000\nmax_output_tokens = 1000\n";

async fn provider() -> FakeProvider {
    let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
    let answers = (0..RACES).flat_map(|_| MODELS.map(|(model, _)| crowd::streams(model, 8).whole()));
    FakeProvider::open_with(rules, answers).await
}

/// No race ran twice, and no budget is short of what the provider served.
async fn assert_honest_budget(truth: &Truth, store: &TestStore) {
    let mut asked = HashMap::<(String, String), u32>::new();
    for exchange in &truth.exchanges {
        let prompt = exchange.body["messages"].to_string();
        *asked.entry((exchange.model.clone(), prompt)).or_default() += 1;
    }
    assert!(asked.values().all(|times| *times == 1), "a race ran twice: {asked:?}");
    let served: u64 = truth.exchanges.iter().map(Exchange::tokens).sum();
    let spent = store
        .query_number("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM spend WHERE scope = 'day'")
        .await;
    let served = i64::try_from(served * 1_000_000).expect("a number");
    assert!(spent >= served, "{spent} are spent, and {served} were served");
}

/// Waits for the moment of the kill, kills the service and starts it again. Returns the new process and the time of its
/// start.
async fn killed(
    bot: TestService,
    program: impl Fn() -> Program,
    reached: impl Future<Output = ()>,
) -> (TestService, Instant) {
    let address = bot.address;
    timeout(KILL_TIMEOUT, reached).await.expect("the moment of the kill comes");
    drop(bot.kill().await);
    let start = Instant::now();
    (TestService::start(program(), address).await, start)
}

async fn on_discord(store: &TestStore, calls: usize) -> Duration {
    let (discord, provider) = (FakeDiscord::open().await, provider().await);
    let address = free_address();
    discord.deliver_by(discord::Delivery::Http(address));
    let program = || {
        let transport = on_discord::Transport::Http;
        let program =
            program(&provider, &MODELS).with_lines(&format!("{LINES}{}\n", on_discord::mode(transport)));
        store.of(on_discord::with_credentials(program, &discord, transport), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("the commands were registered").await;
    let before = discord.world(|world| world.calls.len());
    let requests: Vec<_> = (0..RACES)
        .map(|race| {
            let prompt = crowd::prompt(race);
            discord.type_command("/arena compare", &[("prompt", &prompt)], discord::ANA, ChannelKind::Server)
        })
        .collect();
    let is_over = |world: &discord::World| {
        let is_over = |message: &discord::Message| message.private || !message.look().attachments.is_empty();
        requests.iter().all(|request| world.original(request.id()).is_some_and(is_over))
    };
    // a race may need fewer calls than the random number: then the kill hits an idle service
    let reached =
        discord.until(|world| (world.calls.len() >= before + calls || is_over(world)).then_some(()));
    let (bot, start) = killed(bot, program, reached).await;
    for request in &requests {
        let Some(answer) = request.interaction().answer else {
            request.excuse();
            continue;
        };
        let left = RECOVERY_TIMEOUT.saturating_sub(start.elapsed());
        let ended = timeout(left, async {
            loop {
                let last = request.wait_for_end().await;
                let now = request.current();
                if now.text() == last.look.text() || !now.is_loading() {
                    return now;
                }
            }
        });
        let now = ended
            .await
            .unwrap_or_else(|_| panic!("no end after {calls} calls:\n{}", request.current().text()));
        // a refusal, on a machine that is too busy for the database, is private and has no buttons
        assert!(answer.private || !now.buttons().is_empty(), "an end without buttons:\n{}", now.text());
    }
    let took = start.elapsed();
    assert_honest_budget(&provider.truth(), store).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    provider.discard_answers();
    discord.take_violations();
    took
}

async fn on_slack(store: &TestStore, calls: usize) -> Duration {
    let (slack, provider) = (FakeSlack::open().await, provider().await);
    let address = free_address();
    slack.deliver_by(slack::Delivery::Http(address));
    let program = || {
        let transport = on_slack::Transport::Http;
        let program =
            program(&provider, &MODELS).with_lines(&format!("{LINES}{}\n", on_slack::mode(transport)));
        store.of(on_slack::with_credentials(program, &slack, transport), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("Slack knows the bot").await;
    let before = slack.world(|world| world.calls.len());
    let types =
        |race| slack.type_command("/arena", &format!("compare {}", crowd::prompt(race)), slack::ANA, LOBBY);
    let requests: Vec<_> = (0..RACES).map(types).collect();
    // a race may need fewer calls than the random number: then the kill hits an idle service
    let is_over = |world: &slack::World| {
        world.public(LOBBY).filter(|message| !message.files.is_empty()).count() == RACES
    };
    let reached = slack.until(|world| (world.calls.len() >= before + calls || is_over(world)).then_some(()));
    let (bot, start) = killed(bot, program, reached).await;
    for request in &requests {
        if request.action().acks.iter().all(|ack| ack.status != 200) {
            request.excuse();
            continue;
        }
        let left = RECOVERY_TIMEOUT.saturating_sub(start.elapsed());
        let ended = tokio::select! {
            ended = timeout(left, request.wait_for_end()) => ended.is_ok(),
            told = timeout(left, request.wait_for_private_text("interrupted before your race could begin")) => told.is_ok(),
        };
        assert!(ended, "no end after {calls} calls:\n{}", slack.world(|world| world.transcript()));
    }
    let took = start.elapsed();
    assert_honest_budget(&provider.truth(), store).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    provider.discard_answers();
    slack.take_violations();
    took
}

/// Kills the service at random moments, each time on a new store, and prints how to repeat them.
async fn plays(
    name: &str,
    most: usize,
    store: impl AsyncFn() -> Option<TestStore>,
    kill: impl AsyncFn(&TestStore, usize) -> Duration,
) {
    let (seed, kills) = (seed(), kills());
    println!("{name}: repeat with ARENA_SEED={seed} ARENA_KILLS={kills}");
    let (mut random, mut slowest) = (fastrand::Rng::with_seed(seed), Duration::ZERO);
    for round in 0..kills {
        let calls = random.usize(1..=most);
        println!("{name}: kill {round} after {calls} calls");
        let Some(store) = store().await else { return };
        slowest = slowest.max(kill(&store, calls).await);
        store.remove().await;
    }
    println!("{name}: {kills} kills, all messages at their end after {slowest:?} at the latest");
}

#[tokio::test]
async fn on_discord_with_sqlite() {
    plays("Discord, SQLite", 24, async || Some(TestStore::sqlite()), on_discord).await;
}

#[tokio::test]
async fn on_discord_with_postgres() {
    plays("Discord, PostgreSQL", 24, async || TestStore::postgres().await, on_discord).await;
}

#[tokio::test]
async fn on_slack_with_sqlite() {
    plays("Slack, SQLite", 20, async || Some(TestStore::sqlite()), on_slack).await;
}

#[tokio::test]
async fn on_slack_with_postgres() {
    plays("Slack, PostgreSQL", 20, async || TestStore::postgres().await, on_slack).await;
}
