//! SHELL. What the page can ask: commands, buttons, the stream of news.
//!
//! A refusal is JSON, `{"say": "..."}`, for the one tab that asked. Must not know how a race is run.

mod commands;
mod races;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures::{Stream, StreamExt};
use serde::Deserialize;

use super::{
    LocalChannel,
    channel::{News, Position},
};
use crate::{race::Asker, view::text};

/// How often a silent stream proves that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How soon a tab that lost its stream tries again.
const RETRY: Duration = Duration::from_secs(1);
/// Characters of a visitor's name.
const NAME_CHARS: usize = 40;

/// The calls of the page.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/api/channel", get(channel))
        .route("/api/lineup", get(commands::lineup))
        .route("/api/command", post(commands::command))
        .route("/api/races/{id}/stop", post(races::stop))
        .route("/api/races/{id}/again", post(races::again))
        .route("/api/races/{id}/answers", get(races::answers))
        .route("/api/races/{id}/explain", get(races::explain))
        .route("/api/races/{id}/chart.png", get(races::chart))
}

/// Why something is not done, in a person's words.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    say: String,
}

impl Refusal {
    /// A refusal with an HTTP status and a sentence.
    pub(super) fn new(status: StatusCode, say: impl Into<String>) -> Self {
        Self { status, say: say.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(serde_json::json!({ "say": self.say }))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        let say = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "That is too long. A shorter prompt will do.",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "Commands are sent as application/json.",
            _ => "The page and the service do not understand each other. Reload the page.",
        };
        Self::new(rejection.status(), say)
    }
}

/// Who asks, as their browser says.
#[derive(Deserialize)]
struct Visitor {
    /// A random id that the browser keeps.
    id: String,
    /// What they call themselves.
    name: String,
}

impl Visitor {
    fn asker(&self) -> Result<Asker, Refusal> {
        let sound = (8..=64).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !sound {
            let say = "This browser sent no id. Reload the page.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, say));
        }
        let name = text::one_line(&self.name);
        let name = text::clip(&name, NAME_CHARS, text::Measure::Chars, text::Keep::Head);
        let name = if name.is_empty() { "guest".to_owned() } else { name };
        Ok(Asker { id: format!("web:{}", self.id), name })
    }
}

/// The messages and their news as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>):
/// `snapshot` holds all, `message` one new or changed.
async fn channel(State(local): State<LocalChannel>, headers: HeaderMap) -> impl IntoResponse {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(Position::parse);
    let news = Arc::clone(&local.channel).follow(seen);
    Sse::new(events(news)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn events(news: impl Stream<Item = (Position, News)>) -> impl Stream<Item = Result<Event, Infallible>> {
    news.map(|(position, news)| {
        let event = match news {
            News::Snapshot(all) => {
                Event::default().event("snapshot").data(format!("[{}]", all.join(","))).retry(RETRY)
            }
            News::Upsert(json) => Event::default().event("message").data(json),
        };
        Ok(event.id(position.to_string()))
    })
}
