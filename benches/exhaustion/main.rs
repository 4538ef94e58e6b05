//! Attacks on the HTTP listener by clients without credentials, each against a service of its own under
//! `prlimit --data=268435456 --nofile=1024`.
//!
//! `cargo bench --bench exhaustion`. The built binary runs between the fakes of the tests. One race of the fake Discord is
//! live before each attack and ends during it, another begins and ends during it. `/healthz` is probed all the time on fresh
//! connections. "Before" is the memory after five races and eight times 128 ordinary clients at
//! once, "unused" that before the clients. Loopback only; at most 1,100 connections at once and about a minute per attack.

#![expect(unreachable_pub, reason = "a bench has no outside; `pub` marks what the test support offers")]

mod attack;
mod probe;

#[expect(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the Discord bench uses more of it")]
#[path = "../discord/usage.rs"]
mod usage;

use std::{
    env, fmt, fs,
    net::SocketAddr,
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use self::{
    attack::{ATTACKS, Attack, Clients},
    probe::{MemoryWatch, Probe, megabytes},
};
use support::{
    discord::{ANA, BEN, ChannelKind, User, UserRequest},
    program::post,
    provider::{Answer, Gate, answer},
    scenario::discord::{DiscordScenario, Setup},
};

const LIMITS: &[&str] = &["--data=268435456", "--nofile=1024"];
const LINES: &str = "[arena]\nraces_per_user_per_minute = 1000\nconcurrent_races = 100";
const ENV: &[(&str, &str)] = &[("ARENA_LOCAL_CHANNEL", "on")];
const MODELS: &[(&str, &str)] = &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "")];
/// The races that the local channel holds before an attack on it.
const LOCAL_RACES: usize = 200;
/// Words of each of their answers, so that 200 messages have about 9 MB.
const WORDS: usize = 1_700;
/// The races before each attack.
const WARM_UP_RACES: usize = 5;
/// The ordinary clients at once before each attack, and how many times.
const ORDINARY_CLIENTS: usize = 128;
const ORDINARY_ROUNDS: usize = 8;
/// The slowest acceptable `/healthz`.
const MAX_PROBE: Duration = Duration::from_secs(1);
/// The time in which memory must be back, and the share of the memory before.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_GROWTH: f64 = 1.1;
/// The time in which a race must end once it may.
const RACE_TIMEOUT: Duration = Duration::from_secs(20);
/// The interval at which memory is looked at afterwards.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The time for which an attack is held at least.
const HOLD: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    if !env::args().any(|argument| argument == "--bench") {
        println!("attacks only run under `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let has_prlimit = Command::new("prlimit").arg("--version").stdout(Stdio::null()).status();
    if !has_prlimit.is_ok_and(|status| status.success()) {
        println!("SKIPPED: the command prlimit of util-linux is missing");
        return ExitCode::SUCCESS;
    }
    println!("load of the machine: {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!(
        "| attack | RSS unused | connections | refused | slowest /healthz | races ended | RSS before, peak, after | \
         verdict |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut is_held = true;
    let only = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for attack in ATTACKS.iter().filter(|attack| only.as_ref().is_none_or(|only| attack.name.contains(only)))
    {
        is_held &= runtime.block_on(play(attack));
    }
    let exit = runtime.block_on(exit_with_half_sent_requests());
    println!("SIGTERM with 100 half-sent heads and bodies and no race: exit after {exit:.2?}");
    if is_held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays one attack, prints its row and returns true if the service held.
async fn play(attack: &Attack) -> bool {
    let (gates, answers) = scripts(attack);
    let setup = Setup {
        models: MODELS,
        lines: LINES,
        log: "info",
        cold: true,
        env: ENV,
        limits: LIMITS,
        ..Setup::default()
    };
    let mut scenario = DiscordScenario::start(setup, answers).await;
    if attack.needs_history {
        fill_channel(scenario.service.address).await;
    }
    // the first races load what all need, in every thread
    for _ in 0..WARM_UP_RACES {
        ended(&start(&scenario, ANA)).await;
    }
    let cold = megabytes(scenario.service.child.id().expect("a process"));
    serve_clients(scenario.service.address).await;
    let seen = observe(attack, &scenario, &gates).await;
    let is_alive = scenario.service.child.try_wait().is_ok_and(|status| status.is_none());
    let is_held = is_alive && seen.is_within_targets();
    let verdict = if is_held {
        "held"
    } else if is_alive {
        "MISSED"
    } else {
        "ABORTED"
    };
    println!("| {} | {cold:.1} MB | {seen} | {verdict} |", attack.name);
    if is_held {
        scenario.finish().await;
    } else {
        scenario.provider.discard_answers();
        scenario.provider.take_violations();
        scenario.discord.take_violations();
    }
    is_held
}

/// The course of an attack.
struct Observed {
    made: usize,
    refused: usize,
    /// `None` if a probe got no answer.
    slowest: Option<Duration>,
    races: usize,
    before: f64,
    peak: f64,
    after: f64,
}

impl Observed {
    fn is_within_targets(&self) -> bool {
        self.slowest.is_some_and(|slowest| slowest <= MAX_PROBE)
            && self.races == 2
            && self.after <= self.before * MAX_GROWTH
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, refused, slowest, races, before, peak, after } = self;
        let slowest = slowest.map_or("no answer".into(), |slowest| format!("{} ms", slowest.as_millis()));
        write!(f, "{made} | {refused} | {slowest} | {races} of 2 | {before:.1}, {peak:.1}, {after:.1} MB")
    }
}

/// Attacks while one race is live and another begins and ends, and waits until memory is back.
async fn observe(attack: &Attack, scenario: &DiscordScenario, gates: &[Gate; 2]) -> Observed {
    let address = scenario.service.address;
    let process = scenario.service.child.id().expect("a process");
    let live = start(scenario, ANA);
    live.wait_for_text("begins").await;
    let before = megabytes(process);
    let (probe, memory) = (Probe::start(address), MemoryWatch::start(process));
    let (began, mut clients) = (Instant::now(), Clients::default());
    (attack.run)(address, &mut clients).await;
    gates[0].open();
    let mut races = usize::from(ended(&live).await);
    let second = start(scenario, BEN);
    gates[1].open();
    races += usize::from(ended(&second).await);
    sleep(HOLD.saturating_sub(began.elapsed())).await;
    let (made, refused) = clients.close().await;
    let peak = memory.stop().await;
    let (released, mut after) = (Instant::now(), megabytes(process));
    while after > before * MAX_GROWTH && released.elapsed() < RECOVERY_TIMEOUT {
        sleep(POLL_INTERVAL).await;
        after = megabytes(process);
    }
    Observed { made, refused, slowest: probe.stop(), races, before, peak, after }
}

/// Returns the gates of the two races during the attack, and the answers of all races.
fn scripts(attack: &Attack) -> ([Gate; 2], Vec<Answer>) {
    let gates = [Gate::default(), Gate::default()];
    let mut answers = vec![];
    for (model, _) in MODELS {
        let words = "word ".repeat(WORDS);
        let history = if attack.needs_history { LOCAL_RACES } else { 0 };
        answers.extend((0..history).map(|_| answer(model).role().says(&words).whole()));
        answers.extend((0..WARM_UP_RACES).map(|_| answer(model).role().says("It begins and ends").whole()));
        answers.extend(
            gates
                .iter()
                .map(|gate| answer(model).role().says("It begins").waits_for(gate).says(" and ends").whole()),
        );
    }
    (gates, answers)
}

/// Has as many ordinary clients as the service takes at once, several times: the allocator keeps their buffers for the next
/// ones, once for each thread that served them.
async fn serve_clients(address: SocketAddr) {
    for _ in 0..ORDINARY_ROUNDS {
        let mut clients = Clients::default();
        let paths = ["/healthz", "/api/lineup", "/assets/race.css", "/metrics"];
        clients.send(address, ORDINARY_CLIENTS, |n| attack::get(paths[n % paths.len()])).await;
        clients.close().await;
    }
}

/// Fills the local channel with finished races.
async fn fill_channel(address: SocketAddr) {
    for n in 0..LOCAL_RACES {
        let visitor = json!({ "id": format!("visitor-{n}"), "name": "ana" });
        let line = json!({ "text": "/arena compare why?", "from": visitor });
        let (status, answer) = post(address, "/api/command", &line).await.expect("an answer");
        assert_eq!(status, 202, "{answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let answers = format!("/api/races/{}/answers", answer["message"].as_str().expect("an id"));
        support::wait::eventually(async || probe::status(address, &answers).await == Some(200)).await;
    }
}

fn start(scenario: &DiscordScenario, user: User) -> UserRequest {
    scenario.discord.type_command("/arena compare", &[("prompt", "why?")], user, ChannelKind::Server)
}

/// Returns true if a race ends whole in time.
async fn ended(request: &UserRequest) -> bool {
    let end = timeout(RACE_TIMEOUT, request.wait_for_end()).await;
    let is_whole = end.is_ok_and(|revision| revision.look.text().contains("begins and ends"));
    if !is_whole {
        request.excuse();
    }
    is_whole
}

async fn exit_with_half_sent_requests() -> Duration {
    let setup = Setup { log: "info", limits: LIMITS, ..Setup::default() };
    let scenario = DiscordScenario::start(setup, []).await;
    let mut clients = Clients::default();
    attack::half_sent(scenario.service.address, &mut clients, 100).await;
    let signalled = Instant::now();
    scenario.finish().await;
    signalled.elapsed()
}
