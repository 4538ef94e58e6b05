//! The provider in a process of its own: plays a scenario, and tells over its standard output what it saw, by
//! its own clock.

use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::Instant,
};

use crate::{
    provider::{Exchange, FakeProvider},
    scenario::Scenario,
};

/// The argument that makes this binary the provider.
pub(crate) const PROVIDER: &str = "--provider";

/// One request as the provider saw it; times in seconds since it opened.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) model: String,
    pub(crate) arrived: f64,
    /// When content went out, and how many tokens of it.
    writes: Vec<(f64, u64)>,
}

impl Seen {
    fn of(exchange: &Exchange, start: Instant) -> Self {
        let since = |at: Instant| (at - start).as_secs_f64();
        Self {
            model: exchange.model.clone(),
            arrived: since(exchange.arrived),
            writes: exchange.writes.iter().map(|(at, tokens)| (since(*at), *tokens)).collect(),
        }
    }

    /// Tokens sent.
    pub(crate) fn tokens(&self) -> u64 {
        self.writes.iter().map(|(_, tokens)| tokens).sum()
    }

    /// From the request's arrival to the first token, in seconds.
    pub(crate) fn ttft(&self) -> f64 {
        self.writes.first().map_or(f64::NAN, |(at, _)| at - self.arrived)
    }

    /// Tokens after the first, over the time from the first to the last write.
    #[expect(clippy::cast_precision_loss, reason = "some hundred tokens")]
    pub(crate) fn speed(&self) -> f64 {
        match (self.writes.first(), self.writes.last()) {
            (Some((first, _)), Some((last, _))) => (self.tokens() - 1) as f64 / (last - first),
            _ => f64::NAN,
        }
    }
}

/// Plays `scenario` until standard input ends: first its base URL, then a line for each client that goes away
/// in mid-answer, at last all that it saw.
pub(crate) async fn play(scenario: &Scenario) {
    let start = Instant::now();
    let answers = scenario.lanes.iter().flat_map(|lane| vec![lane.answer(); scenario.rounds]);
    let provider = FakeProvider::open(answers).await;
    println!("{}", provider.base_url());
    let telling = async {
        let mut told = 0;
        loop {
            let truth = provider.until(|truth| left(&truth.exchanges) > told).await;
            for _ in told..left(&truth.exchanges) {
                println!("left");
            }
            told = left(&truth.exchanges);
        }
    };
    let mut nothing = vec![];
    tokio::select! {
        () = telling => {}
        _ = async { tokio::io::stdin().read_to_end(&mut nothing).await } => {}
    }
    let seen: Vec<Seen> = provider.truth().exchanges.iter().map(|seen| Seen::of(seen, start)).collect();
    println!("{}", serde_json::to_string(&seen).expect("JSON"));
}

fn left(exchanges: &[Exchange]) -> usize {
    exchanges.iter().filter(|exchange| exchange.left().is_some()).count()
}

/// The provider's process, from the outside.
pub(crate) struct Provider {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) base_url: String,
}

impl Provider {
    /// Starts it with the scenario of this name.
    pub(crate) async fn start(scenario: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args([PROVIDER, scenario]).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let base_url = lines.next_line().await.expect("a pipe").expect("a URL");
        Self { child, lines, base_url }
    }

    /// When word came that so many clients went away: later than they did by the time of a line in a pipe.
    pub(crate) async fn saw_leave(&mut self, count: usize) -> Instant {
        for _ in 0..count {
            assert_eq!(self.lines.next_line().await.expect("a pipe").as_deref(), Some("left"));
        }
        Instant::now()
    }

    /// Ends it; what it saw.
    pub(crate) async fn end(mut self) -> Vec<Seen> {
        drop(self.child.stdin.take());
        let line = self.lines.next_line().await.expect("a pipe").expect("what it saw");
        assert!(self.child.wait().await.expect("an end").success(), "the referee saw a foul");
        serde_json::from_str(&line).expect("JSON")
    }
}
