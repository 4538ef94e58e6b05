//! Scripts of the fake provider, step by step. Pure.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// One answer of one model: a script that is played once.
#[derive(Clone)]
pub struct Answer {
    pub(super) model: String,
    pub(super) steps: Vec<Step>,
    pub(super) packet: usize,
    pub(super) chunked: bool,
    newline: &'static str,
    tokens: u64,
}

/// One step of a script.
#[derive(Clone)]
pub(super) enum Step {
    /// Status line and headers of a stream.
    Head,
    /// Bytes of the body, with the tokens of content in them.
    Send { bytes: Vec<u8>, tokens: u64 },
    /// A whole response, head and all.
    Whole(Vec<u8>),
    /// Waits until this long after the request arrived.
    Until(Duration),
    /// Waits for the test.
    Wait(Gate),
    /// Sends the bytes repeatedly at this interval until the client disconnects.
    Repeat(Vec<u8>, Duration),
    /// Waits until the client disconnects.
    Hang,
    /// Closes the connection here and now.
    Cut,
    /// Resets the connection.
    Reset,
    /// The body is over.
    End,
}

/// A gate in a script: the answer waits until the test opens it.
#[derive(Clone, Default)]
pub struct Gate(CancellationToken);

impl Gate {
    pub fn open(&self) {
        self.0.cancel();
    }

    pub(super) async fn pass(&self) {
        self.0.cancelled().await;
    }
}

/// The place of a model's reasoning in its deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `reasoning_content`: `DeepSeek`, `SGLang`, llama.cpp.
    ReasoningContent,
    /// `reasoning`: vLLM, Ollama, Groq.
    Reasoning,
    /// `reasoning_details` beside `reasoning`: `OpenRouter`.
    ReasoningDetails,
    /// `<think>` tags inside the content.
    ThinkTags,
}

impl Spelling {
    pub const ALL: [Self; 4] =
        [Self::ReasoningContent, Self::Reasoning, Self::ReasoningDetails, Self::ThinkTags];
}

/// Returns an answer of `model` that streams. Its head is sent at once.
pub fn answer(model: &str) -> Answer {
    silence(model).step(Step::Head)
}

/// Returns an answer of `model` that sends nothing by itself, not even a head.
pub fn silence(model: &str) -> Answer {
    Answer { model: model.into(), steps: vec![], packet: usize::MAX, chunked: true, newline: "\n", tokens: 0 }
}

/// A whole response of `model` that is no stream, with `headers` ("Name: value\r\n" each) beside the usual.
pub fn response(model: &str, status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let whole = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    silence(model).step(Step::Whole(whole.into_bytes()))
}

/// A refusal of `model` in JSON.
pub fn refusal(model: &str, status: &str, body: &str) -> Answer {
    response(model, status, "Content-Type: application/json\r\n", body)
}

impl Answer {
    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The body has no chunks: it ends with the connection.
    pub fn close_delimited(mut self) -> Self {
        self.chunked = false;
        self
    }

    /// At most so many bytes a packet.
    pub fn in_packets_of(mut self, bytes: usize) -> Self {
        self.packet = bytes;
        self
    }

    /// Line ends of the events from here on.
    pub fn with_line_end(mut self, newline: &'static str) -> Self {
        self.newline = newline;
        self
    }

    /// Bytes of the body as they are.
    pub fn raw(self, bytes: &[u8]) -> Self {
        self.step(Step::Send { bytes: bytes.into(), tokens: 0 })
    }

    /// An event with this data and so many tokens of content.
    pub fn event(mut self, data: &str, tokens: u64) -> Self {
        self.tokens += tokens;
        let end = self.newline;
        self.step(Step::Send { bytes: format!("data: {data}{end}{end}").into_bytes(), tokens })
    }

