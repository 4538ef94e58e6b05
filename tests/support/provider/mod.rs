//! A scripted provider that is also a referee: it speaks HTTP/1.1 over raw TCP without a library, plays one script for
//! each request of a model, logs the ground truth, and fails the test if a client breaks the rules.

mod answer;
mod play;
mod referee;
mod truth;
pub(super) mod wire;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    answer::{Answer, Gate, Spelling, answer, refusal, response, silence},
    referee::Rules,
    truth::{End, Exchange, Listed, Truth},
};
use self::{referee::Requested, wire::Request};

/// A provider on a port of its own. Dropping it stops it and fails the test for every violation and for every answer
/// that was not requested.
pub struct FakeProvider {
    address: SocketAddr,
    server: Arc<Server>,
    stop: CancellationToken,
}

struct Server {
    rules: Rules,
    address: SocketAddr,
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    truth: watch::Sender<Truth>,
}

impl FakeProvider {
    /// Opens with the usual rules: no key, every model of the answers is listed.
    pub async fn open(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::open_with(Rules::default(), answers).await
    }

    /// Opens with these rules. An empty list of models becomes the models of the answers. Answers of one model are
    /// played in order, one for each request.
    pub async fn open_with(mut rules: Rules, answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut scripts: HashMap<String, VecDeque<Answer>> = HashMap::new();
        for answer in answers {
            scripts.entry(answer.model.clone()).or_default().push_back(answer);
        }
        if rules.listed.as_ref().is_some_and(Vec::is_empty) {
            rules.listed = Some(scripts.keys().cloned().collect());
        }
        let truth = watch::Sender::new(Truth::default());
        let server = Arc::new(Server { rules, address, answers: Mutex::new(scripts), truth });
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let accepting = accept(listener, Arc::clone(&server), stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { address, server, stop }
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for a client's configuration.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the violations so far and clears them.
    pub fn take_violations(&self) -> Vec<String> {
        let mut violations = vec![];
        self.server.truth.send_modify(|truth| violations = std::mem::take(&mut truth.violations));
        violations
    }

    /// Drops the remaining answers, which then need not be requested.
    pub fn discard_answers(&self) {
        self.server.answers.lock().expect("answers").clear();
    }

    /// The log so far.
    pub fn truth(&self) -> Truth {
        self.server.truth.borrow().clone()
    }

    /// Waits until the log satisfies a condition and returns it.
    pub async fn until(&self, wanted: impl FnMut(&Truth) -> bool) -> Truth {
        self.server.truth.subscribe().wait_for(wanted).await.expect("the provider lives").clone()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.stop.cancel();
        if std::thread::panicking() {
            return;
        }
        let violations = self.truth().violations;
        assert!(violations.is_empty(), "the referee saw: {violations:#?}");
        let answers = self.server.answers.lock().expect("answers");
        let unasked: Vec<_> = answers.iter().filter(|(_, left)| !left.is_empty()).map(|(m, _)| m).collect();
        assert!(unasked.is_empty(), "nobody asked for all that was to be answered: {unasked:?}");
    }
}

/// Returns a base URL on which nothing listens: a port that was bound and closed again.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}/v1", listener.local_addr().expect("an address"))
}

async fn accept(listener: TcpListener, server: Arc<Server>, stop: CancellationToken, tasks: TaskTracker) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("a socket option");
        let mut number = 0;
        server.truth.send_modify(|truth| {
            number = truth.connections;
            truth.connections += 1;
        });
        let connection = Arc::clone(&server).connection(stream, number);
        tasks.spawn(stop.clone().run_until_cancelled_owned(connection));
    }
}

impl Server {
    async fn connection(self: Arc<Self>, mut stream: TcpStream, number: usize) {
        let mut warm = false;
        loop {
            let answered = match wire::read(&mut stream).await {
                Ok(None) => return,
                Ok(Some(request)) => self.request(&mut stream, &request, (number, warm)).await,
                Err(violation) => Err(violation),
            };
            match answered {
                Ok(true) => warm = true,
                Ok(false) => return,
                Err(violation) => {
                    self.truth.send_modify(|truth| truth.violations.push(violation));
                    let _ = stream.write_all(b"HTTP/1.1 418 Foul\r\nContent-Length: 0\r\n\r\n").await;
                    return;
                }
            }
        }
    }

    /// Answers one request; false when the connection ends with it.
    async fn request(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        (connection, warm): (usize, bool),
    ) -> Result<bool, String> {
        let (model, body) = match self.rules.check(request, self.address)? {
            Requested::List(head_only) => {
                let sent = stream.write_all(&self.listing(head_only)).await.is_ok();
                let listed = Listed { head_only, at: Instant::now() };
                self.truth.send_modify(|truth| truth.listings.push(listed));
                return Ok(sent && !self.rules.hangs_up_after_listing);
            }
            Requested::ListWithoutKey => {
                let status = self.rules.keyless_listing;
                let refused = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
                let list = if status.starts_with('2') { self.listing(false) } else { refused };
                return Ok(stream.write_all(&list).await.is_ok());
            }
            Requested::Completion { model, body } => (model, body),
        };
        if !warm && !self.rules.cold {
            return Err(format!("{model} was asked on a connection that was not warm"));
        }
        let answer = self.answers.lock().expect("answers").get_mut(&model).and_then(VecDeque::pop_front);
        let answer = answer.ok_or(format!("{model} was asked once too often"))?;
        let arrived = request.arrived;
        let (writes, end) = (vec![], None);
        let exchange = Exchange { model, connection, warm, arrived, body, writes, end };
        Ok(self.play(stream, &answer, exchange).await)
    }

    async fn play(&self, stream: &mut TcpStream, answer: &Answer, exchange: Exchange) -> bool {
        let (mut index, arrived) = (0, exchange.arrived);
        self.truth.send_modify(|truth| {
            index = truth.exchanges.len();
            truth.exchanges.push(exchange);
        });
        let wrote = |at, tokens| {
            self.truth.send_modify(|truth| truth.exchanges[index].writes.push((at, tokens)));
        };
        let end = play::play(stream, answer, arrived, wrote).await;
        self.truth.send_modify(|truth| truth.exchanges[index].end = Some(end));
        matches!(end, End::Whole(_))
    }

    fn listing(&self, head_only: bool) -> Vec<u8> {
        let (status, body) = match (&self.rules.listed, self.rules.refuses_listing) {
            (_, Some(status)) => (status, json!({ "error": { "message": "no" } })),
            (None, _) => ("404 Not Found", json!({ "error": { "message": "unknown path" } })),
            (Some(names), _) => {
                let data: Vec<_> = names.iter().map(|id| json!({ "id": id, "object": "model" })).collect();
                ("200 OK", json!({ "object": "list", "data": data }))
            }
        };
        let (body, json) = (body.to_string(), "application/json");
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: {json}\r\nContent-Length: {}\r\n\r\n", body.len());
        if head_only { head.into_bytes() } else { [head, body].concat().into_bytes() }
    }
}
