//! SHELL. The calls about one race: its message, its buttons, its parts and its exports.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State, rejection::JsonRejection},
    http::{Extensions, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::{ButtonRequest, HttpRefusal, RaceRequest, Source, file, race_id, start};
use crate::{
    arena::LookupError,
    race::{Record, json, vote::RaceKind},
    surface::Chart,
    view::results,
    web::{
        LocalChannel, PLATFORM,
        channel::Message,
        render::{AnswersDto, ExplanationDto, ReplayDto},
    },
};

/// The routes below `/api/races/`.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/api/races/{id}", get(message_json))
        .route("/api/races/{id}/stop", post(stop))
        .route("/api/races/{id}/delete", post(delete))
        .route("/api/races/{id}/again", post(again))
        .route("/api/races/{id}/answers", get(answers))
        .route("/api/races/{id}/explain", get(explain))
        .route("/api/races/{id}/chart.png", get(chart))
        .route("/api/races/{id}/replay", get(replay))
        .route("/api/races/{id}/replay.gif", get(replay_gif))
        .route("/api/races/{id}/share.png", get(share_card))
        .route("/api/races/{id}/export.json", get(export_json))
        .route("/api/races/{id}/export.md", get(export_markdown))
}

/// Returns a message as the stream sends it, also one that is no longer among the messages of the channel.
async fn message_json(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, HttpRefusal> {
    let json = if let Some(json) = local.channel.json(race_id(&id)?) {
        json
    } else {
        let record = record(&local, &id).await?;
        local.message(&record).await?.1.into()
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// Stops a live race, for the user who asked.
async fn stop(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<StatusCode, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
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

/// Deletes a finished race with its message, and the races that repeated it, for the user who asked.
async fn delete(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<StatusCode, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
    let id = race_id(&id)?;
    let owner = match local.channel.find(id) {
        Some(message) => {
            // its chart may still be drawn
            if message.is_over {
                message.recorded.cancelled().await;
            }
            message.asker
        }
        None => local.arena.channel_race(PLATFORM, id).await?.asker.id,
    };
    if owner != asker.id {
        let say = "Only the person who started this race can delete it.";
        return Err(HttpRefusal::new(StatusCode::FORBIDDEN, say));
    }
    let forgotten = local.arena.forget_race(id, &asker.id).await?;
    local.channel.remove(&forgotten.races, |message| message.id == id);
    Ok(StatusCode::NO_CONTENT)
}

/// Starts a race of the same models with the same prompt and the same turns before it, as a new message.
async fn again(
    State(local): State<LocalChannel>,
    connection: Extensions,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
    let record = decided(&local, &id).await?;
    let conversation = local.arena.conversation_before(&record).await?;
    let race = RaceRequest {
        kind: if record.report.vote.is_some() { RaceKind::Blind } else { RaceKind::Open },
        models: record.report.models(),
        prompt: record.report.prompt.clone(),
        source: Source::Again(&record),
        conversation,
    };
    Box::pin(start(&local, &connection, asker, race)).await
}

/// Returns the full answers and reasoning.
async fn answers(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    Ok(Json(AnswersDto::of(&*record(&local, &id).await?)).into_response())
}

/// Returns the explanation of a race's result.
async fn explain(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    Ok(Json(ExplanationDto::of(&*decided(&local, &id).await?)).into_response())
}

/// Returns when the tokens of each lane arrived.
async fn replay(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    let record = replayable(&local, &id).await?;
    Ok(Json(ReplayDto::of(&record)).into_response())
}

/// Returns the replay as an animated picture.
async fn replay_gif(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, HttpRefusal> {
    let record = replayable(&local, &id).await?;
    let replay = local.arena.replay_of(&record).await.ok_or_else(not_drawn)?;
    Ok(file("image/gif", &results::replay_name(&record.id.brief()), replay.gif))
}

/// Returns the picture of the result that is made to be shown elsewhere.
async fn share_card(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, HttpRefusal> {
    let record = record(&local, &id).await?;
    let card = local.arena.share_card_of(&record).await.ok_or_else(not_drawn)?;
    Ok(file("image/png", &results::share_name(&record.id.brief()), card.png))
}

/// Returns a race that has a replay.
async fn replayable(local: &LocalChannel, id: &str) -> Result<Arc<Record>, HttpRefusal> {
    let record = Box::pin(record(local, id)).await?;
    let none = "This race can't be replayed: fewer than two of its models wrote something, or it is older than replays.";
    if record.report.is_replayable() {
        Ok(record)
    } else {
        Err(HttpRefusal::new(StatusCode::NOT_FOUND, none))
    }
}

fn not_drawn() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The picture couldn't be drawn. Try again in a moment.",
    )
}

/// Returns the race as `compare --json` prints it.
async fn export_json(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, HttpRefusal> {
    let record = record(&local, &id).await?;
    let mut body = serde_json::to_string_pretty(&json::Race::of(&record)).unwrap_or_default();
    body.push('\n');
    Ok(file("application/json", &format!("race-{}.json", record.id.brief()), body))
}

/// Returns the race as a Markdown file with every answer.
async fn export_markdown(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, HttpRefusal> {
    let record = record(&local, &id).await?;
    let brief = record.id.brief();
    let body = results::markdown_file(&brief, &record.asker.name, record.started_at, &record.report);
    Ok(file("text/markdown; charset=utf-8", &results::file_name(&brief), body))
}

/// Returns the chart, which never changes. That of a race from before this start is drawn when it is first asked for.
async fn chart(State(local): State<LocalChannel>, Path(id): Path<String>) -> Result<Response, HttpRefusal> {
    let chart = match local.channel.find(race_id(&id)?).and_then(|message| message.chart) {
        Some(chart) => chart,
        None => drawn(&local, &Box::pin(decided(&local, &id)).await?).await?,
    };
    let head =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=3600, immutable")];
    Ok((head, Bytes::from_owner(Picture(chart))).into_response())
}

async fn drawn(local: &LocalChannel, record: &Arc<Record>) -> Result<Arc<Chart>, HttpRefusal> {
    let none = || HttpRefusal::new(StatusCode::NOT_FOUND, "This race has no chart.");
    let chart = Arc::new(local.arena.chart_of(record).await.ok_or_else(none)?);
    local.channel.keep_chart(record.id, &chart);
    Ok(chart)
}

/// The bytes of a chart, which all its readers share.
struct Picture(Arc<Chart>);

impl AsRef<[u8]> for Picture {
    fn as_ref(&self) -> &[u8] {
        &self.0.png
    }
}

fn message(local: &LocalChannel, id: &str) -> Result<Message, HttpRefusal> {
    local.channel.find(race_id(id)?).ok_or_else(|| LookupError::Expired.into())
}

/// The record of a race of this channel whose lanes are over, from memory or from the store; without its names while its
/// vote is open.
pub(super) async fn record(local: &LocalChannel, id: &str) -> Result<Arc<Record>, HttpRefusal> {
    let id = race_id(id)?;
    if let Some(message) = local.channel.find(id) {
        if message.is_over && local.arena.record_of(id).is_none() {
            message.recorded.cancelled().await;
        }
        if let Some(record) = local.arena.in_memory(id).await? {
            return Ok(record);
        }
    }
    Ok(Arc::new(local.arena.channel_race(PLATFORM, id).await?))
}

/// The [`record`] of a race, unless its vote is open: what follows from its numbers would tell who wrote what.
async fn decided(local: &LocalChannel, id: &str) -> Result<Arc<Record>, HttpRefusal> {
    let record = record(local, id).await?;
    if record.report.vote.as_ref().is_some_and(|vote| vote.is_open) {
        let say = "The vote on this race is still open. Try again when it's closed.";
        return Err(HttpRefusal::new(StatusCode::CONFLICT, say));
    }
    Ok(record)
}
