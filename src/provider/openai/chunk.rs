//! The JSON of one event (`chat.completion.chunk`) and of a whole answer (`chat.completion`), as far as
//! a race reads it. Everything is optional: providers leave out what they like. Reference:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>.
//!
//! Must not know what is made of it.

use serde::Deserialize;
use serde_json::Value;

use super::loose::{Number, Object, Text};

/// One event's data, or a whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub(super) usage: Object<UsageBody>,
    pub(super) error: Option<Value>,
    /// Groq's own corner.
    #[serde(default)]
    pub(super) x_groq: Object<GroqBody>,
    /// llama.cpp's own figures.
    #[serde(default)]
    pub(super) timings: Object<TimingsBody>,
    /// What our own simulated models say of themselves.
    pub(super) simulated: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Number,
    #[serde(borrow)]
    pub(super) delta: Option<Part<'a>>,
    /// The message of a whole answer. Some repeat it all in the last event of a stream.
    #[serde(borrow)]
    pub(super) message: Option<Part<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Text<'a>,
    pub(super) error: Option<Value>,
}

/// A part of the message, or all of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    /// What a model says when it will not answer: it is the answer then.
    #[serde(borrow)]
    pub(super) refusal: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_content: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_details: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GroqBody {
    pub(super) error: Option<Value>,
    #[serde(default)]
    pub(super) usage: Object<UsageBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageBody {
    pub(super) prompt_tokens: Number,
    pub(super) completion_tokens: Number,
    pub(super) prompt_tokens_details: Object<PromptDetails>,
    pub(super) completion_tokens_details: Object<OutputDetails>,
    /// DeepSeek's place for what came from the cache.
    pub(super) prompt_cache_hit_tokens: Number,
    /// Where the details are flat.
    pub(super) reasoning_tokens: Number,
    /// Groq: seconds spent on the output.
    pub(super) completion_time: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputDetails {
    pub(super) reasoning_tokens: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TimingsBody {
    pub(super) cache_n: Number,
    pub(super) prompt_n: Number,
    pub(super) predicted_n: Number,
    pub(super) predicted_per_second: Number,
}
