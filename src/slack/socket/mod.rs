//! SHELL. Socket Mode: WebSocket connections that we open, over which Slack sends what users do.
//!
//! ```text
//! supervisor   opens each connection, serves it, replaces it; publishes the state of all of them
//! connection   one WebSocket, from its greeting to its end: envelope -> event of the library -> Intake -> acknowledgement
//! ```
//!
//! There are two connections; Slack sends each envelope over any one of them. The envelopes and events are the types
//! of slack-morphism. The connections are ours, because those of the library (2.31.1) cannot be supervised:
//!
//! - They have no deadlines: an `apps.connections.open` or a handshake that hangs does so for ever, in a task that
//!   cannot be cancelled.
//! - They report neither that a connection ended or failed, nor why, and retry at a fixed interval, even with a token
//!   that Slack refuses.
//! - On `disconnect` they close the old connection before they ask for a new one.
//! - They don't report which connection was greeted, and notice a dead one only after six missed pongs.
//!
//! # Failures
//!
//! | failure | detected by | reaction |
//! | --- | --- | --- |
//! | `apps.connections.open` hangs | deadline, 8 s | retry after a back-off with jitter (0.5 s to 8 s) |
//! | it answers 429 | `Retry-After` | retry, not before that |
//! | it refuses the token | its error code | give up, and report how to fix it |
//! | no handshake, no `hello` | deadline, 8 s | retry after a back-off |
//! | `disconnect`: `warning`, `refresh_requested` | the frame | open a successor; the old connection serves until the successor was greeted, and 5 s more |
//! | `disconnect`: `link_disabled`, `too_many_websockets` | the frame | report it; retry after a back-off |
//! | reset, close | the read | retry; at once if the connection lived for 10 s or more |
//! | nothing arrives, not even a pong | 25 s of silence, pinged every 10 s | retry |
//! | open, but Slack sends nothing over it | not at all: a quiet workspace looks the same | replaced as on `warning` within an hour |
//!
//! Only one connection is opened at a time, so an unavailable server is asked by one supervisor only. Not detected: an
//! envelope that arrives between our close frame and Slack's end (once an hour, for some milliseconds, when we
//! replace a connection). Slack sends events again; the sender of a command is told that it failed.

mod connection;
mod supervisor;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use secrecy::SecretString;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::supervisor::{Connections, Status, Supervisor};
use super::{api::Api, incoming::Intake};
use crate::{backoff::Backoff, platform::ConnectionState as State};

/// Two, so that one serves while the other is replaced or dead. Slack allows ten
/// (<https://docs.slack.dev/apis/events-api/using-socket-mode#multiple-connections>).
const CONNECTIONS: usize = 2;

/// The settings and dependencies of Socket Mode.
pub(crate) struct Setup {
    /// The Web API. If it isn't Slack's, sockets of Slack are refused.
    pub(crate) api: Api,
    /// The app-level token (`xapp-...`).
    pub(crate) app_token: SecretString,
    /// Receives every command, interaction and event.
    pub(crate) intake: Arc<Intake>,
    /// Receives every change of the state.
    pub(crate) state: watch::Sender<State>,
    /// Ends all connections.
    pub(crate) closed: CancellationToken,
    pub(crate) timing: Timing,
}

/// Deadlines and intervals; tests use shorter ones.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// For `apps.connections.open`, and again for TCP, TLS, the handshake and `hello`.
    open_timeout: Duration,
    ping_interval: Duration,
    /// Without any frame for so long, a connection is dead.
    silence_timeout: Duration,
    /// A connection is replaced at this age at the latest.
    max_age: Duration,
    /// The time for which a replaced connection still serves beside its successor.
    drain: Duration,
    /// Its limit is short enough that a server is soon found again after a long outage.
    backoff: Backoff,
    /// A connection of this age was a good one: its end is no reason to back off.
    stable_after: Duration,
}

/// The deadlines and intervals in production.
pub(crate) const TIMING: Timing = Timing {
    open_timeout: Duration::from_secs(8),
    ping_interval: Duration::from_secs(10),
    silence_timeout: Duration::from_secs(25),
    max_age: Duration::from_hours(1),
    drain: Duration::from_secs(5),
    backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(8)),
    stable_after: Duration::from_secs(10),
};

/// Runs the connections until `closed`, or until Slack refuses the token. Returns within a second after `closed`.
pub(crate) async fn run(setup: Setup) {
    let supervisor = Supervisor {
        status: Status::new(Connections::new(setup.state.clone())),
        turn: setup.timing.backoff.into(),
        draining: TaskTracker::new(),
        setup,
    };
    join_all((0..CONNECTIONS).map(|_| supervisor.keep_connected())).await;
    supervisor.draining.close();
    supervisor.draining.wait().await;
}
