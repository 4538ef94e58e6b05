//! Responses as providers were reported to send them, replayed byte by byte: each is read right (the cases in
//! `tests/fixtures/wire/cases.toml`).

use std::{
    collections::HashSet,
    fs, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use llm_arena::race::report::{LaneReport, Status};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, sleep},
};

use tokio_util::task::TaskTracker;

use super::*;

/// Lanes of one race.
const LANES: usize = 25;
const EVENT_STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
    Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Case {
    name: String,
    shape: String,
    source: String,
    pace_ms: Option<u64>,
    lead_ms: u64,
    pauses: Option<Vec<(String, u64)>>,
    first: Option<String>,
    then: Option<String>,
    status: Vec<String>,
    answer: Option<String>,
    answer_contains: String,
    answer_lacks: Option<String>,
    answer_if_finished: Option<String>,
    reasoning: Option<String>,
    reasoning_contains: String,
    output_tokens: Option<u64>,
    token_count: Option<String>,
    finish_reason: Option<String>,
    max_tokens_per_second: Option<f64>,
    error_contains: Vec<String>,
    error_lacks: Option<String>,
    answer_or_error_contains: Option<(String, String)>,
}

impl Case {
    /// Returns what is wrong with the reading of this case.
    fn faults(&self, lane: &LaneReport) -> Vec<String> {
        let (answer, reasoning) = (lane.answer.trim(), lane.reasoning.trim());
        let error = lane.error.as_deref().unwrap_or_default();
        let is_finished = lane.status.is_finished();
        let finish_reason = match &lane.status {
            Status::Finished(Some(reason)) => Some(reason.as_str()),
            _ => None,
        };
        let is_one_of = |parts: &[String]| parts.is_empty() || parts.iter().any(|part| error.contains(part));
        let either = |(text, hint): &(String, String)| answer.contains(text) || error.contains(hint);
        let tokens = lane.metrics.output_tokens;
        let speed = lane.metrics.tokens_per_second.unwrap_or_default();
        let checks = [
            ("status", self.status.iter().any(|status| status == lane.status.as_str())),
            ("answer", self.answer.as_ref().is_none_or(|want| answer == want)),
            ("answer_contains", answer.contains(&self.answer_contains)),
            ("answer_lacks", self.answer_lacks.as_ref().is_none_or(|part| !answer.contains(part))),
            ("reasoning", self.reasoning.as_ref().is_none_or(|want| reasoning == want)),
            ("reasoning_contains", reasoning.contains(&self.reasoning_contains)),
            ("output_tokens", self.output_tokens.is_none_or(|want| tokens == want)),
            (
                "token_count",
                self.token_count.as_ref().is_none_or(|want| lane.metrics.token_count.as_str() == want),
            ),
            ("finish_reason", self.finish_reason.is_none() || self.finish_reason.as_deref() == finish_reason),
            ("max_tokens_per_second", self.max_tokens_per_second.is_none_or(|max| speed <= max)),
            ("error", is_finished == error.is_empty()),
            ("error_contains", is_finished || is_one_of(&self.error_contains)),
            ("error_lacks", self.error_lacks.as_ref().is_none_or(|part| !error.contains(part))),
            (
                "answer_if_finished",
                !is_finished || self.answer_if_finished.as_ref().is_none_or(|want| answer.contains(want)),
            ),
            ("answer_or_error_contains", self.answer_or_error_contains.as_ref().is_none_or(either)),
        ];
        checks.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name.to_owned()).collect()
    }
}

/// A server that answers each model's request with its case.
struct Replay {
    cases: Vec<Case>,
    /// The models that were asked before.
    asked: Mutex<HashSet<String>>,
}

