//! The buttons under a message, and its chart.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Refusal, Visitor, commands};
use crate::{
    model::ModelId,
    race::{RaceId, Record},
    web::{
        LocalChannel,
        channel::Message,
        render::{AnswersDto, ExplanationDto},
    },
};

/// Who pressed a button.
#[derive(Deserialize)]
pub(super) struct Press {
    from: Visitor,
}

/// Ends a live race; for the one who asked.
pub(super) async fn stop(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    press: Result<Json<Press>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let asker = press?.0.from.asker()?;
    let message = message(&local, &id)?;
    if message.asker != asker.id {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Only the one who asked can stop this race."));
    }
    if local.arena.stop(message.id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::new(StatusCode::CONFLICT, "This race is already over."))
}

/// Asks the same models the same thing again, in a new message.
pub(super) async fn again(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    press: Result<Json<Press>, JsonRejection>,
) -> Result<Response, Refusal> {
    let asker = press?.0.from.asker()?;
    let record = record(&local, &id).await?;
    let models: Vec<ModelId> = record.report.lanes.iter().map(|lane| lane.card.id.clone()).collect();
    commands::start(&local, asker, &models, record.report.prompt.clone()).await
}

/// Every answer whole, the reasoning too.
pub(super) async fn answers(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(Json(AnswersDto::of(&*record(&local, &id).await?)).into_response())
}

/// What the race teaches, at length.
pub(super) async fn explain(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(Json(ExplanationDto::of(&*record(&local, &id).await?)).into_response())
}

/// The chart. A race's chart never changes.
pub(super) async fn chart(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let chart = message(&local, &id)?
        .chart
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "This race has no chart (yet)."))?;
    let head =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=3600, immutable")];
    Ok((head, chart.png.clone()).into_response())
}

fn message(local: &LocalChannel, id: &str) -> Result<Message, Refusal> {
    local.channel.find(race(id)?).ok_or_else(expired)
}

/// What is remembered of a race of this channel that is over.
async fn record(local: &LocalChannel, id: &str) -> Result<Arc<Record>, Refusal> {
    let message = message(local, id)?;
    if !message.over {
        let say = "This race is still running. Try again when it is over.";
        return Err(Refusal::new(StatusCode::CONFLICT, say));
    }
    if let Some(record) = local.arena.record(message.id) {
        return Ok(record);
    }
    message.remembered.cancelled().await;
    local.arena.record(message.id).ok_or_else(expired)
}

fn race(id: &str) -> Result<RaceId, Refusal> {
    RaceId::parse(id).ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "There is no such race."))
}

fn expired() -> Refusal {
    Refusal::new(StatusCode::GONE, "This race has expired: only the newest ones are kept. Start a new one.")
}
