//! SHELL. Socket Mode: connections of ours over which Slack sends what people do, and their supervision.
//!
//! Two connections, each with a `keeper`; Slack sends each thing to any one of them. The library's listener reads
//! the envelopes, calls back and writes the acknowledgements (`callbacks`), through its own place for another
//! "clients manager" (`wire`); the connections are ours (`opening`, `link`), since those of the library (2.31.1)
//! cannot be supervised from outside:
//!
//! - it has no deadline: an `apps.connections.open` or a handshake that hangs, hangs for ever, in a task that nobody
//!   can end, and nothing is called back;
//! - it tells neither that a connection ended nor that it could not be made, nor why; it tries again after a fixed
//!   time, whatever the answer was, also with a token that Slack refuses;
//! - on every `disconnect` it closes the old connection before it asks for a new one;
//! - it tells nobody which connection greeted, and a dead one shows only after six missed pongs.
//!
//! # What is seen here, and what is done
//!
//! | what | seen by | then |
//! | --- | --- | --- |
//! | `apps.connections.open` hangs | deadline, 8 s | again, after a back-off with jitter (0.5 s to 8 s) |
//! | it answers 429 | `Retry-After` | again, not before (of other answers the library hides the header) |
//! | it refuses the token | its code | given up, with the way out |
//! | no handshake, no `hello` | deadline, 8 s | again, after a back-off |
//! | `disconnect`: `warning`, `refresh_requested` | the frame | a successor is opened first, the old one serves on until the successor was greeted, and 5 s more |
//! | `disconnect`: `link_disabled`, `too_many_websockets` | the frame | said to people; again, after a back-off |
//! | reset, close | the read | again; at once after a life of 10 s or more |
//! | dark: nothing comes, not even a pong | 25 s of silence, pinged every 10 s | again |
//! | alive, but Slack sends nothing over it | not at all: a quiet workspace looks the same | replaced as on `warning` within an hour |
//!
//! One connection is opened at a time, so that a server that is away is asked by one keeper only. Not seen: an
//! envelope that comes between our close frame and Slack's end (once an hour, for some milliseconds, when we
//! replace a connection): Slack sends events again, a command's sender is told that it failed.
//!
//! Must not know what an envelope leads to.

mod callbacks;
mod keeper;
mod link;
mod opening;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use slack_morphism::prelude::{SlackApiToken, SlackClient};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use self::{keeper::Turn, opening::Opening, status::Status, wire::Wire};
use super::{api::connector, incoming::Intake};
use crate::{backoff::Backoff, platform::ConnectionState as State};

/// So many connections: while one is replaced or dead the other serves. Slack allows ten
/// (<https://docs.slack.dev/apis/events-api/using-socket-mode#multiple-connections>).
const CONNECTIONS: usize = 2;

/// What Socket Mode needs.
pub(crate) struct Setup {
    /// Where the Web API is, such as `https://slack.com/api`: a socket of Slack is refused where the API is not
    /// Slack's.
    pub(crate) api_url: Url,
    /// The app-level token (`xapp-...`).
    pub(crate) app_token: SecretString,
    /// Takes what people do.
    pub(crate) intake: Arc<Intake>,
    /// Is told every change of the state.
    pub(crate) state: watch::Sender<State>,
    /// Ends it all.
    pub(crate) closed: CancellationToken,
}

/// How long things take; tests have less time.
#[derive(Clone, Copy)]
struct Timing {
    /// For `apps.connections.open`.
    open: Duration,
    /// For TCP, TLS, the handshake and `hello`.
    greet: Duration,
    /// Between pings.
    ping: Duration,
    /// So long without any frame and it is dead.
    silence: Duration,
    /// So long at most, then it is replaced.
    life: Duration,
    /// So long the old one serves beside its successor.
    drain: Duration,
    /// The first wait after a failure.
    least: Duration,
    /// The longest: a server that was away for long is found again so soon.
    most: Duration,
    /// A connection that lived so long was a good one.
    good_life: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(8),
            greet: Duration::from_secs(8),
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(25),
            life: Duration::from_hours(1),
            drain: Duration::from_secs(5),
            least: Duration::from_millis(500),
            most: Duration::from_secs(8),
            good_life: Duration::from_secs(10),
        }
    }
}

/// Is connected until `closed`, or until Slack refuses us for good. It returns within a second after `closed`.
pub(crate) async fn run(setup: Setup) {
    run_with(setup, Timing::default()).await;
}

async fn run_with(setup: Setup, timing: Timing) {
    let Setup { api_url, app_token, intake, state, closed } = setup;
    // the API's own client could not be made without it either
    let Ok(connector) = connector(&api_url) else { return };
    let wire = Wire::new(connector);
    let client = Arc::new(SlackClient::new(wire.clone()));
    let token = SlackApiToken::new(app_token.expose_secret().to_owned().into());
    // it must live as long as its ear is told anything
    let listener = callbacks::listener(Arc::clone(&client), intake);
    let listens = listener.listen_for(&token).await.is_ok();
    let Some(ear) = wire.ear().filter(|_| listens) else { return };
    let house = Arc::new(House {
        opening: Opening::new(client, token, &api_url),
        ear,
        timing,
        status: Arc::new(Status::new(state, Instant::now())),
        turn: Mutex::new(Turn { backoff: Backoff::new(timing.least, timing.most), refused: false }),
        tasks: TaskTracker::new(),
    });
    join_all((0..CONNECTIONS).map(|_| keeper::keep(&house, &closed))).await;
    house.tasks.close();
    house.tasks.wait().await;
}

/// What the keepers share.
struct House {
    opening: Opening,
    ear: wire::Ear,
    timing: Timing,
    status: Arc<Status>,
    turn: Mutex<Turn>,
    tasks: TaskTracker,
}
