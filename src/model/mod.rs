//! The model port: a language model that answers a prompt as a stream.
//!
//! [`ChatModel`] is everything a race knows about a model. Real providers ([`crate::provider::openai`]), simulated
//! ones ([`crate::provider::simulated`]) and the scripted models of the tests implement it. No clock is read here:
//! the implementation stamps each delta at the socket read.
//!
//! ```text
//! ChatModel::prepare -> Availability
//! ChatModel::stream(Prompt) -> Stamped { at, delta } ... or one ModelError
//! ```

mod error;
mod identity;
mod prompt;
mod size;

use std::{fmt, sync::Arc};

use futures::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use self::{
    error::{ModelError, Refusal, Stage},
    identity::{Contender, Identity},
    prompt::{Exchange, Image, Prompt},
    size::billions,
};

/// A model's id in the configuration, such as `gemma-2b`; unique in a line-up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelId(Arc<str>);

impl ModelId {
    /// Wraps `id`.
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

/// A model's public description, shown in every view, chart and report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The id in the configuration.
    pub id: ModelId,
    /// The display name.
    pub name: String,
    /// One emoji, or empty.
    pub icon: String,
    /// Its size for people ("2B"), or empty.
    pub size: String,
    /// Its strengths, or empty.
    pub best_for: String,
    /// Its colour, independent of its rank.
    pub color: Color,
    /// The provider's id in the configuration.
    pub provider: String,
    /// True if it only simulates a language model.
    pub simulated: bool,
    /// Token prices, if known.
    pub prices: Option<Prices>,
}

/// A model's token prices, and the bounds of a single answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// The price of an input token in trillionths of a US dollar: dollars per million tokens, times a million.
    pub input: u64,
    /// The price of an output token in trillionths of a US dollar.
    pub output: u64,
    /// The model's own cap on output tokens.
    #[serde(rename = "most_output")] // the name in databases
    pub max_output: u32,
    /// Upper bound of the input tokens beside the prompt: the system text and the chat template.
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

/// A delta and the instant at which its bytes were read from the socket (before they were parsed).
#[derive(Clone, Debug)]
pub struct Stamped {
    /// Monotonic; all deltas of one read share one stamp.
    pub at: Instant,
    /// Bytes of content, reasoning and tool text that arrived with the event of this delta; zero if it carried none,
    /// or if an earlier delta of the same event has counted them.
    pub arrived: usize,
    /// The step.
    pub delta: Delta,
}

impl Stamped {
    /// Stamps a delta that is the only one of its event.
    #[must_use]
    pub fn new(at: Instant, delta: Delta) -> Self {
        Self { at, arrived: delta.text_len(), delta }
    }
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The request is about to be written to its connection. Emitted again when the request is retried.
    Sent,
    /// The server is still loading the model; the request will be sent again.
    Loading,
    /// Bytes without content arrived: headers, a role-only event, a keep-alive comment.
    Alive,
    /// Content arrived that may turn out to be a tag around reasoning. It is held back until that is decided.
    Held,
    /// A piece of the reasoning: counted and timed, but not part of the answer. Never empty.
    Reasoning(String),
    /// A piece of the answer. Never empty.
    Text(String),
    /// The answer so far turns out to be reasoning: a closing tag arrived whose opening tag is in the prompt.
    AnswerWasReasoning,
    /// A piece of a tool call: counts as output, but is not shown. Never empty.
    Tool(String),
    /// Token counts and the server's own figures; a later one overrides field by field.
    Usage(Usage),
    /// The server declares this answer simulated.
    Simulated,
    /// The name under which the server serves the model.
    Served(ServedModel),
    /// The provider's own words about an error, clipped and without secrets. The error follows.
    ProviderMessage(String),
    /// The model stopped for this reason. Usage may follow, and at some servers more content.
    Finished(FinishReason),
    /// The server declared the stream complete (`[DONE]`).
    Done,
    /// The stream ended. Stamped with the read that ended it or, if the server left it open, with the last read
    /// that carried anything.
    Ended,
}

impl Delta {
    /// The bytes of content, reasoning or tool text in this delta.
    #[must_use]
    pub fn text_len(&self) -> usize {
        match self {
            Self::Reasoning(text) | Self::Text(text) | Self::Tool(text) => text.len(),
            _ => 0,
        }
    }
}

/// The model that answered, as the server names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedModel {
    /// The server's name for it.
    pub name: String,
    /// True if it is not the model that was asked for. Aliases and date suffixes are not another model.
    pub is_other: bool,
}

/// Token counts and figures as reported by the server; `None` if not reported.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the output, reasoning included.
    pub output_tokens: Option<u64>,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Prompt tokens served from the server's cache.
    pub cached_tokens: Option<u64>,
    /// The server's own decode speed in tokens per second.
    pub server_tokens_per_second: Option<f64>,
}

impl Usage {
    /// Returns this usage overridden by the fields that `newer` has.
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

/// The provider's word for why a model stopped. Not an enum, since providers invent new ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishReason(String);

impl FinishReason {
    /// Wraps the provider's word: drops control characters, keeps 40 characters.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self(word.chars().filter(|c| !c.is_control()).take(40).collect())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if the output cap ended the answer.
    #[must_use]
    pub fn is_length(&self) -> bool {
        matches!(self.0.as_str(), "length" | "max_tokens")
    }
}

/// A model's state at its provider. Advisory: a model that isn't listed is still tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Availability {
    /// The provider lists the model.
    Listed,
    /// The provider's list lacks the model.
    NotListed,
    /// The provider responds but has no list.
    Unknown,
    /// The provider could not be reached or refused, with a sentence for people.
    Unreachable(String),
}

impl Availability {
    /// A single word for scripts and web pages.
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

/// A language model of any provider.
pub trait ChatModel: Send + Sync {
    /// Its public description.
    fn card(&self) -> &ModelCard;

    /// Its identity beyond the card.
    fn identity(&self) -> Identity {
        Identity::new(self.card(), None, None, [])
    }

    /// Returns its context in tokens, prompt and answer together, if it is known.
    fn context(&self) -> Option<u32> {
        None
    }

    /// Opens the connection that the next [`ChatModel::stream`] will use and asks the provider for its listing.
    /// Takes at most the connect deadline and a few seconds; never fails.
    fn prepare(&self) -> BoxFuture<'static, Availability>;

    /// Sends `prompt` over the most recently prepared connection. Nothing is sent before the first poll. The
    /// stream begins with [`Delta::Sent`] and, if its end was seen, closes with [`Delta::Ended`]. Dropping it
    /// cancels the request at the provider.
    ///
    /// # Errors
    /// A [`ModelError`] ends the stream. Nothing is retried after the first token.
    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_a_hash_and_six_hex_digits() {
        let color = Color::parse("#FDE263").expect("valid");
        assert_eq!((color.r, color.g, color.b), (0xFD, 0xE2, 0x63));
        assert_eq!(color.to_string(), "#FDE263");
        for wrong in ["FDE263", "#FDE26", "#FDE2633", "#+DE263", "red", "#ééé"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }
}
