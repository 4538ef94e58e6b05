//! The numbers of a lane as pure functions of stamps and counts (see "The numbers" in the README).
//!
//! With t0 = just before the request is written, tf and tl = the first and last read with content, reasoning or tool
//! text, te = the end of the stream, and N = output tokens including reasoning:
//! time to first token = tf - t0, total = tl - t0, decode speed = (N - 1) / (tl - tf),
//! end-to-end speed = N / (te - t0).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;

/// The times of a lane's milestones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// t0: just before the (last) request was written.
    pub sent: Option<Elapsed>,
    /// tf: the first read with content, reasoning or tool text.
    pub first_token: Option<Elapsed>,
    /// The first read with content outside reasoning.
    pub first_answer: Option<Elapsed>,
    /// tl: the last read with content, reasoning or tool text.
    pub last_token: Option<Elapsed>,
    /// The last read with any bytes.
    pub last_byte: Option<Elapsed>,
    /// te: the end of the stream, for whatever reason.
    pub ended: Option<Elapsed>,
}

/// The source of a token count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenCount {
    /// The usage reported by the server.
    Usage,
    /// Our estimate, with the vocabulary of another model. It and the speeds derived from it are shown with "≈".
    Estimated,
}

impl TokenCount {
    /// The word of the JSON contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Estimated => "estimated",
        }
    }

    /// "≈" before an estimated figure, else nothing.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Usage => "",
            Self::Estimated => "≈",
        }
    }
}

/// The numbers of a lane; `None` if unknown or undefined.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Tokens of the prompt, if reported by the server.
    pub prompt_tokens: Option<u64>,
    /// N: output tokens, reasoning included.
    pub output_tokens: u64,
    /// The part of N that was reasoning.
    pub reasoning_tokens: Option<u64>,
    /// The source of N.
    pub token_count: TokenCount,
    /// Prompt tokens served from the server's cache.
    pub cached_tokens: Option<u64>,
    /// Time to first token: tf - t0.
    pub ttft: Option<Duration>,
    /// Time to the first token outside reasoning.
    pub ttfa: Option<Duration>,
    /// Time to the last token: tl - t0.
    pub total: Option<Duration>,
    /// Decode speed, (N - 1) / (tl - tf): the headline number and the bars of the chart.
    pub tokens_per_second: Option<f64>,
    /// End-to-end speed: N / (te - t0).
    pub end_to_end_tokens_per_second: Option<f64>,
    /// The decode speed reported by the server.
    pub server_tokens_per_second: Option<f64>,
}

/// Decode speed; `None` below two tokens or if everything arrived in one read.
#[must_use]
pub fn decode_speed(stamps: &Stamps, tokens: u64) -> Option<f64> {
    let span = stamps.last_token?.since(stamps.first_token?);
    per_second(tokens.checked_sub(1)?, span)
}

/// End-to-end speed; `None` without tokens or before the end.
#[must_use]
pub fn end_to_end_speed(stamps: &Stamps, tokens: u64) -> Option<f64> {
    per_second(tokens, stamps.ended?.since(stamps.sent?))
}

#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn per_second(tokens: u64, span: Duration) -> Option<f64> {
    (tokens > 0 && !span.is_zero()).then(|| tokens as f64 / span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(sent: u64, first: u64, last: u64, ended: u64) -> Stamps {
        let at = |ms| Some(Elapsed::from_millis(ms));
        Stamps {
            sent: at(sent),
            first_token: at(first),
            last_token: at(last),
            ended: at(ended),
            ..Stamps::default()
        }
    }

    #[test]
    fn the_first_token_is_not_counted_in_the_decode_speed() {
        let stamps = stamps(0, 500, 1500, 2000);
        assert_eq!(decode_speed(&stamps, 101), Some(100.0));
        assert_eq!(end_to_end_speed(&stamps, 100), Some(50.0));
    }

    #[test]
    fn a_single_token_or_read_has_no_speed() {
        assert_eq!(decode_speed(&stamps(0, 500, 1500, 2000), 1), None);
        assert_eq!(decode_speed(&stamps(0, 500, 1500, 2000), 0), None);
        assert_eq!(decode_speed(&stamps(0, 500, 500, 2000), 50), None);
        assert_eq!(end_to_end_speed(&Stamps::default(), 50), None);
    }
}
