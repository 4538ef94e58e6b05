//! The request for a chat completion. Fields that mean nothing to a simulated model are ignored.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

use std::{num::NonZeroU32, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;

use super::response::ApiError;
use crate::{
    model::{Image, Prompt},
    provider::simulated::tokens,
};

/// The body of a chat completion request.
#[derive(Debug, Deserialize)]
pub(super) struct CompletionRequest {
    /// The model's name.
    pub model: String,
    messages: Vec<Message>,
    /// True if the client wants a stream.
    #[serde(default)]
    pub stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<NonZeroU32>,
    max_completion_tokens: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: Option<MessageContent>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum MessageContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Debug, Deserialize)]
struct ContentPart {
    #[serde(default)]
    text: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl CompletionRequest {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// Returns an [`ApiError`] with status 400 if the body isn't valid JSON or has no model or message.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| ApiError::bad_request(&error.to_string()))?;
        if request.messages.is_empty() {
            return Err(ApiError::bad_request("messages must not be empty"));
        }
        Ok(request)
    }

    /// Returns the prompt: the last message of the user, else the last of all.
    pub(super) fn prompt(&self) -> Prompt {
        let last = self.messages.iter().rfind(|message| message.role == "user").or(self.messages.last());
        let cap = self.max_completion_tokens.or(self.max_tokens);
        let text = last.map(Message::text).unwrap_or_default();
        let images = last.map(Message::images).unwrap_or_default();
        Prompt { images, ..Prompt::new(text, cap.map_or(u32::MAX, NonZeroU32::get)) }
    }

    /// Estimates the tokens of all messages.
    pub(super) fn prompt_tokens(&self) -> u64 {
        self.messages.iter().map(|message| tokens::count_prompt(&message.text())).sum()
    }

    /// Returns true if the stream should end with a usage chunk.
    pub(super) fn includes_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }
}

impl Message {
    /// Its pictures, whose content no simulated model looks at.
    fn images(&self) -> Vec<Arc<Image>> {
        let Some(MessageContent::Parts(parts)) = &self.content else { return vec![] };
        let pictures = parts.iter().filter(|part| part.kind == "image_url");
        pictures.map(|_| Arc::new(Image { mime: "image/png", bytes: Bytes::new() })).collect()
    }

    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(MessageContent::Text(text)) => text.clone(),
            Some(MessageContent::Parts(parts)) => {
                let texts = parts.iter().filter(|part| part.kind != "image_url");
                texts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> CompletionRequest {
        CompletionRequest::parse(body.as_bytes()).expect("valid")
    }

    #[test]
    fn the_last_message_of_the_user_is_the_prompt() {
        let request = parse(
            r#"{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"one"},
               {"role":"assistant","content":null},{"role":"user","content":[{"type":"text","text":"two words"},{"type":"image_url"}]}],
               "max_tokens":9,"max_completion_tokens":7,"temperature":0.5}"#,
        );
        let image = Arc::new(Image { mime: "image/png", bytes: Bytes::new() });
        assert_eq!(request.prompt(), Prompt { images: vec![image], ..Prompt::new("two words", 7) });
        assert_eq!(request.prompt_tokens(), 3 + 2 + 3);
        assert!(!request.stream && !request.includes_usage());
    }

    #[test]
    fn the_error_names_the_problem() {
        for (body, problem) in [
            ("{", "EOF"),
            ("[]", "invalid"),
            (r#"{"messages":[]}"#, "missing field `model`"),
            (r#"{"model":"m","messages":[]}"#, "messages must not be empty"),
            (r#"{"model":"m","messages":[{"role":"user"}],"max_tokens":0}"#, "nonzero"),
        ] {
            let error = CompletionRequest::parse(body.as_bytes()).expect_err(body);
            assert_eq!(error.status, 400, "{body}");
            assert!(error.body().to_string().contains(problem), "{body}: {}", error.body());
        }
    }
}
