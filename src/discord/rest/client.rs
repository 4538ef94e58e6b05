//! SHELL. The HTTP client: one request, one response, bounded in size and time.

use std::{error::Error, io, iter, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
    multipart::{Form, Part},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{RateLimiter, Rest, error::RestError, route::Route};
use crate::platform::{http_client, read_body};

/// `DiscordBot ($url, $versionNumber)` (<https://docs.discord.com/developers/reference#user-agent>) with the program's
/// name for the URL, which Discord accepts: the program has no public page, and a made-up one would mislead.
const USER_AGENT: &str = concat!("DiscordBot (llm-arena, ", env!("CARGO_PKG_VERSION"), ")");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest response body that is read: a hundred commands with all their texts fit.
const MAX_BODY: usize = 2 << 20;

/// One call: its address and content.
#[derive(Clone)]
pub(crate) struct Request {
    /// The address.
    pub(crate) route: Route,
    /// The JSON body, if the route takes one.
    pub(crate) body: Option<Value>,
    /// Uploads: with them the body is sent as `payload_json` beside `files[0]`, `files[1]` ...
    /// <https://docs.discord.com/developers/reference#uploading-files>
    pub(crate) files: Vec<File>,
}

/// One upload.
#[derive(Clone)]
pub(crate) struct File {
    /// The name that users see and that `attachment://` refers to.
    pub(crate) name: String,
    /// Its media type, such as `image/png`.
    pub(crate) mime: &'static str,
    /// The content.
    pub(crate) bytes: Bytes,
}

impl Request {
    /// A call without a body.
    #[must_use]
    pub(crate) fn new(route: Route) -> Self {
        Self { route, body: None, files: Vec::new() }
    }

    /// A call with a JSON body.
    #[must_use]
    pub(crate) fn json(route: Route, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(route) }
    }

    /// Returns this call with uploads.
    #[must_use]
    pub(crate) fn with_files(self, files: Vec<File>) -> Self {
        Self { files, ..self }
    }
}

/// A response of any status.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// `None` if it was cut off or is too large.
    pub(super) body: Option<Vec<u8>>,
    /// The time at which its head arrived.
    pub(super) at: Instant,
}

impl Rest {
    /// Creates a client of the API at `origin` (scheme, host, port; `/api/v10` is added) for the bot of `token`. It calls
    /// no other address: there are no redirects, and no proxy of this machine.
    ///
    /// # Errors
    /// [`RestError::Unauthorized`] for a token that no header can hold, [`RestError::Transport`] without TLS or for
    /// an origin that cannot have a path.
    pub(crate) fn new(origin: &Url, token: &SecretString) -> Result<Self, RestError> {
        let base = below(origin, ["api", "v10"].into_iter());
        if base.cannot_be_a_base() {
            return Err(RestError::transport("the API's address cannot hold a path"));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bot {}", token.expose_secret()))
            .map_err(|_| RestError::Unauthorized)?;
        authorization.set_sensitive(true);
        let http = http_client(CONNECT_TIMEOUT)
            .map_err(RestError::transport)?
            .pool_idle_timeout(Duration::from_mins(1))
            .user_agent(USER_AGENT)
            .build()
            .map_err(failed)?;
        Ok(Self { http, base, authorization, limiter: RateLimiter::default() })
    }

    /// Sends `request` and reads the response, within `timeout`.
    pub(super) async fn exchange(&self, request: &Request, timeout: Duration) -> Result<Received, RestError> {
        let Request { route, body, files } = request;
        let method: Method = route.method().parse().map_err(RestError::transport)?;
        let address = below(&self.base, route.segments().iter().map(String::as_str));
        let mut builder = self.http.request(method, address).timeout(timeout);
        if !route.is_interaction() {
            builder = builder.header(AUTHORIZATION, self.authorization.clone());
        }
        let json = body.as_ref().map(serde_json::to_vec).transpose().map_err(RestError::transport)?;
        builder = match json {
            Some(json) if files.is_empty() => builder.header(CONTENT_TYPE, "application/json").body(json),
            None if files.is_empty() => builder,
            json => builder.multipart(form(json, files).map_err(failed)?),
        };
        let response = builder.send().await.map_err(failed)?;
        let (at, status, headers) = (Instant::now(), response.status().as_u16(), response.headers().clone());
        let body = read_body(response, MAX_BODY).await.ok().flatten();
        Ok(Received { status, headers, body, at })
    }
}

/// The address of `segments` below `base`; it may hold a token.
fn below<'s>(base: &Url, segments: impl Iterator<Item = &'s str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn failed(error: reqwest::Error) -> RestError {
    let ambiguous = !error.is_connect() && !error.is_builder();
    RestError::Transport { ambiguous, is_cut: is_cut(&error), source: Arc::new(error.without_url()) }
}

/// Returns true if the other side ended the connection.
fn is_cut(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    iter::successors(Some(error), |&error| error.source()).any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    })
}

/// <https://docs.discord.com/developers/reference#uploading-files>
fn form(json: Option<Vec<u8>>, files: &[File]) -> reqwest::Result<Form> {
    let mut form = Form::new();
    if let Some(json) = json {
        form = form.part("payload_json", Part::bytes(json).mime_str("application/json")?);
    }
    for (index, File { name, mime, bytes }) in files.iter().enumerate() {
        let part = Part::stream_with_length(bytes.clone(), bytes.len() as u64);
        form = form.part(format!("files[{index}]"), part.file_name(name.clone()).mime_str(mime)?);
    }
    Ok(form)
}
