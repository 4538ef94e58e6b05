//! One request and its answer, as a sequence of stamped deltas.
//!
//! Each read is stamped as soon as the socket gives it, before a byte of it is looked at. Dropping the call
//! drops the response and with it the connection, which is how servers learn to stop generating.

use std::{collections::VecDeque, mem, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use reqwest::{Client, Request, Response, header};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::{Line, body, client, deadline::Deadline};
use crate::{
    model::{Delta, ModelError, Prompt, Stamped},
    provider::{
        decoder::Decoder, form::Form, guard::EVENT_CAP, openai, openai::request::Quirks, refusal, retry_after,
    },
};

type Item = Result<Delta, ModelError>;

/// What is left of a response without its head, which would hold the buffer that it was read into.
type Body = BoxStream<'static, reqwest::Result<Bytes>>;

/// A request under way.
pub(super) struct Call {
    line: Arc<Line>,
    prompt: Arc<Prompt>,
    /// Its own while it runs; had from the start if it was prepared.
    client: Option<Client>,
    /// The client's connection stood before this request: it may have died meanwhile.
    is_warm: bool,
    /// What the request that was sent last allowed for.
    sent: Quirks,
    step: Step,
    /// Made at the first poll, since only then is there a runtime for sure.
    deadline: Option<Deadline>,
    /// When the newest bytes came.
    at: Instant,
    /// When the newest bytes came that said anything.
    said: Instant,
}

enum Step {
    /// Nothing was sent yet, or all anew.
    Start,
    /// The request is written, but not sent.
    Ready(Box<(Client, Request)>),
    /// The answer streams.
    Streaming(Box<(Body, Decoder)>),
    /// The answer came whole.
    Whole(VecDeque<Delta>),
    Over,
}

impl Call {
    pub(super) fn new(line: Arc<Line>, prompt: Arc<Prompt>) -> Self {
        let now = Instant::now();
        let client = line.clients.prepared();
        let is_warm = client.is_some();
        let sent = Quirks::default();
        Self { line, prompt, client, is_warm, sent, step: Step::Start, deadline: None, at: now, said: now }
    }

    /// The next delta; `None` at the end and after an error.
    pub(super) async fn next(&mut self) -> Option<Result<Stamped, ModelError>> {
        loop {
            let item = match mem::replace(&mut self.step, Step::Over) {
                Step::Start => Some(self.start()),
                Step::Ready(ready) => self.send(*ready).await,
                Step::Streaming(stream) => self.read(stream).await,
                Step::Whole(deltas) => Some(Ok(self.unpack(deltas))),
                Step::Over => return None,
            };
            if let Some(item) = item {
                let at = self.at;
                return Some(item.map(|delta| Stamped { at, delta }));
            }
        }
    }

    fn deadline(&mut self) -> &mut Deadline {
        let (deadlines, now) = (self.line.settings.deadlines, self.at);
        self.deadline.get_or_insert_with(|| Deadline::new(deadlines, now))
    }

    /// The output of `future`, or the deadline's error.
    async fn bound<T>(&mut self, future: impl Future<Output = T>) -> Result<T, ModelError> {
        let deadline = self.deadline();
        deadline.bound(future).await.ok_or_else(|| deadline.error())
    }

    fn client(&mut self) -> Result<Client, ModelError> {
        if self.client.is_none() {
            self.client = self.line.clients.free();
            self.is_warm = self.client.is_some();
        }
        let client = self.client.take().map_or_else(|| self.line.new_client(), Ok)?;
        self.client = Some(client.clone());
        Ok(client)
    }

    /// Makes all ready, then takes t0: the very next poll sends.
    fn start(&mut self) -> Item {
        let client = self.client()?;
        self.sent = self.line.quirks();
        let request = request(&self.line, &client, &self.prompt, self.sent)?;
        self.step = Step::Ready(Box::new((client, request)));
        self.at = Instant::now();
        let at = self.at;
        self.deadline().sent(at);
        Ok(Delta::Sent)
    }

    /// Sends the request and looks at the head of the answer.
    async fn send(&mut self, (client, request): (Client, Request)) -> Option<Item> {
        let line = Arc::clone(&self.line);
        let was_warm = mem::take(&mut self.is_warm);
        let response = match self.bound(client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if was_warm && client::is_cut(&error) => {
                self.step = Step::Start;
                return None;
            }
            Ok(Err(error)) => {
                return Some(Err(client::before_answer(error, line.settings.deadlines.connect)));
            }
            Err(error) => return Some(Err(error)),
        };
        self.at = Instant::now();
        if !response.status().is_success() {
            return self.refused(response).await.map(Err);
        }
        let content_type =
            response.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let form = Form::of_type(content_type);
        match self.open(response, form).await {
            Ok(()) => Some(Ok(Delta::Alive)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Begins to read the body; where its form is not known, by looking at its first bytes.
    async fn open(&mut self, mut response: Response, mut form: Option<Form>) -> Result<(), ModelError> {
        let mut begun = Vec::new();
        let form = loop {
            if let Some(form) = form.or_else(|| Form::of_start(&begun)) {
                break form;
            }
            let read = self.bound(response.chunk()).await?.map_err(client::within_answer)?;
            self.at = Instant::now();
            begun.extend_from_slice(read.as_deref().unwrap_or_default());
            if read.is_none() || begun.len() > EVENT_CAP {
                form = Some(Form::Other);
            }
        };
        if form != Form::Events {
            return self.whole(response, begun, form).await;
        }
        let mut decoder = Decoder::default();
        if !begun.is_empty() {
            decoder.feed(begun.into());
        }
        self.step = Step::Streaming(Box::new((response.bytes_stream().boxed(), decoder)));
        Ok(())
    }

    /// Learns from a refusal and has the request repeated, or gives the error.
    async fn refused(&mut self, response: Response) -> Option<ModelError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = body::of_refusal(response).await;
        if let Some(quirks) = self.sent.learned(status, &body) {
            self.line.learn(quirks);
            self.step = Step::Start;
            return None;
        }
        let wait = retry_after::wait(|name| headers.get(name)?.to_str().ok(), jiff::Timestamp::now());
        Some(refusal::of_status(status, &body, wait))
    }

    /// Reads an answer that does not stream. A server may think long before it gives one.
    async fn whole(&mut self, response: Response, begun: Vec<u8>, form: Form) -> Result<(), ModelError> {
        let body = if form == Form::Json {
            self.bound(body::rest(response, begun, EVENT_CAP)).await?
        } else {
            let other = self.bound(body::of_other(response, begun)).await?;
            other.ok_or(ModelError::Corrupt("something else than an event stream, and without an end"))?
        };
        self.at = Instant::now();
        self.step = Step::Whole(openai::whole_answer(&body)?);
        Ok(())
    }

    fn unpack(&mut self, mut deltas: VecDeque<Delta>) -> Delta {
        let Some(delta) = deltas.pop_front() else { return Delta::Ended };
        self.step = Step::Whole(deltas);
        delta
    }

    /// Gives the next delta of the stream, or reads on.
    async fn read(&mut self, mut stream: Box<(Body, Decoder)>) -> Option<Item> {
        let (body, decoder) = &mut *stream;
        let item = decoder.pull();
        match &item {
            Some(Ok(delta)) => self.note(delta),
            Some(Err(_)) => return item,
            None if decoder.is_over() => return Some(Ok(Delta::Ended)),
            None => self.more(body, decoder).await,
        }
        self.step = Step::Streaming(stream);
        item
    }

    /// Waits for the next read, the end, a broken connection or a deadline, whichever is first. Where a whole
    /// answer's stream stays open, the wait for its end is not the answer's time.
    async fn more(&mut self, body: &mut Body, decoder: &mut Decoder) {
        let deadline = self.deadline();
        let read = deadline.bound(body.next()).await;
        let is_whole = deadline.is_lingering();
        self.at = if is_whole && read.is_none() { self.said } else { Instant::now() };
        match read {
            Some(Some(Ok(read))) => decoder.feed(read),
            Some(None) => decoder.end(),
            _ if is_whole => decoder.end(),
            Some(Some(Err(error))) => decoder.fail(client::within_answer(error)),
            None => decoder.fail(self.deadline().error()),
        }
    }

    fn note(&mut self, delta: &Delta) {
        let at = self.at;
        match delta {
            Delta::Reasoning(_) | Delta::Text(_) | Delta::Tool(_) => self.deadline().token(at),
            Delta::Finished(_) => self.deadline().finished(at),
            Delta::Usage(usage) if usage.output_tokens.is_some() => self.deadline().counted(at),
            Delta::Alive => return,
            Delta::Sent | Delta::Usage(_) | Delta::Simulated | Delta::Ended => {}
        }
        self.said = at;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.line.clients.keep_free(client);
        }
    }
}

/// Writes the request, but does not send it.
fn request(line: &Line, client: &Client, prompt: &Prompt, quirks: Quirks) -> Result<Request, ModelError> {
    let Line { provider, settings, .. } = line;
    let mut request = client
        .post(provider.endpoint("chat/completions"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(openai::request::body(settings, prompt, quirks));
    if let Some(key) = &provider.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    request.build().map_err(|error| client::before_answer(error, settings.deadlines.connect))
}
