//! The JSON of one event (`chat.completion.chunk`) and of a whole answer (`chat.completion`), limited to the fields
//! that a race uses. All are optional, since any provider omits some. Reference:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>.

use serde::Deserialize;
use serde_json::Value;

use super::lenient::{Number, Object, Text};
use crate::model::Usage;

/// One event's data, or a whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub(super) usage: Object<UsageBody>,
    pub(super) error: Option<Value>,
    /// Groq's extension.
    #[serde(default)]
    pub(super) x_groq: Object<GroqBody>,
    /// llama.cpp's extension.
    #[serde(default)]
    pub(super) timings: Object<TimingsBody>,
    /// True in the answers of `llm-arena simulate`.
    pub(super) simulated: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Number,
    #[serde(borrow)]
    pub(super) delta: Option<Part<'a>>,
    /// The message of a whole answer. Some providers repeat it in the last event of a stream.
    #[serde(borrow)]
    pub(super) message: Option<Part<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Text<'a>,
    pub(super) error: Option<Value>,
}

/// A delta, or a whole message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    /// The model's explanation for not answering, shown as the answer.
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
    /// DeepSeek's field for cached tokens.
    pub(super) prompt_cache_hit_tokens: Number,
    /// For providers without nested details.
    pub(super) reasoning_tokens: Number,
    /// Groq's time for the output, in seconds.
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

impl UsageBody {
    pub(super) fn usage(&self) -> Usage {
        let reasoning = self.completion_tokens_details.0.as_ref().and_then(|d| d.reasoning_tokens.as_u64());
        let cached = self.prompt_tokens_details.0.as_ref().and_then(|d| d.cached_tokens.as_u64());
        Usage {
            prompt_tokens: self.prompt_tokens.as_u64(),
            output_tokens: self.completion_tokens.as_u64(),
            reasoning_tokens: reasoning.or(self.reasoning_tokens.as_u64()),
            cached_tokens: cached.or(self.prompt_cache_hit_tokens.as_u64()),
            server_tokens_per_second: self.decode_speed(),
        }
    }

    /// The decode speed from Groq's `completion_time`.
    fn decode_speed(&self) -> Option<f64> {
        let (tokens, seconds) = (self.completion_tokens.as_f64()?, self.completion_time.as_f64()?);
        (tokens > 1.0 && seconds > 0.0).then(|| tokens / seconds)
    }
}

impl TimingsBody {
    /// Converts llama.cpp's timings. The speed of fewer than two tokens is meaningless and left out.
    pub(super) fn usage(&self) -> Usage {
        let (cached, fresh) = (self.cache_n.as_u64(), self.prompt_n.as_u64());
        let speed = self.predicted_per_second.as_f64().filter(|speed| *speed > 0.0);
        Usage {
            prompt_tokens: fresh.map(|fresh| fresh + cached.unwrap_or(0)),
            output_tokens: self.predicted_n.as_u64(),
            reasoning_tokens: None,
            cached_tokens: cached,
            server_tokens_per_second: speed.filter(|_| self.predicted_n.as_u64().is_none_or(|n| n > 1)),
        }
    }
}
