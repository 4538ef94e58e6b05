//! The JSON of one event (`chat.completion.chunk`) and of a whole answer (`chat.completion`), limited to the fields
//! that a race uses. All are optional, since any provider omits some. Reference:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>.

use super::{
    content::{Content, Text},
    lenient::{Any, List, Number, Object, object},
};
use crate::model::Usage;

object! {
    /// One event's data, or a whole answer.
    Chunk {
        choices: List<Choice<'a>>,
        /// The name under which the server serves the model.
        model: Text<'a>,
        usage: Object<UsageBody<'a>>,
        error: Any,
        /// Groq's extension.
        x_groq: Object<GroqBody<'a>>,
        /// llama.cpp's extension.
        timings: Object<TimingsBody<'a>>,
        /// True in the answers of `llm-arena simulate`.
        simulated: Any,
    }
}

object! {
    /// One alternative of an answer; a race asks for one.
    Choice {
        index: Number,
        delta: Object<Part<'a>>,
        /// The message of a whole answer. Some providers repeat it in the last event of a stream, or send it in place
        /// of `delta`.
        message: Object<Part<'a>>,
        /// The text of the older completions protocol, in place of `delta`.
        text: Text<'a>,
        finish_reason: Text<'a>,
        /// Moonshot's place for usage.
        usage: Object<UsageBody<'a>>,
        error: Any,
    }
}

object! {
    /// A delta, or a whole message.
    Part {
        content: Content<'a>,
        /// The model's explanation for not answering, shown as the answer.
        refusal: Text<'a>,
        /// Some servers send a piece of the answer here.
        text: Text<'a>,
        reasoning_content: Text<'a>,
        reasoning: Text<'a>,
        reasoning_details: Text<'a>,
        reasoning_text: Text<'a>,
        reasoning_summary: Text<'a>,
        thinking: Text<'a>,
        tool_calls: List<ToolCall<'a>>,
        /// The older form of `tool_calls`.
        function_call: Object<Function<'a>>,
    }
}

impl Part<'_> {
    /// The reasoning; some providers send identical reasoning in two fields.
    pub(super) fn reasoning(&self) -> &str {
        let fields = [
            &self.reasoning_content,
            &self.reasoning,
            &self.reasoning_text,
            &self.thinking,
            &self.reasoning_summary,
            &self.reasoning_details,
        ];
        fields
            .into_iter()
            .map(|text| &**text)
            .find(|text| !text.is_empty())
            .unwrap_or(&self.content.reasoning)
    }
}

object! {
    ToolCall {
        function: Object<Function<'a>>,
    }
}

object! {
    Function {
        name: Text<'a>,
        arguments: Text<'a>,
    }
}

object! {
    GroqBody {
        error: Any,
        usage: Object<UsageBody<'a>>,
    }
}

object! {
    UsageBody {
        prompt_tokens: Number,
        completion_tokens: Number,
        total_tokens: Number,
        prompt_tokens_details: Object<PromptDetails<'a>>,
        completion_tokens_details: Object<OutputDetails<'a>>,
        /// DeepSeek's field for cached tokens.
        prompt_cache_hit_tokens: Number,
        /// For providers without nested details.
        reasoning_tokens: Number,
        /// The names of the Responses protocol.
        input_tokens: Number,
        output_tokens: Number,
        output_tokens_details: Object<OutputDetails<'a>>,
        /// Groq's time for the output, in seconds.
        completion_time: Number,
    }
}

object! {
    PromptDetails {
        cached_tokens: Number,
    }
}

object! {
    OutputDetails {
        reasoning_tokens: Number,
    }
}

object! {
    TimingsBody {
        cache_n: Number,
        prompt_n: Number,
        predicted_n: Number,
        predicted_per_second: Number,
    }
}

impl UsageBody<'_> {
    pub(super) fn usage(&self) -> Usage {
        let details = [&self.completion_tokens_details, &self.output_tokens_details];
        let reasoning = details.into_iter().find_map(|details| details.0.as_ref()?.reasoning_tokens.as_u64());
        let cached = self.prompt_tokens_details.0.as_ref().and_then(|d| d.cached_tokens.as_u64());
        let usage = Usage {
            prompt_tokens: self.prompt_tokens.as_u64().or(self.input_tokens.as_u64()),
            output_tokens: self.completion_tokens.as_u64().or(self.output_tokens.as_u64()),
            reasoning_tokens: reasoning.or(self.reasoning_tokens.as_u64()),
            cached_tokens: cached.or(self.prompt_cache_hit_tokens.as_u64()),
            server_tokens_per_second: self.decode_speed(),
        };
        self.with_uncounted_reasoning(usage)
    }

    /// Adds reasoning that the output tokens leave out but the total contains, as at xAI and in Gemini's dialect.
    fn with_uncounted_reasoning(&self, usage: Usage) -> Usage {
        let (Some(prompt), Some(output), Some(total)) =
            (usage.prompt_tokens, usage.output_tokens, self.total_tokens.as_u64())
        else {
            return usage;
        };
        let uncounted = total.saturating_sub(prompt.saturating_add(output));
        if uncounted == 0 || usage.cached_tokens == Some(uncounted) {
            return usage;
        }
        Usage {
            output_tokens: Some(output + uncounted),
            reasoning_tokens: usage.reasoning_tokens.or(Some(uncounted)),
            ..usage
        }
    }

    /// The decode speed from Groq's `completion_time`.
    fn decode_speed(&self) -> Option<f64> {
        let (tokens, seconds) = (self.completion_tokens.as_f64()?, self.completion_time.as_f64()?);
        (tokens > 1.0 && seconds > 0.0).then(|| tokens / seconds)
    }
}

impl TimingsBody<'_> {
    /// Converts llama.cpp's timings. The speed of fewer than two tokens is meaningless and left out.
    pub(super) fn usage(&self) -> Usage {
        let (cached, fresh) = (self.cache_n.as_u64(), self.prompt_n.as_u64());
        let speed = self.predicted_per_second.as_f64().filter(|speed| *speed > 0.0);
        Usage {
            prompt_tokens: fresh.map(|fresh| fresh.saturating_add(cached.unwrap_or(0))),
            output_tokens: self.predicted_n.as_u64(),
            reasoning_tokens: None,
            cached_tokens: cached,
            server_tokens_per_second: speed.filter(|_| self.predicted_n.as_u64().is_none_or(|n| n > 1)),
        }
    }
}
