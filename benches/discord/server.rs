//! Discord's API and a provider at one address: raw TCP, no rules, answers as large as theirs.

use std::{
    collections::{HashMap, HashSet},
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
/// The bucket size that bot authors report: five edits per two seconds.
pub(crate) const PERIOD: Duration = Duration::from_secs(2);
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
    /// Final frames.
    pub(crate) finals: u32,
    /// Paths of the messages.
    pub(crate) messages: HashSet<String>,
    /// The times from sending a token of a conversation to the first edit that shows it.
    pub(crate) lags: Vec<Duration>,
    sent: HashMap<String, Vec<Instant>>,
    shown: HashMap<String, usize>,
    /// Conversations that were answered to their end.
    pub(crate) ended: u32,
}

/// The way in which the models answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answers {
    /// All at once.
    AtOnce,
    /// A hundred words at once, then one a second for ever.
    Live,
    /// So many numbered tokens at this rate a second.
    Conversation { tokens: u32, rate: u32 },
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
    /// Models answer as `answers` says; a message may be edited five times in `period`.
    pub(crate) async fn open(answers: Answers, period: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::new(watch::Sender::new(Seen::default())));
        let all = Arc::clone(&seen);
        let tasks = TaskTracker::new();
        tasks.clone().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that disconnects is no error.
                tasks.spawn(connection(socket, (answers, period), Arc::clone(&all)));
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

async fn connection(
    socket: TcpStream,
    (answers, period): (Answers, Duration),
    seen: Arc<watch::Sender<Seen>>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let bucket = format!(
        "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\nX-RateLimit-Reset-After: {:.3}\r\nX-RateLimit-Bucket: b\r\n",
        period.as_secs_f64()
    );
    let mut socket = BufReader::new(socket);
    while let Some(request) = read(&mut socket).await? {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v1/chat/completions") => match answers {
                Answers::Conversation { tokens, rate } => {
                    converse(&mut socket, &request, (tokens, rate), &seen).await?;
                }
                answers => stream(&mut socket, answers == Answers::Live).await?,
            },
            ("HEAD", _) => answer(&mut socket, "200 OK", "", b"").await?,
            (_, "/v1/models") => {
                let models = MODELS.map(|id| format!(r#"{{"id":"{id}"}}"#)).join(",");
                answer(&mut socket, "200 OK", "", format!(r#"{{"data":[{models}]}}"#).as_bytes()).await?;
            }
            (_, "/api/v10/applications/@me") => {
                answer(&mut socket, "200 OK", "", br#"{"id":"1001"}"#).await?;
            }
            ("POST", _) => answer(&mut socket, "204 No Content", &bucket, b"").await?,
            ("PATCH", _) => edit(&mut socket, request, &bucket, &seen).await?,
            _ => answer(&mut socket, "200 OK", "", b"[]").await?,
        }
    }
    Ok(())
}

/// The answer to an edit is the message, as it is at Discord.
async fn edit(
    socket: &mut BufReader<TcpStream>,
    request: Request,
    bucket: &str,
    seen: &watch::Sender<Seen>,
) -> io::Result<()> {
    let now = Instant::now();
    let mut message = br#"{"id":"8001","channel_id":"6002""#.to_vec();
    if request.is_form {
        message.push(b'}');
    } else {
        message.push(b',');
        message.extend_from_slice(&request.body[1..]);
    }
    answer(socket, "200 OK", bucket, &message).await?;
    let text = String::from_utf8_lossy(&request.body);
    seen.send_modify(|seen| {
        if let Some((who, number)) = newest_token(&text) {
            seen.show(&who, number, now);
        }
        if !request.is_form {
            seen.finals += u32::from(text.contains("arena:again:"));
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

impl Seen {
    /// Returns when each of `conversations` from `first` on got its first token, from the earliest of them.
    pub(crate) fn starts(&self, first: u32, conversations: u32) -> Vec<Duration> {
        let ids = (first..first + conversations).map(|id| id.to_string());
        let starts: Vec<_> = ids.filter_map(|id| self.sent.get(&id)?.first().copied()).collect();
        let earliest = starts.iter().min().copied();
        starts.iter().filter_map(|start| Some(start.duration_since(earliest?))).collect()
    }

    /// Records that `who`'s tokens up to `number` are shown.
    fn show(&mut self, who: &str, number: usize, now: Instant) {
        let (sent, shown) = (self.sent.get(who), self.shown.entry(who.to_owned()).or_default());
        let newly = sent.and_then(|sent| sent.get(*shown..=number)).unwrap_or_default();
        self.lags.extend(newly.iter().map(|sent| now.duration_since(*sent)));
        *shown = (*shown).max(number + 1);
    }
}

/// The conversation and the number of the last token in a text: tokens are "c<conversation>t<number>".
fn newest_token(text: &str) -> Option<(String, usize)> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.rev().find_map(|word| {
        let (who, number) = word.strip_prefix('c')?.split_once('t')?;
        Some((who.parse::<u32>().ok()?.to_string(), number.parse().ok()?))
    })
}

/// Answers with numbered tokens at a steady rate; the prompt ends with the number of the conversation.
async fn converse(
    socket: &mut BufReader<TcpStream>,
    request: &Request,
    (tokens, rate): (u32, u32),
    seen: &watch::Sender<Seen>,
) -> io::Result<()> {
    let body = String::from_utf8_lossy(&request.body);
    let who = body.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(who, _)| who);
    socket.write_all(STREAM_HEAD).await?;
    let start = Instant::now();
    for token in 0..tokens {
        sleep_until(start + Duration::from_secs(1) / rate * token).await;
        let chunk = http_chunk(&chunks::content(&format!("c{who}t{token} ")));
        seen.send_modify(|seen| seen.sent.entry(who.to_owned()).or_default().push(Instant::now()));
        socket.write_all(&chunk).await?;
    }
    let usage =
        format!(r#"{{"prompt_tokens":9,"completion_tokens":{tokens},"total_tokens":{}}}"#, tokens + 9);
    let end = [
        chunks::event(r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#, &usage),
        "data: [DONE]\n\n".to_owned(),
    ];
    let mut last: Vec<u8> = end.iter().flat_map(|event| http_chunk(event)).collect();
    last.extend_from_slice(b"0\r\n\r\n");
    socket.write_all(&last).await?;
    seen.send_modify(|seen| seen.ended += 1);
    Ok(())
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
