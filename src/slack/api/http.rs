//! SHELL. The HTTP client: JSON and forms to methods of the Web API, bytes to upload addresses, messages to response URLs.
//!
//! It is ours because slack-morphism's has no deadlines, keeps whole bodies in its errors, sends the alternative text of
//! a file in an address and the bot token to the upload URL. Only a status, a code and a number of seconds leave this
//! file.

use std::{iter, time::Duration};

use reqwest::{
    RequestBuilder, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Api, File, RateLimiter, Timeouts,
    error::{ApiError, Lost, Result},
};
use crate::platform::{http_client, read_body};

/// Shorter than any call's deadline, yet long enough for a slow line.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// An answer repeats a message of some 10 KiB, or lists the members of a group.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Accepts a token that a header can hold.
fn check_token(token: &SecretString) -> Result<()> {
    let text = token.expose_secret();
    let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token { Ok(()) } else { Err(ApiError::Unauthorized { code: "invalid_auth".into() }) }
}

impl Api {
    /// Creates a client without redirects or proxies.
    pub(super) fn with(api_url: &Url, bot_token: &SecretString, timeouts: Timeouts) -> Result<Self> {
        check_token(bot_token)?;
        let http = http_client(CONNECT_TIMEOUT).map_err(|_| Lost::Unsendable.into_error())?.build()?;
        let (url, token) = (api_url.clone(), bot_token.clone());
        Ok(Self { http, url, token, rate_limiter: RateLimiter::default(), timeouts })
    }

    /// Returns a request to a method of the Web API, without its body.
    pub(super) fn method(&self, token: &SecretString, method: &str) -> Result<RequestBuilder> {
        check_token(token)?;
        let mut url = self.url.clone();
        url.path_segments_mut().map_err(|()| Lost::Unsendable.into_error())?.pop_if_empty().push(method);
        Ok(self.http.post(url).bearer_auth(token.expose_secret()))
    }

    /// Sends a file's bytes to an upload address, without the token: the address itself grants the right.
    pub(super) async fn send_bytes(&self, address: &str, file: &File) -> Result<()> {
        let request = self.http.post(self.check(address)?).header(CONTENT_TYPE, file.mime);
        send(request.body(file.bytes.clone()), self.timeouts.upload).await.map(drop)
    }

    /// Sends a message to a response URL. A success stays one if its answer breaks off or is no JSON.
    pub(super) async fn post_response(&self, address: &str, body: Value) -> Result<()> {
        let url = self.check(address).map_err(|_| ApiError::Gone)?;
        let sent = send(json(self.http.post(url), body), self.timeouts.other).await;
        let response = sent.map_err(|error| match error {
            ApiError::Refused { code } if matches!(code.as_str(), "http_404" | "http_410") => ApiError::Gone,
            error => error,
        })?;
        let answer = read(response).await.unwrap_or_default();
        if answer["ok"] == false { success(answer).map(drop) } else { Ok(()) }
    }

    /// Accepts an address from an answer or an event if it is on the API's own host, or on one of the hosts below it
    /// that Slack uses for uploads and responses.
    fn check(&self, address: &str) -> Result<Url> {
        let unsendable = || Lost::Unsendable.into_error();
        let url: Url = address.parse().map_err(|_| unsendable())?;
        let (own, host) = (self.url.host_str().unwrap_or_default(), url.host_str().unwrap_or_default());
        let is_ours = iter::once("").chain(["files.", "hooks."]).any(|below| host == format!("{below}{own}"));
        let is_same_port = url.scheme() == self.url.scheme()
            && url.port_or_known_default() == self.url.port_or_known_default();
        if is_ours && is_same_port { Ok(url) } else { Err(unsendable()) }
    }
}

/// Adds a JSON body to `request`, without those of its fields that are null.
pub(super) fn json(request: RequestBuilder, mut body: Value) -> RequestBuilder {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string())
}

/// Calls a method and returns its answer, which says `"ok": true`.
pub(super) async fn call(request: RequestBuilder, deadline: Duration) -> Result<Value> {
    success(read(send(request, deadline).await?).await?)
}

/// Sends `request`, and returns its response if the status is a success. The deadline is for the body too.
async fn send(request: RequestBuilder, deadline: Duration) -> Result<Response> {
    let response = request.timeout(deadline).send().await?;
    match response.status().as_u16() {
        200..300 => Ok(response),
        429 => Err(ApiError::limited(retry_after(&response))),
        status => Err(ApiError::of_status(status)),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Reads a JSON body.
async fn read(response: Response) -> Result<Value> {
    let body = read_body(response, MAX_ANSWER_BYTES).await?.unwrap_or_default();
    serde_json::from_slice(&body).map_err(|_| Lost::Unreadable.into_error())
}

/// Returns the answer if it says `"ok": true`.
fn success(answer: Value) -> Result<Value> {
    match (answer["ok"].as_bool(), answer["error"].as_str()) {
        (Some(true), _) => Ok(answer),
        (Some(false), Some(code)) => Err(ApiError::of_code(code, &answer)),
        // a proxy answered, perhaps after Slack did the call
        _ => Err(Lost::Unreadable.into_error()),
    }
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        let lost = match error {
            error if error.is_connect() => Lost::Unconnected,
            error if error.is_builder() => Lost::Unsendable,
            error if error.is_timeout() => Lost::Late,
            _ => Lost::Cut,
        };
        lost.into_error()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_followed(api: &str, address: &str) -> bool {
        let api = Api::new(&api.parse().expect("a URL"), &"xoxb-1".into()).expect("a client");
        api.check(address).is_ok()
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
