//! Supervision: opens each connection, serves it, replaces it, and publishes one state for all of them.

use std::{pin::pin, sync::Arc, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::{
    Setup,
    connection::{Connection, Ended},
};
use crate::{
    backoff::Backoff,
    platform::{
        ConnectionState as State,
        connection::StartupError,
        permit::{Claim, Shared},
        websocket::is_below,
    },
    slack::{
        WRONG_APP_TOKEN,
        api::{ApiError, method},
    },
    telemetry::{field, metrics},
};

/// Keeps connections alive. They share it.
pub(super) struct Supervisor {
    pub(super) setup: Setup,
    pub(super) status: Status,
    /// Locked while a connection is opened, which is done one at a time: the back-off of failures to open.
    pub(super) turn: tokio::sync::Mutex<Backoff>,
    /// Connections that serve beside their successors.
    pub(super) draining: TaskTracker,
}

impl Supervisor {
    /// Keeps one connection until `closed`, or until Slack refuses the token.
    pub(super) async fn keep_connected(&self) {
        let mut backoff = self.setup.timing.backoff;
        let (mut wait, mut predecessor) = (Duration::ZERO, None::<CancellationToken>);
        while self.setup.closed.run_until_cancelled(sleep(wait)).await.is_some() {
            let opened = self.setup.closed.run_until_cancelled(Box::pin(self.open())).await;
            let Some(Some(mut connection)) = opened else { return };
            if let Some(predecessor) = predecessor.take() {
                predecessor.cancel();
            }
            let since = Instant::now();
            match connection.serve(pin!(self.setup.closed.cancelled())).await {
                Ended::Stopped => return connection.close().await,
                Ended::Lost(why) => {
                    tracing::warn!({ field::REASON } = why, "lost a connection to Slack");
                    self.status.lock().record_failure(State::Lost { why: why.to_owned() });
                }
                Ended::Replace => {
                    let replaced = predecessor.insert(CancellationToken::new()).clone();
                    self.draining.spawn(connection.drain(replaced, self.setup.closed.clone()));
                }
            }
            // Slack sends every client of a lost server elsewhere: a short life counts as a failure to open
            wait = if since.elapsed() >= self.setup.timing.stable_after {
                backoff.reset();
                Duration::ZERO
            } else {
                backoff.next(fastrand::f64())
            };
        }
    }

    /// Opens a connection, however long it takes; `None` once Slack refused the token.
    async fn open(&self) -> Option<Connection> {
        let mut backoff = self.turn.lock().await;
        while !self.status.lock().is_refused() {
            match self.try_open().await {
                Ok(connection) => {
                    backoff.reset();
                    count("opened");
                    tracing::info!("connected to Slack");
                    return Some(connection);
                }
                Err(StartupError::Refused(why)) => {
                    count("refused");
                    // before the log line: its reader finds the same state in the probe
                    self.status.lock().record_failure(State::Refused { why: why.clone() });
                    tracing::error!({ field::REASON } = why, "gave up connecting to Slack");
                }
                Err(StartupError::Passing(why)) => {
                    // not before the end of a wait that Slack asked for
                    let held = self.setup.api.rate_limiter().held(method::OPEN_CONNECTION);
                    let wait = backoff.next(fastrand::f64()).max(held.unwrap_or_default());
                    count("failed");
                    tracing::warn!({ field::REASON } = why, ?wait, "could not connect to Slack");
                    self.status.lock().record_failure(State::Lost { why });
                    sleep(wait).await;
                }
            }
        }
        None
    }

    async fn try_open(&self) -> Result<Connection, StartupError> {
        let Setup { api, app_token, intake, timing, .. } = &self.setup;
        let address = api.open_connection(app_token, timing.open_timeout).await.map_err(failed)?;
        check(api.url(), &address)?;
        let opening = Connection::open(&address, Arc::clone(intake), *timing);
        let greeted = timeout(timing.open_timeout, opening).await;
        let mut connection = greeted.map_err(|_| transient("Slack does not greet a new connection"))??;
        connection.live = Some(self.status.live());
        Ok(connection)
    }
}

fn count(outcome: &'static str) {
    ::metrics::counter!(metrics::SLACK_CONNECTIONS, field::OUTCOME => outcome).increment(1);
}

fn failed(error: ApiError) -> StartupError {
    let refused = |code: &str| StartupError::Refused(format!("{WRONG_APP_TOKEN} ({code})"));
    match error {
        ApiError::Unauthorized { code } => refused(&code),
        ApiError::MissingScope { .. } => refused("missing_scope"),
        ApiError::Limited { .. } => transient("Slack limits how often connections may be opened"),
        other => transient(&format!("Slack's apps.connections.open failed: {other}")),
    }
}

pub(super) fn transient(why: &str) -> StartupError {
    StartupError::Passing(why.to_owned())
}

/// Accepts Slack's sockets from Slack's API only, and others from other APIs only.
fn check(api: &Url, socket: &SecretString) -> Result<(), StartupError> {
    let socket: Option<Url> = socket.expose_secret().parse().ok();
    let scheme = socket.as_ref().map_or("", Url::scheme);
    match (is_slack(api), socket.as_ref().is_some_and(is_slack), scheme) {
        (true, true, "wss") | (false, false, "ws" | "wss") => Ok(()),
        (true, ..) => Err(transient("Slack names a socket that is not Slack's")),
        (false, true, _) => Err(StartupError::Refused(
            "the API at SLACK_API_URL names a socket of the real Slack, which is not used then".to_owned(),
        )),
        (false, false, _) => Err(transient("the API at SLACK_API_URL names no WebSocket address")),
    }
}

fn is_slack(url: &Url) -> bool {
    is_below(url, &["slack.com"])
}

/// All connections as one state: one live connection is enough, since Slack sends each envelope over any.
#[derive(Debug)]
pub(super) struct Connections {
    live: u32,
    /// The state while none is live.
    without: State,
    published: watch::Sender<State>,
}

pub(super) type Status = Shared<Connections>;

/// Counts one live connection until it is dropped.
pub(super) type Live = Claim<Connections, ()>;

impl Connections {
    /// Publishes that the first connection is being established.
    pub(super) fn new(published: watch::Sender<State>) -> Self {
        let connections = Self { live: 0, without: State::Connecting, published };
        connections.publish();
        connections
    }

    /// Records why there is no connection, or no second one. `Refused` is final.
    fn record_failure(&mut self, state: State) {
        if !self.is_refused() {
            self.without = state;
        }
        self.publish();
    }

    fn is_refused(&self) -> bool {
        matches!(self.without, State::Refused { .. })
    }

    fn publish(&self) {
        ::metrics::gauge!(metrics::SLACK_CONNECTIONS_LIVE).set(self.live);
        let state = if self.live > 0 { &State::Ready } else { &self.without };
        if *self.published.borrow() != *state {
            self.published.send_replace(state.clone());
        }
    }
}

impl Status {
    /// Counts a connection that was greeted.
    fn live(&self) -> Live {
        let mut connections = self.lock();
        connections.live += 1;
        connections.publish();
        drop(connections);
        self.claim((), |connections, ()| {
            connections.live -= 1;
            connections.publish();
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_sockets_are_for_slacks_api_only() {
        let check = |api: &str, socket: &str| check(&api.parse().expect("a URL"), &socket.into());
        let (real, fake) = ("https://slack.com/api", "http://127.0.0.1:9/api");
        for (api, socket) in [
            (real, "wss://wss-primary.slack.com/link/?ticket=x"),
            (fake, "ws://127.0.0.1:10/link"),
            (fake, "wss://example.com/link"),
        ] {
            assert_eq!(check(api, socket), Ok(()), "{socket}");
        }
        for (api, socket) in [
            (real, "wss://slack.com.example/link"),
            (real, "ws://slack.com/link"),
            (real, "wss://notslack.com/link"),
            (fake, "wss://wss.slack.com/link"),
            (fake, "wss://wss.slack.com./link"),
            (fake, "http://127.0.0.1/link"),
            (fake, "nonsense"),
        ] {
            assert!(check(api, socket).is_err(), "{socket}");
        }
    }

    #[test]
    fn one_connection_speaks_for_all() {
        let (sender, state) = watch::channel(State::Ready);
        let status = Status::new(Connections::new(sender));
        assert_eq!(*state.borrow(), State::Connecting);
        let (first, second) = (status.live(), status.live());
        drop(first);
        let lost = State::Lost { why: "gone".into() };
        status.lock().record_failure(lost.clone());
        assert_eq!(*state.borrow(), State::Ready);
        drop(second);
        assert_eq!(*state.borrow(), lost);
        let refused = State::Refused { why: "no".into() };
        status.lock().record_failure(refused.clone());
        status.lock().record_failure(lost);
        assert_eq!(*state.borrow(), refused);
        let _third = status.live();
        assert_eq!(*state.borrow(), State::Ready, "the connection is live all the same");
    }
}
