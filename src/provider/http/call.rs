//! One request and its response, as a sequence of stamped deltas.
//!
//! Each read is stamped as soon as the socket returns it, before a byte of it is parsed. Dropping the call drops the
//! response and closes its connection, which tells the server to stop generating.

use std::{collections::VecDeque, mem, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use reqwest::{Client, Method, Request, Response, header};
use tokio::time::Instant;

use super::{
    Endpoint,
    body::{self, BodyKind},
    client,
    deadline::Deadline,
};
use crate::{
    model::{Delta, ModelError, Prompt, Stamped},
    provider::{
        decoder::{Decoded, Decoder},
        errors,
        openai::{self, request::Quirks},
        sse::MAX_EVENT_LEN,
    },
};

type Item = Result<Decoded, ModelError>;

/// The rest of a response without its head, which would keep its read buffer alive.
type Body = BoxStream<'static, reqwest::Result<Bytes>>;

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
    /// The request is built, but not sent.
    Ready(Box<(Client, Request)>),
    /// The answer is streaming.
    Streaming(Box<(Body, Decoder)>),
    /// The answer arrived in one piece.
    Whole(VecDeque<Delta>),
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
                Step::Start => Some(self.start()),
                Step::Ready(ready) => self.send(*ready).await,
                Step::Streaming(stream) => self.stream(stream).await,
                Step::Whole(deltas) => Some(Ok(self.unpack(deltas).into())),
                Step::Over => return None,
            };
            if let Some(item) = item {
                let at = self.read_at;
                return Some(item.map(|Decoded { arrived, delta }| Stamped { at, arrived, delta }));
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
    fn start(&mut self) -> Item {
        let client = self.client()?;
        self.sent_quirks = self.endpoint.quirks();
        let request = build_request(&self.endpoint, &client, &self.prompt, self.sent_quirks)?;
        self.step = Step::Ready(Box::new((client, request)));
        self.read_at = Instant::now();
        let at = self.read_at;
        self.deadline().sent(at);
        Ok(Delta::Sent.into())
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
            Ok(Err(error)) => {
                return Some(Err(client::connection_error(error, self.endpoint.settings.deadlines.connect)));
            }
            Err(error) => return Some(Err(error)),
        };
        self.read_at = Instant::now();
        if !response.status().is_success() {
            return self.refused(response).await.map(Err);
        }
        Some(self.open(response).await.map(|()| Delta::Alive.into()))
    }

    /// Begins to read the body. Without a useful content type, its first bytes decide what it is.
    async fn open(&mut self, mut response: Response) -> Result<(), ModelError> {
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let mut kind = BodyKind::from_content_type(content_type.map_or(b"", |value| value.as_bytes()));
        let mut start = Vec::new();
        let kind = loop {
            if let Some(kind) = kind.or_else(|| BodyKind::sniff(&start)) {
                break kind;
            }
            let read = self.within_deadline(response.chunk()).await?.map_err(client::body_error)?;
            self.read_at = Instant::now();
            start.extend_from_slice(read.as_deref().unwrap_or_default());
            if read.is_none() || start.len() > MAX_EVENT_LEN {
                kind = Some(BodyKind::Other);
            }
        };
        if kind != BodyKind::EventStream {
            return self.read_whole(response, start, kind).await;
        }
        let mut decoder = Decoder::default();
        if !start.is_empty() {
            decoder.feed(start.into());
        }
        self.step = Step::Streaming(Box::new((response.bytes_stream().boxed(), decoder)));
        Ok(())
    }

    /// Learns a quirk from a refusal and restarts, or returns the error.
    async fn refused(&mut self, response: Response) -> Option<ModelError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = body::read_foreign(response, Vec::new()).await.unwrap_or_default();
        if let Some(quirks) = self.sent_quirks.learned(status, &body) {
            self.endpoint.learn(quirks);
            self.step = Step::Start;
            return None;
        }
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let retry_after = errors::retry_after(header, jiff::Timestamp::now());
        Some(errors::from_status(status, &body, retry_after))
    }

    /// Reads an answer that does not stream. The server may take long before it sends it.
    async fn read_whole(
        &mut self,
        response: Response,
        start: Vec<u8>,
        kind: BodyKind,
    ) -> Result<(), ModelError> {
        let body = if kind == BodyKind::Json {
            self.within_deadline(body::read_rest(response, start, MAX_EVENT_LEN)).await?
        } else {
            let body = self.within_deadline(body::read_foreign(response, start)).await?;
            body.ok_or(ModelError::Corrupt("something other than an event stream, without an end"))?
        };
        self.read_at = Instant::now();
        self.step = Step::Whole(openai::whole_answer(&body)?);
        Ok(())
    }

    fn unpack(&mut self, mut deltas: VecDeque<Delta>) -> Delta {
        let Some(delta) = deltas.pop_front() else { return Delta::Ended };
        self.step = Step::Whole(deltas);
        delta
    }

    /// Returns the next delta of the stream, or reads more.
    async fn stream(&mut self, mut stream: Box<(Body, Decoder)>) -> Option<Item> {
        let (body, decoder) = &mut *stream;
        let item = decoder.pull();
        match &item {
            Some(Ok(step)) => self.note_progress(step),
            Some(Err(_)) => return item,
            None if decoder.is_over() => return Some(Ok(Delta::Ended.into())),
            None => self.read_more(body, decoder).await,
        }
        self.step = Step::Streaming(stream);
        item
    }

    /// Waits for the next read, the end of the stream, a transport error or a deadline. If the server leaves the
    /// stream of a complete answer open, the wait for its end does not count as time of the answer.
    async fn read_more(&mut self, body: &mut Body, decoder: &mut Decoder) {
        let deadline = self.deadline();
        let read = deadline.bound(body.next()).await;
        let is_complete = deadline.is_lingering();
        self.read_at = if is_complete && read.is_none() { self.progress_at } else { Instant::now() };
        match read {
            Some(Some(Ok(read))) => decoder.feed(read),
            Some(None) => decoder.end(),
            _ if is_complete => decoder.end(),
            Some(Some(Err(error))) => decoder.fail(client::body_error(error)),
            None => decoder.fail(self.deadline().error()),
        }
    }

    fn note_progress(&mut self, Decoded { arrived, delta }: &Decoded) {
        let at = self.read_at;
        if *arrived > 0 {
            self.deadline().token(at);
        }
        match delta {
            Delta::Finished(_) => self.deadline().finished(at),
            Delta::Usage(usage) if usage.output_tokens.is_some() => self.deadline().counted(at),
            Delta::Alive => return,
            _ => {}
        }
        self.progress_at = at;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.endpoint.clients.release(client);
        }
    }
}

/// Builds the request without sending it.
fn build_request(
    endpoint: &Endpoint,
    client: &Client,
    prompt: &Prompt,
    quirks: Quirks,
) -> Result<Request, ModelError> {
    endpoint
        .request(client, Method::POST, "chat/completions")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(openai::request::body(&endpoint.settings, prompt, quirks))
        .build()
        .map_err(|error| client::connection_error(error, endpoint.settings.deadlines.connect))
}
