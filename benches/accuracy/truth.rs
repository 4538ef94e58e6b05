//! The scripted provider in its own process: plays a scenario and reports over its standard output what it observed,
//! by its own clock.

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

/// The argument that turns this binary into the provider.
pub(crate) const PROVIDER: &str = "--provider";
/// The line printed for each client that disconnects mid-answer.
const DISCONNECTED: &str = "disconnected";

/// One request as the provider observed it. Times are in seconds since its start.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ServedRequest {
    pub(crate) model: String,
    pub(crate) arrived: f64,
    /// The time and the number of tokens of each write.
    writes: Vec<(f64, u64)>,
}

impl ServedRequest {
    fn new(exchange: &Exchange, start: Instant) -> Self {
        let since = |at: Instant| (at - start).as_secs_f64();
        Self {
            model: exchange.model.clone(),
            arrived: since(exchange.arrived),
            writes: exchange.writes.iter().map(|(at, tokens)| (since(*at), *tokens)).collect(),
        }
    }

    /// The number of tokens sent.
    pub(crate) fn tokens(&self) -> u64 {
        self.writes.iter().map(|(_, tokens)| tokens).sum()
    }

    /// Seconds from the arrival of the request to the first token.
    pub(crate) fn ttft(&self) -> f64 {
        self.writes.first().map_or(f64::NAN, |(at, _)| at - self.arrived)
    }

    /// Tokens after those that were written at once with the first one, divided by the seconds from the first to the
    /// last write.
    #[expect(clippy::cast_precision_loss, reason = "some hundred tokens")]
    pub(crate) fn speed(&self) -> f64 {
        match (self.writes.first(), self.writes.last()) {
            (Some((first, _)), Some((last, _))) => {
                let at_once = self.writes.iter().take_while(|(at, _)| at - first < 0.001);
                (self.tokens() - at_once.map(|(_, tokens)| tokens).sum::<u64>()) as f64 / (last - first)
            }
            _ => f64::NAN,
        }
    }
}

/// Plays `scenario` until standard input ends. Prints its base URL, then a line for each client that disconnects
/// mid-answer, and at the end all requests as JSON.
pub(crate) async fn play(scenario: &Scenario) {
    let start = Instant::now();
    let answers = scenario.lanes.iter().flat_map(|lane| vec![lane.answer(); scenario.rounds]);
    let provider = FakeProvider::open(answers).await;
    println!("{}", provider.base_url());
    let report = async {
        let mut reported = 0;
        loop {
            let truth = provider.until(|truth| disconnects(&truth.exchanges) > reported).await;
            for _ in reported..disconnects(&truth.exchanges) {
                println!("{DISCONNECTED}");
            }
            reported = disconnects(&truth.exchanges);
        }
    };
    let mut input = vec![];
    tokio::select! {
        () = report => {}
        _ = async { tokio::io::stdin().read_to_end(&mut input).await } => {}
    }
    let served: Vec<ServedRequest> =
        provider.truth().exchanges.iter().map(|exchange| ServedRequest::new(exchange, start)).collect();
    println!("{}", serde_json::to_string(&served).expect("JSON"));
}

fn disconnects(exchanges: &[Exchange]) -> usize {
    exchanges.iter().filter(|exchange| exchange.left().is_some()).count()
}

/// A handle to the provider's process.
pub(crate) struct Provider {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) base_url: String,
}

impl Provider {
    /// Starts the process with the named scenario.
    pub(crate) async fn start(scenario: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args([PROVIDER, scenario]).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let base_url = lines.next_line().await.expect("a pipe").expect("a URL");
        Self { child, lines, base_url }
    }

    /// Waits until `count` clients have disconnected and returns the time of the report, which is later than the last
    /// disconnect by the latency of the pipe.
    pub(crate) async fn disconnected(&mut self, count: usize) -> Instant {
        for _ in 0..count {
            assert_eq!(self.lines.next_line().await.expect("a pipe").as_deref(), Some(DISCONNECTED));
        }
        Instant::now()
    }

    /// Ends the process and returns the requests that it served.
    pub(crate) async fn end(mut self) -> Vec<ServedRequest> {
        drop(self.child.stdin.take());
        let line = self.lines.next_line().await.expect("a pipe").expect("the requests");
        assert!(self.child.wait().await.expect("an end").success(), "the fake provider found a violation");
        serde_json::from_str(&line).expect("JSON")
    }
}
