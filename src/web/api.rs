//! SHELL. The calls of the page: commands, buttons, and the event stream.
//!
//! A refusal is JSON, `{"say": "..."}`, for the tab that sent the request.

mod address_limit;
mod canaries;
mod follow_up;
mod overviews;
mod races;
mod start;
mod visitor;
mod votes;

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, Query, State, rejection::JsonRejection},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{Stream, StreamExt};
use serde::Deserialize;

pub(super) use self::{address_limit::AddressLimit, visitor::Audience};
use self::{
    follow_up::FollowUpRequest,
    start::{FileRequest, RaceRequest, Source, start},
    visitor::Visitor,
};
use super::{
    LocalChannel,
    channel::Position,
    render::{self, LineupDto, ReplyCard},
};
use crate::{
    arena::{LookupError, OverviewKind, Refused, VoteError, forget_reply},
    attachment::MAX_TOTAL_BYTES,
    command::{self, Command, CommandError, PersonaCommand},
    model::ModelId,
    race::{Asker, RaceId, vote::RaceKind},
    view::text,
};

/// The path that takes a command with files.
pub(crate) const FILES_PATH: &str = "/api/command-with-files";
/// The most bytes of its bodies: the files in Base64, and the prompt.
pub(crate) const MAX_FILES_BODY: usize = MAX_TOTAL_BYTES / 3 * 4 + (256 << 10);

/// The time that providers get to list their models.
const LISTING_TIMEOUT: Duration = Duration::from_secs(3);

/// The routes below `/api/`.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/api/channel", get(channel))
        .route("/api/lineup", get(lineup))
        .route("/api/messages", get(messages))
        .route("/api/command", post(command))
        .route(FILES_PATH, post(command).layer(DefaultBodyLimit::max(MAX_FILES_BODY)))
        .route("/api/visitor", post(visitor))
        .merge(canaries::routes())
        .merge(overviews::routes())
        .merge(races::routes())
        .merge(votes::routes())
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
    /// The seconds after which the same request may succeed.
    retry_after: Option<u64>,
}

