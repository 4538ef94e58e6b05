//! The HTTP server of `serve`: HTTP/1 connections of hyper within limits, so that clients without credentials cannot exhaust
//! the process.
//!
//! ```text
//! accept -> connections (room) -> socket (slow readers) -> hyper -> request slot -> uploads (request bodies) -> router
//!                                                       <- response bytes <-----------------------------------
//! ```
//!
//! Nothing waits for room behind a client that is slow: what is slowest is closed first. So `/healthz` responds, and signed
//! deliveries get through, while every other connection hangs.
//!
//! | limit | value | beyond it |
//! | --- | --- | --- |
//! | connections | an eighth of the soft limit on open files, at most 128 ([`max_connections`]); 32 for `metrics_listen` | the connection that waited longest without a whole request is closed, or else the one whose client reads slowest, each only after 20 ms, or else the oldest unfinished body is aborted; if nothing helps for 1 s, the new one |
//! | connections that wait to be accepted | 4096, or what the system allows | the client's system tries again |
//! | requests at once, until their response is taken | three quarters of the connections; probes do not count | the oldest unfinished body is aborted; 503 after 1 s |
//! | request head | 8 KiB, 64 headers | 431 |
//! | time for a request head, and between requests | 15 s | closed |
//! | time for a request body | 5 s | 408 |
//! | bytes of all request bodies, by their announced lengths (without one 512 KiB each, or 413) | 1 MiB | the oldest unfinished body is aborted; 503 after 1 s |
//! | the same for a body with files, of which the local channel's route for them alone takes | 30 s, 14 MiB | as above |
//! | bytes of all responses until they are sent | 8 MiB (event streams: a frame each) | the connection whose client reads slowest is closed; 503 after 1 s |
//! | time in which a client takes what is being sent | 30 s | closed |
//! | socket buffers | 32 KiB to read, 64 KiB to write (doubled by Linux) | the client waits |
//! | time for unread rest of a refused request | 1 s | closed |
//! | time for a request in progress once the service is closing | 1 s | closed |
//!
//! Limits of single routes are where the routes are: bodies of webhooks in `platform::webhook` and its platforms, those of the
//! local channel and its event streams in `web`.

mod connections;
mod response;
mod socket;
#[cfg(test)]
mod tests;

mod uploads;

use std::{convert::Infallible, future::poll_fn, io, sync::Arc, time::Duration};

use axum::{Json, Router, body::Body, extract::ConnectInfo, http::StatusCode, response::IntoResponse};
use futures::future::BoxFuture;
use hyper::{
    Request, Response,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use metrics::counter;
use rlimit::Resource;
use tokio::{
    io::{AsyncWriteExt as _, copy, sink},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    connections::{Connection, Connections, OpenConnection},
    response::ResponseBody,
    socket::Socket,
    uploads::Uploads,
};
use crate::{
    telemetry::{field, metrics as name},
    web::FILES_PATH,
};

/// The most connections, however many files may be open.
const MAX_CONNECTIONS: usize = 128;
/// The fewest connections, however few files may be open.
const MIN_CONNECTIONS: usize = 16;
/// The connections of a listener for metrics alone.
pub(super) const MAX_METRICS_CONNECTIONS: usize = 32;
/// The largest request head, and the bytes that a connection buffers.
const MAX_BUFFER_BYTES: usize = 8 * 1024;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The time for a request head, which is also the time for which a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The time that a request waits for room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);
/// The interval at which a request that waits for room makes some.
const EVICTION_INTERVAL: Duration = Duration::from_millis(5);
/// The bytes of all responses until they are sent.
const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;
/// The largest response that is not counted, since the socket's buffer takes it.
const MAX_UNCOUNTED_RESPONSE: usize = 1024;
/// The time for which the unread rest of a refused request is discarded: a socket that is closed with unread bytes resets the
/// connection, and the client may lose the response.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
/// The time that a request in progress gets once the service is closing.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause after a connection could not be accepted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The interval between two warnings of the same kind.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// Returns the number of connections that leave most of the process's open files to providers, platforms and the store.
pub(super) fn max_connections() -> usize {
    let files = Resource::NOFILE.get_soft().ok().and_then(|files| usize::try_from(files).ok());
    files.map_or(MAX_CONNECTIONS, |files| (files / 8).clamp(MIN_CONNECTIONS, MAX_CONNECTIONS))
}

/// Serves `router` on `listener` until `closed` is cancelled, with at most `max_connections` connections. Connections without
/// a request are then closed at once, others after a short time.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    closed: CancellationToken,
) {
    let server = Arc::new(Server::new(router, max_connections));
    let (tasks, mut warned_at) = (TaskTracker::new(), None);
    while let Some(accepted) = closed.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let abort_body = || server.uploads.abort_oldest(None);
                if let Some(connection) = server.connections.open(abort_body).await {
                    tasks.spawn(Arc::clone(&server).run(stream, connection, closed.clone()));
                }
            }
            Err(error) if is_of_client(&error) => {}
            Err(error) => server.report_accept_error(&error, &mut warned_at).await,
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Returns true if the client went away before its connection was accepted.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server {
    router: Router,
    connections: Arc<Connections>,
    requests: Arc<Semaphore>,
    uploads: Arc<Uploads>,
    responses: Arc<Semaphore>,
}

impl Server {
    fn new(router: Router, max_connections: usize) -> Self {
        Self {
            router,
            connections: Arc::new(Connections::new(max_connections)),
            requests: Arc::new(Semaphore::new((max_connections * 3 / 4).max(1))),
            uploads: Arc::default(),
            responses: Arc::new(Semaphore::new(MAX_RESPONSE_BYTES)),
        }
    }

