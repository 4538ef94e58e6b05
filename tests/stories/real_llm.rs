//! Real input: a real language model behind a real llama.cpp server, whose own figures are the yardstick.
//!
//! Runs where `ARENA_LLAMA_SERVER` (the binary of llama-server) and `ARENA_LLAMA_MODEL` (a GGUF file) are set;
//! `.ci/llama` installs both. With `ARENA_REQUIRE_LLAMA=1` their absence is a failure.

use std::{fmt::Write as _, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use llm_arena::config::Env;
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::{MissedTickBehavior, interval, timeout},
};

use crate::support::{
    program::{Program, free_address, get},
    skip::skip,
};

/// Name, temperature and cap of each lane. Some builds of the server divide one token more by the same time
/// than we do, which the caps keep below a third of the tolerance.
const LANES: [(&str, f64, u64); 2] = [("steady", 0.0, 160), ("lively", 0.9, 240)];

/// The maximum difference between our decode speed and the server's own.
const TOLERANCE: f64 = 0.02;

const TIMEOUT: Duration = Duration::from_mins(3);

/// A llama-server that is killed when dropped.
struct Llama {
    address: SocketAddr,
    _process: Child,
}

impl Llama {
    async fn start(server: &Path, model: &Path) -> Self {
        let address = free_address();
        let mut command = Command::new(server);
        command.arg("--model").arg(model).args([
            "--host",
            "127.0.0.1",
            "--port",
            &address.port().to_string(),
        ]);
        command.args(["--ctx-size", "2048", "--parallel", "2"]);
        command.env("LD_LIBRARY_PATH", server.parent().expect("a folder")).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().expect("ARENA_LLAMA_SERVER runs");
        let ready = timeout(TIMEOUT, healthy(address));
        tokio::select! {
            ready = ready => ready.expect("the server loads the model"),
            gone = process.wait() => panic!("the server ended: {gone:?}"),
        }
        Self { address, _process: process }
    }

    fn config(&self) -> String {
        let mut config = format!("[[provider]]\nid = \"llama\"\nbase_url = \"http://{}/v1\"\n", self.address);
        for (id, temperature, cap) in LANES {
            // the end of an answer is ignored, so that every answer ends by its cap
            write!(
                config,
                "[[model]]\nid = \"{id}\"\nprovider = \"llama\"\nmodel = \"smollm2\"\ntemperature = {temperature:?}\n\
                 max_tokens = {cap}\nextra = {{ ignore_eos = true, seed = 7 }}\n"
            )
            .expect("text");
        }
        config
    }
}

/// Waits until the server is ready: it refuses connections at first, then answers 503.
async fn healthy(address: SocketAddr) {
    let mut turn = interval(Duration::from_millis(100));
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turn.tick().await;
        if get(address, "/health").await.is_ok_and(|(status, _)| status == 200) {
            return;
        }
    }
}

#[tokio::test]
async fn speeds_and_counts_are_those_of_a_real_server() {
    let env = Env::process();
    let (Some(server), Some(model)) = (env.path("ARENA_LLAMA_SERVER"), env.path("ARENA_LLAMA_MODEL")) else {
        let required = env.path("ARENA_REQUIRE_LLAMA").is_some_and(|set| set.as_os_str() == "1");
        assert!(!required, "a real model is required and not there");
        return skip(
            "no real model: ARENA_LLAMA_SERVER and ARENA_LLAMA_MODEL are not set (eval \"$(.ci/llama)\" installs both)",
        );
    };
    let llama = Llama::start(&server, &model).await;
    let program = Program::with(&llama.config());
    let request =
        program.run(&["compare", "--json", "Write a long story about a lighthouse and its keeper."]);
    let outcome = timeout(TIMEOUT, request).await.expect("the race ends");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let race = outcome.json();
    assert_eq!(race["simulated"], false);
    for ((id, _, cap), lane) in LANES.iter().zip(race["lanes"].as_array().expect("lanes")) {
        assert_eq!((&lane["model"], &lane["status"]), (&Value::from(*id), &"finished".into()), "{lane}");
        assert_eq!(
            (&lane["finish_reason"], &lane["token_count"]),
            (&"length".into(), &"usage".into()),
            "{lane}"
        );
        assert_eq!(lane["output_tokens"], *cap, "the server counted as many as it was allowed");
        assert!(
            lane["answer"].as_str().is_some_and(|answer| answer.split_whitespace().count() > 20),
            "{lane}"
        );
        compare_speeds(id, lane);
    }
}

fn compare_speeds(id: &str, lane: &Value) {
    let number = |key: &str| lane[key].as_f64().unwrap_or_else(|| panic!("{key} in {lane}"));
    let (ours, its_own) = (number("tokens_per_second"), number("server_tokens_per_second"));
    let off = ours / its_own - 1.0;
    println!(
        "{id}: {ours:.2} tok/s, the server says {its_own:.2} ({:+.2} %); first token {:.0} ms, {} tokens",
        off * 100.0,
        number("ttft_ms"),
        lane["output_tokens"]
    );
    assert!(off.abs() <= TOLERANCE, "{id}: {ours} tok/s, the server says {its_own}");
}
