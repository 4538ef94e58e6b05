//! A tiny Web API: `apps.connections.open` alone.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::fake::FakeSocket;

/// The app-level token.
pub(super) const TOKEN: &str = "xapp-1-A1-1-secret";

/// The answer to a call; without one it gets an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Nothing.
    Hang,
    /// A status without a body.
    Status(u16),
    /// 429 with this `Retry-After`.
    Limited(u32),
    /// `ok: false` with this code.
    Code(&'static str),
    /// Another address.
    Url(&'static str),
    /// 200 with a body that is no JSON, and says it is.
    Text(&'static str),
}

struct Shared {
    fake: Arc<FakeSocket>,
    replies: Mutex<VecDeque<Reply>>,
    times: watch::Sender<Vec<Instant>>,
}

/// The API on a port. When it is dropped it stops.
pub(super) struct WebApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

impl WebApi {
    /// Serves addresses of `fake`.
    pub(super) async fn open(fake: Arc<FakeSocket>, replies: impl IntoIterator<Item = Reply>) -> Self {
        let web_api = Self::closed(fake).await;
        web_api.then(replies);
        web_api.comes_back().await;
        web_api
    }

    /// Reserves an address without listening there.
    pub(super) async fn closed(fake: Arc<FakeSocket>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Shared { fake, replies: Mutex::default(), times: watch::Sender::default() };
        Self { address, shared: Arc::new(shared), stop: CancellationToken::new() }
    }

    /// Listens.
    pub(super) async fn comes_back(&self) {
        let listener = TcpListener::bind(self.address).await.expect("its port");
        let router = Router::new()
            .route("/api/apps.connections.open", post(open))
            .with_state(Arc::clone(&self.shared));
        let serve = async move { axum::serve(listener, router).await };
        TaskTracker::new().spawn(self.stop.clone().run_until_cancelled_owned(serve));
    }

    /// Sets the answers to the next calls.
    pub(super) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.replies.lock().expect("no panic").extend(replies);
    }

    /// The address of the Web API.
    pub(super) fn url(&self) -> Url {
        format!("http://{}/api", self.address).parse().expect("a URL")
    }

    /// The times of all calls.
    pub(super) fn times(&self) -> Vec<Instant> {
        self.shared.times.borrow().clone()
    }

    /// The number of calls.
    pub(super) fn asked(&self) -> usize {
        self.times().len()
    }

    /// Waits until it was asked.
    pub(super) async fn was_asked(&self) {
        self.shared.times.subscribe().wait_for(|times| !times.is_empty()).await.expect("it lives");
    }
}

impl Drop for WebApi {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    shared.times.send_modify(|times| times.push(Instant::now()));
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    assert_eq!(token, Some(format!("Bearer {TOKEN}").as_str()), "the app-level token is in the header");
    let reply = shared.replies.lock().expect("no panic").pop_front();
    let body = match reply {
        None => json!({ "ok": true, "url": shared.fake.url() }),
        Some(Reply::Url(url)) => json!({ "ok": true, "url": url }),
        Some(Reply::Code(code)) => json!({ "ok": false, "error": code }),
        Some(Reply::Text(text)) => {
            return ([(header::CONTENT_TYPE, "application/json")], text).into_response();
        }
        Some(Reply::Status(status)) => {
            return StatusCode::from_u16(status).expect("a status").into_response();
        }
        Some(Reply::Limited(seconds)) => {
            let limited = [(header::RETRY_AFTER, seconds.to_string())];
            let body = axum::Json(json!({ "ok": false, "error": "ratelimited" }));
            return (StatusCode::TOO_MANY_REQUESTS, limited, body).into_response();
        }
        Some(Reply::Hang) => std::future::pending().await,
    };
    axum::Json(body).into_response()
}
