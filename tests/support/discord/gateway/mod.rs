//! A fake of Discord's gateway, version 10, that is also a referee: it keeps sessions, replays what a resume missed,
//! and has a method for everything that goes wrong at the real one.
//!
//! It uses no other part of the test support, so that unit tests of the crate can include the same file.

mod link;
mod referee;
mod truth;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::link::Order;
pub use self::{
    referee::Rules,
    truth::{End, Identify, Resume, Truth},
};

/// A gateway on a port of its own. When it is dropped it stops, and fails the test for every violation.
pub struct FakeGateway {
    server: Arc<Server>,
    stop: CancellationToken,
}

/// The treatment of new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Served normally.
    Open,
    /// Dropped at once.
    Shut,
    /// Accepted, and then nothing: no handshake.
    Mute,
}

/// The response to the next IDENTIFY with a valid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// READY.
    Ready,
    /// Op 9 with `false`.
    Invalid,
    /// A close frame with this code.
    Close(u16),
    /// A close frame without a code.
    CloseWithoutCode,
}

struct Server {
    rules: Rules,
    address: SocketAddr,
    truth: watch::Sender<Truth>,
    book: Mutex<Book>,
}

struct Book {
    sessions: Vec<Session>,
    acceptance: Acceptance,
    reactions: VecDeque<Reaction>,
    acks: bool,
    greets: bool,
}

struct Session {
    id: String,
    /// All events so far; the sequence of one is its place, counted from 1.
    events: Vec<Value>,
    /// Its connection, while it has one.
    link: Option<mpsc::UnboundedSender<Order>>,
    /// It cannot be resumed any more.
    dead: bool,
}

