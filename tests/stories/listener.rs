//! The listener while clients without credentials attack it.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::with_timeout;
use crate::support::{
    discord::{ANA, ChannelKind},
    program::{Program, Running, free_address, get},
    provider::{Gate, answer},
    scenario::discord::{DiscordScenario, Setup},
};

/// Eight times the connections that the limit on open files leaves to the listener.
const CONNECTIONS: usize = 128;

async fn send(address: std::net::SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(bytes.as_bytes()).await.expect("sent");
    stream
}

/// A service that listens.
async fn started(program: &Program) -> Running {
    let mut running = program.start(&["serve"]);
    with_timeout(running.wait_for_line("database connected")).await;
    running
}

async fn status_as(address: std::net::SocketAddr, host: &str, path: &str) -> String {
    let mut stream = send(address, &format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")).await;
    let mut answer = String::new();
    with_timeout(stream.read_to_string(&mut answer)).await.expect("an answer");
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn probes_respond_and_a_race_ends_while_every_other_connection_hangs() {
    let gate = Gate::default();
    let begins = answer("a").role().says("It begins").waits_for(&gate).says(" and ends").whole();
    let setup = Setup { models: &[("a", "")], limits: &["--nofile=128"], ..Setup::default() };
    let scenario = DiscordScenario::start(setup, [begins]).await;
    let address = scenario.service.address;
    let discord = &scenario.discord;
    let request = discord.type_command("/arena compare", &[("prompt", "why?")], ANA, ChannelKind::Server);
    request.wait_for_text("It begins").await;
    let (signature, now) = ("0".repeat(128), jiff::Timestamp::now().as_second());
    let forged = format!(
        "POST /discord/interactions HTTP/1.1\r\nHost: x\r\nX-Signature-Ed25519: {signature}\r\n\
         X-Signature-Timestamp: {now}\r\nContent-Length: 9\r\n\r\n"
    );
    let mut hanging = vec![];
    for n in 0..CONNECTIONS {
        let half = ["", "GET / HTTP/1.1\r\n", &forged];
        hanging.push(send(address, half[n % half.len()]).await);
        assert_eq!(with_timeout(get(address, "/healthz")).await.expect("an answer").0, 200, "{n}");
    }
    assert_eq!(with_timeout(scenario.service.ready()).await.0, 200);
    gate.open();
    assert!(request.wait_for_end().await.look.text().contains("begins and ends"));
    let metrics = with_timeout(get(address, "/metrics")).await.expect("an answer").1;
    assert!(metrics.contains("arena_http_refused_total{reason=\"connections\"}"), "{metrics}");
    drop(hanging);
    scenario.finish().await;
}

#[tokio::test]
async fn the_health_check_passes_while_every_other_connection_hangs() {
    let address = free_address();
    let program = Program::new().env("ARENA_LISTEN", &address.to_string()).limited(&["--nofile=128"]);
    let running = started(&program).await;
    let mut hanging = vec![];
    for _ in 0..CONNECTIONS {
        hanging.push(send(address, "GET / HTTP/1.1\r\n").await);
    }
    assert_eq!(with_timeout(program.run(&["healthcheck"])).await.code, Some(0));
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}

#[tokio::test]
async fn a_half_sent_request_does_not_delay_the_exit() {
    let address = free_address();
    // longer than a story may take
    let config = format!("[http]\nlisten = \"{address}\"\n[arena]\ndrain_seconds = 300\n");
    let running = started(&Program::with(&config)).await;
    let _head = send(address, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n").await;
    let body = "POST /api/command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
                Content-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    let mut body = send(address, body).await;
    let mut continues = [0; 12];
    with_timeout(body.read_exact(&mut continues)).await.expect("it waits for the body");
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}

#[tokio::test]
async fn on_loopback_only_the_health_check_responds_under_a_foreign_name() {
    let (address, metrics) = (free_address(), free_address());
    let config = format!(
        "[http]\nlisten = \"{address}\"\nmetrics_listen = \"{metrics}\"\nallowed_hosts = [\"arena.example\"]\n"
    );
    let running = started(&Program::with(&config)).await;
    for (address, path) in [(address, "/readyz"), (metrics, "/metrics")] {
        assert_eq!(status_as(address, "evil.example", path).await, "421", "{path}");
        for host in ["127.0.0.1", "localhost:1", "arena.example"] {
            assert_eq!(status_as(address, host, path).await, "200", "{path} as {host}");
        }
    }
    assert_eq!(status_as(address, "evil.example", "/healthz").await, "200");
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}

#[tokio::test]
async fn beyond_loopback_probes_respond_under_any_name() {
    let port = free_address().port();
    let running = started(&Program::new().env("ARENA_LISTEN", &format!("0.0.0.0:{port}"))).await;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(status_as(address, "arena.internal:8080", path).await, "200", "{path}");
    }
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}
