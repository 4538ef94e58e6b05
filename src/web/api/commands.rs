//! Lines that people type.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Refusal, Visitor};
use crate::{
    arena::{Origin, Permit, Refused},
    command::{self, Command},
    model::ModelId,
    race::Asker,
    web::{LocalChannel, cards, surface::WebSurface},
};

/// How long the providers may take to say what they list.
const PATIENCE: Duration = Duration::from_secs(3);

/// A typed line and who typed it.
#[derive(Deserialize)]
pub(super) struct Line {
    text: String,
    from: Visitor,
}

/// What the page needs to know before anybody types: models, commands, examples.
pub(super) async fn lineup(State(local): State<LocalChannel>) -> Response {
    Json(cards::lineup(local.arena.cards(), &local.examples)).into_response()
}

/// Reads a line. 202 and the message's id when a race starts, 200 and a card for the asker alone when
/// something is to be read, else a refusal.
pub(super) async fn command(
    State(local): State<LocalChannel>,
    line: Result<Json<Line>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(Line { text, from }) = line?;
    let asker = from.asker()?;
    let said = command::parse(&text, local.arena.cards())
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let entrants;
    let card = match said {
        Command::Compare { models, prompt } => return start(&local, asker, &models, prompt).await,
        Command::Ask { model, prompt } => return start(&local, asker, &[model], prompt).await,
        Command::Models => {
            entrants = local.arena.entrants(PATIENCE).await;
            cards::models(&entrants)
        }
        Command::Examples => cards::examples(&local.examples),
        Command::Help => cards::help(local.arena.cards()),
        Command::Forget => cards::notice(local.arena.forgotten(&asker.id).await),
    };
    Ok(Json(serde_json::json!({ "card": card })).into_response())
}

/// Starts a race as a new message.
pub(super) async fn start(
    local: &LocalChannel,
    asker: Asker,
    models: &[ModelId],
    prompt: String,
) -> Result<Response, Refusal> {
    let owner = asker.id.clone();
    let permit = local.arena.admit(asker, models, prompt)?;
    let origin = Origin { platform: "web", server: "web".into(), ..Origin::default() };
    let permit = local.arena.enter(permit, &origin).await?;
    let id = permit.id();
    run(local, permit, owner);
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({ "message": id.to_string() }))).into_response())
}

fn run(local: &LocalChannel, permit: Permit, owner: String) {
    let arena = Arc::clone(&local.arena);
    let mut surface = WebSurface::new(Arc::clone(&local.channel), permit.id(), owner);
    local.arena.spawn(async move {
        arena.race(permit, &mut surface).await;
    });
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::EmptyPrompt | Refused::ModelGone | Refused::TooManyLanes { .. } => {
                StatusCode::BAD_REQUEST
            }
            Refused::PromptTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refused::NotOpen(_) => StatusCode::FORBIDDEN,
            Refused::Busy { .. }
            | Refused::TooFast { .. }
            | Refused::OneAtATime { .. }
            | Refused::ProviderBusy { .. }
            | Refused::Spent { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refused::Duplicate => StatusCode::CONFLICT,
            Refused::NoModels | Refused::Restarting | Refused::Forgetful => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, refused.to_string())
    }
}
