//! Discord's API and a provider at one address: raw TCP, no rules, answers as large as theirs.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;

use crate::chunks;

/// Names of the models it has.
pub(crate) const MODELS: [&str; 5] = ["m0", "m1", "m2", "m3", "m4"];

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
/// Bucket sizes that bot authors report.
const BUCKET: &str = "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\nX-RateLimit-Reset-After: 2.000\r\nX-RateLimit-Bucket: b\r\n";
/// Words that an answer begins with, at once.
const WORDS: usize = 100;
const TIMEOUT: Duration = Duration::from_mins(2);

/// Received requests.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Edits without a file.
    pub(crate) edits: u32,
    /// Of their bodies.
    pub(crate) bytes: u64,
    /// Edits with a file.
    pub(crate) charts: u32,
    /// Paths of the messages.
    pub(crate) messages: HashSet<String>,
}

/// The server; it stops with its runtime.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
}

struct Request {
    method: String,
    path: String,
    is_form: bool,
    body: Vec<u8>,
}

impl Server {
    /// Answers of models end at once, or (`live`) continue for ever with a word a second.
    pub(crate) async fn open(live: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::new(watch::Sender::new(Seen::default())));
        let all = Arc::clone(&seen);
        let tasks = TaskTracker::new();
        tasks.clone().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that disconnects is no error.
                tasks.spawn(connection(socket, live, Arc::clone(&all)));
            }
        });
        Ok(Self { address, seen })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    /// Waits until the received requests satisfy a condition.
    pub(crate) async fn until(&self, wanted: impl Fn(&Seen) -> bool) -> io::Result<()> {
        let mut changes = self.seen.subscribe();
        let change = timeout(TIMEOUT, changes.wait_for(|seen| wanted(seen))).await;
        change.map_err(|_| io::Error::other("the bot does nothing more"))?.map(drop).map_err(io::Error::other)
    }
}

async fn connection(socket: TcpStream, live: bool, seen: Arc<watch::Sender<Seen>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    while let Some(request) = read(&mut socket).await? {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v1/chat/completions") => stream(&mut socket, live).await?,
            ("HEAD", _) => answer(&mut socket, "200 OK", "", b"").await?,
            (_, "/v1/models") => {
                let models = MODELS.map(|id| format!(r#"{{"id":"{id}"}}"#)).join(",");
                answer(&mut socket, "200 OK", "", format!(r#"{{"data":[{models}]}}"#).as_bytes()).await?;
            }
            (_, "/api/v10/applications/@me") => {
                answer(&mut socket, "200 OK", "", br#"{"id":"1001"}"#).await?;
            }
            ("POST", _) => answer(&mut socket, "204 No Content", BUCKET, b"").await?,
            ("PATCH", _) => edit(&mut socket, request, &seen).await?,
            _ => answer(&mut socket, "200 OK", "", b"[]").await?,
        }
    }
    Ok(())
}

/// The answer to an edit is the message, as it is at Discord.
async fn edit(
    socket: &mut BufReader<TcpStream>,
    request: Request,
    seen: &watch::Sender<Seen>,
) -> io::Result<()> {
    let mut message = br#"{"id":"8001","channel_id":"6002""#.to_vec();
    if request.is_form {
        message.push(b'}');
    } else {
        message.push(b',');
        message.extend_from_slice(&request.body[1..]);
    }
    answer(socket, "200 OK", BUCKET, &message).await?;
    seen.send_modify(|seen| {
        if request.is_form {
            seen.charts += 1;
        } else {
            seen.edits += 1;
            seen.bytes += request.body.len() as u64;
            seen.messages.insert(request.path);
        }
    });
    Ok(())
}

async fn answer(
    socket: &mut BufReader<TcpStream>,
    status: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<()> {
    let about = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}{}\r\n", if status.starts_with("204") { "" } else { &about });
    socket.write_all(&[head.as_bytes(), body].concat()).await
}

/// The next request; `None` at the end of the connection.
async fn read(socket: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let (mut line, mut start, mut length, mut is_form) = (String::new(), String::new(), 0, false);
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if start.is_empty() {
            line.trim_end().clone_into(&mut start);
            continue;
        }
        let (name, value) = line.trim_end().split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("content-type") {
            is_form = value.trim().starts_with("multipart/");
        } else if name.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let mut words = start.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Some(Request { method, path, is_form, body }))
}

async fn stream(socket: &mut BufReader<TcpStream>, live: bool) -> io::Result<()> {
    let mut first = STREAM_HEAD.to_vec();
    let mut words = chunks::WORDS.iter().cycle();
    for word in words.by_ref().take(WORDS) {
        first.extend(http_chunk(&chunks::content(word)));
    }
    socket.write_all(&first).await?;
    let mut due = Instant::now();
    while live && let Some(word) = words.next() {
        due += Duration::from_secs(1);
        sleep_until(due).await;
        socket.write_all(&http_chunk(&chunks::content(word))).await?;
    }
    let end = [
        chunks::event(r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#, "null"),
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
