//! One request and its response, as a sequence of stamped deltas.
//!
//! Each read is stamped as soon as the socket returns it, before a byte of it is parsed. Dropping the call drops the
//! response and closes its connection, which tells the server to stop generating.

use std::{collections::VecDeque, mem, panic::resume_unwind, sync::Arc, time::Duration};

use reqwest::{Client, Method, Request, Response, header};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{
    Endpoint,
    body::{self, BodyKind},
    client,
    deadline::Deadline,
    refusal::{RefusedRequest, Retries},
    streaming::{Read, Streaming},
};
use crate::{
    model::{Delta, ModelError, Prompt, Refusal, Stamped},
    provider::{
        decoder::{Decoded, Decoder},
        errors,
        openai::{
            self,
            request::{self, Quirks},
        },
        sse::MAX_EVENT_LEN,
    },
};

type Item = Result<Decoded, ModelError>;

/// A request in progress.
pub(super) struct Call {
    endpoint: Arc<Endpoint>,
    prompt: Arc<Prompt>,
    /// Exclusive to this call while it runs. Present from the start if a client was prepared.
    client: Option<Client>,
    /// The client's connection was open before this request, so it may have died since.
    is_warm: bool,
    /// The quirks that the last request made allowance for.
    sent_quirks: Quirks,
    /// The output cap of the last request.
    sent_cap: u32,
    retries: Retries,
    step: Step,
    /// Created at the first poll, since a runtime is guaranteed only then.
    deadline: Option<Deadline>,
    /// The time of the latest read.
    read_at: Instant,
    /// The time of the latest read that carried more than a sign of life.
    progress_at: Instant,
}

enum Step {
    /// No request was sent, or it must be sent again.
    Start,
    /// The request must be sent again after this time.
    Pause(Duration),
    /// The request is built, but not sent.
    Ready(Box<(Client, Request)>),
    /// The head of the response arrived; its body is still to be recognized.
    Opened(Box<Response>),
    /// The answer is streaming.
    Streaming(Box<Streaming>),
    /// The answer arrived in one piece.
    Whole(VecDeque<Delta>),
    /// The provider's words were reported; the error follows.
    Failed(ModelError),
    Over,
}

impl Call {
    pub(super) fn new(endpoint: Arc<Endpoint>, prompt: Arc<Prompt>) -> Self {
        let now = Instant::now();
        let client = endpoint.clients.take_reserved();
        Self {
            is_warm: client.is_some(),
            endpoint,
            prompt,
            client,
            sent_quirks: Quirks::default(),
            sent_cap: 0,
            retries: Retries::default(),
            step: Step::Start,
            deadline: None,
            read_at: now,
            progress_at: now,
        }
    }

    /// Returns the next delta; `None` at the end and after an error.
    pub(super) async fn next(&mut self) -> Option<Result<Stamped, ModelError>> {
        loop {
            let item = match mem::replace(&mut self.step, Step::Over) {
                // boxed, so that the steps before the stream take no memory while it runs
                Step::Start => Some(Box::pin(self.start()).await),
                Step::Pause(pause) => Box::pin(self.pause(pause)).await.err().map(Err),
                Step::Ready(ready) => Box::pin(self.send(*ready)).await,
                Step::Opened(response) => Box::pin(self.open(*response)).await,
                Step::Streaming(stream) => self.stream(stream).await,
                Step::Whole(deltas) => Some(Ok(self.unpack(deltas).into())),
                Step::Failed(error) => Some(Err(error)),
                Step::Over => return None,
            };
            if let Some(item) = item {
                let at = self.read_at;
                return Some(item.map(|Decoded { arrived, delta }| {
                    let delta = match delta {
                        Delta::ProviderMessage(words) => {
                            Delta::ProviderMessage(self.endpoint.without_key(&words))
                        }
                        delta => delta,
                    };
                    Stamped { at, arrived, delta }
                }));
            }
        }
    }

    fn deadline(&mut self) -> &mut Deadline {
        let (deadlines, now) = (self.endpoint.settings.deadlines, self.read_at);
        self.deadline.get_or_insert_with(|| Deadline::new(deadlines, now))
    }

    /// Runs `future` until the deadline.
    async fn within_deadline<T>(&mut self, future: impl Future<Output = T>) -> Result<T, ModelError> {
        let deadline = self.deadline();
        deadline.bound(future).await.ok_or_else(|| deadline.error())
    }