impl HttpRefusal {
    pub(super) fn new(status: StatusCode, say: impl Into<String>) -> Self {
        Self { status, say: say.into(), question: None, retry_after: None }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({ "say": text::plain(&self.say) });
        if let Some(question) = self.question {
            body["question"] = text::plain(&question).into();
        }
        if let Some(seconds) = self.retry_after {
            body["retry_after"] = seconds.into();
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
        let retry_after = if let Refused::TooFast { seconds, .. } = refused { Some(seconds) } else { None };
        let status = match refused {
            Refused::EmptyPrompt
            | Refused::ModelGone
            | Refused::TooManyLanes { .. }
            | Refused::TooFewForVote
            | Refused::Attachment(_)
            | Refused::CannotSee { .. }
            | Refused::FilesDiffer => StatusCode::BAD_REQUEST,
            Refused::FilesGone { .. } => StatusCode::GONE,
            Refused::PromptTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refused::NotPermitted(_) => StatusCode::FORBIDDEN,
            Refused::Busy { .. }
            | Refused::TooFast { .. }
            | Refused::TooManyRaces { .. }
            | Refused::ProviderBusy { .. }
            | Refused::BudgetSpent { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refused::Duplicate => StatusCode::CONFLICT,
            Refused::NoModels | Refused::Restarting | Refused::StoreUnavailable | Refused::NoVotes => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self { retry_after, ..Self::new(status, refused.to_string()) }
    }
}

impl From<LookupError> for HttpRefusal {
    fn from(error: LookupError) -> Self {
        let (status, say) = match error {
            LookupError::Running => {
                (StatusCode::CONFLICT, "This race is still running. Try again when it's over.")
            }
            LookupError::Expired => {
                (StatusCode::GONE, "This race has expired: only the latest races are kept. Start a new one.")
            }
            LookupError::Deleted => (
                StatusCode::GONE,
                "The prompt and answers of this race are gone: they were deleted, or never stored. Start a new one.",
            ),
            LookupError::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "The database is unavailable. Try again in a minute.")
            }
        };
        Self::new(status, say)
    }
}

impl From<VoteError> for HttpRefusal {
    fn from(error: VoteError) -> Self {
        match error {
            VoteError::Closed => Self::new(StatusCode::CONFLICT, error.to_string()),
            VoteError::UnknownLabel => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            VoteError::NotYours { .. } => {
                Self::new(StatusCode::FORBIDDEN, "Only the person who started this race can close its vote.")
            }
            VoteError::Lookup(LookupError::Running) => {
                Self::new(StatusCode::CONFLICT, "The answers aren't ready yet. Vote when they are.")
            }
            VoteError::Lookup(error) => error.into(),
        }
    }
}

/// A typed line.
#[derive(Deserialize)]
struct CommandRequest {
    text: String,
    /// The models that the visitor picked, for a race that names none.
    #[serde(default)]
    models: Vec<String>,
    /// The files of a race; only [`FILES_PATH`] takes bodies of their size.
    #[serde(default)]
    files: Vec<FileRequest>,
    /// The race that it continues.
    continues: Option<FollowUpRequest>,
    from: Visitor,
}

/// A pressed button.
#[derive(Deserialize)]
struct ButtonRequest {
    from: Visitor,
}

/// Streams the messages as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>):
/// `snapshot` holds the newest of them, `message` a new or changed one, `removed` the ids of those that were removed.
async fn channel(
    State(local): State<LocalChannel>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let Some(permit) = local.channel.stream_permit() else {
        let say =
            "Too many tabs are open on this channel. Close some of them; this page tries again by itself.";
        return Err(HttpRefusal::new(StatusCode::SERVICE_UNAVAILABLE, say));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = last.or(after.as_deref()).and_then(Position::parse);
    // the stream keeps its permit
    let events = Arc::clone(&local.channel).follow(seen).inspect(move |_| _ = &permit);
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((head, streamed(events)).into_response())
}

/// Returns the tag that the visitor's own messages carry.
async fn visitor(
    State(local): State<LocalChannel>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
    Ok(Json(serde_json::json!({ "owner": render::owner(&asker.id) })).into_response())
}

/// The position of a tab whose browser lost it with the connection.
#[derive(Deserialize)]
struct After {
    after: Option<String>,
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
    Json(LineupDto::new(local.arena.cards(), &local.examples, &local.missing_keys)).into_response()
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
    CommandRequest { text, models, files, continues, from }: CommandRequest,
) -> Result<Response, HttpRefusal> {
    let asker = from.asker(&local)?;
    let (kind, named, prompt) = match command::parse(&text, local.arena.cards())? {
        Command::Compare { models, prompt } => (RaceKind::Open, models, prompt),
        Command::Blind { models, prompt } => (RaceKind::Blind, models, prompt),
        Command::Ask { model, prompt } => (RaceKind::Open, vec![model], prompt),
        other => return card(&local, &asker, other).await,
    };
    let files = files.into_iter().map(FileRequest::upload).collect::<Result<Vec<_>, _>>()?;
    let (conversation, chosen) = match continues {
        Some(continues) => {
            let (conversation, models) = continues.read(&local).await?;
            (Some(conversation), models)
        }
        None => (None, models.iter().map(|id| ModelId::new(id)).collect()),
    };
    let models = if named.is_empty() { chosen } else { named };
    let race = RaceRequest { kind, models, prompt, source: Source::Typed(files), conversation };
    start(&local, &connection, asker, race).await
}

/// Returns the card with which a command that starts no race is answered.
async fn card(local: &LocalChannel, asker: &Asker, command: Command) -> Result<Response, HttpRefusal> {
    let (entrants, overview, canaries);
    let card = match command {
        Command::Models => {
            entrants = local.arena.entrants(LISTING_TIMEOUT).await;
            ReplyCard::models(&entrants)
        }
        Command::Board { days } => {
            overview = overviews::read(local, OverviewKind::Board { days }).await?;
            overview.card()
        }
        Command::History { model, days } => {
            overview = overviews::read(local, OverviewKind::History { model, days }).await?;
            overview.card()
        }
        Command::Persona(command) => ReplyCard::notice(persona(local, command).await),
        Command::Watch => {
            canaries = local.arena.canaries().await?;
            ReplyCard::watch(&canaries)
        }
        Command::Examples => ReplyCard::examples(&local.examples),
        Command::Forget => ReplyCard::notice(forget(local, &asker.id).await),
        Command::Help | Command::Compare { .. } | Command::Blind { .. } | Command::Ask { .. } => {
            ReplyCard::help(local.arena.cards())
        }
    };
    Ok(Json(serde_json::json!({ "card": card })).into_response())
}

/// Shows or changes the persona of the channel, which everyone may.
async fn persona(local: &LocalChannel, command: PersonaCommand) -> String {
    match command {
        PersonaCommand::Show => local.arena.show_persona(super::PLATFORM).await,
        PersonaCommand::Set(id) => local.arena.set_persona(super::PLATFORM, &id).await,
        PersonaCommand::Clear => local.arena.clear_persona(super::PLATFORM).await,
    }
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

fn race_id(id: &str) -> Result<RaceId, HttpRefusal> {
    RaceId::parse(id).ok_or_else(|| HttpRefusal::new(StatusCode::NOT_FOUND, "This race doesn't exist."))
}

/// A response that browsers save under `name`.
fn file(media: &'static str, name: &str, body: impl Into<Bytes>) -> Response {
    let head: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (head, body.into()).into_response()
}
