//! The first port: a language model that answers a prompt as a stream.
//!
//! [`ChatModel`] is what a race needs of a model and all that it may know. Real providers
//! ([`crate::provider::openai`]), simulated ones ([`crate::provider::simulated`]) and the scripted
//! ones of the tests stand behind it. This module must not know HTTP, JSON, a platform or a clock:
//! stamps are made by the model's shell, at the socket read, and travel with each delta.

mod error;

use std::{fmt, sync::Arc};

use futures::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use self::error::{ModelError, Refusal, Stage};

/// A model's id in the configuration, such as `gemma-2b`: unique in a line-up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelId(Arc<str>);

impl ModelId {
    /// An id from its text.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ModelId {
    fn from(id: String) -> Self {
        Self::new(&id)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people see of a model: the same in every view, chart and report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The id in the configuration.
    pub id: ModelId,
    /// The name people know it by.
    pub name: String,
    /// One emoji, or empty.
    pub icon: String,
    /// Its size in people's words ("2B"), or empty.
    pub size: String,
    /// What it is made for, or empty.
    pub best_for: String,
    /// Its colour; it belongs to the model, never to the rank.
    pub color: Color,
    /// The provider's id in the configuration.
    pub provider: String,
    /// True when no language model stands behind it.
    pub simulated: bool,
    /// What its tokens cost, where that is known.
    pub prices: Option<Prices>,
}

/// What a model's tokens cost, and what bounds that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// An input token in trillionths of a US dollar: dollars a million tokens, times a million.
    pub input: u64,
    /// An output token, in the same.
    pub output: u64,
    /// The model's own cap on output tokens.
    pub most_output: u32,
    /// Input tokens beside the prompt at most: the system text and the form of the conversation.
    pub overhead: u32,
}

/// An RGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green, 0 to 255.
    pub g: u8,
    /// Blue, 0 to 255.
    pub b: u8,
}

impl Color {
    /// Parses `#RRGGBB`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex =
            text.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        Some(Self { r, g, b })
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02X}{:02X}{:02X}", self.r, self.g, self.b)
    }
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The user's words, as typed.
    pub text: String,
    /// Upper bound of the answer in tokens, reasoning included; a model's own `max_tokens` may lower it.
    pub max_output_tokens: u32,
}

/// A delta and the instant at which its bytes were read from the socket (before they were parsed).
#[derive(Clone, Debug)]
pub struct Stamped {
    /// Monotonic; all deltas of one read share one stamp.
    pub at: Instant,
    /// What came.
    pub delta: Delta,
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The request is about to be written on its connection; sent anew when it is repeated.
    Sent,
    /// Bytes without content came: headers, a role-only event, a keep-alive comment.
    Alive,
    /// Thinking: counted and timed, not part of the answer. Never empty.
    Reasoning(String),
    /// A part of the answer. Never empty.
    Text(String),
    /// A part of a tool call. It counts as output, but is not shown. Never empty.
    Tool(String),
    /// Token counts and the server's own figures; a later one overrides field by field.
    Usage(Usage),
    /// The server itself says that no model stands behind this answer.
    Simulated,
    /// Why the model stopped. The stream may go on with usage.
    Finished(FinishReason),
    /// The answer is over, and the stream with it. Its stamp is the read that ended the stream; where the
    /// server left it open, the last read that brought anything.
    Ended,
}

/// Token counts and figures as the server gave them; `None` is "not said".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the output, reasoning included.
    pub output_tokens: Option<u64>,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Prompt tokens that came from the server's cache.
    pub cached_tokens: Option<u64>,
    /// The server's own decode speed in tokens per second.
    pub server_tokens_per_second: Option<f64>,
}

impl Usage {
    /// This usage with every field that `newer` knows taken from there.
    #[must_use]
    pub fn merged(self, newer: Self) -> Self {
        Self {
            prompt_tokens: newer.prompt_tokens.or(self.prompt_tokens),
            output_tokens: newer.output_tokens.or(self.output_tokens),
            reasoning_tokens: newer.reasoning_tokens.or(self.reasoning_tokens),
            cached_tokens: newer.cached_tokens.or(self.cached_tokens),
            server_tokens_per_second: newer.server_tokens_per_second.or(self.server_tokens_per_second),
        }
    }
}

/// Why a model stopped, in the provider's word: never an enum, since providers invent new ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishReason(String);

impl FinishReason {
    /// A finish reason from the provider's word; control characters are dropped, 40 characters kept.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self(word.chars().filter(|c| !c.is_control()).take(40).collect())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the output cap ended the answer.
    #[must_use]
    pub fn is_length(&self) -> bool {
        matches!(self.0.as_str(), "length" | "max_tokens")
    }
}

/// What a provider says of a model today. A listing is advice: the model is tried all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Availability {
    /// The provider lists it.
    Listed,
    /// The provider has a list, and the model is not on it.
    NotListed,
    /// The provider answers but gives no list.
    Unknown,
    /// The provider could not be reached or refused; one sentence for a person.
    Unreachable(String),
}

impl Availability {
    /// One word for scripts and pages.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not_listed",
            Self::Unknown => "unknown",
            Self::Unreachable(_) => "unreachable",
        }
    }
}

/// A language model, whoever runs it.
pub trait ChatModel: Send + Sync {
    /// What people see of it.
    fn card(&self) -> &ModelCard;

    /// Makes ready: opens a connection that the next [`ChatModel::stream`] will use, and asks the
    /// provider for its listing. Returns within the connect deadline and a few seconds; never fails.
    fn prepare(&self) -> BoxFuture<'static, Availability>;

    /// Asks, over the connection that was prepared last. Nothing is sent before the stream is first polled;
    /// the first delta is [`Delta::Sent`]; the last, where the model's shell sees the end, [`Delta::Ended`].
    /// The stream ends after its first error; dropping it cancels the request at the provider.
    ///
    /// # Errors
    /// Each [`ModelError`] is final: nothing is retried once a token came.
    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_six_hex_digits_and_nothing_else() {
        let color = Color::parse("#FDE263").expect("valid");
        assert_eq!((color.r, color.g, color.b), (0xFD, 0xE2, 0x63));
        assert_eq!(color.to_string(), "#FDE263");
        for wrong in ["FDE263", "#FDE26", "#FDE2633", "#+DE263", "red", "#ééé"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }
}