impl Replay {
    /// Serves one connection: any number of probes, then one request.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let Some((head, body)) = request(&mut stream).await? else { return Ok(()) };
            if head.starts_with("POST") {
                self.answer(&mut stream, &body).await?;
                stream.shutdown().await?;
                // the client may still be reading
                return stream.read_to_end(&mut Vec::new()).await.map(|_| ());
            }
            let models: Vec<_> =
                self.cases.iter().map(|case| serde_json::json!({ "id": case.name })).collect();
            let listing = serde_json::json!({ "object": "list", "data": models }).to_string();
            let listing_body = if head.starts_with("HEAD") { "" } else { &listing };
            let length = listing.len();
            let ok = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(format!("{ok}{listing_body}").as_bytes()).await?;
        }
    }

    async fn answer(&self, stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
        let request: serde_json::Value = serde_json::from_slice(body)?;
        let name = request["model"].as_str().unwrap_or_default();
        let case = self.cases.iter().find(|case| case.name == name).expect("a case");
        let is_first = self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        let file = if is_first { case.first.as_deref() } else { case.then.as_deref() }.unwrap_or(name);
        sleep(Duration::from_millis(case.lead_ms)).await;
        if let Ok(raw) = fs::read(fixture(&format!("{file}.http"))) {
            return self.raw(stream, case, &raw).await;
        }
        let body = fs::read(fixture(&format!("{file}.sse")))?;
        stream.write_all(EVENT_STREAM.as_bytes()).await?;
        for (pause, part) in pieces(&body, case) {
            sleep(pause).await;
            if !part.is_empty() {
                let size = format!("{:x}\r\n", part.len());
                stream.write_all(&[size.as_bytes(), part, b"\r\n"].concat()).await?;
            }
        }
        stream.write_all(b"0\r\n\r\n").await
    }

    async fn raw(&self, stream: &mut TcpStream, case: &Case, raw: &[u8]) -> io::Result<()> {
        if case.pace_ms.is_none() && case.pauses.is_none() {
            return stream.write_all(raw).await;
        }
        let head = raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        stream.write_all(&raw[..head]).await?;
        for (pause, part) in pieces(&raw[head..], case) {
            sleep(pause).await;
            stream.write_all(part).await?;
        }
        Ok(())
    }
}

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/wire", name].iter().collect()
}

/// Reads a request: its head, and its body.
async fn request(stream: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head
        .to_ascii_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some((head, body)))
}

/// The parts of a body, each with the pause before it.
fn pieces<'b>(body: &'b [u8], case: &Case) -> Vec<(Duration, &'b [u8])> {
    let mut parts = Vec::new();
    let (mut rest, mut pause) = (body, 0);
    for (text, ms) in case.pauses.iter().flatten() {
        let at =
            rest.windows(text.len()).position(|part| part == text.as_bytes()).expect("the text of a pause");
        parts.push((Duration::from_millis(pause), &rest[..at]));
        (rest, pause) = (&rest[at..], *ms);
    }
    parts.push((Duration::from_millis(pause), rest));
    let pace = match (case.pace_ms, &case.pauses) {
        (None, Some(_)) => return parts,
        (pace, _) => Duration::from_millis(pace.unwrap_or(15)),
    };
    parts
        .into_iter()
        .flat_map(|(pause, part)| {
            [(pause, &part[..0])].into_iter().chain(events(part).map(move |event| (pace, event)))
        })
        .collect()
}

/// The events of a body, each with its blank line.
fn events(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let end = (0..body.len()).find_map(|at| {
            let ends = [b"\r\n\r\n".as_slice(), b"\n\n", b"\r\r"];
            ends.into_iter().find(|end| body[at..].starts_with(end)).map(|end| at + end.len())
        });
        let (event, rest) = body.split_at(end.unwrap_or(body.len()));
        body = rest;
        (!event.is_empty()).then_some(event)
    })
}

#[tokio::test]
async fn every_reported_response_is_read_right() {
    let cases: Cases =
        toml::from_str(&fs::read_to_string(fixture("cases.toml")).expect("the cases")).expect("valid cases");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let replay = Arc::new(Replay { cases: cases.case.clone(), asked: Mutex::default() });
    let tasks = TaskTracker::new();
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let replay = Arc::clone(&replay);
            connections.spawn(async move { replay.serve(stream).await });
        }
    });
    let seconds = Duration::from_secs;
    let deadlines =
        Deadlines { connect: seconds(2), first_token: seconds(12), idle: seconds(10), total: seconds(40) };
    let client = provider(&base, None);
    let races = cases.case.chunks(LANES).map(|cases| {
        let client = &client;
        async move {
            let record = race(&arena(cases.iter().map(|case| model(client, &case.name, deadlines)))).await;
            let lanes = record.report.lanes.clone().into_iter().zip(cases);
            let faults = lanes.map(|(lane, case)| (case.faults(&lane), lane, case));
            faults.filter(|(faults, ..)| !faults.is_empty()).map(|(faults, lane, case)| {
                let Case { name, shape, source, .. } = case;
                let LaneReport { status, answer, reasoning, error, metrics, .. } = lane;
                format!("{name} ({shape}; {source}): {faults:?}\n  {status:?} {answer:?} {reasoning:?} {error:?} {metrics:?}\n")
            }).collect::<Vec<_>>()
        }
    });
    let faults = futures::future::join_all(races).await.concat();
    assert!(cases.case.len() >= 75, "all cases");
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.case.len(), faults.concat());
}
