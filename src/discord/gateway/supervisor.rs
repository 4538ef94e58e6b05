//! Keeps one shard connected: asks for the gateway's address, waits for the IDENTIFY budget, runs a session, and starts
//! over after a wait that depends on how it ended.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    GatewayBotCall, Shared, Unreached,
    budget::{Wait, next_session, reset_after},
    gateway_bot::{GatewayBot, Unusable},
    session::{Ended, Session, WRONG_TOKEN},
    status::State,
};
use crate::{
    backoff::Backoff,
    telemetry::{field, metrics},
};

/// The longest wait for a spent session start limit: then Discord is asked whether it was reset after all.
const MAX_LIMIT_WAIT: Duration = Duration::from_mins(10);

const NEVER_READY: &str = "Discord ends the gateway session before it is ready (if this persists: too few shards for \
    this bot, or a gateway version that is no longer supported)";

/// The end of a shard's supervision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We closed it.
    Closed,
    /// Trying again is of no use.
    Refused,
    /// Discord asks for this number of shards.
    Reshard(u32),
}

/// The supervisor of one shard.
pub(super) struct Supervisor<'a> {
    shared: &'a Shared,
    shard: (u32, u32),
    backoff: Backoff,
    has_identified: bool,
    was_ready: bool,
}

impl<'a> Supervisor<'a> {
    /// Supervises `shard`: its number, and how many there are.
    pub(super) fn new(gateway: &'a Shared, shard: (u32, u32)) -> Self {
        let backoff = Backoff::new(gateway.timing.min_backoff, gateway.timing.max_backoff);
        Self { shared: gateway, shard, backoff, has_identified: false, was_ready: false }
    }

    /// Runs sessions until `closed` is cancelled or another one makes no sense.
    pub(super) async fn run(mut self, gateway_bot: GatewayBotCall<'_>, closed: &CancellationToken) -> End {
        let mut wait = Duration::ZERO;
        while closed.run_until_cancelled(sleep(wait)).await.is_some() {
            let Some(asked) = closed.run_until_cancelled(gateway_bot()).await else { break };
            match self.session(asked, closed).await {
                Ok(next) => wait = next,
                Err(end) => return end,
            }
        }
        End::Closed
    }

    /// Runs one session, where the response of `GET /gateway/bot` says. Returns the wait before the next one.
    async fn session(
        &mut self,
        asked: Result<Value, Unreached>,
        closed: &CancellationToken,
    ) -> Result<Duration, End> {
        let bot = match asked.map(|body| GatewayBot::read(&body, &self.shared.origin)) {
            Err(Unreached::Unauthorized) => return Err(self.refused(WRONG_TOKEN)),
            Err(Unreached::Passing(why)) => return Ok(self.failed(&why)),
            Ok(Err(error @ Unusable::RealHost)) => return Err(self.refused(&error.to_string())),
            Ok(Err(error @ Unusable::Address)) => return Ok(self.failed(&error.to_string())),
            Ok(Ok(bot)) => bot,
        };
        if !self.was_ready && bot.shards > self.shard.1 {
            return Err(End::Reshard(bot.shards));
        }
        self.shared.budget().learn(bot.starts, Instant::now());
        let reserved = closed.run_until_cancelled(self.reserve_identify()).await.ok_or(End::Closed)?;
        if let Err(wait) = reserved {
            return Ok(wait);
        }
        let mut session = Session::new(self.shared, self.shard, bot.url);
        match session.run(closed).await {
            Ended::Closed => Err(End::Closed),
            Ended::Refused(why) => Err(self.refused(why)),
            Ended::Unreachable(why) => Ok(self.failed(why)),
            Ended::Lost(why) => Ok(self.lost(why, session.ready_at)),
        }
    }

    /// Waits until this shard may IDENTIFY; the error is the wait for a limit that is spent. The budget counts the
    /// shards that go first, so Discord is not asked again: all of them would ask at the same moment.
    async fn reserve_identify(&mut self) -> Result<(), Duration> {
        loop {
            let now = Instant::now();
            // the lock ends with the statement
            let taken = self.shared.budget().take(self.shard.0, !self.has_identified, now);
            match taken {
                Ok(left) => {
                    self.has_identified = true;
                    ::metrics::counter!(metrics::DISCORD_SESSION_STARTS).increment(1);
                    let left = u32::try_from(left).unwrap_or(u32::MAX);
                    ::metrics::gauge!(metrics::DISCORD_SESSION_STARTS_LEFT).set(f64::from(left));
                    return Ok(());
                }
                Err(Wait::Spacing(until)) => sleep_until(until).await,
                Err(Wait::Exhausted(until)) => return Err(self.exhausted(until - now)),
            }
        }
    }

    fn exhausted(&self, wait: Duration) -> Duration {
        let minutes = wait.as_secs().div_ceil(60);
        let why = format!(
            "Discord allows this bot no more gateway sessions for {minutes} min; something restarts or reconnects too \
             often, perhaps another program with the same DISCORD_TOKEN"
        );
        self.report(&why, wait.min(MAX_LIMIT_WAIT))
    }

    fn failed(&mut self, why: &str) -> Duration {
        let wait = self.backoff.next(fastrand::f64());
        self.report(why, wait)
    }

    fn lost(&mut self, why: &str, ready_at: Option<Instant>) -> Duration {
        self.was_ready = ready_at.is_some();
        reset_after(&mut self.backoff, ready_at.map(|at| at.elapsed()).unwrap_or_default());
        let wait = next_session(&mut self.backoff, self.shared.timing.min_backoff, fastrand::f64());
        self.report(if self.was_ready { why } else { NEVER_READY }, wait)
    }

    fn report(&self, why: &str, wait: Duration) -> Duration {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.shared.status.set(self.shard.0, State::Lost { why: why.to_owned() });
        tracing::warn!({ field::REASON } = why, shard = self.shard.0, wait_ms, "not connected to Discord");
        wait
    }

    fn refused(&self, why: &str) -> End {
        self.shared.status.set(self.shard.0, State::Refused { why: why.to_owned() });
        tracing::error!({ field::REASON } = why, "Discord refuses this bot; not connecting again");
        End::Refused
    }
}
