//! The time until the service listens: `llm-arena serve` on a free port, with an empty environment.
//!
//! Each run is a fresh process; the port is tried until it accepts, then asked for its health. Attempts are a
//! millisecond apart, so the figures are late by that much at most. Memory is that of the idle service.

#[path = "shared/median.rs"]
mod median;

use std::{
    env, fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use median::median;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

const RUNS: usize = 20;
/// The most time until the port accepts.
const TARGET: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(1);

/// The measurements of one run.
struct Run {
    listening: Duration,
    healthy: Duration,
    memory: u32,
}

/// A service that ends with its run.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> io::Result<()> {
    if !env::args().any(|argument| argument == "--bench") {
        println!("the start is only measured by `cargo bench`");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let runs = (0..RUNS).map(|_| runtime.block_on(run())).collect::<io::Result<Vec<Run>>>()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let listening = median_ms(runs.iter().map(|run| run.listening));
    let worst = runs.iter().map(|run| run.listening).max().unwrap_or_default();
    println!("{RUNS} starts of llm-arena serve; load of the machine: {}", load.trim());
    println!("listening after {listening:.1} ms (median), {:.1} ms (slowest)", worst.as_secs_f64() * 1e3);
    println!("healthy after {:.1} ms (median)", median_ms(runs.iter().map(|run| run.healthy)));
    println!(
        "idle with {:.1} MB resident (median)",
        median(runs.iter().map(|run| f64::from(run.memory) / 1e6))
    );
    let verdict = if listening <= TARGET.as_secs_f64() * 1e3 { "kept" } else { "MISSED" };
    println!("target: listening within {TARGET:?}: {verdict}");
    Ok(())
}

fn median_ms(times: impl Iterator<Item = Duration>) -> f64 {
    median(times.map(|time| time.as_secs_f64() * 1e3))
}

async fn run() -> io::Result<Run> {
    let address = free_address()?;
    let start = Instant::now();
    let service = Service(
        Command::new(env!("CARGO_BIN_EXE_llm-arena"))
            .arg("serve")
            .env_clear()
            .env("ARENA_LISTEN", address.to_string())
            .current_dir(env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let socket = connect(address, start).await?;
    let listening = start.elapsed();
    ask_health(socket).await?;
    let healthy = start.elapsed();
    Ok(Run { listening, healthy, memory: resident(service.0.id())? })
}

/// Returns a port that was free a moment ago.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

async fn connect(address: SocketAddr, start: Instant) -> io::Result<TcpStream> {
    loop {
        match TcpStream::connect(address).await {
            Err(_) if start.elapsed() < TIMEOUT => sleep(BETWEEN_TRIES).await,
            connected => return connected,
        }
    }
}

async fn ask_health(mut socket: TcpStream) -> io::Result<()> {
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    let is_good = answer.starts_with("HTTP/1.1 200 ");
    if is_good { Ok(()) } else { Err(io::Error::other("the service is not healthy")) }
}

/// Returns the bytes of resident memory of a process: <https://docs.kernel.org/filesystems/proc.html>.
fn resident(process: u32) -> io::Result<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    kibibytes.unwrap_or_default().parse::<u32>().map(|kibibytes| kibibytes << 10).map_err(io::Error::other)
}
