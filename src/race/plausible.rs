//! The usage that a lane can have: counts of a server beyond it are not believed.
//!
//! | count | at most |
//! | --- | --- |
//! | reasoning, and the rest of the output | each the cap that was asked for, or the bytes received where those are more |
//! | prompt | the bytes of its texts and of the model's own instructions, and a template |
//! | cached | the prompt's tokens |
//!
//! A token has at least a byte. Reasoning may be counted without being streamed, so the cap bounds it, and some providers apply
//! the cap to the rest alone. The speed is bounded by the text ([`super::state::Lane::metrics`]).

use crate::model::{ModelCard, Prompt, Usage};

/// Tokens without text: ends, roles, channels.
const MAX_SILENT_TOKENS: u64 = 64;
/// Tokens of a chat template and of instructions that a provider adds to a prompt.
const MAX_TEMPLATE_TOKENS: u64 = 8_192;
/// A server's own decode speed above this is a broken figure.
const MAX_TOKENS_PER_SECOND: f64 = 1_000_000.0;

/// The bounds of a lane's usage.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsageBounds {
    prompt: u64,
    cap: u64,
    received: u64,
}

impl UsageBounds {
    /// The bounds before any text was received.
    pub(super) fn new(card: &ModelCard, prompt: &Prompt) -> Self {
        let instructions = card.prices.map_or(0, |prices| u64::from(prices.overhead));
        Self {
            prompt: prompt.max_tokens().saturating_add(instructions + MAX_TEMPLATE_TOKENS),
            cap: prompt.max_output_tokens.into(),
            received: 0,
        }
    }

    /// Counts text that was received.
    pub(super) fn receive(&mut self, bytes: usize) {
        self.received = self.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Returns `usage` without the counts that cannot be true.
    pub(super) fn believed(&self, usage: Usage) -> Usage {
        let most = self.cap.max(self.received) + MAX_SILENT_TOKENS;
        let reasoning_tokens = usage.reasoning_tokens.filter(|tokens| *tokens <= most);
        let output = most + reasoning_tokens.unwrap_or(0);
        let prompt_tokens = usage.prompt_tokens.filter(|tokens| *tokens <= self.prompt);
        let cached = prompt_tokens.unwrap_or(self.prompt);
        Usage {
            prompt_tokens,
            output_tokens: usage.output_tokens.filter(|tokens| *tokens <= output),
            reasoning_tokens,
            cached_tokens: usage.cached_tokens.filter(|tokens| *tokens <= cached),
            server_tokens_per_second: usage
                .server_tokens_per_second
                .filter(|speed| (0.0..=MAX_TOKENS_PER_SECOND).contains(speed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Color, ModelId};

    fn bounds(received: usize) -> UsageBounds {
        let card = ModelCard {
            id: ModelId::new("m"),
            name: String::new(),
            icon: String::new(),
            size: String::new(),
            best_for: String::new(),
            color: Color { r: 0, g: 0, b: 0 },
            provider: String::new(),
            simulated: false,
            vision: false,
            prices: None,
        };
        let mut bounds = UsageBounds::new(&card, &Prompt::new("why?", 100));
        bounds.receive(received);
        bounds
    }

    #[test]
    fn counts_within_the_cap_or_the_text_are_believed() {
        let usage = Usage {
            prompt_tokens: Some(40),
            output_tokens: Some(101),
            reasoning_tokens: Some(100),
            cached_tokens: Some(40),
            server_tokens_per_second: Some(3_000.0),
        };
        assert_eq!(bounds(10).believed(usage), usage);
        let ignored_cap = Usage { output_tokens: Some(5_000), ..Usage::default() };
        assert_eq!(bounds(20_000).believed(ignored_cap), ignored_cap);
        let apart = Usage { output_tokens: Some(250), reasoning_tokens: Some(150), ..Usage::default() };
        assert_eq!(bounds(0).believed(apart), apart, "reasoning beside the cap");
    }

    #[test]
    fn counts_beyond_any_bound_are_dropped_one_by_one() {
        for tokens in [20_000, u64::MAX] {
            let usage = Usage {
                prompt_tokens: Some(tokens),
                output_tokens: Some(tokens),
                reasoning_tokens: Some(tokens),
                cached_tokens: Some(tokens),
                server_tokens_per_second: Some(1e300),
            };
            assert_eq!(bounds(10_000).believed(usage), Usage::default(), "{tokens}");
        }
        let cached = Usage { prompt_tokens: Some(40), cached_tokens: Some(41), ..Usage::default() };
        assert_eq!(bounds(0).believed(cached), Usage { prompt_tokens: Some(40), ..Usage::default() });
    }
}
