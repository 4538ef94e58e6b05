//! A server on loopback that gives scripted answers and notes when each request came, and on which connection.

use std::sync::Mutex;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

use super::*;

/// What the server does with a request that it has read.
pub(super) enum Reply {
    Text(String),
    /// Gives this and closes the connection.
    Broken(String),
    /// Closes the connection without a byte.
    Cut,
    /// Never answers.
    Silence,
}

pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) connection: usize,
    /// The head in lower case but for the first line, and the body.
    pub(super) first: String,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(super) struct Server {
    pub(super) origin: Url,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Server {
    /// Answers in turn, on whatever connection; after the last one all is well.
    pub(super) async fn script(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, seen) = mpsc::unbounded_channel();
        let replies = Arc::new(Mutex::new(replies.into_iter()));
        let tasks = TaskTracker::new();
        tasks.clone().spawn(async move {
            for connection in 0.. {
                let (socket, _) = listener.accept().await.expect("a connection");
                tasks.spawn(serve(socket, connection, Arc::clone(&replies), sender.clone()));
            }
        });
        Self { origin: origin.parse().expect("a URL"), seen }
    }

    pub(super) fn rest(&self) -> Rest {
        Rest::new(&self.origin, &BOT_TOKEN.into()).expect("a client")
    }

    /// The next request that came.
    pub(super) fn seen(&mut self) -> Seen {
        self.seen.try_recv().expect("a request")
    }

    /// True if no other request came.
    pub(super) fn is_done(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

async fn serve(
    mut socket: TcpStream,
    connection: usize,
    replies: Arc<Mutex<std::vec::IntoIter<Reply>>>,
    sender: mpsc::UnboundedSender<Seen>,
) {
    while let Some(seen) = request(&mut socket, connection).await {
        let reply = replies.lock().expect("not poisoned").next();
        if sender.send(seen).is_err() {
            return;
        }
        match reply.unwrap_or_else(|| ok(&[], "{}")) {
            // the client hangs up on what is too large for it
            Reply::Text(text) => drop(socket.write_all(text.as_bytes()).await),
            Reply::Broken(text) => return drop(socket.write_all(text.as_bytes()).await),
            Reply::Cut => return,
            Reply::Silence => std::future::pending().await,
        }
    }
}

/// One request with its body; `None` when the client closed.
async fn request(socket: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8(read[..end].to_vec()).expect("ASCII");
            let (first, head) = text.split_once("\r\n").expect("headers");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().expect("a length"));
            if read.len() >= end + 4 + length {
                let body = read.split_off(end + 4);
                let (first, head) = (first.to_owned(), head.to_owned());
                return Some(Seen { at: Instant::now(), connection, first, head, body });
            }
        }
        if socket.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

pub(super) fn reply(status: &str, headers: &[&str], body: &str) -> Reply {
    let headers: Vec<&str> = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
    let headers = headers.concat();
    let length = body.len();
    Reply::Text(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
}

pub(super) fn ok(headers: &[&str], body: &str) -> Reply {
    reply("200 OK", headers, body)
}

/// A success that tells its window.
pub(super) fn counted(limit: u32, remaining: u32, reset_after: f64) -> Reply {
    let of = |name: &str, value: String| format!("x-ratelimit-{name}: {value}");
    let headers = [
        of("limit", limit.to_string()),
        of("remaining", remaining.to_string()),
        of("reset-after", reset_after.to_string()),
        "x-ratelimit-reset: 1".into(),
        of("bucket", "same".into()),
    ];
    ok(&headers.each_ref().map(String::as_str), "{}")
}

/// A 429 as Discord writes it: the header is rounded up.
pub(super) fn limited(scope: &str, retry_after: f64) -> Reply {
    let scope_header = format!("x-ratelimit-scope: {scope}");
    let is_global = scope == "global";
    let body = format!(
        r#"{{"message":"You are being rate limited.","retry_after":{retry_after},"global":{is_global}}}"#
    );
    reply("429 Too Many Requests", &[&scope_header, "retry-after: 9"], &body)
}

pub(super) fn refusal(status: &str, code: u32) -> Reply {
    reply(status, &[], &format!(r#"{{"message":"no","code":{code}}}"#))
}
