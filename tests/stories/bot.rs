//! The built binary on a stage: its log from the first line, its probes, its end. Every platform's stage has one.

use std::{net::SocketAddr, time::Duration};

use tokio::{process::Child, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use crate::support::program::{Log, Program, Running, get, signal};

/// A bot that takes longer to do something hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Every line that there is, also of the crates below.
pub const EVERYTHING: &str = "trace,serenity=trace,tungstenite=trace,tokio_tungstenite=trace,reqwest=trace,\
                              hyper=trace,hyper_util=trace,axum=trace,tokio=trace,rustls=trace,tracing=trace,\
                              slack_morphism=trace";

/// The running service.
pub struct Bot {
    pub address: SocketAddr,
    child: Child,
    log: watch::Receiver<Vec<String>>,
    reader: JoinHandle<()>,
    program: Program,
}

impl Bot {
    /// Starts `program`, which listens on `address`.
    pub async fn start(program: Program, address: SocketAddr) -> Self {
        let Running { child, stderr } = program.start(&["serve"]);
        let (log, reader) = read(stderr);
        let mut bot = Self { address, child, log, reader, program };
        bot.logs("\"listening\"").await;
        bot.logs("database connected").await;
        bot
    }

    /// How long threads of the bot were ready to run and had no CPU so far: how much others disturbed it. Zero where
    /// the system does not tell. <https://docs.kernel.org/scheduler/sched-stats.html>
    pub fn waited(&self) -> Duration {
        let tasks = self.child.id().map(|id| std::fs::read_dir(format!("/proc/{id}/task")));
        let threads = tasks.into_iter().flatten().flatten().flatten();
        let told = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
        let waited = told.filter_map(|told| told.split_whitespace().nth(1)?.parse().ok());
        waited.map(Duration::from_nanos).sum()
    }

    /// Sends this signal, by its name without SIG.
    pub async fn signals(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// The whole log after the end, which comes after a signal and with this exit code.
    pub async fn closed(self, code: i32) -> Vec<String> {
        let Self { mut child, log, reader, .. } = self;
        let status = timeout(PATIENCE, child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the bot does not end:\n{}", tail(&log.borrow())));
        let status = status.expect("an end");
        assert_eq!(status.code(), Some(code), "the exit code:\n{}", tail(&log.borrow()));
        reader.await.expect("a reader");
        log.borrow().clone()
    }

    /// It is killed, without a word to anybody; what it needs to start again.
    pub async fn dies(mut self) -> Program {
        self.child.kill().await.expect("it ran");
        self.program
    }

    /// Status and text of `/readyz`.
    pub async fn ready(&self) -> (u16, String) {
        get(self.address, "/readyz").await.expect("an answer")
    }

    /// Waits until a line of the log has this word.
    pub async fn logs(&mut self, word: &str) {
        let found = self.log.wait_for(|log| log.iter().any(|line| line.contains(word)));
        if let Ok(found) = timeout(PATIENCE, found).await {
            return drop(found.expect("the bot runs"));
        }
        panic!("the bot does not say {word:?}:\n{}", tail(&self.log.borrow()));
    }
}

/// Asserts that a log holds no error.
pub fn holds_no_error(log: &[String]) {
    let errors: Vec<_> = log.iter().filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(errors.is_empty(), "the log holds errors: {errors:#?}");
}

/// Asserts that a log tells none of these.
pub fn tells_nothing(log: &[String], secrets: impl IntoIterator<Item = String>) {
    for secret in secrets {
        let told: Vec<_> = log.iter().filter(|line| line.contains(&secret)).collect();
        assert!(told.is_empty(), "the log tells {secret:?}: {told:#?}");
    }
}

/// The newest lines of a log.
fn tail(log: &[String]) -> String {
    log[log.len().saturating_sub(30)..].join("\n")
}

fn read(mut stderr: Log) -> (watch::Receiver<Vec<String>>, JoinHandle<()>) {
    let (log, lines) = watch::channel(vec![]);
    let reader = TaskTracker::new().spawn(async move {
        while let Some(line) = stderr.next_line().await.expect("a pipe") {
            log.send_modify(|all: &mut Vec<String>| all.push(line));
        }
    });
    (lines, reader)
}
