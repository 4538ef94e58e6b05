//! What a client asks for, as far as simulated models care: unknown fields are ignored, as OpenAI's own
//! clients send many.
//!
//! Pure; <https://platform.openai.com/docs/api-reference/chat/create>.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::wire::Refusal;
use crate::{model::Prompt, provider::simulated::tokens};

/// The body of a chat completion request.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    /// The model's name.
    pub model: String,
    messages: Vec<Message>,
    /// True when the answer is wanted as a stream.
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
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Request {
    /// Reads a request's body.
    ///
    /// # Errors
    /// A [`Refusal`] with status 400 where it is not JSON, misses something or has no message.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| Refusal::bad_request(&error.to_string()))?;
        if request.messages.is_empty() {
            return Err(Refusal::bad_request("messages must not be empty"));
        }
        Ok(request)
    }

    /// What the model is asked: the last turn of the user, else the last message.
    pub(super) fn prompt(&self) -> Prompt {
        let last = self.messages.iter().rfind(|message| message.role == "user").or(self.messages.last());
        let cap = self.max_completion_tokens.or(self.max_tokens);
        Prompt {
            text: last.map(Message::text).unwrap_or_default(),
            max_output_tokens: cap.map_or(u32::MAX, NonZeroU32::get),
        }
    }

    /// Tokens of all messages.
    pub(super) fn prompt_tokens(&self) -> u64 {
        self.messages.iter().map(|message| tokens::count_prompt(&message.text())).sum()
    }

    /// True when the stream ends with a usage chunk.
    pub(super) fn includes_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Request {
        Request::parse(body.as_bytes()).expect("valid")
    }

    #[test]
    fn the_last_turn_of_the_user_is_the_prompt() {
        let request = parse(
            r#"{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"one"},
               {"role":"assistant","content":null},{"role":"user","content":[{"type":"text","text":"two words"},{"type":"image_url"}]}],
               "max_tokens":9,"max_completion_tokens":7,"temperature":0.5}"#,
        );
        assert_eq!(request.prompt(), Prompt { text: "two words\n".into(), max_output_tokens: 7 });
        assert_eq!(request.prompt_tokens(), 3 + 2 + 3);
        assert!(!request.stream && !request.includes_usage());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, said) in [
            ("{", "EOF"),
            ("[]", "invalid"),
            (r#"{"messages":[]}"#, "missing field `model`"),
            (r#"{"model":"m","messages":[]}"#, "messages must not be empty"),
            (r#"{"model":"m","messages":[{"role":"user"}],"max_tokens":0}"#, "nonzero"),
        ] {
            let refusal = Request::parse(body.as_bytes()).expect_err(body);
            assert_eq!(refusal.status, 400, "{body}");
            assert!(refusal.body().to_string().contains(said), "{body}: {}", refusal.body());
        }
    }
}
