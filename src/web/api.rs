//! SHELL. The calls of the page: commands, buttons, and the event stream.
//!
//! A refusal is JSON, `{"say": "..."}`, for the tab that sent the request.

mod address_limit;

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Path, Query, State, rejection::JsonRejection},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use tokio::time::Instant;

pub(super) use self::address_limit::AddressLimit;
use super::{
    LocalChannel,
    channel::{Message, Position},
    render::{AnswersDto, ExplanationDto, LineupDto, ReplyCard},
    surface::WebSurface,
};
use crate::{
    arena::{Origin, Refused, forget_reply},
    command::{self, Command, CommandError},
    model::ModelId,
    race::{Asker, RaceId, Record},
    surface::Chart,
    view::text,
};

/// The most characters of a visitor's name.
const MAX_NAME_CHARS: usize = 40;
/// The time that providers get to list their models.
const LISTING_TIMEOUT: Duration = Duration::from_secs(3);

/// The routes below `/api/`.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/api/channel", get(channel))
        .route("/api/lineup", get(lineup))
        .route("/api/messages", get(messages))
        .route("/api/command", post(command))
        .route("/api/races/{id}/stop", post(stop))
        .route("/api/races/{id}/again", post(again))
        .route("/api/races/{id}/answers", get(answers))
        .route("/api/races/{id}/explain", get(explain))
        .route("/api/races/{id}/chart.png", get(chart))
        .layer(map_response(uncached))
}

/// Forbids caches to store an answer that does not say more about it: it is for one visitor, or will change.
async fn uncached(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A refused request: an HTTP status and a sentence for the user.
#[derive(Debug)]
pub(super) struct HttpRefusal {
    status: StatusCode,
    say: String,
    /// The line, where it was taken for a misspelled command and may be a question.
    question: Option<String>,
}

impl HttpRefusal {
    pub(super) fn new(status: StatusCode, say: impl Into<String>) -> Self {
        Self { status, say: say.into(), question: None }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({ "say": text::plain(&self.say) });
        if let Some(question) = self.question {
            body["question"] = text::plain(&question).into();
        }
        (self.status, Json(body)).into_response()
    }
}

impl From<JsonRejection> for HttpRefusal {
    fn from(rejection: JsonRejection) -> Self {
        let say = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "That message is too long. Shorten it and try again.",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "Requests must be sent as application/json.",
            _ => "This page doesn't match the running service. Reload the page.",
        };
        Self::new(rejection.status(), say)
    }
}

impl From<CommandError> for HttpRefusal {
    fn from(error: CommandError) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, error.to_string());
        let question =
            if let CommandError::UnknownWord { question, .. } = error { Some(question) } else { None };
        Self { question, ..refusal }
    }
}

impl From<Refused> for HttpRefusal {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::EmptyPrompt | Refused::ModelGone | Refused::TooManyLanes { .. } => {
                StatusCode::BAD_REQUEST
            }
            Refused::PromptTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refused::NotPermitted(_) => StatusCode::FORBIDDEN,
            Refused::Busy { .. }
            | Refused::TooFast { .. }
            | Refused::TooManyRaces { .. }
            | Refused::ProviderBusy { .. }
            | Refused::BudgetSpent { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refused::Duplicate => StatusCode::CONFLICT,
            Refused::NoModels | Refused::Restarting | Refused::StoreUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, refused.to_string())
    }
}

/// The user, as their browser identifies them.
#[derive(Deserialize)]
struct Visitor {
    /// A random id that the browser stores.
    id: String,
    /// The name that they chose.
    name: String,
}

impl Visitor {
    fn asker(&self) -> Result<Asker, HttpRefusal> {
        let is_valid = (8..=64).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_valid {
            let say = "Your browser sent no valid id. Reload the page.";
            return Err(HttpRefusal::new(StatusCode::BAD_REQUEST, say));
        }
        let name = text::one_line(&self.name);
        let name = text::clip(&name, MAX_NAME_CHARS, text::Measure::Chars, text::Keep::Head);
        let name = if name.is_empty() { "guest".to_owned() } else { name };
        Ok(Asker { id: format!("web:{}", self.id), name })
    }
}

