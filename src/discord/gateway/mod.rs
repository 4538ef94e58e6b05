//! SHELL. The gateway: the connection over which Discord sends interactions, and its supervision.
//!
//! [`run`] -> one `supervisor` for each shard -> `session` (IDENTIFY, events, resumes) -> the inbox. Before every
//! IDENTIFY the supervisor asks `GET /gateway/bot` where to connect (`gateway_bot`) and waits for its turn (`budget`).
//! `status` combines the states of all shards into one.
//!
//! The WebSocket is ours rather than serenity's: its shard runner (0.12) hides close codes, has no deadline, can spin
//! on a closed stream, and brings an old TLS stack (tokio-tungstenite 0.21).

mod budget;
mod gateway_bot;
mod session;
mod status;
mod supervisor;
#[cfg(test)]
mod tests;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt as _, join_all};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use self::status::State;
use self::{
    budget::IdentifyBudget,
    status::Status,
    supervisor::{End, Supervisor},
};
use crate::discord::interaction::Inbox;

/// The settings of the gateway connection.
pub(crate) struct Setup {
    /// The REST API's origin, such as `https://discord.com`. Discord's own gateway is refused where the API is not
    /// Discord's.
    pub(crate) origin: Url,
    /// The bot's token without the word "Bot".
    pub(crate) token: SecretString,
    /// Receives the interactions.
    pub(crate) inbox: Inbox,
    /// Receives every change of the connection's state.
    pub(crate) state: watch::Sender<State>,
    /// Closes the connection.
    pub(crate) closed: CancellationToken,
}

/// `GET /gateway/bot` failed.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// 401: the token is wrong.
    Unauthorized,
    /// Any other failure, as one sentence without secrets.
    Passing(String),
}

/// Waits and deadlines; tests use shorter ones.
#[derive(Clone, Copy)]
struct Timing {
    identify_spacing: Duration,
    min_backoff: Duration,
    max_backoff: Duration,
    /// For TCP, TLS and the WebSocket handshake; then once more for HELLO.
    connect_timeout: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            identify_spacing: budget::SPACING,
            min_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Keeps the bot connected until `closed` is cancelled or Discord refuses the bot for good. Calls `gateway_bot` for the
/// body of `GET /gateway/bot` before every IDENTIFY, and returns within a second after `closed`.
pub(crate) async fn run<F, A>(setup: Setup, gateway_bot: F)
where
    F: Fn() -> A + Sync,
    A: Future<Output = Result<Value, Unreached>> + Send,
{
    run_with(setup, Timing::default(), &|| gateway_bot().boxed()).await;
}

type GatewayBotCall<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<Value, Unreached>> + Sync + 'a);

async fn run_with(setup: Setup, timing: Timing, gateway_bot: GatewayBotCall<'_>) {
    let Setup { origin, token, inbox, state, closed } = setup;
    let status = Status::new(state, Instant::now());
    let budget = Mutex::new(IdentifyBudget::new(timing.identify_spacing));
    let shared = Shared { status, budget, origin, token, inbox, timing };
    let mut shards = 1;
    while let Some(wanted) = shared.run_shards(shards, gateway_bot, &closed).await {
        tracing::info!(shards = wanted, "Discord asks for more shards");
        shared.status.restart(wanted, Instant::now());
        shards = wanted;
    }
}

/// State that all shards share.
struct Shared {
    status: Status,
    budget: Mutex<IdentifyBudget>,
    origin: Url,
    token: SecretString,
    inbox: Inbox,
    timing: Timing,
}

impl Shared {
    /// Keeps `shards` shards connected. Returns another number of shards if Discord asks for more.
    async fn run_shards(
        &self,
        shards: u32,
        gateway_bot: GatewayBotCall<'_>,
        closed: &CancellationToken,
    ) -> Option<u32> {
        let closing = &closed.child_token();
        let supervisors = (0..shards).map(|shard| async move {
            let end = Supervisor::new(self, (shard, shards)).run(gateway_bot, closing).await;
            closing.cancel();
            end
        });
        let ends = join_all(supervisors.collect::<Vec<_>>()).await;
        if closed.is_cancelled() || ends.contains(&End::Refused) {
            return None;
        }
        ends.iter().find_map(|end| if let End::Reshard(wanted) = end { Some(*wanted) } else { None })
    }

    fn budget(&self) -> MutexGuard<'_, IdentifyBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
