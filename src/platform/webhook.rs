//! Webhooks: HTTP deliveries of a platform, in mode http. Each is read within limits, must be signed, recent and new, and
//! is refused otherwise; refusals are counted by reason.
//!
//! | refused | status |
//! | --- | --- |
//! | body over 1 MiB | 413 |
//! | body takes longer than 5 s | 408 |
//! | no signature, a wrong one, or a timestamp that is no number | 401 |
//! | right signature, timestamp more than five minutes off, either way | 401 |
//! | right signature, but it came before (Slack; Discord's duplicates are dropped by their id) | 409 |
//! | right signature, but unreadable (Discord; Slack would send it again and in the end switch events off) | 400 |

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use crate::telemetry::field;

/// The largest body that is read: an interaction carries its message, some tens of kilobytes.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The time that a body may take; the platforms wait three seconds for the whole answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum distance of a timestamp from this machine's clock, either way.
const TIMESTAMP_WINDOW: Duration = Duration::from_mins(5);

/// Returns the current wall-clock time; tests inject their own.
pub(crate) type Clock = fn() -> Timestamp;

/// The reason why a delivery is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookError {
    /// The body is too large.
    Size,
    /// The body takes too long.
    Slow,
    /// The signature is missing or wrong.
    Signature,
    /// The signed timestamp is not recent.
    Window,
    /// The delivery came before.
    Replay,
    /// The signed body cannot be read.
    Unreadable,
}

impl WebhookError {
    /// Returns the label that metrics use for this refusal, and the answer.
    fn describe(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Size => ("size", StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            Self::Slow => ("slow", StatusCode::REQUEST_TIMEOUT, "the body took too long"),
            Self::Signature => ("signature", StatusCode::UNAUTHORIZED, "invalid request signature"),
            Self::Window => ("window", StatusCode::UNAUTHORIZED, "the timestamp is not recent"),
            Self::Replay => ("replay", StatusCode::CONFLICT, "this request came before"),
            Self::Unreadable => ("unreadable", StatusCode::BAD_REQUEST, "the body is unreadable"),
        }
    }
}

/// A platform's side of its webhooks.
#[derive(Clone, Copy)]
pub(crate) struct Webhook {
    /// The platform's name in sentences.
    pub(crate) platform: &'static str,
    /// The metric that counts refusals.
    pub(crate) refusals: &'static str,
    /// The wall clock.
    pub(crate) clock: Clock,
}

impl Webhook {
    /// Reads the body, and returns it with the time at which it was complete.
    ///
    /// # Errors
    /// [`WebhookError::Slow`] and [`WebhookError::Size`].
    pub(crate) async fn read(self, body: Body) -> Result<(Bytes, Instant), WebhookError> {
        let read = timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await;
        let body = read.map_err(|_| WebhookError::Slow)?.map_err(|_| WebhookError::Size)?;
        Ok((body, Instant::now()))
    }

    /// Checks the timestamp of a delivery whose signature is right, in seconds since 1970.
    ///
    /// # Errors
    /// [`WebhookError::Window`], with a warning: either the delivery is sent again, or this machine's clock is wrong.
    pub(crate) fn check_window(self, timestamp: Option<i64>) -> Result<(), WebhookError> {
        let off = timestamp.map(|then| (self.clock)().as_second().abs_diff(then));
        if off.is_some_and(|off| off <= TIMESTAMP_WINDOW.as_secs()) {
            return Ok(());
        }
        tracing::warn!("a signed request of {} is not recent: is this machine's clock right?", self.platform);
        Err(WebhookError::Window)
    }

    /// Returns the answer to a delivery; a refusal is counted.
    pub(crate) fn answer(self, result: Result<Response, WebhookError>) -> Response {
        result.unwrap_or_else(|refused| {
            let (reason, status, text) = refused.describe();
            ::metrics::counter!(self.refusals, field::REASON => reason).increment(1);
            tracing::debug!({ field::REASON } = reason, platform = self.platform, "webhook request refused");
            (status, text).into_response()
        })
    }
}

/// Returns the header `name` if it is there exactly once and is text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
