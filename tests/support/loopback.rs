//! A server on loopback that gives scripted responses and records the time and the connection of each request. For
//! unit tests of clients.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Instant,
};
use tokio_util::task::TaskTracker;
use url::Url;

/// The response to a request.
pub(crate) enum Reply {
    Text(String),
    /// Gives this and closes the connection.
    Broken(String),
    /// Closes the connection without a byte.
    Cut,
    /// Never answers.
    Silence,
}

pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) connection: usize,
    /// The head in lower case but for the first line, and the body.
    pub(crate) first: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) struct Server {
    pub(crate) origin: Url,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Server {
    /// Starts a server with these responses, given in order on any connection; later requests get an empty success.
    pub(crate) async fn script(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, seen) = mpsc::unbounded_channel();
        let server = Self { origin: origin.parse().expect("a URL"), replies: Arc::default(), seen };
        server.answer(replies);
        let (tasks, replies) = (TaskTracker::new(), Arc::clone(&server.replies));
        tasks.clone().spawn(async move {
            for connection in 0.. {
                let (socket, _) = listener.accept().await.expect("a connection");
                tasks.spawn(serve(socket, connection, Arc::clone(&replies), sender.clone()));
            }
        });
        server
    }

    /// Goes on with these.
    pub(crate) fn answer(&self, replies: Vec<Reply>) {
        self.replies.lock().expect("not poisoned").extend(replies);
    }

    /// Returns the next request.
    pub(crate) fn seen(&mut self) -> Seen {
        self.seen.try_recv().expect("a request")
    }

    /// Returns true if no other request arrived.
    pub(crate) fn is_done(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

async fn serve(
    mut socket: TcpStream,
    connection: usize,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    sender: mpsc::UnboundedSender<Seen>,
) {
    while let Some(seen) = request(&mut socket, connection).await {
        let reply = replies.lock().expect("not poisoned").pop_front();
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

pub(crate) fn reply(status: &str, headers: &[&str], body: &str) -> Reply {
    let headers: Vec<&str> = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
    let headers = headers.concat();
    let length = body.len();
    Reply::Text(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
}

pub(crate) fn ok(headers: &[&str], body: &str) -> Reply {
    reply("200 OK", headers, body)
}

/// Posts a head that announces a body of `length`, and returns the first line of the response without sending the body.
pub(crate) async fn announce(url: &str, headers: &[(&str, &str)], length: usize) -> String {
    let (host, path) = url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("a URL");
    let mut stream = TcpStream::connect(host).await.expect("connected");
    let mut head = format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let (mut response, mut byte) = (vec![], [0]);
    while !response.ends_with(b"\r\n") {
        stream.read_exact(&mut byte).await.expect("a response");
        response.extend(byte);
    }
    String::from_utf8_lossy(&response).trim_end().to_owned()
}
