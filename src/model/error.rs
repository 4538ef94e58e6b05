//! Why a model failed, and the one sentence that a person gets to read about it.
//!
//! Must not know HTTP or JSON: the provider's client decides which error it is.

use std::{error::Error, iter, sync::Arc, time::Duration};

/// Where a deadline struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// While connecting.
    Connect,
    /// Before the first content or reasoning.
    FirstToken,
    /// Between two content or reasoning events.
    Idle,
    /// The whole answer.
    Total,
}

/// Why a provider refused a request, as far as it can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The provider does not serve this model (to this account).
    UnknownModel,
    /// The account's credit is used up.
    OutOfCredit,
    /// A content filter.
    Filtered,
    /// Anything else, with the HTTP status (0 inside a stream).
    Other(u16),
}

/// Why a lane failed. Variants by what one does about it; sources stay in the chain, out of the text.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ModelError {
    /// The key is missing, wrong or not allowed.
    #[error("unauthorized")]
    Unauthorized,
    /// Too many requests.
    #[error("rate limited")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has trouble of its own; the HTTP status (0 inside a stream).
    #[error("provider trouble, status {0}")]
    Overloaded(u16),
    /// The provider does not do this.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A staged deadline struck.
    #[error("deadline {stage:?} of {after:?}")]
    Timeout {
        /// Which deadline.
        stage: Stage,
        /// Its length.
        after: Duration,
    },
    /// The stream ended without a finish reason.
    #[error("the stream ended without a finish reason")]
    Truncated,
    /// The stream broke its own format; the text says how, never with the content.
    #[error("corrupt stream: {0}")]
    Corrupt(&'static str),
    /// The provider reported an error inside the stream.
    #[error("the provider reported an error in its stream")]
    Reported,
    /// The connection failed; `connecting` tells whether it ever stood.
    #[error("transport")]
    Transport {
        /// True when no connection came about.
        connecting: bool,
        /// The cause, for logs (without its URL).
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl ModelError {
    /// One sentence for a person in a chat: no URL, no key, no raw body.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Self::Unauthorized => "the provider refused the key; the operator should check it".into(),
            Self::RateLimited { retry_after: Some(wait) } => {
                format!("rate limited by the provider, try again {}", later(*wait))
            }
            Self::RateLimited { retry_after: None } => {
                "rate limited by the provider, try again in a minute".into()
            }
            Self::Overloaded(0) => "the provider is overloaded, try again later".into(),
            Self::Overloaded(status) => format!("the provider has trouble (HTTP {status}), try again later"),
            Self::Refused(refusal) => refusal.public(),
            Self::Timeout { stage, after } => format!("timed out: {}", stage.public(*after)),
            Self::Truncated => "the connection ended before the answer did".into(),
            Self::Corrupt(how) => format!("the provider sent a broken stream ({how})"),
            Self::Reported => "the provider reported an error in mid-answer, try again".into(),
            Self::Transport { connecting: true, .. } => "the provider cannot be reached".into(),
            Self::Transport { connecting: false, .. } => "the connection to the provider broke".into(),
        }
    }
}

impl ModelError {
    /// True when the way failed and not the model: a cut, a deadline.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Truncated | Self::Transport { .. })
    }

    /// One of a few words for it, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded(_) => "overloaded",
            Self::Refused(_) => "refused",
            Self::Timeout { stage: Stage::Idle, .. } => "stall",
            Self::Timeout { .. } => "timeout",
            Self::Truncated => "truncated",
            Self::Corrupt(_) => "bad_stream",
            Self::Reported => "reported",
            Self::Transport { connecting: true, .. } => "unreachable",
            Self::Transport { connecting: false, .. } => "cut",
        }
    }

    /// The error and its causes in one line, for logs: a structured log shows of an error value its first words
    /// alone.
    #[must_use]
    pub fn chain(&self) -> String {
        let causes = iter::successors(Some(self as &dyn Error), |&error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

impl Refusal {
    fn public(self) -> String {
        match self {
            Self::ContextTooLong => "the prompt is too long for this model, try a shorter one".into(),
            Self::UnknownModel => "the provider does not serve this model today".into(),
            Self::OutOfCredit => {
                "the credit at the provider is used up; the operator should top it up".into()
            }
            Self::Filtered => "the provider's content filter refused the prompt".into(),
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

/// When to try again: "in 20 s", or "now".
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
    fn a_log_line_has_the_whole_chain() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = ModelError::Transport { connecting: true, source: Arc::new(refused) };
        assert_eq!(error.chain(), "transport: connection refused");
        assert_eq!(ModelError::Unauthorized.chain(), "unauthorized");
    }

    #[test]
    fn a_wait_is_said_in_words() {
        let said = |ms| words(Duration::from_millis(ms));
        assert_eq!([said(500), said(20_000), said(1_200), said(180_000)], ["0.5 s", "20 s", "2 s", "3 min"]);
        assert_eq!([said(7_140_000), said(7_200_000), said(999_999_000)], ["119 min", "2 h", "278 h"]);
        let limited = ModelError::RateLimited { retry_after: Some(Duration::ZERO) };
        assert_eq!(limited.public(), "rate limited by the provider, try again now");
    }
}
