//! SHELL. The gateway connection and its supervision.
//!
//! `connection` runs one session of one shard through serenity, which resumes by itself where it can. Every end
//! of a session comes back here: [`run`] asks `GET /gateway/bot` where to connect and how often it may
//! (`bot`), waits for the `budget`, and connects anew, one `keeper` for each shard. `events` hands interactions on, `status` tells readiness,
//! `pulse` finds a connection that is stuck. Must not know what an interaction leads to.
//!
//! One limit is serenity's: within a session it reconnects to resume without any pause, so that a gateway which
//! drops every resume is asked as fast as it drops, for two heartbeats at the most; one that lets every
//! resume succeed and then drops it, five times.

mod bot;
mod budget;
mod connection;
mod events;
mod keeper;
mod pulse;
mod status;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use secrecy::SecretString;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use self::status::State;
use self::{
    budget::Budget,
    connection::Door,
    keeper::{End, Keeper},
    status::Status,
};
use crate::discord::interaction::Inbox;

/// What the gateway needs beside the way to ask where it is.
pub(crate) struct Setup {
    /// Where the REST API is, such as `https://discord.com`: a gateway of Discord is refused where the API
    /// is not Discord's.
    pub(crate) origin: Url,
    /// The bot's token without the word "Bot".
    pub(crate) token: SecretString,
    /// Takes the interactions.
    pub(crate) inbox: Inbox,
    /// Is told every change of the state.
    pub(crate) state: watch::Sender<State>,
    /// Ends it all.
    pub(crate) closed: CancellationToken,
}

/// `GET /gateway/bot` gave no answer.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// 401: the token is wrong.
    Unauthorized,
    /// Anything else; one sentence without secrets.
    Passing(String),
}

/// How long things take; tests have less time.
#[derive(Clone, Copy)]
struct Timing {
    spacing: Duration,
    least: Duration,
    most: Duration,
    rest: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            spacing: budget::SPACING,
            least: Duration::from_secs(1),
            most: Duration::from_mins(1),
            rest: pulse::LONGEST_REST,
        }
    }
}

/// Is connected until `closed` or until Discord refuses the bot for good; `gateway_bot` gives the body of
/// `GET /gateway/bot` and is asked before every IDENTIFY. It returns within a second after `closed`.
pub(crate) async fn run<F, A>(setup: Setup, gateway_bot: F)
where
    F: Fn() -> A + Sync,
    A: Future<Output = Result<Value, Unreached>> + Send,
{
    run_with(setup, Timing::default(), gateway_bot).await;
}

async fn run_with<F, A>(setup: Setup, timing: Timing, gateway_bot: F)
where
    F: Fn() -> A + Sync,
    A: Future<Output = Result<Value, Unreached>> + Send,
{
    let house = House {
        status: Arc::new(Status::new(setup.state, Instant::now())),
        budget: Mutex::new(Budget::new(timing.spacing)),
        door: Door::new(setup.token, timing.rest),
        origin: setup.origin,
        inbox: setup.inbox,
        timing,
        gateway_bot,
    };
    let mut shards = 1;
    while let Some(more) = house.round(shards, &setup.closed).await {
        tracing::info!(shards = more, "Discord wants more shards");
        house.status.restart(more, Instant::now());
        shards = more;
    }
}

/// What all shards share.
struct House<F> {
    status: Arc<Status>,
    budget: Mutex<Budget>,
    door: Door,
    origin: Url,
    inbox: Inbox,
    timing: Timing,
    gateway_bot: F,
}

impl<F, A> House<F>
where
    F: Fn() -> A + Sync,
    A: Future<Output = Result<Value, Unreached>> + Send,
{
    /// Keeps so many shards connected; gives another number if that is what it takes.
    async fn round(&self, shards: u32, closed: &CancellationToken) -> Option<u32> {
        let round = closed.child_token();
        let round = &round;
        let keepers = (0..shards).map(|shard| async move {
            let end = Keeper::new(self, (shard, shards)).keep(round).await;
            round.cancel();
            end
        });
        let ends = join_all(keepers.collect::<Vec<_>>()).await;
        if closed.is_cancelled() || ends.contains(&End::Refused) {
            return None;
        }
        ends.iter().find_map(|end| if let End::Reshard(more) = end { Some(*more) } else { None })
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