/// A typed line.
#[derive(Deserialize)]
struct CommandRequest {
    text: String,
    from: Visitor,
}

/// A pressed button.
#[derive(Deserialize)]
struct ButtonRequest {
    from: Visitor,
}

/// Streams the messages as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>):
/// `snapshot` holds the newest of them, `message` a new or changed one.
async fn channel(State(local): State<LocalChannel>, headers: HeaderMap) -> Result<Response, HttpRefusal> {
    let Some(permit) = local.channel.stream_permit() else {
        let say =
            "Too many tabs are open on this channel. Close some of them; this page tries again by itself.";
        return Err(HttpRefusal::new(StatusCode::SERVICE_UNAVAILABLE, say));
    };
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(Position::parse);
    // the stream keeps its permit
    let events = Arc::clone(&local.channel).follow(seen).inspect(move |_| _ = &permit);
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((head, streamed(events)).into_response())
}

/// The message before which others are requested.
#[derive(Deserialize)]
struct Before {
    before: String,
}

/// Returns the messages just before one, as in a snapshot.
async fn messages(
    State(local): State<LocalChannel>,
    Query(Before { before }): Query<Before>,
) -> Result<Response, HttpRefusal> {
    let page = local.channel.page(Some(race_id(&before)?));
    let head = [(header::CONTENT_TYPE, "application/json")];
    Ok((head, streamed(Arc::clone(&local.channel).page_json(page))).into_response())
}

fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(chunks.map(Ok::<_, Infallible>))
}

/// Returns what the page needs before the user types: models, commands, examples.
async fn lineup(State(local): State<LocalChannel>) -> Response {
    Json(LineupDto::new(local.arena.cards(), &local.examples)).into_response()
}

/// Runs a typed line: 202 with the message's id where it starts a race, 200 with a card for this user alone where it
/// asks for information.
async fn command(
    State(local): State<LocalChannel>,
    connection: Extensions,
    request: Result<Json<CommandRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    // boxed, so that a request whose body has not come yet is small
    Box::pin(run_command(local, connection, request?.0)).await
}

async fn run_command(
    local: LocalChannel,
    connection: Extensions,
    CommandRequest { text, from }: CommandRequest,
) -> Result<Response, HttpRefusal> {
    let asker = from.asker()?;
    let command = command::parse(&text, local.arena.cards())?;
    let entrants;
    let card = match command {
        Command::Compare { models, prompt } => {
            return start(&local, &connection, asker, (&models, prompt), None).await;
        }
        Command::Ask { model, prompt } => {
            return start(&local, &connection, asker, (&[model], prompt), None).await;
        }
        Command::Models => {
            entrants = local.arena.entrants(LISTING_TIMEOUT).await;
            ReplyCard::models(&entrants)
        }
        Command::Examples => ReplyCard::examples(&local.examples),
        Command::Help => ReplyCard::help(local.arena.cards()),
        Command::Forget => ReplyCard::notice(forget(&local, &asker.id).await),
    };
    Ok(Json(serde_json::json!({ "card": card })).into_response())
}

