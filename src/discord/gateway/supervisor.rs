//! Keeps one shard connected: asks for the gateway's address, waits for the IDENTIFY budget, runs a session, and starts
//! over after a wait that depends on how it ended.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Ended, Gateway,
    budget::{Wait, next_session},
    gateway_bot::GatewayBot,
    session::Session,
};
use crate::{
    backoff::Backoff,
    discord::{
        IDENTITY_TIMEOUT,
        registration::WRONG_TOKEN,
        rest::{Request, RestError, Route},
    },
    platform::ConnectionState,
    telemetry::{field, metrics},
};

/// The longest wait for a spent session start limit: then Discord is asked whether it was reset after all.
const MAX_LIMIT_WAIT: Duration = Duration::from_mins(10);

const NEVER_READY: &str = "Discord ends the gateway session before it is ready (if this persists: too few shards for \
    this bot, or a gateway version that is no longer supported)";

/// The supervisor of one shard.
pub(super) struct Supervisor<'a> {
    gateway: &'a Gateway,
    shard: (u32, u32),
    backoff: Backoff,
    has_identified: bool,
    was_ready: bool,
}

impl<'a> Supervisor<'a> {
    /// Supervises `shard`: its number, and how many there are.
    pub(super) fn new(gateway: &'a Gateway, shard: (u32, u32)) -> Self {
        let backoff = Backoff::new(gateway.timing.min_backoff, gateway.timing.max_backoff);
        Self { gateway, shard, backoff, has_identified: false, was_ready: false }
    }

    /// Runs sessions until `closed` is cancelled or another one makes no sense.
    pub(super) async fn run(mut self, closed: &CancellationToken) -> Ended {
        let mut wait = Duration::ZERO;
        loop {
            let (ended, ready_at) = match closed.run_until_cancelled(self.prepare(wait)).await {
                None => (Ended::Closed, None),
                Some(Err(ended)) => (ended, None),
                Some(Ok(mut session)) => (session.run(closed).await, session.ready_at),
            };
            wait = match ended {
                Ended::Closed | Ended::Reshard(_) => return ended,
                Ended::Refused(why) => {
                    self.gateway.set_state(self.shard.0, ConnectionState::Refused { why: why.to_owned() });
                    tracing::error!(
                        { field::REASON } = why,
                        "Discord refuses this bot; not connecting again"
                    );
                    return ended;
                }
                Ended::Unreachable(why) => {
                    let wait = self.backoff.next(fastrand::f64());
                    self.report(&why, wait)
                }
                Ended::Lost(why) => self.lost(why, ready_at),
                Ended::Exhausted(wait) => self.report(&exhausted(wait), wait.min(MAX_LIMIT_WAIT)),
            };
        }
    }

    /// Prepares a session after `wait`: asks Discord where to connect, and waits until this shard may IDENTIFY.
    async fn prepare(&mut self, wait: Duration) -> Result<Session<'a>, Ended> {
        sleep(wait).await;
        let until = Instant::now() + IDENTITY_TIMEOUT;
        let bot = match self.gateway.rest.send(&Request::new(Route::GatewayBot), until).await {
            Ok(body) => GatewayBot::read(&body, &self.gateway.origin)?,
            Err(RestError::Unauthorized) => return Err(Ended::Refused(WRONG_TOKEN)),
            Err(error) => return Err(Ended::Unreachable(error.chain())),
        };
        if !self.was_ready && bot.shards > self.shard.1 {
            return Err(Ended::Reshard(bot.shards));
        }
        self.gateway.budget.lock().learn(bot.starts, Instant::now());
        self.reserve_identify().await?;
        Ok(Session::new(self.gateway, self.shard, bot.url))
    }

    /// Waits until this shard may IDENTIFY. The budget counts the shards that go first, so Discord is not asked again:
    /// all of them would ask at the same moment.
    async fn reserve_identify(&mut self) -> Result<(), Ended> {
        loop {
            let now = Instant::now();
            // the lock ends with the statement
            let taken = self.gateway.budget.lock().take(self.shard.0, !self.has_identified, now);
            match taken {
                Ok(left) => {
                    self.has_identified = true;
                    ::metrics::counter!(metrics::DISCORD_SESSION_STARTS).increment(1);
                    let left = u32::try_from(left).unwrap_or(u32::MAX);
                    ::metrics::gauge!(metrics::DISCORD_SESSION_STARTS_LEFT).set(f64::from(left));
                    return Ok(());
                }
                Err(Wait::Spacing(until)) => sleep_until(until).await,
                Err(Wait::Exhausted(until)) => return Err(Ended::Exhausted(until - now)),
            }
        }
    }

    fn lost(&mut self, why: &str, ready_at: Option<Instant>) -> Duration {
        self.was_ready = ready_at.is_some();
        let lived = ready_at.map(|at| at.elapsed()).unwrap_or_default();
        let wait = next_session(&mut self.backoff, lived, self.gateway.timing.min_backoff, fastrand::f64());
        self.report(if self.was_ready { why } else { NEVER_READY }, wait)
    }

    fn report(&self, why: &str, wait: Duration) -> Duration {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        // readiness knows it before the log does
        self.gateway.set_state(self.shard.0, ConnectionState::Lost { why: why.to_owned() });
        tracing::warn!({ field::REASON } = why, shard = self.shard.0, wait_ms, "not connected to Discord");
        wait
    }
}

fn exhausted(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60);
    format!(
        "Discord allows this bot no more gateway sessions for {minutes} min; something restarts or reconnects too \
         often, perhaps another program with the same DISCORD_TOKEN"
    )
}
