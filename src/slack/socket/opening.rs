//! One `apps.connections.open`: where to connect, once.
//!
//! The library's errors hold bodies and its success holds a ticket: neither is shown. Must not know what follows.

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use slack_morphism::{
    api::SlackApiAppsConnectionOpenRequest,
    errors::SlackClientError,
    prelude::{SlackApiToken, SlackClient},
};
use tokio::time::timeout;
use url::Url;

use super::wire::Wire;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is of no use to try again.
    Refused(String),
    /// It may work later, and not before `after`.
    Passing {
        /// One sentence, nothing secret.
        why: String,
        /// What Slack asks for.
        after: Duration,
    },
}

impl Failure {
    /// It may work soon.
    pub(super) fn soon(why: &str) -> Self {
        Self::Passing { why: why.to_owned(), after: Duration::ZERO }
    }
}

/// What Slack says of a token that will not get better by itself
/// (<https://docs.slack.dev/reference/methods/apps.connections.open#errors>).
const FATAL: [&str; 9] = [
    "access_denied",
    "account_inactive",
    "invalid_auth",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "token_expired",
    "token_revoked",
];
/// The way out of all of them.
const WRONG_TOKEN: &str = "make an app-level token with the scope connections:write (api.slack.com/apps, your app, \
    Basic Information, App-Level Tokens; it begins with xapp-), set SLACK_APP_TOKEN to it and start again";
/// Where Slack limits us and does not say for how long.
const USUAL_LIMIT: Duration = Duration::from_secs(10);

/// Asks for addresses.
pub(super) struct Opening {
    client: Arc<SlackClient<Wire>>,
    token: SlackApiToken,
    is_real: bool,
}

impl Opening {
    /// At `api_url`, with the app-level token.
    pub(super) fn new(client: Arc<SlackClient<Wire>>, token: SlackApiToken, api_url: &Url) -> Self {
        Self { client, token, is_real: is_slacks(api_url) }
    }

    /// The address of one connection, with its ticket.
    ///
    /// # Errors
    /// Slack gave none within `patience`.
    pub(super) async fn address(&self, patience: Duration) -> Result<SecretString, Failure> {
        let session = self.client.open_session(&self.token);
        let request = SlackApiAppsConnectionOpenRequest::new();
        let answer = timeout(patience, session.apps_connections_open(&request)).await;
        let answer = answer.map_err(|_| Failure::soon("Slack does not answer apps.connections.open"))?;
        let url = answer.map_err(|error| failure(&error))?.url.0;
        self.check(&url)?;
        Ok(String::from(url).into())
    }

    /// Slack's own sockets are for its own API, and the other way round.
    fn check(&self, url: &Url) -> Result<(), Failure> {
        match (self.is_real, is_slacks(url), url.scheme()) {
            (true, true, "wss") | (false, false, "ws" | "wss") => Ok(()),
            (true, ..) => Err(Failure::soon("Slack names a socket that is not Slack's")),
            (false, true, _) => Err(Failure::Refused(
                "the API at SLACK_API_URL names a socket of the real Slack, which is not used then"
                    .to_owned(),
            )),
            (false, false, _) => Err(Failure::soon("the API at SLACK_API_URL names no WebSocket address")),
        }
    }
}

fn is_slacks(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "slack.com" || host.ends_with(".slack.com"))
}

fn failure(error: &SlackClientError) -> Failure {
    match error {
        SlackClientError::ApiError(error) if FATAL.contains(&error.code.as_str()) => {
            Failure::Refused(format!("Slack refuses SLACK_APP_TOKEN ({}): {WRONG_TOKEN}", error.code))
        }
        SlackClientError::ApiError(error) if error.code == "ratelimited" => limited(USUAL_LIMIT),
        SlackClientError::ApiError(error) if is_code(&error.code) => {
            Failure::soon(&format!("Slack answers apps.connections.open with {}", error.code))
        }
        SlackClientError::HttpError(error) => {
            let status = error.status_code.as_u16();
            Failure::soon(&format!("Slack answers apps.connections.open with HTTP status {status}"))
        }
        SlackClientError::RateLimitError(error) => limited(error.retry_after.unwrap_or(USUAL_LIMIT)),
        // also a 429 without a Content-Type, whose Retry-After is lost with it
        SlackClientError::ProtocolError(_) | SlackClientError::ApiError(_) => {
            Failure::soon("Slack's answer to apps.connections.open cannot be read")
        }
        _ => Failure::soon("Slack could not be reached"),
    }
}

fn limited(after: Duration) -> Failure {
    Failure::Passing { why: "Slack limits how often connections may be opened".to_owned(), after }
}

fn is_code(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::api::connector;

    #[test]
    fn slacks_sockets_are_for_slacks_api_only() {
        let check = |api: &str, socket: &str| {
            let (api, socket): (Url, Url) = (api.parse().expect("a URL"), socket.parse().expect("a URL"));
            let client = Arc::new(SlackClient::new(Wire::new(connector(&api).expect("a connector"))));
            Opening::new(client, SlackApiToken::new("xapp-1".into()), &api).check(&socket)
        };
        let (real, fake) = ("https://slack.com/api", "http://127.0.0.1:9/api");
        for (api, socket) in [
            (real, "wss://wss-primary.slack.com/link/?ticket=x"),
            (fake, "ws://127.0.0.1:10/link"),
            (fake, "wss://example.com/link"),
        ] {
            assert_eq!(check(api, socket), Ok(()), "{socket}");
        }
        for (api, socket) in [
            (real, "wss://slack.com.example/link"),
            (real, "ws://slack.com/link"),
            (real, "wss://notslack.com/link"),
            (fake, "wss://wss.slack.com/link"),
            (fake, "http://127.0.0.1/link"),
        ] {
            assert!(check(api, socket).is_err(), "{socket}");
        }
    }
}
