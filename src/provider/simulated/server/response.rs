//! The responses: chunks, whole completions, the list of models, errors.
//!
//! <https://platform.openai.com/docs/api-reference/chat-streaming/streaming>; `reasoning_content` is
//! DeepSeek's field, <https://api-docs.deepseek.com/guides/reasoning_model>.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::request::CompletionRequest;
use crate::model::{Delta, FinishReason, ModelError, Usage};

/// A completion in progress.
#[derive(Debug)]
pub(super) struct Completion {
    id: String,
    created: i64,
    model: String,
    prompt_tokens: u64,
    includes_usage: bool,
    has_role: bool,
    reasoning: String,
    text: String,
    usage: Usage,
    finish: Option<FinishReason>,
}

impl Completion {
    /// Begins the completion for `request`, with a new id and the current time.
    pub(super) fn new(request: &CompletionRequest) -> Self {
        Self {
            id: format!("chatcmpl-{}", Uuid::now_v7().simple()),
            created: Timestamp::now().as_second(),
            model: request.model.clone(),
            prompt_tokens: request.prompt_tokens(),
            includes_usage: request.includes_usage(),
            has_role: false,
            reasoning: String::new(),
            text: String::new(),
            usage: Usage::default(),
            finish: None,
        }
    }

    /// Returns the chunk for a delta as JSON text, or `None` if the delta has no chunk.
    pub(super) fn chunk(&mut self, delta: &Delta) -> Option<String> {
        match delta {
            Delta::Sent if !self.has_role => {
                self.has_role = true;
                Some(self.choice(&json!({ "role": "assistant", "content": "" }), None))
            }
            Delta::Reasoning(text) => Some(self.choice(&json!({ "reasoning_content": text }), None)),
            Delta::Text(text) => Some(self.choice(&json!({ "content": text }), None)),
            Delta::Finished(reason) => {
                self.finish = Some(reason.clone());
                Some(self.choice(&json!({}), Some(reason.as_str())))
            }
            Delta::Usage(usage) => {
                self.usage = self.usage.merged(*usage);
                None
            }
            _ => None,
        }
    }

    /// Returns the events after the last chunk: usage if it was requested, and "[DONE]". A truncated
    /// answer has neither.
    pub(super) fn end(&self) -> Vec<String> {
        if self.finish.is_none() {
            return Vec::new();
        }
        let usage =
            self.includes_usage.then(|| self.envelope("chat.completion.chunk", &json!([]), &self.usage()));
        usage.map(|chunk| chunk.to_string()).into_iter().chain(["[DONE]".to_owned()]).collect()
    }

    /// Adds a delta to a completion that is sent as a whole.
    pub(super) fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Reasoning(text) => self.reasoning.push_str(&text),
            Delta::Text(text) => self.text.push_str(&text),
            Delta::Usage(usage) => self.usage = self.usage.merged(usage),
            Delta::Finished(reason) => self.finish = Some(reason),
            _ => {}
        }
    }

    /// Returns the whole completion, or `None` for a truncated answer.
    pub(super) fn whole(&self) -> Option<Value> {
        let finish = self.finish.as_ref()?.as_str();
        let mut message = json!({ "role": "assistant", "content": self.text });
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = self.reasoning.clone().into();
        }
        let choices = json!([{ "index": 0, "message": message, "finish_reason": finish }]);
        Some(self.envelope("chat.completion", &choices, &self.usage()))
    }

    fn choice(&self, delta: &Value, finish: Option<&str>) -> String {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        self.envelope("chat.completion.chunk", &choices, &Value::Null).to_string()
    }

    fn envelope(&self, object: &str, choices: &Value, usage: &Value) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "simulated",
            "simulated": true,
            "choices": choices,
            "usage": usage,
        })
    }

    fn usage(&self) -> Value {
        let output = self.usage.output_tokens.unwrap_or(0);
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": output,
            "total_tokens": self.prompt_tokens + output,
            "completion_tokens_details": { "reasoning_tokens": self.usage.reasoning_tokens.unwrap_or(0) },
        })
    }
}

/// Returns the list of models with these names.
pub(super) fn models<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let model = |name| json!({ "id": name, "object": "model", "created": 0, "owned_by": "simulated" });
    json!({ "object": "list", "data": names.map(model).collect::<Vec<_>>() })
}

/// Returns the event for an error within a stream.
pub(super) fn stream_error(error: &ModelError) -> String {
    ApiError::model_failed(&error.public()).body().to_string()
}

/// An error response.
#[derive(Debug)]
pub(super) struct ApiError {
    /// The HTTP status.
    pub status: u16,
    error_type: &'static str,
    code: Option<&'static str>,
    message: String,
}

impl ApiError {
    /// The body is not a valid request.
    pub(super) fn bad_request(problem: &str) -> Self {
        Self::new(400, None, format!("invalid request: {problem}"))
    }

    /// The body could not be read.
    pub(super) fn unreadable_body(status: u16, problem: &str) -> Self {
        Self::new(status, None, problem.to_owned())
    }

    /// No model has this name.
    pub(super) fn unknown_model(name: &str) -> Self {
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        let message = format!("the model `{name}` does not exist; GET /v1/models lists those that do");
        Self::new(404, Some("model_not_found"), message)
    }

    /// Nothing is served at this path.
    pub(super) fn unknown_path() -> Self {
        Self::new(404, None, "unknown path; try /v1/models or /v1/chat/completions".to_owned())
    }

    /// The path exists, but not with this method.
    pub(super) fn wrong_method() -> Self {
        Self::new(405, None, "wrong method: GET /v1/models, POST /v1/chat/completions".to_owned())
    }

    /// The model failed.
    pub(super) fn model_failed(problem: &str) -> Self {
        Self { status: 500, error_type: "server_error", code: None, message: problem.to_owned() }
    }

    fn new(status: u16, code: Option<&'static str>, message: String) -> Self {
        Self { status, error_type: "invalid_request_error", code, message }
    }

    /// Returns the error in OpenAI's form.
    pub(super) fn body(&self) -> Value {
        json!({
            "error": { "message": self.message, "type": self.error_type, "param": null, "code": self.code },
        })
    }
}