/// The address of a connection, as the HTTP server reports it; a proxy's own for those behind one.
fn address(connection: &Extensions) -> Option<IpAddr> {
    connection.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// Deletes the user's races, here with their messages, and returns the outcome as a sentence.
async fn forget(local: &LocalChannel, asker: &str) -> String {
    match local.arena.forget(asker).await {
        Ok(forgotten) => {
            local.channel.forget(asker, &forgotten.races);
            forget_reply(forgotten.deleted, "Their messages are gone from this channel")
        }
        Err(error) => error.to_string(),
    }
}

/// Starts a race as a new message; `original` is the race that it repeats.
async fn start(
    local: &LocalChannel,
    connection: &Extensions,
    asker: Asker,
    (models, prompt): (&[ModelId], String),
    original: Option<RaceId>,
) -> Result<Response, HttpRefusal> {
    let owner = asker.id.clone();
    let mut admitted = local
        .address_limit
        .start(address(connection), Instant::now(), || local.arena.admit(asker, models, prompt))?;
    if let Some(original) = original {
        admitted = admitted.repeating(original);
    }
    let origin = Origin { platform: "web", server: "web".into(), ..Origin::default() };
    let recorded = local.arena.record(admitted, &origin).await?;
    let id = recorded.id();
    let (arena, mut surface) =
        (Arc::clone(&local.arena), WebSurface::new(Arc::clone(&local.channel), id, owner));
    local.arena.spawn(async move {
        arena.race(recorded, &mut surface).await;
    });
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({ "message": id.to_string() }))).into_response())
}

/// Stops a live race, for the user who asked.
async fn stop(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<StatusCode, HttpRefusal> {
    let asker = request?.0.from.asker()?;
    let message = message(&local, &id)?;
    if message.asker != asker.id {
        let say = "Only the person who started this race can stop it.";
        return Err(HttpRefusal::new(StatusCode::FORBIDDEN, say));
    }
    if local.arena.stop(message.id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(HttpRefusal::new(StatusCode::CONFLICT, "This race is already over."))
}

/// Starts a race of the same models with the same prompt, as a new message.
async fn again(
    State(local): State<LocalChannel>,
    connection: Extensions,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let asker = request?.0.from.asker()?;
    let record = record(&local, &id).await?;
    let models: Vec<ModelId> = record.report.lanes.iter().map(|lane| lane.card.id.clone()).collect();
    let models = (&*models, record.report.prompt.clone());
    Box::pin(start(&local, &connection, asker, models, Some(record.id))).await
}

/// Returns the full answers and reasoning.
async fn answers(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    Ok(Json(AnswersDto::of(&*record(&local, &id).await?)).into_response())
}

/// Returns the explanation of a race's result.
async fn explain(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    Ok(Json(ExplanationDto::of(&*record(&local, &id).await?)).into_response())
}

/// Returns the chart, which never changes.
async fn chart(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    let chart = message(&local, &id)?
        .chart
        .ok_or_else(|| HttpRefusal::new(StatusCode::NOT_FOUND, "This race has no chart yet."))?;
    let head =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=3600, immutable")];
    Ok((head, Bytes::from_owner(Picture(chart))).into_response())
}

/// The bytes of a chart, which all its readers share.
struct Picture(Arc<Chart>);

impl AsRef<[u8]> for Picture {
    fn as_ref(&self) -> &[u8] {
        &self.0.png
    }
}

fn message(local: &LocalChannel, id: &str) -> Result<Message, HttpRefusal> {
    local.channel.find(race_id(id)?).ok_or_else(expired)
}

fn race_id(id: &str) -> Result<RaceId, HttpRefusal> {
    RaceId::parse(id).ok_or_else(|| HttpRefusal::new(StatusCode::NOT_FOUND, "This race doesn't exist."))
}

/// The record of a race of this channel that is over.
async fn record(local: &LocalChannel, id: &str) -> Result<Arc<Record>, HttpRefusal> {
    let message = message(local, id)?;
    if !message.is_over {
        let say = "This race is still running. Try again when it's over.";
        return Err(HttpRefusal::new(StatusCode::CONFLICT, say));
    }
    if let Some(record) = local.arena.record_of(message.id) {
        return Ok(record);
    }
    message.recorded.cancelled().await;
    local.arena.record_of(message.id).ok_or_else(expired)
}

fn expired() -> HttpRefusal {
    let say = "This race has expired: only the latest races are kept. Start a new one.";
    HttpRefusal::new(StatusCode::GONE, say)
}
