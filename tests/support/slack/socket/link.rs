//! One connection to the fake socket server.

use std::{future::pending, sync::Arc};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
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
    End, Envelope, Server,
    referee::{Ledger, Pending},
    truth::Ack,
};

/// An order to a connection.
pub(super) enum Order {
    Envelope(Envelope),
    Raw(Value),
    Text(String),
    Binary(Vec<u8>),
    Close,
    Reset,
    Dark,
}

/// The end of a connection: the client's close code, and whether the client began.
struct Over(Option<u16>, bool);

struct Link {
    server: Arc<Server>,
    socket: WebSocketStream<TcpStream>,
    number: usize,
    ledger: Ledger,
    on_acks: Vec<(String, super::OnAck)>,
    closed: bool,
}

/// Answers the handshake with a 503.
pub(super) async fn refuse(mut stream: TcpStream) {
    let mut request = [0; 2048];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
}

/// Serves one client to its end.
pub(super) async fn serve(stream: TcpStream, server: Arc<Server>) {
    let gate = Arc::clone(&server);
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        gate.admits(request.uri().query().unwrap_or_default()).map(|()| response).map_err(|violation| {
            gate.violation(violation);
            let mut refused = ErrorResponse::new(None);
            *refused.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::UNAUTHORIZED;
            refused
        })
    };
    let Ok(mut socket) = accept_hdr_async(stream, check).await else { return };
    let greets = server.book().greets;
    if !greets {
        while let Some(Ok(_)) = socket.next().await {}
        return;
    }
    if server.book().links.len() >= server.rules.most {
        let frame = json!({ "type": "disconnect", "reason": "too_many_websockets" });
        let _ = socket.send(Message::Text(frame.to_string().into())).await;
        return;
    }
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let (number, live) = server.enter(orders);
    let (ledger, on_acks) = (Ledger::default(), vec![]);
    let mut link = Link { server: Arc::clone(&server), socket, number, ledger, on_acks, closed: false };
    let Over(code, by_client) = link.run(live, &mut inbox).await;
    server.leave(End { link: number, code, by_client }, inbox);
}

impl Link {
    async fn run(&mut self, live: usize, orders: &mut mpsc::UnboundedReceiver<Order>) -> Over {
        let hello = json!({
            "type": "hello", "num_connections": live, "connection_info": { "app_id": self.server.rules.app },
            "debug_info": { "host": "applink-7", "started": "2026-11-23 10:00:00.000", "build_number": 23,
                            "approximate_connection_time": 18060 },
        });
        if let Err(over) = self.send(Message::Text(hello.to_string().into())).await {
            return over;
        }
        loop {
            let due = self.ledger.due(self.server.rules.patience);
            let step = tokio::select! {
                biased;
                message = self.socket.next() => self.heard(message),
                order = orders.recv() => self.obey(order.expect("the book holds a sender")).await,
                () = until(due) => {
                    self.late();
                    Ok(())
                }
            };
            if let Err(over) = step {
                return over;
            }
        }
    }

    fn heard(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), Over> {
        match message {
            Some(Ok(Message::Text(text))) => self.acked(&text),
            Some(Ok(Message::Ping(_))) => self.server.truth.send_modify(|truth| truth.pings += 1),
            Some(Ok(Message::Close(frame))) => {
                return Err(Over(frame.map(|frame| frame.code.into()), !self.closed));
            }
            Some(Ok(Message::Binary(_))) => self.server.violation("the client sent bytes".into()),
            Some(Ok(_)) => {}
            None | Some(Err(_)) => return Err(Over(None, !self.closed)),
        }
        Ok(())
    }

    fn acked(&mut self, text: &str) {
        match self.ledger.acked(text) {
            Ok((envelope, pending, payload)) => {
                let after = pending.sent.elapsed();
                let place = self.on_acks.iter().position(|(id, _)| *id == envelope).expect("it was sent");
                let (_, on_ack) = self.on_acks.swap_remove(place);
                on_ack(payload.clone());
                let ack = Ack { envelope, link: self.number, payload, after };
                self.server.truth.send_modify(|truth| truth.acks.push(ack));
            }
            Err(violation) => self.server.violation(violation),
        }
    }

    fn late(&mut self) {
        for envelope in self.ledger.late(self.server.rules.patience, Instant::now()) {
            self.server.violation(format!("{envelope} was not acknowledged in time"));
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), Over> {
        match order {
            Order::Envelope(envelope) => self.deliver(envelope).await,
            Order::Raw(frame) => self.send(Message::Text(frame.to_string().into())).await,
            Order::Text(text) => self.send(Message::Text(text.into())).await,
            Order::Binary(bytes) => self.send(Message::Binary(bytes.into())).await,
            Order::Close => {
                self.closed = true;
                let frame = CloseFrame { code: 1000.into(), reason: "".into() };
                self.send(Message::Close(Some(frame))).await
            }
            Order::Reset => {
                let _ = self.socket.get_ref().set_zero_linger();
                Err(Over(None, false))
            }
            Order::Dark => {
                let mut byte = [0];
                // not through the WebSocket, which would answer pings; the end is still noticed
                while self.socket.get_mut().read(&mut byte).await.is_ok_and(|read| read > 0) {}
                Err(Over(None, true))
            }
        }
    }

    async fn deliver(&mut self, envelope: Envelope) -> Result<(), Over> {
        let Envelope { id, kind, payload, takes_answer, attempt, on_ack } = envelope;
        let is_view = payload["type"] == "view_submission";
        let mut frame = json!({
            "envelope_id": id, "type": kind, "accepts_response_payload": takes_answer, "payload": payload,
        });
        if kind == "events_api" {
            frame["retry_attempt"] = attempt.into();
            frame["retry_reason"] = if attempt == 0 { "" } else { "timeout" }.into();
        }
        self.ledger.sent(&id, Pending { kind, takes_answer, is_view, sent: Instant::now() });
        self.on_acks.push((id, on_ack));
        self.send(Message::Text(frame.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        self.socket.send(message).await.map_err(|_| Over(None, !self.closed))
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
