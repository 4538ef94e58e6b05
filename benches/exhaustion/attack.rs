//! The attacks: what many clients send at once.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};

/// The time in which a client connects and sends; beyond it the service is taken to hold back.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);
/// Just under the body limit of the service before it had a smaller one.
const LARGE_BODY: usize = 1024 * 1024 - 64;
/// Just under the body limit of Discord's webhook.
const FORGED_BODY: usize = 128 * 1024 - 64;
/// The receive buffer of a client that does not read.
const SMALL_BUFFER: u32 = 4096;

/// An attack on the service at this address.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// True if the local channel must hold many races.
    pub(crate) needs_history: bool,
    pub(crate) run: Run,
}

type Run = for<'a> fn(SocketAddr, &'a mut Clients) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack {
        name: "350 unsigned bodies of 1 MiB",
        needs_history: false,
        run: |address, clients| Box::pin(async move { clients.send(address, 350, |_| unsigned()).await }),
    },
    Attack {
        name: "1,000 unsigned bodies of 1 MiB",
        needs_history: false,
        run: |address, clients| Box::pin(async move { clients.send(address, 1_000, |_| unsigned()).await }),
    },
    Attack {
        name: "1,000 forged bodies of 128 KiB, less their last byte",
        needs_history: false,
        run: |address, clients| Box::pin(async move { clients.send(address, 1_000, |_| forged()).await }),
    },
    Attack {
        name: "1,100 half-sent heads and bodies",
        needs_history: false,
        run: |address, clients| Box::pin(half_sent(address, clients, 1_100)),
    },
    Attack {
        name: "80 tabs that do not read, 200 races",
        needs_history: true,
        run: |address, clients| {
            Box::pin(async move { clients.send(address, 80, |_| get("/api/channel")).await })
        },
    },
    Attack {
        name: "1,000 tabs that do not read, 200 races",
        needs_history: true,
        run: |address, clients| {
            Box::pin(async move { clients.send(address, 1_000, |_| get("/api/channel")).await })
        },
    },
    Attack {
        name: "1,000 clients that do not read /metrics and the page, over and over",
        needs_history: false,
        run: |address, clients| {
            let pipelined = |n: usize| get(["/metrics", "/assets/race.css"][n % 2]).repeat(100);
            Box::pin(async move { clients.send(address, 1_000, pipelined).await })
        },
    },
];

/// Opens connections that send a part of a head, or of a body.
pub(crate) async fn half_sent(address: SocketAddr, clients: &mut Clients, count: usize) {
    let half = |n: usize| match n % 4 {
        0 => vec![],
        1 => b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec(),
        2 => head("/discord/interactions", &signature(), 1_000),
        _ => head("/api/command", "Content-Type: application/json\r\n", 1_000),
    };
    clients.send(address, count, half).await;
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

fn head(path: &str, headers: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {length}\r\n\r\n")
        .into_bytes()
}

/// A signature that is well-formed and recent, but wrong.
fn signature() -> String {
    let (signature, now) = ("0".repeat(128), jiff::Timestamp::now().as_second());
    format!("X-Signature-Ed25519: {signature}\r\nX-Signature-Timestamp: {now}\r\n")
}

fn unsigned() -> Vec<u8> {
    let mut request = head("/discord/interactions", "", LARGE_BODY);
    request.resize(request.len() + LARGE_BODY - 1, b' ');
    request
}

fn forged() -> Vec<u8> {
    let mut request = head("/discord/interactions", &signature(), FORGED_BODY);
    request.resize(request.len() + FORGED_BODY - 1, b' ');
    request
}

/// The attacking clients.
#[derive(Default)]
pub(crate) struct Clients {
    streams: Vec<TcpStream>,
    made: usize,
}

impl Clients {
    /// Opens `count` connections at once, sends on each what `request` returns for it, and keeps them open.
    pub(crate) async fn send(
        &mut self,
        address: SocketAddr,
        count: usize,
        request: impl Fn(usize) -> Vec<u8>,
    ) {
        let mut sending = JoinSet::new();
        for n in 0..count {
            let request = request(n);
            sending.spawn(async move {
                let socket = TcpSocket::new_v4().ok()?;
                socket.set_recv_buffer_size(SMALL_BUFFER).ok()?;
                let mut stream = timeout(SEND_TIMEOUT, socket.connect(address)).await.ok()?.ok()?;
                // the service may refuse before it has read everything, or not read at all
                let _ = timeout(SEND_TIMEOUT, stream.write_all(&request)).await;
                Some(stream)
            });
        }
        self.streams.extend(sending.join_all().await.into_iter().flatten());
        self.made += count;
    }

    /// Closes all connections. Returns how many were made, and how many the service refused or closed before.
    pub(crate) async fn close(self) -> (usize, usize) {
        let mut kept = 0;
        for mut stream in self.streams {
            kept += usize::from(is_open(&mut stream).await);
        }
        (self.made, self.made - kept)
    }
}

/// Returns true if the service has neither closed the connection nor refused the request.
async fn is_open(stream: &mut TcpStream) -> bool {
    let mut start = [0; 12];
    match timeout(Duration::from_millis(1), stream.read_exact(&mut start)).await {
        Ok(Ok(_)) => start.ends_with(b" 200"),
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}
