//! The service as a process: its log from the first line, its probes, its exit.

use std::net::SocketAddr;

use tokio::{process::Child, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use super::{
    program::{Log, Program, Running, get, signal},
    wait::TIMEOUT,
};

/// The filter for all log lines, including those of the libraries.
pub const ALL_LOGS: &str = "trace,serenity=trace,tungstenite=trace,tokio_tungstenite=trace,reqwest=trace,\
                            hyper=trace,hyper_util=trace,axum=trace,tokio=trace,rustls=trace,tracing=trace,\
                            slack_morphism=trace";

/// The running service.
pub struct TestService {
    pub address: SocketAddr,
    pub child: Child,
    log: watch::Receiver<Vec<String>>,
    reader: JoinHandle<()>,
    program: Program,
}

impl TestService {
    /// Starts `program`, which listens on `address`, and waits until its store is open.
    pub async fn start(program: Program, address: SocketAddr) -> Self {
        let Running { child, stderr } = program.start(&["serve"]);
        let (log, reader) = read(stderr);
        let mut service = Self { address, child, log, reader, program };
        service.wait_for_log("\"listening\"").await;
        service.wait_for_log("database connected").await;
        service
    }

    /// Sends a signal, by its name without SIG.
    pub async fn signal(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// Waits for the exit after a signal, with this code, and returns the whole log.
    pub async fn wait_for_exit(self, code: i32) -> Vec<String> {
        let Self { mut child, log, reader, .. } = self;
        let status = timeout(TIMEOUT, child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the service does not exit:\n{}", tail(&log.borrow())));
        let status = status.expect("an exit");
        assert_eq!(status.code(), Some(code), "the exit code:\n{}", tail(&log.borrow()));
        reader.await.expect("a reader");
        log.borrow().clone()
    }

    /// Kills the process with SIGKILL. Returns the program, which can be started again.
    pub async fn kill(mut self) -> Program {
        self.child.kill().await.expect("it ran");
        self.program
    }

    /// Returns status and text of `/readyz`.
    pub async fn ready(&self) -> (u16, String) {
        get(self.address, "/readyz").await.expect("an answer")
    }

    /// Waits until a line of the log contains this text.
    pub async fn wait_for_log(&mut self, text: &str) {
        let found = self.log.wait_for(|log| log.iter().any(|line| line.contains(text)));
        if let Ok(found) = timeout(TIMEOUT, found).await {
            return drop(found.expect("the service runs"));
        }
        panic!("the service does not log {text:?}:\n{}", tail(&self.log.borrow()));
    }
}

/// Asserts that a log contains no error.
pub fn assert_no_errors(log: &[String]) {
    let errors: Vec<_> = log.iter().filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(errors.is_empty(), "the log contains errors: {errors:#?}");
}

/// Asserts that a log contains none of these secrets.
pub fn assert_no_secrets(log: &[String], secrets: impl IntoIterator<Item = String>) {
    for secret in secrets {
        let leaks: Vec<_> = log.iter().filter(|line| line.contains(&secret)).collect();
        assert!(leaks.is_empty(), "the log contains {secret:?}: {leaks:#?}");
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
