//! `compare` and `ask`: the built binary against a scripted provider.

use serde_json::Value;

use super::{KEY, program, with_timeout};
use crate::support::{
    program::{Program, signal},
    provider::{Answer, FakeProvider, Gate, Rules, Spelling, answer, refusal, response, silence},
};

/// Every key of a lane that scripts rely on.
const LANE_KEYS: [&str; 22] = [
    "model",
    "name",
    "provider",
    "status",
    "finish_reason",
    "answer",
    "reasoning",
    "output_tokens",
    "reasoning_tokens",
    "token_count",
    "cached_tokens",
    "ttft_ms",
    "ttfa_ms",
    "total_ms",
    "tokens_per_second",
    "end_to_end_tokens_per_second",
    "server_tokens_per_second",
    "speed_source",
    "speed_note",
    "served_model",
    "provider_message",
    "error",
];

pub(super) async fn with_key(answers: impl IntoIterator<Item = Answer>) -> FakeProvider {
    FakeProvider::open_with(Rules { key: Some(KEY.into()), ..Rules::default() }, answers).await
}

fn says_hi(model: &str) -> Answer {
    answer(model).role().says("Hi").says(" there").whole()
}

#[tokio::test]
async fn compare_json_holds_the_contract() {
    let thinks = answer("b").thinks(Spelling::Reasoning, &["Hm"]).says("Yes").whole();
    let fake =
        with_key([says_hi("a"), thinks, answer("c").says("So").cuts(), refusal("d", "500 Oh", "{}")]).await;
    let program = program(&fake, &[("a", ""), ("b", ""), ("c", ""), ("d", "")]);
    let outcome = with_timeout(program.run(&["compare", "--json", "why", "is the sky", "blue?"])).await;
    let race = outcome.json();
    assert_eq!(
        (outcome.code, &race["prompt"], &race["simulated"]),
        (Some(0), &"why is the sky blue?".into(), &false.into())
    );
    let started = race["started_at"].as_str().expect("a time");
    started.parse::<jiff::Timestamp>().expect("RFC 3339");
    let lanes = race["lanes"].as_array().expect("lanes");
    for lane in lanes {
        let missing: Vec<_> = LANE_KEYS.iter().filter(|key| lane.get(**key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} in {lane}");
    }
    let of = |key: &str| lanes.iter().map(|lane| lane[key].clone()).collect::<Value>();
    insta::assert_snapshot!(
        ["model", "name", "provider", "status", "finish_reason", "answer", "reasoning", "output_tokens", "token_count", "error"]
            .map(|key| format!("{key}: {}", of(key)))
            .join("\n"),
        @r#"
        model: ["a","b","c","d"]
        name: ["A","B","C","D"]
        provider: ["fake","fake","fake","fake"]
        status: ["finished","finished","truncated","failed"]
        finish_reason: ["stop","stop",null,null]
        answer: ["Hi there","Yes","So",""]
        reasoning: ["","Hm","",""]
        output_tokens: [2,2,1,0]
        token_count: ["usage","usage","estimated","estimated"]
        error: [null,null,"the connection ended before the answer did","the provider failed (HTTP 500), try again later"]
        "#
    );
    assert!(lanes[0]["ttft_ms"].as_f64() > Some(0.0) && lanes[0]["ttfa_ms"] == lanes[0]["ttft_ms"]);
    assert!(lanes[3]["ttft_ms"].is_null() && lanes[3]["tokens_per_second"].is_null());
}

#[tokio::test]
async fn nothing_secret_is_shown_or_logged() {
    let body = format!("{{\"error\":{{\"message\":\"raw-insides {KEY}\"}}}}");
    let page = response("b", "502 Bad Gateway", "Content-Type: text/html\r\n", "<p>raw-insides</p>");
    let corrupt = answer("c").event("raw-insides", 0).cuts();
    let fake = with_key([refusal("a", "401 No", &body), page, corrupt, silence("d").hangs()]).await;
    let program = program(&fake, &[("a", ""), ("b", ""), ("c", ""), ("d", "first_token = \"100ms\"")]);
    let program = program.env("ARENA_LOG", "llm_arena=trace,warn");
    let outcome = with_timeout(program.run(&["compare", "--json", "my secret question"])).await;
    let port = fake.address().port().to_string();
    for secret in [KEY, "http://", port.as_str()] {
        assert!(
            !outcome.stdout.contains(secret) && !outcome.stderr.contains(secret),
            "{secret}: {outcome:?}"
        );
    }
    let told = outcome.json()["lanes"][0]["provider_message"].as_str().map(str::to_owned);
    assert_eq!(
        told.as_deref(),
        Some(r#"HTTP 401: {"error":{"message":"raw-insides sk-***"}}"#),
        "the operator reads it"
    );
    assert!(outcome.stderr.contains("raw-insides sk-***"), "{}", outcome.stderr);
    let logged = outcome.stderr.lines().filter(|line| line.starts_with('{')).collect::<Vec<_>>();
    assert!(!logged.is_empty() && logged.iter().all(|line| !line.contains("secret question")), "{logged:?}");
}

#[tokio::test]
async fn when_no_lane_finishes_the_exit_code_is_1_and_the_pictures_are_written() {
    let fake = with_key([refusal("a", "500 Oh", "{}"), answer("b").says("So").cuts()]).await;
    let program = program(&fake, &[("a", ""), ("b", "")]);
    let pictures = ["--chart", "speed.png", "--replay", "race.gif"];
    let args = [&["compare"], &pictures[..], &["--json", "hi"]].concat();
    let outcome = with_timeout(program.run(&args)).await;
    assert_eq!((outcome.code, outcome.json()["lanes"][1]["answer"].as_str()), (Some(1), Some("So")));
    let chart = std::fs::read(program.path("speed.png")).expect("a chart");
    assert_eq!(size(&chart), (1200, 675));
    assert!(
        std::fs::read(program.path("race.gif")).expect("a replay").starts_with(b"GIF89a\x20\x03\xc2\x01")
    );
}

#[tokio::test]
async fn a_replay_that_cannot_be_written_is_refused_at_once() {
    let args = ["compare", "--replay", "no/such/folder/race.gif", "hi"];
    let outcome = with_timeout(Program::new().run(&args)).await;
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("--replay no/such/folder/race.gif: cannot be written"),
        "{}",
        outcome.stderr
    );
}

/// Width and height in a PNG's first chunk.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[tokio::test]
async fn a_pipe_gets_plain_lines() {
    let fake = with_key([says_hi("a"), answer("b").says("So").cuts()]).await;
    let program = program(&fake, &[("a", ""), ("b", "")]);
    let args = ["compare", "--chart", "speed.png", "--replay", "race.gif", "hi"];
    let outcome = with_timeout(program.run(&args)).await;
    assert_eq!(outcome.code, Some(0));
    assert!(!outcome.stdout.contains('\x1b') && !outcome.stderr.contains('\x1b'), "{outcome:?}");
    for text in ["A\nHi there\n", "cut off: the connection ended before the answer did", "first token"] {
        assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
    }
    let (answer, table) = (outcome.stdout.find("Hi there"), outcome.stdout.find("first token"));
    assert!(answer < table, "the table is last: {}", outcome.stdout);
    for text in ["A: done", "B: cut off", "chart: speed.png", "replay: race.gif"] {
        assert!(outcome.stderr.contains(text), "{text} in {}", outcome.stderr);
    }
}

#[tokio::test]
async fn ask_in_a_pipe_writes_the_raw_answer_alone() {
    for (pieces, stdout) in
        [(["**Hi** ", "_there_\n\n- x"], "**Hi** _there_\n\n- x\n"), (["Hi ", "there\n"], "Hi there\n")]
    {
        let fake = with_key([answer("a").role().says(pieces[0]).says(pieces[1]).whole()]).await;
        let outcome = with_timeout(program(&fake, &[("a", "")]).run(&["ask", "--model", "a", "hi"])).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), stdout));
        assert!(outcome.stderr.contains("A: done"), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn an_interrupt_ends_with_130_after_the_final_table() {
    for (name, code) in [("INT", 130), ("TERM", 0)] {
        let fake = with_key([says_hi("a"), answer("b").says("So far").hangs()]).await;
        let program = program(&fake, &[("a", ""), ("b", "")]);
        let mut running = program.start(&["compare", "hi"]);
        with_timeout(running.wait_for_line("A: done")).await;
        signal(&running.child, name).await;
        let outcome = with_timeout(running.wait_for_exit()).await;
        assert_eq!(outcome.code, Some(code), "{name}: {outcome:?}");
        for text in ["Hi there", "Stopped · 1 of 2 had finished", "first token"] {
            assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
        }
    }
}

#[tokio::test]
async fn some_models_of_the_line_up_are_asked_and_the_prompt_may_be_piped() {
    let fake = with_key([says_hi("a"), says_hi("c")]).await;
    let program = program(&fake, &[("a", ""), ("b", ""), ("c", "")]);
    let args = ["compare", "--models", "c,a", "--json", "-"];
    let race = with_timeout(program.run_with(&args, "first line\nsecond line\n")).await.json();
    assert_eq!(race["prompt"], "first line\nsecond line");
    let ids: Vec<_> = race["lanes"].as_array().expect("lanes").iter().map(|lane| &lane["model"]).collect();
    assert_eq!(ids, ["a", "c"], "in the order of the line-up");
}

#[tokio::test]
async fn ask_is_a_race_of_one() {
    let fake = with_key([says_hi("b")]).await;
    let program = program(&fake, &[("a", ""), ("b", "max_tokens = 40\ntemperature = 0.5")]);
    let outcome = with_timeout(program.run(&["ask", "--model", "b", "--json", "hi"])).await;
    let lanes = outcome.json()["lanes"].clone();
    assert_eq!(
        (outcome.code, lanes.as_array().map(Vec::len), &lanes[0]["answer"]),
        (Some(0), Some(1), &"Hi there".into())
    );
    let body = fake.truth().exchanges[0].body.clone();
    assert_eq!((&body["max_tokens"], &body["temperature"]), (&40.into(), &0.5.into()));
}

#[tokio::test]
async fn a_signal_stops_the_race_and_what_is_there_is_shown() {
    let speak = Gate::default();
    let fake = with_key([says_hi("a"), answer("b").waits_for(&speak).says("So far").hangs()]).await;
    let program = program(&fake, &[("a", ""), ("b", "")]);
    let mut running = program.start(&["compare", "--json", "hi"]);
    with_timeout(running.wait_for_line("done")).await;
    speak.open();
    with_timeout(running.wait_for_line("writing")).await;
    running.terminate().await;
    let outcome = with_timeout(running.wait_for_exit()).await;
    let lanes = outcome.json()["lanes"].clone();
    assert_eq!(outcome.code, Some(0), "one lane finished");
    assert_eq!(
        (&lanes[1]["status"], &lanes[1]["error"]),
        (&"stopped".into(), &"stopped before it finished".into())
    );
    assert_eq!((&lanes[0]["answer"], &lanes[1]["answer"]), (&"Hi there".into(), &"So far".into()));
    with_timeout(fake.until(|truth| truth.exchanges.iter().any(|request| request.left().is_some()))).await;
}

#[tokio::test]
async fn without_a_key_the_models_are_simulated_and_say_so() {
    let outcome = with_timeout(Program::new().run(&[
        "ask",
        "--model",
        "gemma-2b",
        "--json",
        "What is the capital of France?",
    ]))
    .await;
    let race = outcome.json();
    let lane = &race["lanes"][0];
    assert_eq!(
        (outcome.code, &race["simulated"], &lane["status"]),
        (Some(0), &true.into(), &"finished".into())
    );
    assert!(lane["tokens_per_second"].as_f64() > Some(0.0) && lane["name"] == "Gemma 2B", "{lane}");
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_a_prompt() {
    let mut running = Program::new().env("ARENA_LOG", "debug").start(&["compare", "-"]);
    let _open = running.child.stdin.take().expect("a pipe");
    with_timeout(running.wait_for_line("reading the prompt")).await;
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(1));
}

#[tokio::test]
async fn nobody_reading_any_more_costs_neither_the_chart_nor_the_exit_code() {
    for args in [
        &["compare", "--json", "--chart", "speed.png", "hi"][..],
        &["ask", "--model", "a", "--chart", "speed.png", "hi"],
    ] {
        let speak = Gate::default();
        let fake = with_key([answer("a").waits_for(&speak).says("Hi").whole()]).await;
        let program = program(&fake, &[("a", "")]);
        let mut running = program.start(args);
        running.close_stdout();
        speak.open();
        let outcome = with_timeout(running.wait_for_exit()).await;
        assert_eq!(
            (outcome.code, outcome.stderr.contains("panicked")),
            (Some(0), false),
            "{args:?}: {outcome:?}"
        );
        assert_eq!(size(&std::fs::read(program.path("speed.png")).expect("a chart")), (1200, 675));
    }
    for args in [&["models"][..], &["models", "--json"], &["check"]] {
        let mut running = Program::new().start(args);
        running.close_stdout();
        let outcome = with_timeout(running.wait_for_exit()).await;
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[tokio::test]
async fn a_chart_that_never_came_leaves_its_file_alone() {
    for (file, before) in [("new.png", None), ("old.png", Some("old"))] {
        let fake = with_key([answer("a").says("Hi").hangs()]).await;
        let program = program(&fake, &[("a", "")]);
        std::fs::write(program.path("old.png"), "old").expect("a file");
        let mut running = program.start(&["compare", "--json", "--chart", file, "hi"]);
        with_timeout(running.wait_for_line("writing")).await;
        with_timeout(running.child.kill()).await.expect("killed");
        assert_eq!(std::fs::read_to_string(program.path(file)).ok().as_deref(), before);
    }
}
