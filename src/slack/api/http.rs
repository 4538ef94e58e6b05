//! SHELL. The two HTTP clients: slack-morphism's for JSON calls, and our own for forms, uploads and response URLs.
//!
//! The library has no deadlines, and its errors hold whole bodies: only a status, a code and a number of seconds leave
//! this file. It cannot do three things safely. It sends `files.getUploadURLExternal` as a query, so the alternative
//! text would end up in logs of addresses. It sends the bot token to the upload URL. And it reads every answer without a
//! content type as JSON, so a delivered upload or response looks failed.

use std::{iter, time::Duration};

use bytes::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use reqwest::{
    Client, RequestBuilder, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect, retry,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue,
    errors::SlackClientError,
    hyper_tokio::{SlackClientHyperConnector, SlackClientHyperHttpsConnector, SlackHyperClient},
};
use tokio::time::timeout;
use url::Url;

use super::error::{ApiError, Lost, Result};
use crate::tls;

/// Shorter than any call's deadline, yet long enough for a slow line.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Answers are `ok` or a line of JSON.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Creates a client whose calls all go below `api_url`.
///
/// # Errors
/// [`ApiError::Transport`] without TLS.
pub(crate) fn client(api_url: &Url) -> Result<SlackHyperClient> {
    connector(api_url).map(SlackHyperClient::new)
}

/// Creates a connector to `api_url`, without redirects or proxies, with Mozilla's roots.
pub(super) fn connector(api_url: &Url) -> Result<SlackClientHyperHttpsConnector> {
    let mut http = HttpConnector::new();
    // the layer above checks the scheme
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| Lost::Unsendable.into_error())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let connector = SlackClientHyperConnector::from(connector);
    Ok(connector.with_slack_api_url(api_url.as_str().trim_end_matches('/')))
}

/// Converts a token to the library's type, if a header can hold it.
pub(super) fn token(token: &SecretString) -> Result<SlackApiToken> {
    let text = token.expose_secret();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::Unauthorized);
    }
    Ok(SlackApiToken::new(SlackApiTokenValue(text.into())))
}

/// Both clients, for one API.
pub(super) struct Http {
    library: SlackHyperClient,
    own: Client,
    /// Up to the methods' names.
    api: Url,
}

impl Http {
    pub(super) fn new(api: &Url) -> Result<Self> {
        let own = Client::builder()
            .tls_backend_preconfigured(tls::mozilla().map_err(|_| Lost::Unsendable.into_error())?)
            .http1_only()
            .no_gzip()
            .no_proxy()
            .retry(retry::never())
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| Lost::Unsendable.into_error())?;
        Ok(Self { library: client(api)?, own, api: api.clone() })
    }

    /// Calls a method of the Web API with JSON.
    pub(super) async fn call(
        &self,
        token: &SlackApiToken,
        method: &str,
        body: &Value,
        deadline: Duration,
    ) -> Result<Value> {
        let session = self.library.open_session(token);
        let exchange = session.http_session_api.http_post::<Value, Value>(method, body, None);
        success(timeout(deadline, exchange).await.map_err(|_| Lost::Late.into_error())??)
    }

    /// Calls a method of the Web API with a form.
    pub(super) async fn form(
        &self,
        token: &SlackApiToken,
        method: &str,
        fields: &[(&str, &str)],
        deadline: Duration,
    ) -> Result<Value> {
        let mut url = self.api.clone();
        url.path_segments_mut().map_err(|()| Lost::Unsendable.into_error())?.pop_if_empty().push(method);
        let request = self.own.post(url).bearer_auth(&token.token_value.0).form(fields);
        success(exchange(request, deadline).await?)
    }

    /// Sends bytes to an upload address, without the token: the address itself grants the right.
    pub(super) async fn upload(
        &self,
        address: &str,
        mime: &'static str,
        bytes: Bytes,
        deadline: Duration,
    ) -> Result<()> {
        let request = self.own.post(self.check(address)?).header(CONTENT_TYPE, mime).body(bytes);
        exchange(request, deadline).await.map(drop)
    }

    /// Sends a message to a response URL.
    pub(super) async fn respond(&self, address: &str, body: &Value, deadline: Duration) -> Result<()> {
        let url = self.check(address).map_err(|_| ApiError::Gone)?;
        let json = "application/json; charset=utf-8";
        let request = self.own.post(url).header(CONTENT_TYPE, json).body(body.to_string());
        let answer = exchange(request, deadline).await?;
        // `ok` as text, or nothing, is a success
        if answer["ok"] == false { success(answer).map(drop) } else { Ok(()) }
    }

    /// Accepts an address from an answer or an event if it is on the API's own host, or on one of the hosts below it
    /// that Slack uses for uploads and responses.
    fn check(&self, address: &str) -> Result<Url> {
        let unsendable = || Lost::Unsendable.into_error();
        let url: Url = address.parse().map_err(|_| unsendable())?;
        let (own, host) = (self.api.host_str().unwrap_or_default(), url.host_str().unwrap_or_default());
        let is_ours = iter::once("").chain(["files.", "hooks."]).any(|below| host == format!("{below}{own}"));
        let is_same_port = url.scheme() == self.api.scheme()
            && url.port_or_known_default() == self.api.port_or_known_default();
        if is_ours && is_same_port { Ok(url) } else { Err(unsendable()) }
    }
}

