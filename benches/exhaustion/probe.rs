//! Measurements during an attack: the latency of `/healthz`, and the memory of the process.

use std::{
    net::SocketAddr,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Builder,
    task,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::usage::Usage;

const PROBE_INTERVAL: Duration = Duration::from_millis(50);
const MEMORY_INTERVAL: Duration = Duration::from_millis(10);
/// A probe without an answer by then counts as none.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Probes `/healthz` on a fresh connection each time, in a thread of its own: the attacking clients keep the others busy.
pub(crate) struct Probe {
    stop: CancellationToken,
    thread: JoinHandle<Option<Duration>>,
}

impl Probe {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(probe(address, &stopped))
        });
        Self { stop, thread }
    }

    /// Returns the slowest probe; `None` if one got no answer.
    pub(crate) fn stop(self) -> Option<Duration> {
        self.stop.cancel();
        self.thread.join().expect("a probe")
    }
}

async fn probe(address: SocketAddr, stopped: &CancellationToken) -> Option<Duration> {
    let mut slowest = Duration::ZERO;
    while !stopped.is_cancelled() {
        let start = Instant::now();
        if status(address, "/healthz").await != Some(200) {
            return None;
        }
        slowest = slowest.max(start.elapsed());
        sleep(PROBE_INTERVAL).await;
    }
    Some(slowest)
}

/// Returns the status of a GET.
pub(crate) async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut line = [0; 12];
        stream.read_exact(&mut line).await.ok()?;
        std::str::from_utf8(&line[9..]).ok()?.parse().ok()
    };
    timeout(PROBE_TIMEOUT, exchange).await.ok()?
}

/// Watches the resident memory of a process.
pub(crate) struct MemoryWatch {
    stop: CancellationToken,
    task: task::JoinHandle<f64>,
}

impl MemoryWatch {
    pub(crate) fn start(process: u32) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = TaskTracker::new().spawn(async move {
            let mut peak = 0_f64;
            while !stopped.is_cancelled() {
                peak = peak.max(megabytes(process));
                sleep(MEMORY_INTERVAL).await;
            }
            peak
        });
        Self { stop, task }
    }

    /// Returns the peak.
    pub(crate) async fn stop(self) -> f64 {
        self.stop.cancel();
        self.task.await.expect("a watch")
    }
}

/// Returns the resident memory in millions of bytes, 0 if the process is gone.
pub(crate) fn megabytes(process: u32) -> f64 {
    Usage::of(&process.to_string()).map_or(0.0, Usage::megabytes)
}
