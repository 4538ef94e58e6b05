//! A server that streams tokens on a schedule with minimal overhead: raw TCP, prebuilt events.

#[path = "../shared/chunks.rs"]
mod chunks;

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

/// The names of its models.
pub(crate) const MODELS: [&str; 5] = ["m0", "m1", "m2", "m3", "m4"];

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The offset of each stream from the previous one, as a fraction of the time between two tokens. The golden ratio
/// keeps streams from falling into step.
const PHASE_STEP: f64 = 0.618;

/// The state that all connections share.
struct Script {
    interval: Duration,
    words: Vec<Vec<u8>>,
}

/// Serves on a free port, which is printed, until standard input is closed. Each stream has `rate` tokens per second and
/// as many tokens as its request asks for.
pub(crate) async fn serve(rate: u32) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let words = chunks::WORDS.map(|word| http_chunk(&chunks::content(word)));
    let script = Arc::new(Script { interval: Duration::from_secs(1) / rate, words: words.into() });
    let mut stdin = tokio::io::stdin();
    let (mut byte, connections, mut phase) = ([0], TaskTracker::new(), 0.0_f64);
    loop {
        tokio::select! {
            _ = stdin.read(&mut byte) => return Ok(()),
            accepted = listener.accept() => {
                phase = (phase + PHASE_STEP).fract();
                let script = Arc::clone(&script);
                let offset = script.interval.mul_f64(phase);
                connections.spawn(async move {
                    // Ignore clients that disconnect.
                    let _ = answer_all(accepted?.0, &script, offset).await;
                    Ok::<_, io::Error>(())
                });
            }
        }
    }
}

/// Answers the requests of a connection in order.
async fn answer_all(socket: TcpStream, script: &Script, offset: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    while let Some((method, body)) = request(&mut socket).await? {
        match method.as_str() {
            "POST" => stream(&mut socket, script, offset, tokens(&body)?).await?,
            method => listing(&mut socket, method == "HEAD").await?,
        }
    }
    Ok(())
}

/// Reads the method and the body of the next request; `None` at the end of the connection.
async fn request(socket: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let (mut line, mut method, mut length) = (String::new(), None, 0);
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let (name, value) = line.trim_end().split_once([' ', ':']).unwrap_or_default();
        if method.is_none() {
            method = Some(name.to_owned());
        } else if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    Ok(method.map(|method| (method, body)))
}

fn tokens(body: &[u8]) -> io::Result<usize> {
    let body: serde_json::Value = serde_json::from_slice(body)?;
    let tokens = body["max_tokens"].as_u64().ok_or_else(|| io::Error::other("no max_tokens"))?;
    usize::try_from(tokens).map_err(io::Error::other)
}

async fn listing(socket: &mut BufReader<TcpStream>, head_only: bool) -> io::Result<()> {
    let models = MODELS.map(|id| format!(r#"{{"id":"{id}"}}"#)).join(",");
    let body = format!(r#"{{"data":[{models}]}}"#);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let body = if head_only { "" } else { &body };
    socket.write_all([&head, body].concat().as_bytes()).await
}

/// Streams `tokens` tokens on schedule; a late token does not delay the next.
async fn stream(
    socket: &mut BufReader<TcpStream>,
    script: &Script,
    offset: Duration,
    tokens: usize,
) -> io::Result<()> {
    let mut due = Instant::now() + offset;
    socket.write_all(STREAM_HEAD).await?;
    for word in script.words.iter().cycle().take(tokens) {
        sleep_until(due).await;
        socket.write_all(word).await?;
        due += script.interval;
    }
    let usage =
        format!(r#"{{"prompt_tokens":9,"completion_tokens":{tokens},"total_tokens":{}}}"#, 9 + tokens);
    let end = [
        chunks::event(r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]"#, "null"),
        chunks::event("[]", &usage),
        "data: [DONE]\n\n".to_owned(),
    ];
    let mut last: Vec<u8> = end.iter().flat_map(|event| http_chunk(event)).collect();
    last.extend_from_slice(b"0\r\n\r\n");
    socket.write_all(&last).await
}

/// A chunk of a chunked body.
fn http_chunk(event: &str) -> Vec<u8> {
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}
