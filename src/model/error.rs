//! The ways in which a model fails, each with its sentence for chat users. The provider's client decides which
//! error a response is.

use std::{error::Error, sync::Arc, time::Duration};

/// The part of a call that a deadline bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Connecting.
    Connect,
    /// The wait for the first content or reasoning.
    FirstToken,
    /// The gap between two content or reasoning events.
    Idle,
    /// The whole call.
    Total,
}

/// The provider's reason for refusing a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The prompt exceeds the model's context.
    ContextTooLong,
    /// The provider does not serve this model, or not to this account.
    UnknownModel,
    /// The account has no credit left.
    OutOfCredit,
    /// A content filter rejected the prompt.
    Filtered,
    /// The provider does not serve this country or region.
    Region,
    /// The output cap exceeds what the model allows.
    OutputCap,
    /// There is no chat endpoint below the base URL.
    WrongUrl,
    /// The provider answers with a redirect, which is not followed.
    Redirected,
    /// Any other reason, with the HTTP status (0 inside a stream).
    Other(u16),
}

/// The failure of a model call, one variant per remedy. Sources stay in the error chain, out of the public text.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ModelError {
    /// The API key is missing, wrong or not allowed.
    #[error("unauthorized")]
    Unauthorized,
    /// The provider received too many requests.
    #[error("rate limited")]
    RateLimited {
        /// The wait that the provider asked for.
        retry_after: Option<Duration>,
    },
    /// The provider is overloaded or broken, with the HTTP status (0 inside a stream).
    #[error("provider error, status {0}")]
    Overloaded(u16),
    /// The server is still loading the model.
    #[error("the model is loading")]
    Loading {
        /// The wait that the provider asked for.
        retry_after: Option<Duration>,
    },
    /// The provider refused the request.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The provider rejects a field of the request: its name, of letters, digits, dots and underscores.
    #[error("unsupported parameter {0}")]
    UnsupportedParameter(String),
    /// A staged deadline passed.
    #[error("{stage:?} deadline of {after:?} passed")]
    Timeout {
        /// The stage that took too long.
        stage: Stage,
        /// The length of the deadline.
        after: Duration,
    },
    /// The stream ended without a finish reason.
    #[error("the stream ended without a finish reason")]
    Truncated,
    /// The stream ended without a finish reason and without content.
    #[error("the provider sent an empty answer")]
    Empty,
    /// The stream violated its format. The text says how, without quoting content.
    #[error("corrupt stream: {0}")]
    Corrupt(&'static str),
    /// The body is compressed in this way, which was not asked for.
    #[error("compressed with {0}")]
    Compressed(&'static str),
    /// The provider reported an error inside the stream.
    #[error("the provider reported an error in its stream")]
    Reported,
    /// The connection failed.
    #[error("transport")]
    Transport {
        /// True if the connection was never established.
        connecting: bool,
        /// The cause, for logs, without its URL.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl ModelError {
    /// A sentence for chat users, without URLs, keys or raw bodies.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Self::Unauthorized => "the provider rejected the API key; ask the operator to check it".into(),
            Self::RateLimited { retry_after: Some(wait) } => {
                format!("rate limited by the provider, try again {}", later(*wait))
            }
            Self::RateLimited { retry_after: None } => {
                "rate limited by the provider, try again in a minute".into()
            }
            Self::Overloaded(0) => "the provider is overloaded, try again later".into(),
            Self::Overloaded(status @ (408 | 504 | 524)) => {
                format!("the provider timed out (HTTP {status}), try again later")
            }
            Self::Overloaded(status) => format!("the provider failed (HTTP {status}), try again later"),
            Self::Loading { retry_after: Some(wait) } => {
                format!("the model is still loading, try again {}", later(*wait))
            }
            Self::Loading { retry_after: None } => "the model is still loading, try again in a minute".into(),
            Self::Refused(refusal) => refusal.public(),
            Self::UnsupportedParameter(name) => format!(
                "the provider rejects the parameter `{name}`; ask the operator to remove it from this model's settings"
            ),
            Self::Timeout { stage, after } => format!("timed out: {}", stage.public(*after)),
            Self::Truncated => "the connection ended before the answer did".into(),
            Self::Empty => "the provider sent an empty answer".into(),
            Self::Corrupt(how) => format!("the provider sent a broken stream ({how})"),
            Self::Compressed(how) => {
                format!("the provider sent a compressed stream ({how}), which was not asked for")
            }
            Self::Reported => "the provider reported an error mid-answer, try again".into(),
            Self::Transport { connecting: true, .. } => "the provider cannot be reached".into(),
            Self::Transport { connecting: false, .. } => "the connection to the provider broke".into(),
        }
    }

    /// Returns true if the transport failed rather than the model: a dropped connection or a deadline.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Truncated | Self::Transport { .. })
    }

    /// A short label for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded(_) => "overloaded",
            Self::Loading { .. } => "loading",
            Self::Refused(_) | Self::UnsupportedParameter(_) => "refused",
            Self::Timeout { stage: Stage::Idle, .. } => "stall",
            Self::Timeout { .. } => "timeout",
            Self::Truncated => "truncated",
            Self::Empty => "empty",
            Self::Corrupt(_) | Self::Compressed(_) => "bad_stream",
            Self::Reported => "reported",
            Self::Transport { connecting: true, .. } => "unreachable",
            Self::Transport { connecting: false, .. } => "cut",
        }
    }

    /// The error and its causes in one line, for structured logs, which show only the outermost error.
    #[must_use]
    pub fn chain(&self) -> String {
        crate::error_chain::error_chain(self)
    }
}

