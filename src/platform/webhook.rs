//! Webhooks: HTTP deliveries of a platform, in mode http. Each must be signed, recent and new, is read within limits, and is
//! refused otherwise; refusals are counted by reason.
//!
//! A delivery with an unusable header is refused before its body is read, so that only a platform, or a forger
//! with a recent timestamp, can make the service read a body.
//!
//! | refused | before the body is read | status |
//! | --- | --- | --- |
//! | a signature header that is missing, repeated or malformed | yes | 401 |
//! | a timestamp that is missing, repeated or not a number | yes | 401 |
//! | a timestamp more than five minutes off, either way | yes | 401 |
//! | a `Content-Length` over the platform's limit | yes | 413 |
//! | a body over the platform's limit | while it is read | 413 |
//! | a body that takes longer than 3 s | while it is read | 408 |
//! | a body that ends early, or for which the server has no room | while it is read | 503 |
//! | a wrong signature | no | 401 |
//! | a valid signature that was received before (Slack; Discord's duplicates are dropped by their id) | no | 409 |
//! | a valid signature over an unreadable body (Discord; Slack would retry and in the end switch events off) | no | 400 |

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    handler::Handler as _,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any_service,
};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use crate::telemetry::field;

/// The time that a body may take, which is what the platforms wait for the whole answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// The maximum distance of a timestamp from this machine's clock, either way.
const TIMESTAMP_WINDOW: Duration = Duration::from_mins(5);
/// The most digits of a timestamp: few enough for the arithmetic of the platforms' libraries.
const MAX_TIMESTAMP_DIGITS: usize = 12;
/// The interval between two warnings of timestamps that are not recent, since anyone can send them.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// Returns the current wall-clock time; tests inject their own.
pub(crate) type Clock = fn() -> Timestamp;

/// The reason why a delivery is refused: the label that metrics use, and the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WebhookError(&'static str, StatusCode, &'static str);

