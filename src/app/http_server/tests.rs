use axum::{
    body::Bytes,
    routing::{get, post},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::task::AbortOnDropHandle;

use super::*;

/// Generous: what hangs fails its test.
const TIMEOUT: Duration = Duration::from_mins(1);
/// More than the sockets' buffers take.
const LARGE: usize = 12 * 1024 * 1024;

/// A server with few connections, whose responses are small, large, or wait for a body.
struct World {
    address: std::net::SocketAddr,
    closed: CancellationToken,
    server: AbortOnDropHandle<()>,
}

impl World {
    async fn open(max_connections: usize) -> Self {
        let router = Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/small", get(async || "small"))
            .route("/large", get(async || vec![b'x'; LARGE]))
            .route("/echo", post(async |body: Bytes| body));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closed = CancellationToken::new();
        let serving = serve(listener, router, max_connections, closed.clone());
        Self { address, closed, server: AbortOnDropHandle::new(TaskTracker::new().spawn(serving)) }
    }

    /// Opens a connection and sends this.
    async fn send(&self, bytes: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(bytes.as_bytes()).await.expect("sent");
        Client(stream)
    }

    async fn get(&self, path: &str) -> String {
        let mut client =
            self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        client.rest().await
    }

    async fn close(self) {
        self.closed.cancel();
        timeout(TIMEOUT, self.server).await.expect("the server ends").expect("without a panic");
    }
}

struct Client(TcpStream);

impl Client {
    /// Reads what comes until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut bytes = vec![];
        // a reset is an end as well
        let _ = timeout(TIMEOUT, self.0.read_to_end(&mut bytes)).await.expect("the server closes");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads until this was received.
    async fn until(&mut self, text: &str) {
        let (mut seen, mut byte) = (String::new(), [0]);
        while !seen.ends_with(text) {
            timeout(TIMEOUT, self.0.read_exact(&mut byte)).await.expect("in time").expect("open");
            seen.push(char::from(byte[0]));
        }
    }
}

const HALF_HEAD: &str = "GET /small HTTP/1.1\r\nHost: x\r\n";
/// The server asks for the body, so that the test knows that it waits for it.
const HALF_BODY: &str = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_half_sent_head_ends() {
    let world = World::open(8).await;
    let (mut nothing, mut half) = (world.send("").await, world.send(HALF_HEAD).await);
    assert_eq!(tokio::join!(nothing.rest(), half.rest()), (String::new(), String::new()));
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let world = World::open(8).await;
    let mut client = world.send("GET /small HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(client.rest().await.ends_with("small"));
}

#[tokio::test]
async fn a_half_sent_body_ends_with_408() {
    let world = World::open(8).await;
    let rest = world.send(HALF_BODY).await.rest().await;
    assert!(rest.contains("HTTP/1.1 408"), "{rest}");
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let world = World::open(8).await;
    for head in [format!("X: {}\r\n", "x".repeat(MAX_BUFFER_BYTES)), "X: x\r\n".repeat(MAX_HEADERS)] {
        let rest = world.send(&format!("{HALF_HEAD}{head}\r\n")).await.rest().await;
        assert!(rest.starts_with("HTTP/1.1 431"), "{rest}");
    }
}

#[tokio::test]
async fn the_connection_that_waited_longest_makes_room() {
    let world = World::open(2).await;
    let (mut first, mut second) = (world.send(HALF_HEAD).await, world.send(HALF_HEAD).await);
    for _ in 0..2 {
        assert!(world.get("/small").await.ends_with("small"));
    }
    assert_eq!(first.rest().await, "");
    assert_eq!(second.rest().await, "");
}

#[tokio::test]
async fn a_reader_that_stopped_makes_room() {
    let world = World::open(1).await;
    let mut stuck = world.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stuck.until("\r\n\r\n").await;
    assert!(world.get("/small").await.ends_with("small"));
    assert!(stuck.rest().await.len() < LARGE);
}

#[tokio::test]
async fn responses_that_are_not_read_have_a_limit() {
    let world = World::open(8).await;
    let mut stuck = world.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stuck.until("\r\n\r\n").await;
    assert_eq!(world.get("/large").await.len() / LARGE, 1, "the slowest reader made room");
    assert!(stuck.rest().await.len() < LARGE);
}

#[tokio::test]
async fn the_oldest_unfinished_body_makes_room() {
    let world = World::open(8).await;
    let mut unfinished = vec![];
    for _ in 0..6 {
        let mut client = world.send(HALF_BODY).await;
        client.until("100 Continue\r\n\r\n").await;
        unfinished.push(client);
    }
    let whole = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole";
    let rest = world.send(whole).await.rest().await;
    assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with("whole"), "{rest}");
    let rest = unfinished[0].rest().await;
    assert!(rest.starts_with("HTTP/1.1 503") && rest.contains("Try again"), "{rest}");
    assert!(world.get("/healthz").await.ends_with("ok"));
}

#[tokio::test]
async fn bodies_have_a_limit_together() {
    let world = World::open(8).await;
    let half = |length: usize| {
        format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
    };
    let mut first = world.send(&half(uploads::MAX_BODY_BYTES / 2)).await;
    first.until("100 Continue\r\n\r\n").await;
    let mut second = world.send(&half(uploads::MAX_BODY_BYTES / 2)).await;
    second.until("100 Continue\r\n\r\n").await;
    let whole = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole";
    let rest = world.send(whole).await.rest().await;
    assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with("whole"), "{rest}");
    let rest = first.rest().await;
    assert!(rest.contains("HTTP/1.1 503"), "{rest}");
}

#[tokio::test]
async fn a_body_of_unknown_length_has_a_limit() {
    let world = World::open(8).await;
    let size = uploads::MAX_UNANNOUNCED_BYTES + 1;
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let request = format!("{head}{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
    let rest = world.send(&request).await.rest().await;
    assert!(rest.starts_with("HTTP/1.1 413"), "{rest}");
}

#[tokio::test]
async fn closing_does_not_wait_for_what_is_half_sent() {
    let world = World::open(8).await;
    let _idle = world.send("").await;
    let _head = world.send(HALF_HEAD).await;
    let mut body = world.send(HALF_BODY).await;
    body.until("100 Continue\r\n\r\n").await;
    let mut stuck = world.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stuck.until("\r\n\r\n").await;
    world.close().await;
}
