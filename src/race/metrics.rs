//! The numbers of a lane, defined once (README, "The numbers"): pure functions of stamps and counts.
//!
//! With t0 = the request was about to be written, tf and tl = the first and last read with content,
//! reasoning or tool text, te = the end of the stream, N = output tokens including reasoning:
//! time to first token = tf - t0, total = tl - t0, decode speed = (N - 1) / (tl - tf),
//! end-to-end speed = N / (te - t0). Must not know models, text or a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;

/// The stamps of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// t0: the (last) request was about to be written.
    pub sent: Option<Elapsed>,
    /// tf: the first read with content, reasoning or tool text.
    pub first_token: Option<Elapsed>,
    /// The first read with content outside reasoning.
    pub first_answer: Option<Elapsed>,
    /// tl: the last read with content, reasoning or tool text.
    pub last_token: Option<Elapsed>,
    /// The last read with any bytes.
    pub last_byte: Option<Elapsed>,
    /// te: the stream ended, in whatever way.
    pub ended: Option<Elapsed>,
}

/// Where a token count comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenCount {
    /// The server's usage.
    Usage,
    /// Our estimate with a foreign vocabulary; shown with "≈" wherever it or a speed from it shows.
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

/// A lane's numbers. `None` is "not known" or "not defined", never zero or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Tokens of the prompt, where the server counted them.
    pub prompt_tokens: Option<u64>,
    /// N: output tokens, reasoning included.
    pub output_tokens: u64,
    /// The part of N that was reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Where N comes from.
    pub token_count: TokenCount,
    /// Prompt tokens from the server's cache.
    pub cached_tokens: Option<u64>,
    /// Time to first token: tf - t0.
    pub ttft: Option<Duration>,
    /// Time to first answer token, outside reasoning.
    pub ttfa: Option<Duration>,
    /// tl - t0.
    pub total: Option<Duration>,
    /// Decode speed, (N - 1) / (tl - tf): the headline and the chart's bars.
    pub tokens_per_second: Option<f64>,
    /// N / (te - t0).
    pub end_to_end_tokens_per_second: Option<f64>,
    /// The server's own decode speed.
    pub server_tokens_per_second: Option<f64>,
}

/// Decode speed: `None` below two tokens or where all came in one read.
#[must_use]
pub fn decode_speed(stamps: &Stamps, tokens: u64) -> Option<f64> {
    let span = stamps.last_token?.since(stamps.first_token?);
    per_second(tokens.checked_sub(1)?, span)
}

/// End-to-end speed: `None` without tokens or before the end.
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
    fn one_token_and_one_read_have_no_speed() {
        assert_eq!(decode_speed(&stamps(0, 500, 1500, 2000), 1), None);
        assert_eq!(decode_speed(&stamps(0, 500, 1500, 2000), 0), None);
        assert_eq!(decode_speed(&stamps(0, 500, 500, 2000), 50), None);
        assert_eq!(end_to_end_speed(&Stamps::default(), 50), None);
    }
}