    /// A chunk whose only choice has this delta.
    fn delta(self, delta: &Value, tokens: u64) -> Self {
        let chunk = self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }]));
        self.event(&chunk.to_string(), tokens)
    }

    fn chunk(&self, choices: &Value) -> Value {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_763_900_000,
            "model": self.model, "choices": choices,
        })
    }

    /// The event that only names the role.
    pub fn role(self) -> Self {
        self.delta(&json!({ "role": "assistant", "content": null }), 0)
    }

    /// One token of the answer.
    pub fn says(self, token: &str) -> Self {
        self.says_tokens(&[token])
    }

    /// Several tokens of the answer in one event.
    pub fn says_tokens<S: AsRef<str>>(self, tokens: &[S]) -> Self {
        self.delta(&json!({ "content": joined(tokens) }), tokens.len() as u64)
    }

    /// Tokens of the answer, one each 50 ms from the request on: enough of them have a speed, on a busy machine too.
    pub fn streams<S: AsRef<str>>(self, tokens: &[S]) -> Self {
        let due = (1..).map(|i| Duration::from_millis(50 * i));
        due.zip(tokens).fold(self, |answer, (due, token)| answer.until(due).says(token.as_ref()))
    }

    /// Several tokens of reasoning in one event. With tags, call [`Answer::begins_to_think`] before and
    /// [`Answer::ends_thinking`] after.
    pub fn thinks<S: AsRef<str>>(self, spelling: Spelling, tokens: &[S]) -> Self {
        let text = joined(tokens);
        let delta = match spelling {
            Spelling::ReasoningContent => json!({ "content": null, "reasoning_content": text }),
            Spelling::Reasoning => json!({ "content": "", "reasoning": text }),
            Spelling::ReasoningDetails => json!({
                "content": "", "reasoning": text,
                "reasoning_details": [{ "type": "reasoning.text", "text": text, "index": 0 }],
            }),
            Spelling::ThinkTags => json!({ "content": text }),
        };
        self.delta(&delta, tokens.len() as u64)
    }

    /// The opening tag, in two parts, where the spelling has tags.
    pub fn begins_to_think(self, spelling: Spelling) -> Self {
        self.tag(spelling, ["<thi", "nk>"])
    }

    /// The closing tag, in two parts, where the spelling has tags.
    pub fn ends_thinking(self, spelling: Spelling) -> Self {
        self.tag(spelling, ["</th", "ink>"])
    }

    fn tag(self, spelling: Spelling, parts: [&str; 2]) -> Self {
        if spelling != Spelling::ThinkTags {
            return self;
        }
        // a model without a token for the tag writes it like any other text
        parts.into_iter().fold(self, |answer, part| answer.delta(&json!({ "content": part }), 1))
    }

    /// The event with the finish reason.
    pub fn finishes(self, reason: &str) -> Self {
        let chunk = self.chunk(&json!([{ "index": 0, "delta": {}, "finish_reason": reason }]));
        self.event(&chunk.to_string(), 0)
    }

    /// Usage in a chunk of its own: as many tokens as the script had so far.
    pub fn used(self) -> Self {
        let mut chunk = self.chunk(&json!([]));
        let tokens = self.tokens;
        chunk["usage"] =
            json!({ "prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": tokens + 9 });
        self.event(&chunk.to_string(), 0)
    }

    /// `[DONE]`, and the body is over.
    pub fn done(self) -> Self {
        self.event("[DONE]", 0).ends()
    }

    /// The usual end: stop, usage, `[DONE]`.
    pub fn whole(self) -> Self {
        self.finishes("stop").used().done()
    }

    /// The body ends properly.
    pub fn ends(self) -> Self {
        self.step(Step::End)
    }

    /// A comment, as servers send them to keep a connection alive.
    pub fn comments(self, text: &str) -> Self {
        let end = self.newline;
        self.raw(format!(":{text}{end}{end}").as_bytes())
    }

    /// Sends only comments until the client disconnects.
    pub fn comments_for_ever(self) -> Self {
        self.step(Step::Repeat(b": keep-alive\n\n".to_vec(), Duration::from_millis(20)))
    }

    /// Waits until this long after the request arrived.
    pub fn until(self, since_request: Duration) -> Self {
        self.step(Step::Until(since_request))
    }

    /// Waits for the test.
    pub fn waits_for(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.clone()))
    }

    /// Sends nothing more and keeps the connection open.
    pub fn hangs(self) -> Self {
        self.step(Step::Hang)
    }

    /// Closes the connection without ending the body.
    pub fn cuts(self) -> Self {
        self.step(Step::Cut)
    }

    /// Resets the connection.
    pub fn resets(self) -> Self {
        self.step(Step::Reset)
    }

    /// Joins the last two sends into one, with one chunk and one packet.
    pub fn joined(mut self) -> Self {
        match (self.steps.pop(), self.steps.pop()) {
            (Some(Step::Send { bytes: last, tokens: more }), Some(Step::Send { mut bytes, tokens })) => {
                bytes.extend(last);
                self.step(Step::Send { bytes, tokens: tokens + more })
            }
            _ => panic!("only two sends can be joined"),
        }
    }
}

fn joined<S: AsRef<str>>(tokens: &[S]) -> String {
    tokens.iter().map(AsRef::as_ref).collect()
}
