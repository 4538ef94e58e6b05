//! SHELL. Starting a race, with the files that came with its command or those of the race that it repeats.

use std::{future::ready, sync::Arc};

use axum::{
    Json,
    http::{Extensions, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use tokio::time::Instant;

use super::{HttpRefusal, address};
use crate::{
    arena::{ExpectedFile, Origin},
    attachment::Upload,
    model::ModelId,
    race::{Asker, Record, conversation::Conversation, vote::RaceKind},
    web::{LocalChannel, PLATFORM, render, surface::WebSurface},
};

/// An attached file.
#[derive(Deserialize)]
pub(super) struct FileRequest {
    name: String,
    #[serde(default, rename = "type")]
    declared: String,
    /// Its bytes in Base64.
    data: String,
}

impl FileRequest {
    /// Returns the file as the arena reads it.
    pub(super) fn upload(self) -> Result<Upload, HttpRefusal> {
        let bytes = BASE64_STANDARD.decode(self.data).map_err(|_| {
            HttpRefusal::new(
                StatusCode::BAD_REQUEST,
                "A file arrived damaged. Reload the page and try again.",
            )
        })?;
        Ok(Upload { name: self.name, declared: self.declared, bytes })
    }
}

/// The origin of a race's files.
pub(super) enum Source<'a> {
    /// They came with the prompt.
    Typed(Vec<Upload>),
    /// They are those of the race that is repeated.
    Again(&'a Record),
}

/// A race that a visitor asks for.
pub(super) struct RaceRequest<'a> {
    pub(super) kind: RaceKind,
    /// The models; all if none is named.
    pub(super) models: Vec<ModelId>,
    pub(super) prompt: String,
    pub(super) source: Source<'a>,
    /// The turns before it.
    pub(super) conversation: Option<Conversation>,
}

/// Starts a race as a new message.
pub(super) async fn start(
    local: &LocalChannel,
    connection: &Extensions,
    asker: Asker,
    RaceRequest { kind, models, prompt, source, conversation }: RaceRequest<'_>,
) -> Result<Response, HttpRefusal> {
    let owner = asker.id.clone();
    let (expected, stored) = match &source {
        Source::Typed(uploads) => (uploads.iter().map(ExpectedFile::of).collect(), vec![]),
        Source::Again(record) => local.arena.files_of(record).await?,
    };
    let mut admitted = local
        .address_limit
        .start(address(connection), Instant::now(), || local.arena.admit(asker, &models, prompt))?;
    if let Source::Again(original) = &source {
        admitted = admitted.repeating(original.id);
    }
    admitted = admitted.of_kind(kind);
    let mut parent_prompt = None;
    if let Some(conversation) = conversation {
        let prompt = conversation.turns.last().and_then(|turn| turn.prompt.as_deref());
        parent_prompt = prompt.map(render::excerpt);
        admitted = admitted.continuing(conversation, local.arena.cards());
    }
    admitted = local.arena.expect_files(admitted, expected)?;
    let origin = Origin {
        platform: PLATFORM,
        server: PLATFORM.into(),
        channel: Some(PLATFORM.into()),
        // a message of the channel is found by its race; a reference makes an open vote go on after a restart
        message_ref: Some(PLATFORM.into()),
        ..Origin::default()
    };
    let recorded = local.arena.record(admitted, &origin).await?;
    let recorded = match source {
        _ if !recorded.awaits_files() => recorded,
        Source::Typed(uploads) => local.arena.attach(recorded, ready(Ok(uploads))).await?,
        Source::Again(_) => local.arena.attach_read(recorded, Ok(stored)).await?,
    };
    let id = recorded.id();
    let (arena, mut surface) = (Arc::clone(&local.arena), WebSurface::new(local, id, owner, parent_prompt));
    local.arena.spawn(async move {
        arena.race(recorded, &mut surface).await;
    });
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({ "message": id.to_string() }))).into_response())
}
