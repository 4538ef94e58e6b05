//! SHELL. The board and the history of speeds: the data of their pages, their cards, pictures and files.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::{HttpRefusal, file};
use crate::{
    arena::{Overview, OverviewKind},
    command::{self, MAX_DAYS},
    model::ModelId,
    web::{
        LocalChannel, PLATFORM,
        render::{BoardDto, ReplyCard, SpeedHistoryDto},
    },
};

/// The routes of the data, the pictures and the files.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/api/board", get(board))
        .route("/api/board.png", get(board_picture))
        .route("/api/history", get(history))
        .route("/api/history.png", get(history_picture))
        .route("/api/history.csv", get(history_file))
}

/// An overview, and the query of its addresses.
pub(super) struct Addressed {
    overview: Overview,
    path: &'static str,
    query: String,
}

impl Addressed {
    pub(super) fn card(&self) -> ReplyCard<'_> {
        let Self { overview, path, query } = self;
        ReplyCard::overview(overview, &format!("/{path}{query}"), &format!("/api/{path}.png{query}"))
    }
}

/// Reads an overview of this channel.
pub(super) async fn read(local: &LocalChannel, kind: OverviewKind) -> Result<Addressed, HttpRefusal> {
    let overview = local.arena.overview(&kind, PLATFORM).await?;
    let (path, query) = match kind {
        OverviewKind::Board { days } => ("board", query(None, days)),
        OverviewKind::History { model, days } => ("history", query(model.as_ref(), days)),
    };
    Ok(Addressed { overview, path, query })
}

/// Returns the query of an address. The ids of models hold no characters that an address must escape.
fn query(model: Option<&ModelId>, days: Option<u32>) -> String {
    let model = model.map(|model| format!("model={model}"));
    let days = days.map(|days| format!("days={days}"));
    let query = model.into_iter().chain(days).collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

#[derive(Deserialize)]
struct OverviewQuery {
    model: Option<String>,
    days: Option<u32>,
}

impl OverviewQuery {
    fn model(&self, local: &LocalChannel) -> Result<Option<ModelId>, HttpRefusal> {
        let model = |model: &String| command::model(model, local.arena.cards());
        Ok(self.model.as_ref().map(model).transpose()?)
    }

    fn days(&self) -> Result<Option<u32>, HttpRefusal> {
        if self.days.is_none_or(|days| (1..=MAX_DAYS).contains(&days)) {
            return Ok(self.days);
        }
        let say = format!("The number of days must be from 1 to {MAX_DAYS}.");
        Err(HttpRefusal::new(StatusCode::BAD_REQUEST, say))
    }
}

/// Returns what the page of the board shows.
async fn board(
    State(local): State<LocalChannel>,
    Query(asked): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    let days = asked.days()?;
    let overview = local.arena.overview(&OverviewKind::Board { days }, PLATFORM).await?;
    let picture = format!("/api/board.png{}", query(None, days));
    Ok(Json(BoardDto::new(&overview, local.arena.cards(), picture)).into_response())
}

/// Returns what the page of the history shows: a sentence for each model, and the races of one.
async fn history(
    State(local): State<LocalChannel>,
    Query(asked): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    let (model, days) = (asked.model(&local)?, asked.days()?);
    let history = local.arena.speed_history(days).await?;
    Ok(Json(SpeedHistoryDto::new(&history, model.as_ref(), |model| query(Some(model), days))).into_response())
}

async fn board_picture(
    State(local): State<LocalChannel>,
    Query(asked): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    picture(&local, &OverviewKind::Board { days: asked.days()? }).await
}

async fn history_picture(
    State(local): State<LocalChannel>,
    Query(asked): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    picture(&local, &OverviewKind::History { model: asked.model(&local)?, days: asked.days()? }).await
}

/// Returns the table that `llm-arena history --export` writes.
async fn history_file(
    State(local): State<LocalChannel>,
    Query(asked): Query<OverviewQuery>,
) -> Result<Response, HttpRefusal> {
    let table = local.arena.speed_table(asked.model(&local)?, asked.days()?).await?;
    Ok(file("text/csv; charset=utf-8", "history.csv", table))
}

async fn picture(local: &LocalChannel, kind: &OverviewKind) -> Result<Response, HttpRefusal> {
    let none = || HttpRefusal::new(StatusCode::NOT_FOUND, "There is no picture yet.");
    let chart = local.arena.overview(kind, PLATFORM).await?.chart.ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], chart.png).into_response())
}
