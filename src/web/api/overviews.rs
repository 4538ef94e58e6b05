//! SHELL. The board and the history of speeds, and their pictures.

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::HttpRefusal;
use crate::{
    arena::{Overview, OverviewKind},
    command::{self, MAX_DAYS},
    web::{LocalChannel, PLATFORM, render::ReplyCard},
};

/// The routes of the pictures.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new().route("/api/board.png", get(board)).route("/api/history.png", get(history))
}

/// An overview, and the address of its picture.
pub(super) struct Addressed {
    overview: Overview,
    url: String,
}

impl Addressed {
    pub(super) fn card(&self) -> ReplyCard<'_> {
        ReplyCard::overview(&self.overview, &self.url)
    }
}

/// Reads an overview of this channel.
pub(super) async fn read(local: &LocalChannel, kind: OverviewKind) -> Result<Addressed, HttpRefusal> {
    let overview = local.arena.overview(&kind, PLATFORM).await?;
    Ok(Addressed { overview, url: url(&kind) })
}

/// Returns the address of a picture. The ids of models hold no characters that an address must escape.
fn url(kind: &OverviewKind) -> String {
    let (path, model, days) = match kind {
        OverviewKind::Board { days } => ("board", None, days),
        OverviewKind::History { model, days } => ("history", model.as_ref(), days),
    };
    let model = model.map(|model| format!("model={model}"));
    let days = days.map(|days| format!("days={days}"));
    let query = model.into_iter().chain(days).collect::<Vec<_>>().join("&");
    if query.is_empty() { format!("/api/{path}.png") } else { format!("/api/{path}.png?{query}") }
}

#[derive(Deserialize)]
struct OverviewQuery {
    model: Option<String>,
    days: Option<u32>,
}

async fn board(
    State(local): State<LocalChannel>,
    Query(OverviewQuery { days, .. }): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    picture(&local, &OverviewKind::Board { days: valid(days)? }).await
}

async fn history(
    State(local): State<LocalChannel>,
    Query(OverviewQuery { model, days }): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    let model = model.map(|model| command::model(&model, local.arena.cards())).transpose()?;
    picture(&local, &OverviewKind::History { model, days: valid(days)? }).await
}

fn valid(days: Option<u32>) -> Result<Option<u32>, HttpRefusal> {
    if days.is_none_or(|days| (1..=MAX_DAYS).contains(&days)) {
        return Ok(days);
    }
    let say = format!("The number of days must be from 1 to {MAX_DAYS}.");
    Err(HttpRefusal::new(StatusCode::BAD_REQUEST, say))
}

async fn picture(local: &LocalChannel, kind: &OverviewKind) -> Result<Response, HttpRefusal> {
    let none = || HttpRefusal::new(StatusCode::NOT_FOUND, "There is no picture yet.");
    let chart = local.arena.overview(kind, PLATFORM).await?.chart.ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], chart.png).into_response())
}
