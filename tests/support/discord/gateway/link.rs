//! One connection to the fake gateway.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::CloseFrame,
    },
};

use super::{
    End, Reaction, Resume, Server, Session,
    referee::{Identity, Rules, Sends},
};

/// An order to a connection.
pub(super) enum Order {
    Send(Value),
    Raw(String),
    Close(Option<u16>),
    Drop,
}

/// The connection ended.
struct Over;

struct Link {
    server: Arc<Server>,
    socket: WebSocketStream<TcpStream>,
    orders: mpsc::UnboundedSender<Order>,
    session: Option<String>,
    sends: Sends,
    sent: u64,
    told: u64,
    closed: bool,
}

/// Serves one client to its end.
pub(super) async fn serve(stream: TcpStream, server: Arc<Server>) {
    let mut violation = None;
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        violation = Rules::check_query(request.uri().query().unwrap_or_default()).err();
        Ok(response)
    };
    let Ok(socket) = accept_hdr_async(stream, check).await else { return };
    if let Some(violation) = violation {
        server.violation(violation);
    }
    let (orders, inbox) = mpsc::unbounded_channel();
    let (sends, session) = (Sends::default(), None);
    let mut link = Link { server, socket, orders, session, sends, sent: 0, told: 0, closed: false };
    let end = link.run(inbox).await;
    link.over(end);
}