impl FakeGateway {
    /// Opens with these rules.
    pub async fn open(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let book = Book {
            sessions: vec![],
            acceptance: Acceptance::Open,
            reactions: VecDeque::new(),
            acks: true,
            greets: true,
        };
        let truth = watch::Sender::new(Truth::default());
        let server = Arc::new(Server { rules, address, truth, book: Mutex::new(book) });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accepting = accept(listener, Arc::clone(&server), stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { server, stop }
    }

    /// Returns the address on which it listens.
    pub fn url(&self) -> String {
        format!("ws://{}", self.server.address)
    }

    /// Returns the response to `GET /gateway/bot`.
    pub fn gateway_bot(&self) -> Value {
        let rules = &self.server.rules;
        let used = self.server.truth.borrow().identifies.len() as u64;
        json!({ "url": self.url(), "shards": rules.shards, "session_start_limit": {
            "total": rules.identifies, "remaining": rules.identifies.saturating_sub(used),
            "reset_after": 86_400_000, "max_concurrency": rules.max_concurrency,
        } })
    }

    /// An event for the newest session; where that has no connection it gets it with its next resume.
    pub fn dispatch(&self, kind: &str, data: &Value) {
        let mut book = self.server.book();
        let session = book.sessions.last_mut().expect("a session");
        session.dispatch(kind, data);
    }

    /// `dispatch` of `INTERACTION_CREATE`.
    pub fn interaction(&self, data: &Value) {
        self.dispatch("INTERACTION_CREATE", data);
    }

    /// Op 7 to every session.
    pub fn reconnect(&self) {
        self.order(|| Order::Send(json!({ "op": 7, "d": null })));
    }

    /// Op 9 to every session; where it cannot be resumed the sessions are forgotten.
    pub fn invalid_session(&self, resumable: bool) {
        self.order(|| Order::Send(json!({ "op": 9, "d": resumable })));
        if !resumable {
            self.server.book().sessions.iter_mut().for_each(|session| session.dead = true);
        }
    }

    /// Sends op 1 to every session, which requests a heartbeat at once.
    pub fn request_heartbeat(&self) {
        self.order(|| Order::Send(json!({ "op": 1, "d": null })));
    }

    /// Drops every connection without a close frame.
    pub fn drop_connection(&self) {
        self.order(|| Order::Drop);
    }

    /// Closes every connection with this code. After 4007 and 4009 sessions are forgotten.
    pub fn close(&self, code: u16) {
        if matches!(code, 1000 | 1001 | 4007 | 4009) {
            self.server.book().sessions.iter_mut().for_each(|session| session.dead = true);
        }
        self.order(|| Order::Close(Some(code)));
    }

    /// Closes every connection with a close frame that has no code.
    pub fn close_without_code(&self) {
        self.order(|| Order::Close(None));
    }

    /// Sends every session something, as text.
    pub fn garbage(&self, text: &str) {
        self.order(|| Order::Raw(text.to_owned()));
    }

    /// Stops acknowledging heartbeats.
    pub fn withhold_acks(&self) {
        self.server.book().acks = false;
    }

    /// Answers heartbeats again.
    pub fn give_acks(&self) {
        self.server.book().acks = true;
    }

    /// Sends no HELLO to new connections.
    pub fn withhold_hello(&self) {
        self.server.book().greets = false;
    }

    /// Sets the treatment of new connections.
    pub fn acceptance(&self, acceptance: Acceptance) {
        self.server.book().acceptance = acceptance;
    }

    /// Sets the responses to the next IDENTIFYs, in order; later ones get READY.
    pub fn reactions(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.server.book().reactions.extend(reactions);
    }

    /// Returns the violations so far and clears them.
    pub fn take_violations(&self) -> Vec<String> {
        let mut violations = vec![];
        self.server.truth.send_modify(|truth| violations = std::mem::take(&mut truth.violations));
        violations
    }

    /// The log so far.
    pub fn truth(&self) -> Truth {
        self.server.truth.borrow().clone()
    }

    /// Waits until the log satisfies a condition and returns it.
    pub async fn until(&self, wanted: impl FnMut(&Truth) -> bool) -> Truth {
        self.server.truth.subscribe().wait_for(wanted).await.expect("the gateway lives").clone()
    }

    fn order(&self, order: impl Fn() -> Order) {
        for session in &self.server.book().sessions {
            if let Some(link) = &session.link {
                let _ = link.send(order());
            }
        }
    }
}

impl Drop for FakeGateway {
    fn drop(&mut self) {
        self.stop.cancel();
        if !std::thread::panicking() {
            let violations = self.truth().violations;
            assert!(violations.is_empty(), "the gateway's referee saw: {violations:#?}");
        }
    }
}

async fn accept(listener: TcpListener, server: Arc<Server>, stop: CancellationToken, tasks: TaskTracker) {
    while let Ok((stream, _)) = listener.accept().await {
        server.truth.send_modify(|truth| truth.connections += 1);
        let acceptance = server.book().acceptance;
        let server = Arc::clone(&server);
        let link = async move {
            match acceptance {
                Acceptance::Open => link::serve(stream, server).await,
                Acceptance::Shut => {}
                Acceptance::Mute => {
                    let _open = stream;
                    std::future::pending::<()>().await;
                }
            }
        };
        tasks.spawn(stop.clone().run_until_cancelled_owned(link));
    }
}

impl Server {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("the book")
    }

    fn violation(&self, violation: String) {
        self.truth.send_modify(|truth| truth.violations.push(violation));
    }

    /// Records an IDENTIFY and checks the limits.
    fn identified(&self, shard: (u64, u64), intents: u64) -> Result<(), String> {
        let (rules, now) = (&self.rules, Instant::now());
        let place = shard.0 % rules.max_concurrency;
        let mut result = Ok(());
        self.truth.send_modify(|truth| {
            let last = truth.identifies.iter().rev().find(|one| one.shard.0 % rules.max_concurrency == place);
            if last.is_some_and(|last| now.duration_since(last.at) < rules.spacing) {
                result = Err("IDENTIFY too soon after the last".into());
            }
            truth.identifies.push(Identify { at: now, shard, intents });
            if truth.identifies.len() as u64 > rules.identifies {
                result = Err("IDENTIFY beyond the limit: the token would be reset".into());
            }
        });
        result
    }
}

impl Session {
    fn dispatch(&mut self, kind: &str, data: &Value) {
        let event = json!({ "op": 0, "s": self.events.len() + 1, "t": kind, "d": data });
        self.events.push(event.clone());
        if let Some(link) = &self.link {
            let _ = link.send(Order::Send(event));
        }
    }
}
