//! A request to a model: the system text of its channel, the conversation so far, and the new message with its pictures.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

/// Upper bound of the tokens of a picture of at most 1568 x 1568 pixels: providers count from 85 tokens to one for each
/// 28 x 28 pixels (<https://docs.claude.com/en/docs/build-with-claude/vision>,
/// <https://github.com/QwenLM/Qwen2.5-VL>).
const MAX_IMAGE_TOKENS: u64 = 3_200;

/// A request to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The system text that the channel chose, beside the model's own.
    pub persona: Option<Arc<str>>,
    /// The conversation so far, oldest first.
    pub turns: Vec<Exchange>,
    /// The user's words, as typed, and the texts of attached files.
    pub text: String,
    /// The attached pictures.
    pub images: Vec<Arc<Image>>,
    /// Upper bound of the output in tokens, reasoning included; a model's own `max_tokens` may lower it.
    pub max_output_tokens: u32,
    /// True asks for temperature 0: equal prompts should get equal answers.
    pub is_greedy: bool,
}

/// An earlier message of a conversation and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The user's words.
    pub text: String,
    /// The answer that the model is to take for its own; `None` if there was none.
    pub answer: Option<String>,
}

/// An attached picture, encoded by this service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its media type, such as `image/png`.
    pub mime: &'static str,
    /// The encoded picture.
    pub bytes: Bytes,
}

impl Image {
    /// Returns the picture as a `data:` URL.
    #[must_use]
    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.mime, BASE64_STANDARD.encode(&self.bytes))
    }
}

impl Prompt {
    /// Returns a prompt with this text and this bound of the output in tokens.
    #[must_use]
    pub fn new(text: impl Into<String>, max_output_tokens: u32) -> Self {
        Self {
            persona: None,
            turns: vec![],
            text: text.into(),
            images: vec![],
            max_output_tokens,
            is_greedy: false,
        }
    }

    /// Returns all texts in it, in their order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let turns = self.turns.iter().flat_map(|turn| [Some(turn.text.as_str()), turn.answer.as_deref()]);
        self.persona.as_deref().into_iter().chain(turns.flatten()).chain([self.text.as_str()])
    }

    /// Returns an upper bound of its tokens without the chat template: a token has at least a byte.
    #[must_use]
    pub fn max_tokens(&self) -> u64 {
        let texts: usize = self.texts().map(str::len).sum();
        u64::try_from(texts).unwrap_or(u64::MAX).saturating_add(self.image_tokens())
    }

    /// Returns an upper bound of the tokens of its pictures.
    #[must_use]
    pub fn image_tokens(&self) -> u64 {
        MAX_IMAGE_TOKENS.saturating_mul(self.images.len() as u64)
    }
}