/// Returns the answer's JSON, or null for any other success.
async fn exchange(request: RequestBuilder, deadline: Duration) -> Result<Value> {
    let exchange = async {
        let response = request.send().await.map_err(|error| {
            let lost = match error {
                error if error.is_connect() => Lost::Unconnected,
                error if error.is_builder() => Lost::Unsendable,
                _ => Lost::Cut,
            };
            lost.into_error()
        })?;
        match response.status().as_u16() {
            200..300 => Ok(serde_json::from_slice(&body(response).await).unwrap_or_default()),
            429 => Err(ApiError::limited(retry_after(&response))),
            404 | 410 => Err(ApiError::Gone),
            status => Err(ApiError::of_status(status)),
        }
    };
    timeout(deadline, exchange).await.unwrap_or_else(|_| Err(Lost::Late.into_error()))
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Reads the body of a success; one that breaks off changes nothing about that.
async fn body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(read)) = response.chunk().await {
        if body.len() + read.len() > MAX_ANSWER_BYTES {
            return Vec::new();
        }
        body.extend_from_slice(&read);
    }
    body
}

/// Returns the answer if it says `"ok": true`.
fn success(answer: Value) -> Result<Value> {
    match (answer["ok"].as_bool(), answer["error"].as_str()) {
        (Some(true), _) => Ok(answer),
        (Some(false), Some(code)) => Err(ApiError::of_code(code, &answer)),
        // the library makes `{}` of anything but JSON: a proxy answered, perhaps after Slack did the call
        _ => Err(Lost::Unreadable.into_error()),
    }
}

impl From<SlackClientError> for ApiError {
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) => {
                let body = error.http_response_body.as_deref().unwrap_or_default();
                Self::of_code(&error.code, &serde_json::from_str(body).unwrap_or_default())
            }
            SlackClientError::RateLimitError(error) => Self::limited(error.retry_after),
            SlackClientError::HttpError(error) => Self::of_status(error.status_code.as_u16()),
            SlackClientError::HttpProtocolError(error) => {
                let cause = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<legacy::Error>());
                let is_unsent = cause.is_some_and(legacy::Error::is_connect);
                if is_unsent { Lost::Unconnected } else { Lost::Cut }.into_error()
            }
            // the body broke off
            SlackClientError::SystemError(_) => Lost::Cut.into_error(),
            // also a 429 without JSON and content type: the library drops its status
            _ => Lost::Unreadable.into_error(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_followed(api: &str, address: &str) -> bool {
        let http = Http::new(&api.parse().expect("a URL")).expect("a client");
        http.check(address).is_ok()
    }

    #[test]
    fn only_addresses_of_slack_are_followed() {
        let slack = "https://slack.com/api";
        for good in [
            "https://hooks.slack.com/commands/T1/2/secret",
            "https://files.slack.com/upload/v1/secret",
            "https://slack.com/upload",
        ] {
            assert!(is_followed(slack, good), "{good}");
            assert!(!is_followed("http://127.0.0.1:9/api", good), "nothing leaves for Slack from {good}");
        }
        for bad in [
            "http://hooks.slack.com/commands",
            "https://hooks.slack.com:444/commands",
            "https://hooks.slack.com.evil.example/",
            "https://evilslack.com/",
            "https://evil.example/slack.com",
            "https://slack.com@evil.example/",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is_followed(slack, bad), "{bad}");
        }
        assert!(is_followed("http://127.0.0.1:9/api", "http://127.0.0.1:9/respond/secret"));
        assert!(!is_followed("http://127.0.0.1:9/api", "http://127.0.0.1:10/respond"));
    }
}
