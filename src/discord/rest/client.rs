//! SHELL. The HTTP client: one call, one answer, whole and bounded in size and time.
//!
//! Must not know limits, nor what an answer means.

use std::{error::Error, io, iter, sync::Arc, time::Duration};

use reqwest::{
    Body, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
    multipart::{Form, Part},
    redirect,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};
use url::Url;

use super::{
    error::RestError,
    request::{File, Request},
    route::{Method, Route},
};

/// In the form that Discord asks for. <https://docs.discord.com/developers/reference#user-agent>
const USER_AGENT: &str = concat!("DiscordBot (https://llm-arena.example, ", env!("CARGO_PKG_VERSION"), ")");
const CONNECT: Duration = Duration::from_secs(5);
/// The largest answer that is read: a hundred commands with all their texts fit.
const ANSWER_CAP: usize = 2 << 20;

pub(super) struct Client {
    http: reqwest::Client,
    /// Up to and with `/api/v10`.
    base: Url,
    authorization: HeaderValue,
}

/// An answer of whatever status.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// `None` if it broke off or was too large.
    pub(super) body: Option<Vec<u8>>,
    /// When its head came.
    pub(super) at: Instant,
}

/// No answer.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) source: Arc<dyn Error + Send + Sync>,
    /// Some of the request may have been written.
    pub(super) ambiguous: bool,
    /// The other side ended the connection: often one from the pool that had been dead for a while.
    pub(super) is_cut: bool,
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Late(Duration),
    #[error("the address cannot hold a path")]
    Address,
}

impl Broken {
    fn of(error: reqwest::Error) -> Self {
        let ambiguous = !error.is_connect() && !error.is_builder();
        Self { is_cut: is_cut(&error), source: Arc::new(error.without_url()), ambiguous }
    }

    fn unsent(error: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(error), ambiguous: false, is_cut: false }
    }

    pub(super) fn into_error(self) -> RestError {
        RestError::Transport { source: self.source, ambiguous: self.ambiguous }
    }
}

/// True when the other side ended the connection.
fn is_cut(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    iter::successors(Some(error), |&error| error.source()).any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    })
}

impl Client {
    /// A client that speaks with `origin` alone: no redirects, no proxy of this machine.
    pub(super) fn new(origin: &Url, token: &SecretString) -> Result<Self, RestError> {
        let mut base = origin.clone();
        base.path_segments_mut()
            .map_err(|()| Broken::unsent(Unusable::Address).into_error())?
            .pop_if_empty()
            .extend(["api", "v10"]);
        let mut authorization = HeaderValue::from_str(&format!("Bot {}", token.expose_secret()))
            .map_err(|_| RestError::Unauthorized)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_mins(1))
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| Broken::of(error).into_error())?;
        Ok(Self { http, base, authorization })
    }

    /// Sends `request` and reads the answer, within `patience`.
    pub(super) async fn exchange(&self, request: &Request, patience: Duration) -> Result<Received, Broken> {
        let request = self.build(request)?;
        let exchange = async {
            let response = self.http.execute(request).await.map_err(Broken::of)?;
            Ok(receive(response).await)
        };
        let late =
            |_| Err(Broken { source: Arc::new(Unusable::Late(patience)), ambiguous: true, is_cut: false });
        timeout(patience, exchange).await.unwrap_or_else(late)
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request, Broken> {
        let Request { route, body, files } = request;
        let method = match route.method() {
            Method::Get => reqwest::Method::GET,
            Method::Patch => reqwest::Method::PATCH,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut builder = self.http.request(method, self.address(route)?);
        if !route.is_interaction() {
            builder = builder.header(AUTHORIZATION, self.authorization.clone());
        }
        let json = body.as_ref().map(serde_json::to_vec).transpose().map_err(Broken::unsent)?;
        builder = match json {
            Some(json) if files.is_empty() => builder.header(CONTENT_TYPE, "application/json").body(json),
            None if files.is_empty() => builder,
            json => builder.multipart(form(json, files).map_err(Broken::of)?),
        };
        builder.build().map_err(Broken::of)
    }

    /// The full address; it may hold a token.
    fn address(&self, route: &Route) -> Result<Url, Broken> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Broken::unsent(Unusable::Address))?.extend(route.segments());
        Ok(url)
    }
}

/// <https://docs.discord.com/developers/reference#uploading-files>
fn form(json: Option<Vec<u8>>, files: &[File]) -> reqwest::Result<Form> {
    let mut form = Form::new();
    if let Some(json) = json {
        form = form.part("payload_json", Part::bytes(json).mime_str("application/json")?);
    }
    for (index, File { name, mime, bytes }) in files.iter().enumerate() {
        let length = bytes.len() as u64;
        let part = Part::stream_with_length(Body::from(bytes.clone()), length);
        form = form.part(format!("files[{index}]"), part.file_name(name.clone()).mime_str(mime)?);
    }
    Ok(form)
}

async fn receive(mut response: Response) -> Received {
    let at = Instant::now();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    let whole = loop {
        match response.chunk().await {
            Ok(Some(read)) if body.len() + read.len() <= ANSWER_CAP => body.extend_from_slice(&read),
            Ok(None) => break true,
            Ok(Some(_)) | Err(_) => break false,
        }
    };
    Received { status, headers, body: whole.then_some(body), at }
}
