//! SHELL. The calls of a blind race: ballots, and the end of its vote.

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;

use super::{ButtonRequest, HttpRefusal, race_id, visitor::Visitor};
use crate::{
    arena::VoteError,
    race::{
        RaceId,
        vote::{Choice, Label},
    },
    web::LocalChannel,
};

/// The word in place of the second best answer where there is none.
const NO_SECOND: &str = "none";

/// The routes below `/api/races/` that votes have.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new().route("/api/races/{id}/ballot", post(ballot)).route("/api/races/{id}/close", post(close))
}

/// A ballot.
#[derive(Deserialize)]
struct BallotRequest {
    from: Visitor,
    /// The letter of the best answer; none is good where it is missing.
    best: Option<String>,
    /// The letter of the second best answer, or [`NO_SECOND`]; missing while the voter has not decided.
    second: Option<String>,
}

impl BallotRequest {
    /// Returns the choice, and true if nothing is left to decide.
    fn choice(&self) -> Result<(Choice, bool), HttpRefusal> {
        let label = |text: &str| {
            Label::parse(text)
                .ok_or_else(|| HttpRefusal::new(StatusCode::BAD_REQUEST, "This vote has no such answer."))
        };
        let Some(best) = &self.best else { return Ok((Choice::NoneGood, true)) };
        let second = self.second.as_deref().filter(|second| *second != NO_SECOND).map(label).transpose()?;
        Ok((Choice::Best(label(best)?, second), self.second.is_some()))
    }
}

/// Stores the visitor's ballot in place of their earlier one, and says it back to them alone. Where they are the only
/// visitor, a whole ballot closes the vote.
async fn ballot(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    request: Result<Json<BallotRequest>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let request = request?.0;
    let voter = request.from.asker(&local)?;
    let (id, (choice, is_whole)) = (race_id(&id)?, request.choice()?);
    checked(&local, id, local.arena.cast(id, &voter.id, choice).await).await?;
    // others may close it at the same moment
    let is_closed = is_whole
        && local.audience.is_only(&voter.id)
        && local.arena.close_vote_for(id, &voter.id, false, "").await.is_ok();
    let (best, second) = match choice {
        Choice::Best(best, second) => (Some(best.to_string()), second.map(|second| second.to_string())),
        Choice::NoneGood => (None, None),
    };
    let body = serde_json::json!({ "best": best, "second": second, "whole": is_whole, "closed": is_closed });
    Ok(Json(body).into_response())
}

/// Closes the vote, for the visitor who asked.
async fn close(
    State(local): State<LocalChannel>,
    Path(id): Path<String>,
    request: Result<Json<ButtonRequest>, JsonRejection>,
) -> Result<StatusCode, HttpRefusal> {
    let asker = request?.0.from.asker(&local)?;
    let id = race_id(&id)?;
    checked(&local, id, local.arena.close_vote_for(id, &asker.id, false, "").await).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns `done`. Where the vote is closed, and another process closed it, every tab gets the race's end.
async fn checked<T>(local: &LocalChannel, id: RaceId, done: Result<T, VoteError>) -> Result<T, HttpRefusal> {
    if matches!(done, Err(VoteError::Closed)) {
        local.catch_up(id).await;
    }
    Ok(done?)
}