impl Link {
    async fn run(&mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> End {
        let interval = u64::try_from(self.server.rules.heartbeat.as_millis()).expect("milliseconds");
        let greets = self.server.book().greets;
        if greets && self.send(&json!({ "op": 10, "d": { "heartbeat_interval": interval } })).await.is_err() {
            return End { code: None, by_client: true };
        }
        let mut due = Instant::now() + self.server.rules.ack_timeout();
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match self.obey(order).await {
                    Ok(()) => {}
                    Err(end) => return end,
                },
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => match self.heard(&text).await {
                        Ok(true) => due = Instant::now() + self.server.rules.ack_timeout(),
                        Ok(false) => {}
                        Err(Over) => return End { code: None, by_client: true },
                    },
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map(|frame| frame.code.into());
                        return End { code, by_client: !self.closed };
                    }
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return End { code: None, by_client: !self.closed },
                },
                () = sleep_until(due), if !self.closed => {
                    if self.server.book().acks && greets {
                        self.server.violation("no heartbeat in time".into());
                    }
                    let _ = self.close(Some(4009)).await;
                }
            }
        }
    }

    async fn obey(&mut self, order: Option<Order>) -> Result<(), End> {
        let left = End { code: None, by_client: true };
        match order.expect("we hold a sender") {
            Order::Send(event) => {
                if let Some(sequence) = event["s"].as_u64() {
                    self.sent = sequence;
                }
                self.send(&event).await.map_err(|Over| left)
            }
            Order::Raw(text) => self.socket.send(Message::Text(text.into())).await.map_err(|_| left),
            Order::Close(code) => self.close(code).await.map_err(|Over| left),
            Order::Drop => Err(End { code: None, by_client: false }),
        }
    }

    /// Handles a message. Returns true if it was a heartbeat.
    async fn heard(&mut self, text: &str) -> Result<bool, Over> {
        if let Err(violation) = self.sends.check(text, Instant::now()) {
            self.server.violation(violation);
        }
        let event: Value = serde_json::from_str(text).unwrap_or_default();
        let data = &event["d"];
        match event["op"].as_u64() {
            Some(1) => self.heartbeat(data).await.map(|()| true),
            Some(2) => self.identify(data).await.map(|()| false),
            Some(6) => self.resume(data).await.map(|()| false),
            other => {
                self.server.violation(format!("nobody sends op {other:?}"));
                self.close(Some(4001)).await.map(|()| false)
            }
        }
    }

    async fn heartbeat(&mut self, data: &Value) -> Result<(), Over> {
        let sequence = data.as_u64();
        self.server.truth.send_modify(|truth| truth.heartbeats.push((Instant::now(), sequence)));
        let known = sequence.unwrap_or(0);
        if known < self.told || known > self.sent {
            let (told, sent) = (self.told, self.sent);
            self.server.violation(format!("a heartbeat with {data}, not from {told} to {sent}"));
        }
        self.told = known;
        if self.server.book().acks { self.send(&json!({ "op": 11 })).await } else { Ok(()) }
    }

    async fn identify(&mut self, data: &Value) -> Result<(), Over> {
        let Identity { shard, intents } = match self.server.rules.check_identify(data) {
            Ok(Some(asked)) if self.session.is_none() => asked,
            Ok(Some(_)) => return self.refuse(4005, "IDENTIFY twice".into()).await,
            Ok(None) => return self.close(Some(4004)).await,
            Err(violation) => return self.refuse(4002, violation).await,
        };
        let allowed = self.server.identified(shard, intents);
        let reaction = self.server.book().reactions.pop_front().unwrap_or(Reaction::Ready);
        if let Err(violation) = allowed {
            self.server.violation(violation);
            return self.send(&json!({ "op": 9, "d": false })).await;
        }
        match reaction {
            Reaction::Ready => self.ready(shard),
            Reaction::Invalid => self.send(&json!({ "op": 9, "d": false })).await?,
            Reaction::Close(code) => self.close(Some(code)).await?,
            Reaction::CloseWithoutCode => self.close(None).await?,
        }
        Ok(())
    }

    fn ready(&mut self, shard: (u64, u64)) {
        let mut book = self.server.book();
        let id = format!("session-{}", book.sessions.len());
        let link = Some(self.orders.clone());
        let mut session = Session { id: id.clone(), events: vec![], link, dead: false };
        session.dispatch(
            "READY",
            &json!({
                "v": 10, "guilds": [], "session_id": id, "shard": [shard.0, shard.1], "session_type": "normal",
                "user": { "id": "42", "username": "arena", "discriminator": "0", "avatar": null, "bot": true,
                          "mfa_enabled": false, "verified": true, "flags": 0, "email": null },
                "application": { "id": "42", "flags": 0 },
                "resume_gateway_url": format!("ws://{}", self.server.address),
            }),
        );
        book.sessions.push(session);
        drop(book);
        self.session = Some(id);
        self.server.truth.send_modify(|truth| truth.live += 1);
    }

    async fn resume(&mut self, data: &Value) -> Result<(), Over> {
        let (id, sequence) = match self.server.rules.check_resume(data) {
            Ok(asked) => asked,
            Err(violation) => return self.refuse(4002, violation).await,
        };
        if !self.taken_up(&id, sequence) {
            return self.send(&json!({ "op": 9, "d": false })).await;
        }
        self.session = Some(id);
        Ok(())
    }

    /// Resumes the session and sends what it missed. Returns false if there is no such session.
    fn taken_up(&mut self, id: &str, sequence: u64) -> bool {
        let mut book = self.server.book();
        let session = book.sessions.iter_mut().find(|session| session.id == id && !session.dead);
        let Some(session) = session else { return false };
        let Some(missed) = usize::try_from(sequence).ok().and_then(|known| session.events.get(known..))
        else {
            return false;
        };
        let replayed = missed.len();
        for event in missed {
            let _ = self.orders.send(Order::Send(event.clone()));
        }
        (self.sent, self.told) = (sequence, 0);
        let fresh = session.link.replace(self.orders.clone()).is_none();
        session.dispatch("RESUMED", &json!({ "_trace": [] }));
        self.server.truth.send_modify(|truth| {
            truth.live += usize::from(fresh);
            truth.resumes.push(Resume { at: Instant::now(), sequence, replayed });
        });
        true
    }

    async fn refuse(&mut self, code: u16, violation: String) -> Result<(), Over> {
        self.server.violation(violation);
        self.close(Some(code)).await
    }

    async fn close(&mut self, code: Option<u16>) -> Result<(), Over> {
        self.closed = true;
        let frame = code.map(|code| CloseFrame { code: code.into(), reason: "".into() });
        self.socket.send(Message::Close(frame)).await.map_err(|_| Over)
    }

    async fn send(&mut self, event: &Value) -> Result<(), Over> {
        self.socket.send(Message::Text(event.to_string().into())).await.map_err(|_| Over)
    }

    fn over(&self, end: End) {
        let mut book = self.server.book();
        let own = |session: &&mut Session| Some(&session.id) == self.session.as_ref();
        let mut was_live = false;
        if let Some(session) = book.sessions.iter_mut().find(own) {
            if session.link.as_ref().is_some_and(|link| link.same_channel(&self.orders)) {
                session.link = None;
                was_live = true;
            }
            session.dead |= end.by_client && matches!(end.code, Some(1000 | 1001));
        }
        drop(book);
        self.server.truth.send_modify(|truth| {
            truth.live -= usize::from(was_live);
            truth.ends.push(end);
        });
    }
}
