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

/// What the next call gets; afterwards an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Nothing.
    Hang,
    /// A status without a body.
    Status(u16),
    /// 429, with so many seconds.
    Limited(u32),
    /// `ok: false` with this code.
    Code(&'static str),
    /// Another address.
    Url(&'static str),
    /// 200 with a body that is no JSON, and says it is.
    Text(&'static str),
}

struct House {
    fake: Arc<FakeSocket>,
    replies: Mutex<VecDeque<Reply>>,
    times: watch::Sender<Vec<Instant>>,
}

/// The API on a port. When it is dropped it stops.
pub(super) struct Office {
    address: SocketAddr,
    house: Arc<House>,
    stop: CancellationToken,
}

impl Office {
    /// Opens in front of `fake`.
    pub(super) async fn open(fake: Arc<FakeSocket>, replies: impl IntoIterator<Item = Reply>) -> Self {
        let office = Self::closed(fake).await;
        office.then(replies);
        office.comes_back().await;
        office
    }

    /// Has an address where nobody listens.
    pub(super) async fn closed(fake: Arc<FakeSocket>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let house = House { fake, replies: Mutex::default(), times: watch::Sender::default() };
        Self { address, house: Arc::new(house), stop: CancellationToken::new() }
    }

    /// Listens.
    pub(super) async fn comes_back(&self) {
        let listener = TcpListener::bind(self.address).await.expect("its port");
        let router =
            Router::new().route("/api/apps.connections.open", post(open)).with_state(Arc::clone(&self.house));
        let serve = async move { axum::serve(listener, router).await };
        TaskTracker::new().spawn(self.stop.clone().run_until_cancelled_owned(serve));
    }

    /// What the next calls get.
    pub(super) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.house.replies.lock().expect("no panic").extend(replies);
    }

    /// Where the Web API is.
    pub(super) fn url(&self) -> Url {
        format!("http://{}/api", self.address).parse().expect("a URL")
    }

    /// When it was asked.
    pub(super) fn times(&self) -> Vec<Instant> {
        self.house.times.borrow().clone()
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.times().len()
    }

    /// Waits until it was asked.
    pub(super) async fn was_asked(&self) {
        self.house.times.subscribe().wait_for(|times| !times.is_empty()).await.expect("it lives");
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open(State(house): State<Arc<House>>, headers: HeaderMap) -> Response {
    house.times.send_modify(|times| times.push(Instant::now()));
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    assert_eq!(token, Some(format!("Bearer {TOKEN}").as_str()), "the app-level token is in the header");
    let reply = house.replies.lock().expect("no panic").pop_front();
    let body = match reply {
        None => json!({ "ok": true, "url": house.fake.url() }),
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