impl WebhookError {
    /// The body is too large.
    const SIZE: Self = Self("size", StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    /// The body takes too long.
    const SLOW: Self = Self("slow", StatusCode::REQUEST_TIMEOUT, "the body took too long");
    /// The body ended early, or the server has no room for it.
    const UNFINISHED: Self = Self("unfinished", StatusCode::SERVICE_UNAVAILABLE, "the body was not received");
    /// The signature is missing, malformed or wrong.
    const SIGNATURE: Self = Self("signature", StatusCode::UNAUTHORIZED, "invalid request signature");
    /// The timestamp is not recent.
    const WINDOW: Self = Self("window", StatusCode::UNAUTHORIZED, "the timestamp is not recent");
    /// The delivery was received before.
    pub(crate) const REPLAY: Self = Self("replay", StatusCode::CONFLICT, "this request came before");
    /// The signed body cannot be read.
    pub(crate) const UNREADABLE: Self = Self("unreadable", StatusCode::BAD_REQUEST, "the body is unreadable");
}

/// A platform's side of its webhooks.
pub(crate) struct Webhook {
    /// The platform's name in sentences.
    pub(crate) platform: &'static str,
    /// The metric that counts refusals.
    pub(crate) refusals: &'static str,
    /// The wall clock.
    pub(crate) clock: Clock,
    /// The names of the headers with the signature and the timestamp.
    pub(crate) headers: [&'static str; 2],
    /// The text before the hexadecimal digits of a signature.
    pub(crate) prefix: &'static str,
    /// The number of hexadecimal digits of a signature.
    pub(crate) digits: usize,
    /// The largest body that is read.
    pub(crate) max_body_bytes: usize,
    /// The time of the last warning.
    pub(crate) warned_at: Mutex<Option<Instant>>,
}

/// The signature of a delivery, which is well-formed, and its timestamp, which is recent. Neither is verified yet.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) signature: &'a str,
    pub(crate) timestamp: &'a str,
}

impl Webhook {
    /// Reads a delivery that `is_signed`, and returns its body with the time at which it was complete.
    ///
    /// # Errors
    /// All of [`WebhookError`] but [`WebhookError::REPLAY`] and [`WebhookError::UNREADABLE`].
    pub(crate) async fn accept(
        &self,
        headers: &HeaderMap,
        body: Body,
        is_signed: impl FnOnce(Claim<'_>, &[u8]) -> bool,
    ) -> Result<(Vec<u8>, Instant), WebhookError> {
        let claim = self.claim(headers)?;
        let body = timeout(BODY_TIMEOUT, self.read(body)).await.map_err(|_| WebhookError::SLOW)??;
        let received_at = Instant::now();
        if is_signed(claim, &body) { Ok((body, received_at)) } else { Err(WebhookError::SIGNATURE) }
    }

    /// Returns the signature and the timestamp of a delivery, before its body is read.
    fn claim<'a>(&self, headers: &'a HeaderMap) -> Result<Claim<'a>, WebhookError> {
        let [signature, timestamp] =
            self.headers.map(|name| single(headers, name).ok_or(WebhookError::SIGNATURE));
        let (signature, timestamp) = (signature?, timestamp?);
        let digits = signature.strip_prefix(self.prefix).unwrap_or_default();
        if digits.len() != self.digits || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(WebhookError::SIGNATURE);
        }
        self.check_window(seconds(timestamp).ok_or(WebhookError::SIGNATURE)?)?;
        let length = single(headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length > self.max_body_bytes) {
            return Err(WebhookError::SIZE);
        }
        Ok(Claim { signature, timestamp })
    }

    async fn read(&self, body: Body) -> Result<Vec<u8>, WebhookError> {
        let (mut chunks, mut body) = (body.into_data_stream(), vec![]);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| WebhookError::UNFINISHED)?;
            if body.len() + chunk.len() > self.max_body_bytes {
                return Err(WebhookError::SIZE);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Checks a timestamp, in seconds since 1970. Its signature is not verified yet, so the warning can only suspect this
    /// machine's clock.
    fn check_window(&self, timestamp: i64) -> Result<(), WebhookError> {
        let off = (self.clock)().as_second().abs_diff(timestamp);
        if off <= TIMESTAMP_WINDOW.as_secs() {
            return Ok(());
        }
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
            *warned_at = Some(Instant::now());
            tracing::warn!(
                platform = self.platform,
                seconds = off,
                "refused a webhook request whose timestamp is not recent; if the platform's commands fail, check this \
                 machine's clock"
            );
        }
        Err(WebhookError::WINDOW)
    }

    /// Returns the answer to a delivery; a refusal is counted.
    pub(crate) fn answer(&self, result: Result<Response, WebhookError>) -> Response {
        result.unwrap_or_else(|WebhookError(reason, status, text)| {
            ::metrics::counter!(self.refusals, field::REASON => reason).increment(1);
            tracing::debug!({ field::REASON } = reason, platform = self.platform, "webhook request refused");
            (status, text).into_response()
        })
    }
}

/// Posts `body` with these headers to `path` of a router and returns the answer's status, for the fuzz targets.
pub(crate) async fn post_fuzzed(
    router: Router,
    path: &str,
    headers: &[(&'static str, &[u8])],
    body: Vec<u8>,
) -> u16 {
    let mut request = Request::post(path).body(Body::from(body)).expect("a request");
    let headers = headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?))
    });
    request.headers_mut().extend(headers);
    any_service(router).call(request, ()).await.status().as_u16()
}

/// Parses seconds since 1970 as the platforms write them: digits only.
fn seconds(timestamp: &str) -> Option<i64> {
    let is_number = (1..=MAX_TIMESTAMP_DIGITS).contains(&timestamp.len())
        && timestamp.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| timestamp.parse().ok())?
}

/// Returns the header `name` if it occurs exactly once and is text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