    fn client(&mut self) -> Result<Client, ModelError> {
        if self.client.is_none() {
            self.client = self.endpoint.clients.take_free();
            self.is_warm = self.client.is_some();
        }
        let client = self.client.take().map_or_else(|| self.endpoint.new_client(), Ok)?;
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Builds the request, then takes t0: the very next poll sends it.
    async fn start(&mut self) -> Item {
        self.sent_quirks = self.endpoint.quirks();
        let (endpoint, prompt) = (Arc::clone(&self.endpoint), Arc::clone(&self.prompt));
        let (quirks, allowed) = (self.sent_quirks, self.retries.cap);
        let body = move || {
            let cap = request::output_cap(&endpoint.settings, &prompt, quirks)?;
            let cap = allowed.map_or(cap, |allowed| allowed.min(prompt.max_output_tokens));
            Some((cap, request::body(&endpoint.settings, &prompt, quirks, cap)))
        };
        // encoding pictures takes milliseconds, in which this thread could read no other answer
        let built = if self.prompt.images.is_empty() {
            body()
        } else {
            spawn_blocking(body).await.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()))
        };
        let (cap, body) = built.ok_or(ModelError::Refused(Refusal::ContextTooLong))?;
        self.sent_cap = cap;
        let client = self.client()?;
        let request = self.build_request(&client, body)?;
        tracing::debug!(method = %request.method(), path = request.url().path(), "request");
        self.step = Step::Ready(Box::new((client, request)));
        self.read_at = Instant::now();
        let at = self.read_at;
        self.deadline().sent(at);
        Ok(Delta::Sent.into())
    }

    /// Builds the request without sending it.
    fn build_request(&self, client: &Client, body: Vec<u8>) -> Result<Request, ModelError> {
        self.endpoint
            .request(client, Method::POST, "chat/completions")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(body)
            .build()
            .map_err(|error| client::connection_error(error, self.endpoint.settings.deadlines.connect))
    }

    /// Waits before the next request. The connection may be closed meanwhile.
    async fn pause(&mut self, pause: Duration) -> Result<(), ModelError> {
        self.within_deadline(sleep(pause)).await?;
        self.is_warm = true;
        self.step = Step::Start;
        Ok(())
    }

    /// Sends the request and handles the head of the response.
    async fn send(&mut self, (client, request): (Client, Request)) -> Option<Item> {
        let was_warm = mem::take(&mut self.is_warm);
        let response = match self.within_deadline(client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if was_warm && client::is_disconnect(&error) => {
                self.step = Step::Start;
                return None;
            }
            Ok(Err(error)) => return self.not_connected(error),
            Err(error) => return Some(Err(error)),
        };
        self.read_at = Instant::now();
        let content_type = content_type(&response).escape_ascii();
        tracing::debug!(status = response.status().as_u16(), %content_type, "response");
        if !response.status().is_success() {
            return self.refused(response).await;
        }
        self.step = Step::Opened(Box::new(response));
        Some(Ok(Delta::Alive.into()))
    }

    /// Tries a refused connection again: the server may be starting.
    fn not_connected(&mut self, error: reqwest::Error) -> Option<Item> {
        let now = Instant::now();
        let pause = client::is_refused(&error).then(|| self.retries.after_connection_refused(now)).flatten();
        match pause.filter(|pause| *pause < self.deadline().remaining(now)) {
            Some(pause) => {
                self.step = Step::Pause(pause);
                None
            }
            None => Some(Err(client::connection_error(error, self.endpoint.settings.deadlines.connect))),
        }
    }

    /// Recognizes the body by its first bytes or, if they do not decide, by its content type.
    async fn open(&mut self, mut response: Response) -> Option<Item> {
        if let Some(encoding) = body::compression(response.headers()) {
            return Some(Err(ModelError::Compressed(encoding)));
        }
        let named = BodyKind::from_content_type(content_type(&response));
        let mut start = Vec::new();
        let kind = loop {
            if let Some(kind) = BodyKind::sniff(&start, named) {
                break kind;
            }
            let read = match self.within_deadline(response.chunk()).await {
                Ok(Ok(read)) => read,
                Ok(Err(error)) => return Some(Err(client::body_error(error))),
                Err(error) => return Some(Err(error)),
            };
            self.read_at = Instant::now();
            start.extend_from_slice(read.as_deref().unwrap_or_default());
            if read.is_none() {
                break named.unwrap_or(BodyKind::Other);
            }
        };
        match kind {
            BodyKind::Compressed(how) => return Some(Err(ModelError::Compressed(how))),
            BodyKind::Json | BodyKind::Other => return self.read_whole(response, start, kind).await,
            BodyKind::EventStream => {}
        }
        let decoder = Decoder::new(&self.endpoint.settings.model, is_fallback(&response));
        let mut stream = Box::new(Streaming::new(response, decoder));
        if !start.is_empty() {
            stream.feed(start.into(), self.read_at).await;
        }
        self.step = Step::Streaming(stream);
        None
    }

    /// Learns from a refusal and restarts, or returns the error, after the provider's own words.
    async fn refused(&mut self, response: Response) -> Option<Item> {
        let refused = RefusedRequest::read(response).await;
        if let Some(quirks) = refused.quirk(self.sent_quirks, &mut self.retries, self.sent_cap) {
            self.endpoint.learn(quirks);
            self.step = Step::Start;
            return None;
        }
        let error = refused.error(&self.endpoint, self.sent_cap);
        if let ModelError::Loading { retry_after } = error {
            let remaining = self.deadline().remaining(Instant::now());
            if let Some(pause) = self.retries.after_loading(retry_after, remaining) {
                self.step = Step::Pause(pause);
                return Some(Ok(Delta::Loading.into()));
            }
        }
        Some(Ok(self.fail(refused.message(), error)))
    }

    /// Reports the provider's own words, then the error.
    fn fail(&mut self, words: String, error: ModelError) -> Decoded {
        self.step = Step::Failed(error);
        Delta::ProviderMessage(words).into()
    }

    /// Reads an answer that does not stream. The server may take long before it sends it.
    async fn read_whole(&mut self, response: Response, start: Vec<u8>, kind: BodyKind) -> Option<Item> {
        let status = response.status().as_u16();
        let read = if kind == BodyKind::Json {
            self.within_deadline(body::read_rest(response, start, MAX_EVENT_LEN)).await
        } else {
            let endless = ModelError::Corrupt("something other than an event stream, without an end");
            let body = self.within_deadline(body::read_foreign(response, start)).await;
            body.and_then(|body| body.ok_or(endless))
        };
        let body = match read {
            Ok(body) if body.trim_ascii().is_empty() => return Some(Err(ModelError::Empty)),
            Ok(body) => body,
            Err(error) => return Some(Err(error)),
        };
        self.read_at = Instant::now();
        match openai::whole_answer(&body, &self.endpoint.settings.model) {
            Ok(deltas) => self.step = Step::Whole(deltas),
            Err(error) => return Some(Ok(self.fail(errors::provider_message(Some(status), &body), error))),
        }
        None
    }

    fn unpack(&mut self, mut deltas: VecDeque<Delta>) -> Delta {
        let Some(delta) = deltas.pop_front() else { return Delta::Ended };
        self.step = Step::Whole(deltas);
        delta
    }

    /// Returns the next delta of the stream, or reads more.
    async fn stream(&mut self, mut stream: Box<Streaming>) -> Option<Item> {
        let item = stream.decoder.pull();
        match &item {
            Some(Ok(step)) => self.note_progress(step),
            Some(Err(_)) => return item,
            None if stream.decoder.is_over() => return Some(Ok(Delta::Ended.into())),
            None => self.read_more(&mut stream).await,
        }
        self.step = Step::Streaming(stream);
        item
    }

    /// Waits for the next read, the end of the stream, a transport error or a deadline. If the server leaves the
    /// stream of a complete answer open, the wait for its end does not count as time of the answer.
    async fn read_more(&mut self, stream: &mut Streaming) {
        let deadline = self.deadline();
        let read = deadline.bound(stream.read()).await;
        let is_complete = match &read {
            None => deadline.is_complete_when_late(),
            Some(_) => deadline.is_complete_when_cut(),
        };
        self.read_at = match &read {
            None if is_complete => self.progress_at,
            Some(Read::Ended(at) | Read::Failed(_, at)) => *at,
            _ => Instant::now(),
        };
        match read {
            Some(Read::Bytes(read)) => stream.feed(read, self.read_at).await,
            Some(Read::Ended(_)) => stream.decoder.end(),
            _ if is_complete => stream.decoder.end(),
            Some(Read::Failed(error, _)) => stream.decoder.fail(client::body_error(error)),
            None => stream.decoder.fail(self.deadline().error()),
        }
    }

    fn note_progress(&mut self, Decoded { arrived, delta }: &Decoded) {
        let at = self.read_at;
        let deadline = self.deadline();
        if *arrived > 0 {
            deadline.token(at);
        }
        match delta {
            Delta::Text(_) | Delta::Tool(_) => deadline.has_answer(true),
            Delta::AnswerWasReasoning => deadline.has_answer(false),
            Delta::Finished(reason) => deadline.finished(at, reason.is_length()),
            Delta::Alive => return,
            _ => {}
        }
        self.progress_at = at;
    }
}

/// Returns true if a gateway says that it asked another model than the first.
fn is_fallback(response: &Response) -> bool {
    let fallbacks = response.headers().get("x-litellm-attempted-fallbacks");
    fallbacks.and_then(|count| count.to_str().ok()?.trim().parse::<u32>().ok()).is_some_and(|count| count > 0)
}

fn content_type(response: &Response) -> &[u8] {
    response.headers().get(header::CONTENT_TYPE).map_or(b"", |value| value.as_bytes())
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.endpoint.clients.release(client);
        }
    }
}
