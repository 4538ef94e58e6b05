//! SHELL. The gateway: the connection over which Discord sends interactions, and its supervision.
//!
//! [`run`] -> one `supervisor` for each shard -> `session` (IDENTIFY, events, resumes) -> the inbox. Before every
//! IDENTIFY the supervisor asks `GET /gateway/bot` where to connect (`gateway_bot`) and waits for its turn (`budget`).
//! The worst state of all shards is the connection's.
//!
//! The WebSocket is ours rather than serenity's: its shard runner (0.12) hides close codes, has no deadline, can spin
//! on a closed stream, and brings an old TLS stack (tokio-tungstenite 0.21).

mod budget;
mod gateway_bot;
mod session;
mod supervisor;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::future::join_all;
use secrecy::SecretString;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::{budget::IdentifyBudget, supervisor::Supervisor};
use super::{interaction::Inbox, rest::Rest};
use crate::platform::{ConnectionState, permit::Shared};

/// The gateway connection of one bot, which all its shards share.
pub(crate) struct Gateway {
    /// The REST API's origin, such as `https://discord.com`. Discord's own gateway is refused where the API is not
    /// Discord's.
    origin: Url,
    /// The bot's token without the word "Bot".
    token: SecretString,
    rest: Rest,
    /// Receives the interactions.
    inbox: Inbox,
    timing: Timing,
    budget: Shared<IdentifyBudget>,
    /// The state of each shard.
    shards: watch::Sender<Vec<ConnectionState>>,
}

/// Waits and deadlines.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    identify_spacing: Duration,
    min_backoff: Duration,
    max_backoff: Duration,
    /// For TCP, TLS and the WebSocket handshake; then once more for HELLO.
    connect_timeout: Duration,
}

/// The waits of production; tests use shorter ones.
pub(crate) const TIMING: Timing = Timing {
    identify_spacing: budget::SPACING,
    min_backoff: Duration::from_secs(1),
    max_backoff: Duration::from_mins(1),
    connect_timeout: Duration::from_secs(10),
};

/// The end of a shard's session, or of the preparations for one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// We closed it.
    Closed,
    /// There was no connection, so no IDENTIFY was spent.
    Unreachable(String),
    /// Discord or the network ended it, for a reason that may pass.
    Lost(&'static str),
    /// Discord allows this bot no more sessions for this time.
    Exhausted(Duration),
    /// Trying again is of no use.
    Refused(&'static str),
    /// Discord asks for this number of shards.
    Reshard(u32),
}

impl Gateway {
    pub(crate) fn new(origin: Url, token: SecretString, rest: Rest, inbox: Inbox, timing: Timing) -> Self {
        let budget = Shared::new(IdentifyBudget::new(timing.identify_spacing));
        Self { origin, token, rest, inbox, timing, budget, shards: watch::Sender::new(connecting(1)) }
    }

    /// Keeps the bot connected until `closed` is cancelled or Discord refuses the bot for good. Returns within a second
    /// after `closed`.
    pub(crate) async fn run(&self, closed: &CancellationToken) {
        let mut shards = 1;
        while let Some(wanted) = self.run_shards(shards, closed).await {
            tracing::info!(shards = wanted, "Discord asks for more shards");
            self.shards.send_replace(connecting(wanted));
            shards = wanted;
        }
    }

    /// Returns the state of the connection.
    pub(crate) fn state(&self) -> ConnectionState {
        worst(&self.shards.borrow()).clone()
    }

    /// Keeps `shards` shards connected. Returns another number of shards if Discord asks for more.
    async fn run_shards(&self, shards: u32, closed: &CancellationToken) -> Option<u32> {
        let closing = &closed.child_token();
        let supervisors = (0..shards).map(|shard| async move {
            let ended = Supervisor::new(self, (shard, shards)).run(closing).await;
            closing.cancel();
            ended
        });
        let ends = join_all(supervisors.collect::<Vec<_>>()).await;
        if closed.is_cancelled() || ends.iter().any(|ended| matches!(ended, Ended::Refused(_))) {
            return None;
        }
        ends.iter().find_map(|ended| if let Ended::Reshard(wanted) = ended { Some(*wanted) } else { None })
    }

    fn set_state(&self, shard: u32, state: ConnectionState) {
        self.shards.send_modify(|shards| shards[shard as usize] = state);
    }
}

fn connecting(shards: u32) -> Vec<ConnectionState> {
    vec![ConnectionState::Connecting; shards as usize]
}

fn worst(shards: &[ConnectionState]) -> &ConnectionState {
    let badness = |state: &&ConnectionState| match state {
        ConnectionState::Ready => 0,
        ConnectionState::Connecting => 1,
        ConnectionState::Lost { .. } => 2,
        ConnectionState::Refused { .. } => 3,
    };
    shards.iter().max_by_key(badness).expect("there is at least one shard")
}
