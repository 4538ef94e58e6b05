//! SHELL. The buttons of canaries. Everyone on this channel may press them.

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};

use super::{ButtonRequest, HttpRefusal};
use crate::web::{LocalChannel, render::ReplyCard};

/// The routes below `/api/canaries/`.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new().route("/api/canaries/{key}/{action}", post(change))
}

/// Runs, pauses or resumes a canary, and returns the card of all canaries.
async fn change(
    State(local): State<LocalChannel>,
    Path((key, action)): Path<(String, String)>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
    let unknown =
        || HttpRefusal::new(StatusCode::NOT_FOUND, "This canary is no longer in the configuration.");
    let key = u64::from_str_radix(&key, 16).map_err(|_| unknown())?;
    let is_known = match action.as_str() {
        "run" => local.arena.run_canary_now(key, None).await?,
        "pause" => local.arena.pause_canary(key, Some(&asker)).await?,
        "resume" => local.arena.pause_canary(key, None).await?,
        _ => false,
    };
    if !is_known {
        return Err(unknown());
    }
    let canaries = local.arena.canaries().await?;
    Ok(Json(serde_json::json!({ "card": ReplyCard::watch(&canaries) })).into_response())
}
