//! The service: health, readiness, metrics, and a clean shutdown.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};

use super::{command_line::with_key, with_timeout};
use crate::support::{
    program::{Program, Running, free_address, get, open, post},
    provider::answer,
};

/// A service that listens, with these variables beside its address.
async fn started(program: &Program) -> Running {
    let mut running = program.start(&["serve"]);
    with_timeout(running.wait_for_line("database connected")).await;
    running
}

#[tokio::test]
async fn it_answers_its_probes_and_ends_with_0() {
    let address = free_address();
    let program = Program::new().env("ARENA_LISTEN", &address.to_string());
    let running = started(&program).await;
    assert_eq!(get(address, "/healthz").await.expect("an answer"), (200, "ok\n".into()));
    assert_eq!(get(address, "/readyz").await.expect("an answer").0, 200);
    let (status, metrics) = get(address, "/metrics").await.expect("an answer");
    assert_eq!(status, 200);
    assert!(metrics.contains("arena_build_info{version="), "{metrics}");
    assert_eq!(with_timeout(program.run(&["healthcheck"])).await.code, Some(0));
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
    let gone = with_timeout(program.run(&["healthcheck"])).await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
}

#[tokio::test]
async fn metrics_may_have_an_address_of_their_own() {
    let (address, metrics) = (free_address(), free_address());
    let config = format!("[http]\nlisten = \"{address}\"\nmetrics_listen = \"{metrics}\"\n");
    let running = started(&Program::with(&config)).await;
    assert_eq!(get(metrics, "/metrics").await.expect("an answer").0, 200);
    assert_eq!(get(address, "/metrics").await.expect("an answer").0, 404);
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}

#[tokio::test]
async fn port_0_is_told_as_the_port_that_it_became() {
    let mut running =
        Program::new().env("ARENA_LISTEN", "0.0.0.0:0").env("ARENA_LOCAL_CHANNEL", "on").start(&["serve"]);
    let warning = with_timeout(running.wait_for_line("no login")).await;
    assert!(warning.contains("0.0.0.0"), "{warning}");
    let logged = with_timeout(running.wait_for_line("\"listening\"")).await;
    let port = logged.split("0.0.0.0:").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let said = with_timeout(running.wait_for_line("the local channel")).await;
    assert!(port != "0" && said.ends_with(&format!("http://127.0.0.1:{port}")), "{logged} {said}");
    let address = format!("127.0.0.1:{port}").parse().expect("an address");
    assert_eq!(get(address, "/healthz").await.expect("an answer").0, 200);
    running.terminate().await;
    let outcome = with_timeout(running.wait_for_exit()).await;
    assert!(!outcome.stderr.contains("no login"), "said once: {}", outcome.stderr);

    let mut server = Program::new().start(&["simulate", "--listen", "127.0.0.1:0"]);
    let said = with_timeout(server.wait_for_line("simulated models at")).await;
    assert!(!said.contains(":0/"), "{said}");
}

#[tokio::test]
async fn the_simulated_server_is_a_provider_to_others() {
    let address = free_address();
    let mut server = Program::new().start(&["simulate", "--listen", &address.to_string()]);
    with_timeout(server.wait_for_line("simulated models at")).await;
    let config = format!(
        "[[provider]]\nid = \"sim\"\nbase_url = \"http://{address}/v1\"\n\
         [[model]]\nid = \"m\"\nprovider = \"sim\"\nmodel = \"google/gemma-2-2b-it\"\nmax_tokens = 10\n"
    );
    let outcome = with_timeout(Program::with(&config).run(&["compare", "--json", "hi"])).await;
    let race = outcome.json();
    assert_eq!((outcome.code, &race["simulated"]), (Some(0), &true.into()));
    assert_eq!(
        (&race["lanes"][0]["output_tokens"], &race["lanes"][0]["token_count"]),
        (&10.into(), &"usage".into())
    );
    server.terminate().await;
    assert_eq!(with_timeout(server.wait_for_exit()).await.code, Some(0));
}

#[tokio::test]
async fn the_simulated_server_does_not_wait_for_ever_for_its_clients() {
    let address = free_address();
    let mut server = Program::new().start(&["simulate", "--listen", &address.to_string()]);
    with_timeout(server.wait_for_line("simulated models at")).await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\n\
                Content-Length: 99\r\nExpect: 100-continue\r\n\r\n";
    let mut client = TcpStream::connect(address).await.expect("connected");
    client.write_all(head.as_bytes()).await.expect("sent");
    let mut goes_on = [0; 12];
    with_timeout(client.read_exact(&mut goes_on)).await.expect("it waits for the body");
    assert_eq!(&goes_on, b"HTTP/1.1 100");
    server.terminate().await;
    assert_eq!(with_timeout(server.wait_for_exit()).await.code, Some(0));
}

/// Returns the next message of the local channel that satisfies the condition, or `None` at the end of the stream.
pub(super) async fn message(
    tab: &mut Lines<BufReader<TcpStream>>,
    wanted: impl Fn(&Value) -> bool,
) -> Option<Value> {
    while let Some(line) = tab.next_line().await.expect("a stream") {
        let data = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
        if let Some(message) = data.filter(&wanted) {
            return Some(message);
        }
    }
    None
}

/// Signals the service in mid-race: the message must end as interrupted, and the log must hold no error.
async fn interrupted_with(drain_seconds: u32) {
    let fake = with_key([answer("a").says("So far").hangs()]).await;
    let address = free_address();
    let program = super::program(&fake, &[("a", "")])
        .with_lines(&format!("[arena]\ndrain_seconds = {drain_seconds}\n"));
    let running = started(&program.env("ARENA_LISTEN", &address.to_string())).await;
    let mut tab = open(address, "/api/channel").await.expect("a stream").lines();
    let line = json!({ "text": "/arena compare hi", "from": { "id": "visitor-1", "name": "ana" } });
    assert_eq!(post(address, "/api/command", &line).await.expect("an answer").0, 202);
    let speaks = |message: &Value| message["lanes"][0]["answer"] == "So far";
    with_timeout(message(&mut tab, speaks)).await.expect("a lane that speaks");
    running.terminate().await;
    let is_over = |message: &Value| message["progress"] == "interrupted";
    let last = with_timeout(message(&mut tab, is_over)).await;
    let last = last.unwrap_or_else(|| panic!("no final frame with drain_seconds = {drain_seconds}"));
    assert_eq!(
        (&last["lanes"][0]["state"], &last["lanes"][0]["answer"]),
        (&"stopped".into(), &"So far".into())
    );
    let outcome = with_timeout(running.wait_for_exit()).await;
    assert_eq!(outcome.code, Some(0));
    assert!(!outcome.stderr.contains("\"ERROR\""), "drain_seconds = {drain_seconds}: {}", outcome.stderr);
    with_timeout(fake.until(|truth| truth.exchanges[0].left().is_some())).await;
}

#[tokio::test]
async fn a_signal_in_mid_race_leaves_no_live_word_behind() {
    // not more than the final frames may take: the race is interrupted at once
    for drain_seconds in [0, 1, 2] {
        interrupted_with(drain_seconds).await;
    }
}
