//! The simulated models as an OpenAI-compatible server, for trying a client without a provider.
//!
//! `GET /v1/models` (and HEAD), `POST /v1/chat/completions` (streamed or whole), `GET /health`. Errors
//! have OpenAI's form; every chunk says `"simulated": true`. Wire format:
//! <https://platform.openai.com/docs/api-reference/chat>. Works over any [`ChatModel`]; must not know how
//! one makes its answer. A client that goes away drops the model's stream.

mod request;
#[cfg(test)]
mod tests;
mod wire;

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
    request::Request,
    wire::{Completion, Refusal},
};
use crate::model::{ChatModel, ModelError, Stamped};

/// A model and the names that clients may ask for it by: its id in the configuration, its name at the
/// provider. All of them are listed.
#[derive(Clone)]
pub struct Served {
    /// The names, at least one.
    pub names: Vec<String>,
    /// Who answers.
    pub model: Arc<dyn ChatModel>,
}

/// Serves `models` on `listener` until `shutdown` completes; then no new connection is taken, answers
/// under way are written to their end, and it returns.
///
/// # Errors
/// Those of the listener itself; a broken connection ends only that connection.
pub async fn serve(
    listener: TcpListener,
    models: Vec<Served>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // a token is a packet of its own: waiting to fill one would bunch them up
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    axum::serve(listener, routes(models)).with_graceful_shutdown(shutdown).await
}

fn routes(models: Vec<Served>) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/v1/models", get(list))
        .route("/v1/chat/completions", post(complete))
        .fallback(|| async { Refusal::unknown_path() })
        .method_not_allowed_fallback(|| async { Refusal::wrong_method() })
        .with_state(Arc::from(models))
}

async fn list(State(models): State<Arc<[Served]>>) -> Response {
    let names = models.iter().flat_map(|served| &served.names).map(String::as_str);
    Json(wire::models(names)).into_response()
}

async fn complete(
    State(models): State<Arc<[Served]>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body =
        body.map_err(|rejection| Refusal::unreadable(rejection.status().as_u16(), &rejection.body_text()))?;
    let request = Request::parse(&body)?;
    let served = models.iter().find(|served| served.names.contains(&request.model));
    let served = served.ok_or_else(|| Refusal::unknown_model(&request.model))?;
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

/// The data of each event, "[DONE]" included; an answer that broke off has no "[DONE]".
fn chunks(answer: Deltas, completion: Completion) -> impl Stream<Item = String> + Send + 'static {
    stream::unfold(Some((answer, completion)), |state| async move {
        let (mut answer, mut completion) = state?;
        match answer.next().await {
            Some(Ok(stamped)) => {
                let chunk = completion.chunk(&stamped.delta);
                Some((chunk.into_iter().collect(), Some((answer, completion))))
            }
            Some(Err(error)) => Some((vec![wire::stream_error(&error)], None)),
            None => Some((completion.end(), None)),
        }
    })
    .flat_map(|events: Vec<String>| stream::iter(events))
}

async fn whole(mut answer: Deltas, mut completion: Completion) -> Result<Response, Refusal> {
    while let Some(stamped) = answer.next().await {
        let stamped = stamped.map_err(|error| Refusal::failed(&error.public()))?;
        completion.take(stamped.delta);
    }
    let whole = completion.whole().ok_or_else(|| Refusal::failed(&ModelError::Truncated.public()))?;
    Ok(Json(whole).into_response())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}
