//! SHELL. The Web API through slack-morphism's client: one call, one answer.
//!
//! The library has no deadlines, and its errors hold whole bodies: nothing of one leaves this file but a status, a
//! code and a number of seconds. Must not know limits, nor which methods there are.

use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue,
    errors::SlackClientError,
    hyper_tokio::{SlackClientHyperConnector, SlackClientHyperHttpsConnector, SlackHyperClient},
};
use tokio::time::timeout;
use url::Url;

use super::{
    CONNECT,
    error::{ApiError, Lost},
};

/// A client whose calls all go below `api_url`.
pub(super) fn client(api_url: &Url) -> Result<SlackHyperClient, ApiError> {
    connector(api_url).map(SlackHyperClient::new)
}

/// Carries calls below `api_url`, without redirects or proxies, with Mozilla's roots.
///
/// # Errors
/// [`ApiError::Transport`] without TLS.
pub(crate) fn connector(api_url: &Url) -> Result<SlackClientHyperHttpsConnector, ApiError> {
    let mut http = HttpConnector::new();
    // the layer above says what schemes there are
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT));
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| Lost::Unsendable.into_error())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let connector = SlackClientHyperConnector::from(connector);
    Ok(connector.with_slack_api_url(api_url.as_str().trim_end_matches('/')))
}

/// The token as the library takes it.
pub(super) fn token(token: &SecretString) -> Result<SlackApiToken, ApiError> {
    let text = token.expose_secret();
    // whatever else no header can hold
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::Unauthorized);
    }
    Ok(SlackApiToken::new(SlackApiTokenValue(text.into())))
}

/// Calls `method` with `body` once, and waits for its answer no longer than `patience`.
pub(super) async fn call(
    client: &SlackHyperClient,
    token: &SlackApiToken,
    (method, body): (&str, &Value),
    patience: Duration,
) -> Result<Value, ApiError> {
    let session = client.open_session(token);
    let exchange = session.http_session_api.http_post::<Value, Value>(method, body, None);
    let answer = timeout(patience, exchange).await.map_err(|_| Lost::Late.into_error())?.map_err(read)?;
    success(answer)
}

/// The answer of a call that was done.
pub(super) fn success(answer: Value) -> Result<Value, ApiError> {
    match (answer["ok"].as_bool(), answer["error"].as_str()) {
        (Some(true), _) => Ok(answer),
        (Some(false), Some(code)) => Err(ApiError::of_code(code, &answer)),
        // the library makes `{}` of what is no JSON: somebody before Slack answered, perhaps after Slack did it
        _ => Err(Lost::Unreadable.into_error()),
    }
}

fn read(error: SlackClientError) -> ApiError {
    match error {
        SlackClientError::ApiError(error) => {
            let body = error.http_response_body.as_deref().unwrap_or_default();
            ApiError::of_code(&error.code, &serde_json::from_str(body).unwrap_or_default())
        }
        SlackClientError::RateLimitError(error) => ApiError::limited(error.retry_after),
        SlackClientError::HttpError(error) => ApiError::of_status(error.status_code.as_u16()),
        SlackClientError::HttpProtocolError(error) => {
            let cause = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<legacy::Error>());
            let is_unsent = cause.is_some_and(legacy::Error::is_connect);
            if is_unsent { Lost::Unconnected } else { Lost::Cut }.into_error()
        }
        // the body broke off
        SlackClientError::SystemError(_) => Lost::Cut.into_error(),
        // also a 429 that is neither JSON nor says what it is: the library keeps no status of it
        _ => Lost::Unreadable.into_error(),
    }
}