impl Refusal {
    fn public(self) -> String {
        match self {
            Self::ContextTooLong => "the prompt is too long for this model, try a shorter one".into(),
            Self::UnknownModel => "the provider does not serve this model today".into(),
            Self::OutOfCredit => {
                "the provider account is out of credit; ask the operator to top it up".into()
            }
            Self::Filtered => "the provider's content filter refused the prompt".into(),
            Self::Region => "the provider does not serve this country or region".into(),
            Self::OutputCap => {
                "the provider refused the output cap; ask the operator to lower max_tokens of this model"
                    .into()
            }
            Self::WrongUrl => {
                "the provider has no chat endpoint at its address; ask the operator to check base_url".into()
            }
            Self::Redirected => {
                "the provider's address has changed; ask the operator to update base_url".into()
            }
            Self::Other(0) => "the provider refused the request".into(),
            Self::Other(status) => format!("the provider refused the request (HTTP {status})"),
        }
    }
}

impl Stage {
    fn public(self, after: Duration) -> String {
        let after = words(after);
        match self {
            Self::Connect => format!("no connection within {after}"),
            Self::FirstToken => format!("no first token within {after}"),
            Self::Idle => format!("no progress for {after}"),
            Self::Total => format!("not done within {after}"),
        }
    }
}

/// The time of a retry: "in 20 s" or "now".
fn later(wait: Duration) -> String {
    if wait.is_zero() { "now".into() } else { format!("in {}", words(wait)) }
}

/// A duration in words: "0.5 s", "20 s", "3 min", "278 h".
fn words(time: Duration) -> String {
    match time.as_secs() {
        secs if secs >= 2 * 3_600 => format!("{} h", secs.div_ceil(3_600)),
        0 => format!("{:.1} s", time.as_secs_f64()),
        secs if secs >= 120 && secs.is_multiple_of(60) => format!("{} min", secs / 60),
        _ => format!("{} s", time.as_secs_f64().ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_contains_the_whole_chain() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = ModelError::Transport { connecting: true, source: Arc::new(refused) };
        assert_eq!(error.chain(), "transport: connection refused");
        assert_eq!(ModelError::Unauthorized.chain(), "unauthorized");
    }

    #[test]
    fn waits_are_rounded_for_people() {
        let text = |ms| words(Duration::from_millis(ms));
        assert_eq!([text(500), text(20_000), text(1_200), text(180_000)], ["0.5 s", "20 s", "2 s", "3 min"]);
        assert_eq!([text(7_140_000), text(7_200_000), text(999_999_000)], ["119 min", "2 h", "278 h"]);
        let limited = ModelError::RateLimited { retry_after: Some(Duration::ZERO) };
        assert_eq!(limited.public(), "rate limited by the provider, try again now");
    }
}
