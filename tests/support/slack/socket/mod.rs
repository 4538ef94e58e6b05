//! A fake of the server behind `apps.connections.open` that is also a referee: it greets, sends envelopes over any of
//! the open connections, checks the acknowledgements, and has a method for everything that goes wrong at the real one.
//!
//! It uses no other part of the test support, so that unit tests of the crate can include the same file.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>

mod link;
mod referee;
mod truth;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::link::Order;
pub use self::{
    referee::Rules,
    truth::{Ack, End, Sent, Truth},
};

/// A socket server on a port of its own. When it is dropped it stops, and fails the test for every violation.
pub struct FakeSocket {
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
    /// The handshake is refused with a 503.
    Busy,
}

/// A function that is called with the payload of an acknowledgement.
pub type OnAck = Arc<dyn Fn(Option<Value>) + Send + Sync>;

/// Something for the bot.
#[derive(Clone)]
pub(crate) struct Envelope {
    id: String,
    kind: &'static str,
    payload: Value,
    takes_answer: bool,
    attempt: u32,
    on_ack: OnAck,
}

struct Server {
    rules: Rules,
    address: SocketAddr,
    truth: watch::Sender<Truth>,
    book: Mutex<Book>,
}

struct Book {
    acceptance: Acceptance,
    greets: bool,
    tickets: HashSet<String>,
    standing: bool,
    links: Vec<Connection>,
    numbers: usize,
    turn: usize,
    sent: Vec<Envelope>,
}

/// A connection that was greeted.
struct Connection {
    number: usize,
    orders: mpsc::UnboundedSender<Order>,
}

