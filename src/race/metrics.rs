//! The numbers of a lane as pure functions of stamps and counts (see "The numbers" in the README).
//!
//! With t0 = just before the request is written, tf and tl = the first and last read with content, reasoning or tool
//! text, te = the end of the stream, and N = output tokens including reasoning:
//! time to first token = tf - t0, total = tl - t0, end-to-end speed = N / (te - t0).
//!
//! Decode speed = (Ns - n1) / (tl - tf), where Ns leaves out reasoning that was counted but not streamed, and n1 is the
//! tokens that arrived first. [`super::arrivals`] says which those are, and when there is such a speed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    arrivals::{Arrivals, SpeedNote},
    event::Elapsed,
};

/// A server's speed below this share of the measured one replaces it.
const MAX_SERVER_DEVIATION: f64 = 0.9;

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

/// The origin of a decode speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpeedSource {
    /// Measured here, from the reads of the stream.
    Measured,
    /// Reported by the server, which knows of tokens that it did not stream.
    Server,
}

impl SpeedSource {
    /// The word of the JSON contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Server => "server",
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
    /// Decode speed: the headline number and the bars of the chart.
    pub tokens_per_second: Option<f64>,
    /// The origin of the decode speed.
    #[serde(default)]
    pub speed_source: Option<SpeedSource>,
    /// The reason why there is no decode speed, or why it is the server's.
    #[serde(default)]
    pub speed_note: Option<SpeedNote>,
    /// End-to-end speed: N / (te - t0).
    pub end_to_end_tokens_per_second: Option<f64>,
    /// The decode speed reported by the server.
    pub server_tokens_per_second: Option<f64>,
}

/// A decode speed with its origin.
pub(super) struct DecodeSpeed {
    pub(super) tokens_per_second: Option<f64>,
    pub(super) source: Option<SpeedSource>,
    pub(super) note: Option<SpeedNote>,
}

/// The decode speed of `tokens` streamed tokens. The server's own speed never raises it, but replaces it if it is much
/// lower: then the server wrote tokens that it did not stream.
pub(super) fn decode_speed(arrivals: &Arrivals, tokens: u64, server: Option<f64>) -> DecodeSpeed {
    let measured = arrivals.speed(tokens).map(|speed| without_withheld(speed, arrivals, tokens, server));
    let (tokens_per_second, source, note) = match (arrivals.speed(tokens), server) {
        (Ok(measured), Some(server)) if server < measured * MAX_SERVER_DEVIATION => {
            (Some(server), Some(SpeedSource::Server), Some(SpeedNote::ServerIsSlower))
        }
        (Ok(_), _) => (measured.ok(), Some(SpeedSource::Measured), None),
        (Err(note), _) => (None, None, Some(note)),
    };
    DecodeSpeed { tokens_per_second, source, note }
}

/// Lowers a speed to that of the streamed events alone, if the server's own speed is closer to it: then the server
/// counted tokens that it withheld, as llama.cpp does before the first token of an answer in a JSON schema.
fn without_withheld(speed: f64, arrivals: &Arrivals, tokens: u64, server: Option<f64>) -> f64 {
    let events = arrivals.events();
    match (server, arrivals.speed(events)) {
        (Some(server), Ok(seen)) if events < tokens && (seen - server).abs() < (speed - server).abs() => seen,
        _ => speed,
    }
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
    fn the_end_to_end_speed_counts_from_the_request_to_the_end() {
        assert_eq!(end_to_end_speed(&stamps(0, 500, 1500, 2000), 100), Some(50.0));
        assert_eq!(end_to_end_speed(&Stamps::default(), 50), None);
    }

    #[test]
    fn a_server_lowers_a_speed_but_never_raises_it() {
        let mut arrivals = Arrivals::default();
        (0..=100).for_each(|i| arrivals.add(Elapsed::from_millis(10 * i), 4));
        let speed = |server| {
            let DecodeSpeed { tokens_per_second, source, note } = decode_speed(&arrivals, 101, server);
            (tokens_per_second.map(f64::round), source, note)
        };
        let measured = (Some(100.0), Some(SpeedSource::Measured), None);
        for server in [None, Some(91.0), Some(4_000.0)] {
            assert_eq!(speed(server), measured, "{server:?}");
        }
        assert_eq!(
            speed(Some(70.0)),
            (Some(70.0), Some(SpeedSource::Server), Some(SpeedNote::ServerIsSlower))
        );
        // 110 tokens were counted, 101 came
        let withheld = |server| decode_speed(&arrivals, 110, server).tokens_per_second.map(f64::round);
        assert_eq!(withheld(Some(100.0)), Some(100.0), "the server agrees with what was seen");
        assert_eq!((withheld(Some(109.0)), withheld(None)), (Some(109.0), Some(109.0)), "or with its count");
        let none = decode_speed(&Arrivals::default(), 101, Some(70.0));
        assert_eq!((none.tokens_per_second, none.source), (None, None), "a claim alone is no speed");
    }
}
