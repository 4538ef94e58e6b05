//! An OpenAI-compatible server for the simulated models, to try a client without a provider.
//!
//! `GET /v1/models` (and HEAD), `POST /v1/chat/completions` (streamed or whole), `GET /health`. Errors
//! have OpenAI's form; every chunk has `"simulated": true`. Wire format:
//! <https://platform.openai.com/docs/api-reference/chat>.
//!
//! ```text
//! body ─request─▶ prompt ─ChatModel─▶ deltas ─response─▶ chunks or one completion
//! ```
//!
//! It serves any [`ChatModel`]. When a client disconnects, the model's stream is dropped.

mod request;
mod response;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, future::Future, io, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{StatusCode, header::HeaderName},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
    serve::ListenerExt,
};
use futures::{
    StreamExt,
    stream::{self, BoxStream, Stream},
};
use tokio::net::TcpListener;

use self::{
    request::CompletionRequest,
    response::{ApiError, Completion},
};
use crate::model::{ChatModel, ModelError, Stamped};

/// A model and its names for clients: its id in the configuration and its name at the provider.
#[derive(Clone)]
pub struct ServedModel {
    /// The names, at least one. All are listed.
    pub names: Vec<String>,
    /// The model that answers.
    pub model: Arc<dyn ChatModel>,
}

/// Serves `models` on `listener` until `shutdown` completes. Then it accepts no new connections, finishes
/// the answers in progress and returns.
///
/// # Errors
/// Returns an error if the listener fails; a broken connection ends only itself.
pub async fn serve(
    listener: TcpListener,
    models: Vec<ServedModel>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // send each token in its own packet: Nagle's algorithm would bunch them up
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
    });
    axum::serve(listener, routes(models)).with_graceful_shutdown(shutdown).await
}

fn routes(models: Vec<ServedModel>) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/v1/models", get(list))
        .route("/v1/chat/completions", post(complete))
        .fallback(|| async { ApiError::unknown_path() })
        .method_not_allowed_fallback(|| async { ApiError::wrong_method() })
        .with_state(Arc::from(models))
}

async fn list(State(models): State<Arc<[ServedModel]>>) -> Response {
    let names = models.iter().flat_map(|served| &served.names).map(String::as_str);
    Json(response::models(names)).into_response()
}

async fn complete(
    State(models): State<Arc<[ServedModel]>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|rejection| {
        ApiError::unreadable_body(rejection.status().as_u16(), &rejection.body_text())
    })?;
    let request = CompletionRequest::parse(&body)?;
    let served = models.iter().find(|served| served.names.contains(&request.model));
    let served = served.ok_or_else(|| ApiError::unknown_model(&request.model))?;
    let answer = served.model.stream(Arc::new(request.prompt()));
    let completion = Completion::new(&request);
    if request.stream { Ok(streamed(answer, completion)) } else { whole(answer, completion).await }
}

type Deltas = BoxStream<'static, Result<Stamped, ModelError>>;

fn streamed(answer: Deltas, completion: Completion) -> Response {
    const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
    let events = chunks(answer, completion).map(|data| Ok::<_, Infallible>(Event::default().data(data)));
    ([(UNBUFFERED, "no")], Sse::new(events)).into_response()
}

/// Returns the data of each event, including the final "[DONE]", which a truncated answer doesn't have.
fn chunks(answer: Deltas, completion: Completion) -> impl Stream<Item = String> + Send + 'static {
    stream::unfold(Some((answer, completion)), |state| async move {
        let (mut answer, mut completion) = state?;
        match answer.next().await {
            Some(Ok(stamped)) => {
                let chunk = completion.chunk(&stamped.delta);
                Some((chunk.into_iter().collect(), Some((answer, completion))))
            }
            Some(Err(error)) => Some((vec![response::stream_error(&error)], None)),
            None => Some((completion.end(), None)),
        }
    })
    .flat_map(|events: Vec<String>| stream::iter(events))
}

async fn whole(mut answer: Deltas, mut completion: Completion) -> Result<Response, ApiError> {
    while let Some(stamped) = answer.next().await {
        let stamped = stamped.map_err(|error| ApiError::model_failed(&error.public()))?;
        completion.push(stamped.delta);
    }
    let whole = completion.whole().ok_or_else(|| ApiError::model_failed(&ModelError::Truncated.public()))?;
    Ok(Json(whole).into_response())
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}
