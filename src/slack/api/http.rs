//! SHELL. The steps that slack-morphism's client cannot do safely, with our own: form bodies, raw uploads, response
//! URLs.
//!
//! The library sends `files.getUploadURLExternal` as a query, which puts the alternative text into an address and so
//! into logs; it gives the bot token away to the upload URL; and it takes an upload answer or a response URL's
//! answer without a content type for JSON, so that what was delivered looks failed. Must not know methods.

use std::{iter, time::Duration};

use bytes::Bytes;
use reqwest::{
    Client, RequestBuilder, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::{
    CONNECT,
    error::{ApiError, Lost},
};

/// The largest answer that is read; they are `ok` or a line of JSON.
const ANSWER_CAP: usize = 64 << 10;

pub(super) struct Http {
    client: Client,
    /// Up to the methods' names.
    api: Url,
}

/// A success of whatever form.
pub(super) struct Answer(Vec<u8>);

impl Answer {
    /// As JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.0).unwrap_or_default()
    }
}

impl Http {
    pub(super) fn new(api: &Url) -> Result<Self, ApiError> {
        let client = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT)
            .build()
            .map_err(|_| Lost::Unsendable.into_error())?;
        Ok(Self { client, api: api.clone() })
    }

    /// `method` of the Web API with a form for body.
    pub(super) async fn form(
        &self,
        (method, fields): (&str, &[(&str, &str)]),
        token: &str,
        patience: Duration,
    ) -> Result<Answer, ApiError> {
        let mut url = self.api.clone();
        url.path_segments_mut().map_err(|()| Lost::Unsendable.into_error())?.pop_if_empty().push(method);
        exchange(self.client.post(url).bearer_auth(token).form(fields), patience).await
    }

    /// The bytes, to an address that Slack gave for them: it is the right to do so, no token goes with it.
    pub(super) async fn bytes(
        &self,
        to: &str,
        (mime, bytes): (&'static str, Bytes),
        patience: Duration,
    ) -> Result<(), ApiError> {
        let request = self.client.post(self.given(to)?).header(CONTENT_TYPE, mime).body(bytes);
        exchange(request, patience).await.map(drop)
    }

    /// A message, to the response URL that Slack gave for it.
    pub(super) async fn json(&self, to: &str, body: &Value, patience: Duration) -> Result<Answer, ApiError> {
        let url = self.given(to).map_err(|_| ApiError::Gone)?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string());
        exchange(request, patience).await
    }

    /// An address that came in an answer or an event: only the API's own host is called, and those below it that
    /// Slack uses for uploads and responses.
    fn given(&self, address: &str) -> Result<Url, ApiError> {
        let unsendable = || Lost::Unsendable.into_error();
        let url: Url = address.parse().map_err(|_| unsendable())?;
        let (own, host) = (self.api.host_str().unwrap_or_default(), url.host_str().unwrap_or_default());
        let is_ours = iter::once("").chain(["files.", "hooks."]).any(|below| host == format!("{below}{own}"));
        let is_same_door = url.scheme() == self.api.scheme()
            && url.port_or_known_default() == self.api.port_or_known_default();
        if is_ours && is_same_door { Ok(url) } else { Err(unsendable()) }
    }
}

async fn exchange(request: RequestBuilder, patience: Duration) -> Result<Answer, ApiError> {
    let exchange = async {
        let response = request.send().await.map_err(|error| lost(&error).into_error())?;
        let status = response.status().as_u16();
        match status {
            200..300 => Ok(Answer(body(response).await)),
            429 => Err(ApiError::limited(retry_after(&response))),
            404 | 410 => Err(ApiError::Gone),
            _ => Err(ApiError::of_status(status)),
        }
    };
    timeout(patience, exchange).await.unwrap_or_else(|_| Err(Lost::Late.into_error()))
}

fn lost(error: &reqwest::Error) -> Lost {
    match error {
        error if error.is_connect() => Lost::Unconnected,
        error if error.is_builder() => Lost::Unsendable,
        _ => Lost::Cut,
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What came of the body. The status has said that it is done: a body that breaks off changes nothing.
async fn body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(read)) = response.chunk().await {
        if body.len() + read.len() > ANSWER_CAP {
            return Vec::new();
        }
        body.extend_from_slice(&read);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_followed(api: &str, address: &str) -> bool {
        let http = Http::new(&api.parse().expect("a URL")).expect("a client");
        http.given(address).is_ok()
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