    /// Reports that a connection could not be accepted, which usually means that too many files are open, and closes one.
    async fn report_accept_error(&self, error: &io::Error, warned_at: &mut Option<Instant>) {
        counter!(name::HTTP_ACCEPT_ERRORS).increment(1);
        if warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
            *warned_at = Some(Instant::now());
            tracing::warn!(%error, "failed to accept a connection");
        }
        self.connections.close_one();
        sleep(ACCEPT_RETRY_DELAY).await;
    }

    /// Serves one connection until it ends, is closed to make room, or the service is closing.
    async fn run(self: Arc<Self>, stream: TcpStream, open: OpenConnection, closed: CancellationToken) {
        let (connection, client) = (open.connection(), stream.peer_addr().ok().map(ConnectInfo));
        let socket = TokioIo::new(Socket::new(stream, Arc::clone(connection)));
        let service =
            service_fn(|mut request: Request<Incoming>| -> BoxFuture<'static, Result<Response<ResponseBody>, Infallible>> {
                if let Some(client) = client {
                    request.extensions_mut().insert(client);
                }
                let (server, connection) = (Arc::clone(&self), Arc::clone(connection));
                Box::pin(async move { Ok(server.respond(request, connection).await) })
            });
        let mut http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_BUFFER_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(socket, service);
        let mut deadline = None;
        loop {
            tokio::select! {
                // an error is the client's: a timeout, a malformed request, a reset
                _ = poll_fn(|cx| http.poll_without_shutdown(cx)) => break,
                () = connection.closed() => return,
                () = closed.cancelled(), if deadline.is_none() => {
                    if !connection.is_busy() {
                        return;
                    }
                    std::pin::Pin::new(&mut http).graceful_shutdown();
                    deadline = Some(Instant::now() + CLOSING_TIMEOUT);
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => return,
            }
        }
        let socket = http.into_parts().io.into_inner();
        tokio::select! {
            () = linger(socket) => {}
            () = connection.closed() => {}
            () = closed.cancelled() => {}
        }
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Response<ResponseBody> {
        let serving = connection.serve();
        let mut slot = None;
        if !is_probe(request.uri().path()) {
            slot = self.request_slot().await;
            if slot.is_none() {
                return busy("requests").map(|body| ResponseBody::new(body, serving));
            }
        }
        let response = self.route(request).await;
        let size = hyper::body::Body::size_hint(response.body()).exact();
        let Some(held) = self.response_bytes(size.unwrap_or_default()).await else {
            return busy("response_bytes").map(|body| ResponseBody::new(body, serving));
        };
        response.map(|body| ResponseBody::new(body, serving).holding(slot, held))
    }

    /// Returns the router's response, or a refusal if the request's body was refused.
    async fn route(&self, request: Request<Incoming>) -> Response<Body> {
        let upload = self.uploads.open(request.uri().path() == FILES_PATH);
        let request = request.map(|body| upload.read(Body::new(body)));
        let response = TowerToHyperService::new(self.router.clone()).call(request).await;
        let Ok(response) = response;
        upload.refusal().map_or(response, IntoResponse::into_response)
    }

    async fn request_slot(&self) -> Option<OwnedSemaphorePermit> {
        let evict = || self.uploads.abort_oldest(None) || self.connections.close_slowest_reader();
        make_room(&self.requests, 1, evict).await
    }

    /// Returns the room for a response of `size` bytes. A stream has no size: it holds a frame at a time.
    async fn response_bytes(&self, size: u64) -> Option<Option<OwnedSemaphorePermit>> {
        let size = usize::try_from(size).map_or(MAX_RESPONSE_BYTES, |size| size.min(MAX_RESPONSE_BYTES));
        if size <= MAX_UNCOUNTED_RESPONSE {
            return Some(None);
        }
        make_room(&self.responses, size, || self.connections.close_slowest_reader()).await.map(Some)
    }
}

/// Returns true if `path` is one of the probes, which respond even if every request slot is taken.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Returns `count` permits, and calls `evict` while there is no room. Returns `None` after [`ROOM_TIMEOUT`].
async fn make_room(
    semaphore: &Arc<Semaphore>,
    count: usize,
    evict: impl Fn() -> bool,
) -> Option<OwnedSemaphorePermit> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if let Ok(permit) = Arc::clone(semaphore).try_acquire_many_owned(count) {
        return Some(permit);
    }
    let mut acquired = std::pin::pin!(Arc::clone(semaphore).acquire_many_owned(count));
    let deadline = Instant::now() + ROOM_TIMEOUT;
    while Instant::now() < deadline {
        evict();
        if let Ok(permit) = timeout(EVICTION_INTERVAL, acquired.as_mut()).await {
            return permit.ok();
        }
    }
    None
}

/// Returns the response to a request for which there is no room, and counts it.
fn busy(reason: &'static str) -> Response<Body> {
    counter!(name::HTTP_REFUSED, field::REASON => reason).increment(1);
    refusal(StatusCode::SERVICE_UNAVAILABLE, "The service is busy. Try again in a minute.")
}

fn refusal(status: StatusCode, say: &str) -> Response<Body> {
    (status, Json(serde_json::json!({ "say": say }))).into_response()
}

/// Sends the end of the stream, and discards what the client still sends.
async fn linger(mut socket: Socket) {
    let discard = async {
        socket.shutdown().await?;
        copy(&mut socket, &mut sink()).await
    };
    // whatever happens, the socket is closed afterwards
    let _ = timeout(LINGER_TIMEOUT, discard).await;
}