impl FakeSocket {
    /// Opens with these rules.
    pub async fn open(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let book = Book {
            acceptance: Acceptance::Open,
            greets: true,
            tickets: HashSet::new(),
            standing: false,
            links: vec![],
            numbers: 0,
            turn: 0,
            sent: vec![],
        };
        let truth = watch::Sender::new(Truth::default());
        let server = Arc::new(Server { rules, address, truth, book: Mutex::new(book) });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accepting = accept(listener, Arc::clone(&server), stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { server, stop }
    }

    /// Returns an address for one connection, as `apps.connections.open` does.
    pub fn url(&self) -> String {
        let mut book = self.server.book();
        book.numbers += 1;
        let ticket = format!("ticket-{}", book.numbers);
        book.tickets.insert(ticket.clone());
        format!("ws://{}/link/?ticket={ticket}&app_id={}", self.server.address, self.server.rules.app)
    }

    /// An address for any number of connections, for a Web API that always gives the same.
    pub fn standing_url(&self) -> String {
        self.server.book().standing = true;
        format!("ws://{}/link/?ticket=standing&app_id={}", self.server.address, self.server.rules.app)
    }

    /// Sends an envelope (`slash_commands`, `interactive` or `events_api`) over one of the open connections and
    /// returns its id. It is lost if no connection is open.
    pub fn sends(&self, kind: &'static str, payload: Value) -> String {
        let takes_answer = kind == "slash_commands" || payload["type"] == "view_submission";
        self.delivers(kind, payload, takes_answer, Arc::new(|_| {}))
    }

    /// Sends an envelope and calls `on_ack` with its acknowledgement.
    pub fn delivers(&self, kind: &'static str, payload: Value, takes_answer: bool, on_ack: OnAck) -> String {
        let envelope = Envelope { id: String::new(), kind, payload, takes_answer, attempt: 0, on_ack };
        self.server.deliver(envelope)
    }

    /// Sends the content of that envelope in a new one, over the next connection, as Slack does when it saw no
    /// acknowledgement.
    pub fn sends_again(&self, envelope: &str) -> String {
        let known = self.server.book().sent.iter().find(|sent| sent.id == envelope).cloned();
        let known = known.expect("it was sent");
        self.server.deliver(Envelope { attempt: known.attempt + 1, ..known })
    }

    /// Says `disconnect` over every connection; `warning` and `refresh_requested` are the usual reasons.
    pub fn disconnects(&self, reason: &str) {
        self.order(|| {
            Order::Raw(
                json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-7" } }),
            )
        });
    }

    /// Says `disconnect` over one connection.
    pub fn disconnects_one(&self, number: usize, reason: &str) {
        let frame = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-7" } });
        let book = self.server.book();
        let link = book.links.iter().find(|link| link.number == number).expect("it is open");
        let _ = link.orders.send(Order::Raw(frame));
    }

    /// Closes every connection that is open now, with a close frame.
    pub fn closes(&self) {
        self.order(|| Order::Close);
    }

    /// Closes these connections, with a close frame; those that ended by themselves are left.
    pub fn closes_these(&self, numbers: &[usize]) {
        for link in self.server.book().links.iter().filter(|link| numbers.contains(&link.number)) {
            let _ = link.orders.send(Order::Close);
        }
    }

    /// Resets every connection (RST).
    pub fn resets(&self) {
        self.order(|| Order::Reset);
    }

    /// Neither reads nor writes any more on the connections that are open now: no pong arrives.
    pub fn goes_dark(&self) {
        self.order(|| Order::Dark);
    }

    /// Sends some text over every connection.
    pub fn garbage(&self, text: &str) {
        self.order(|| Order::Text(text.to_owned()));
    }

    /// Sends some bytes over every connection.
    pub fn binary(&self, bytes: &[u8]) {
        self.order(|| Order::Binary(bytes.to_vec()));
    }

    /// Sets whether new connections are greeted.
    pub fn greets(&self, greets: bool) {
        self.server.book().greets = greets;
    }

    /// Sets the treatment of new connections.
    pub fn acceptance(&self, acceptance: Acceptance) {
        self.server.book().acceptance = acceptance;
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
        self.server.truth.subscribe().wait_for(wanted).await.expect("the server lives").clone()
    }

    /// Waits for the acknowledgement of this envelope.
    pub async fn ack(&self, envelope: &str) -> Ack {
        let truth = self.until(|truth| truth.acks_of(envelope) > 0).await;
        truth.acks.into_iter().find(|ack| ack.envelope == envelope).expect("it is there")
    }

    fn order(&self, order: impl Fn() -> Order) {
        for link in &self.server.book().links {
            let _ = link.orders.send(order());
        }
    }
}

impl Drop for FakeSocket {
    fn drop(&mut self) {
        self.stop.cancel();
        if !std::thread::panicking() {
            let violations = self.truth().violations;
            assert!(violations.is_empty(), "the socket's referee saw: {violations:#?}");
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
                Acceptance::Busy => link::refuse(stream).await,
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

    /// Checks that the query has a valid ticket.
    fn admits(&self, query: &str) -> Result<(), String> {
        let ticket = query.split('&').find_map(|part| part.strip_prefix("ticket=")).unwrap_or_default();
        let mut book = self.book();
        if book.tickets.remove(ticket) || (book.standing && ticket == "standing") {
            Ok(())
        } else {
            Err(format!("a connection with the ticket {ticket:?}, which is used or was never given"))
        }
    }

    /// Gives an envelope its id and sends it over the next open connection.
    fn deliver(&self, envelope: Envelope) -> String {
        let mut book = self.book();
        book.numbers += 1;
        let id = format!("{:08x}-envelope", book.numbers);
        let envelope = Envelope { id: id.clone(), ..envelope };
        book.sent.push(envelope.clone());
        self.route(&mut book, envelope);
        id
    }

    fn route(&self, book: &mut Book, envelope: Envelope) {
        if book.links.is_empty() {
            self.truth.send_modify(|truth| truth.undelivered += 1);
            return;
        }
        book.turn += 1;
        let link = &book.links[book.turn % book.links.len()];
        let sent = Sent { envelope: envelope.id.clone(), link: link.number };
        self.truth.send_modify(|truth| truth.sent.push(sent));
        let _ = link.orders.send(Order::Envelope(envelope));
    }

    /// A connection was greeted.
    fn enter(&self, orders: mpsc::UnboundedSender<Order>) -> (usize, usize) {
        let mut book = self.book();
        book.numbers += 1;
        let number = book.numbers;
        book.links.push(Connection { number, orders });
        let live = book.links.len();
        drop(book);
        self.truth.send_modify(|truth| {
            truth.live.push(number);
            truth.most_live = truth.most_live.max(live);
        });
        (number, live)
    }

    /// Removes a connection; envelopes that were not written yet go to another one.
    fn leave(&self, end: End, mut unwritten: mpsc::UnboundedReceiver<Order>) {
        let mut book = self.book();
        book.links.retain(|link| link.number != end.link);
        unwritten.close();
        while let Ok(order) = unwritten.try_recv() {
            if let Order::Envelope(envelope) = order {
                self.route(&mut book, envelope);
            }
        }
        drop(book);
        self.truth.send_modify(|truth| {
            truth.live.retain(|number| *number != end.link);
            truth.ends.push(end);
        });
    }
}
