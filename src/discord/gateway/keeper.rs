//! Keeps one shard connected: asks, waits for the budget, runs a session, judges its end, again.
//!
//! Must not know serenity.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    House, Unreached,
    bot::{GatewayBot, Unusable},
    budget::{Wait, forget_after, next_session},
    connection::{Ended, WRONG_TOKEN},
    events::Session,
    status::State,
};
use crate::{
    backoff::Backoff,
    telemetry::{field, metrics},
};

/// Discord is asked again so often whether its limit was reset after all.
const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// Why a shard is connected no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We were told to close.
    Closed,
    /// Trying again is of no use.
    Refused,
    /// Discord wants so many shards.
    Reshard(u32),
}

/// What a shard does next.
enum Next {
    Wait(Duration),
    End(End),
}

/// Also said where a close code names a cause that serenity does not pass on.
const NEVER_READY: &str = "Discord ends the gateway session before it is ready (if that lasts: too few shards for \
    this bot, or a version of the gateway that is no more)";

/// One shard.
pub(super) struct Keeper<'a, F> {
    house: &'a House<F>,
    shard: (u32, u32),
    backoff: Backoff,
    first: bool,
    was_ready: bool,
}

impl<'a, F, A> Keeper<'a, F>
where
    F: Fn() -> A + Sync,
    A: Future<Output = Result<Value, Unreached>> + Send,
{
    /// The keeper of `shard`: its number, of how many.
    pub(super) fn new(house: &'a House<F>, shard: (u32, u32)) -> Self {
        let backoff = Backoff::new(house.timing.least, house.timing.most);
        Self { house, shard, backoff, first: true, was_ready: false }
    }

    /// Returns when it makes no sense to go on.
    pub(super) async fn keep(mut self, closed: &CancellationToken) -> End {
        let mut wait = Duration::ZERO;
        while closed.run_until_cancelled(sleep(wait)).await.is_some() {
            let Some(answer) = closed.run_until_cancelled((self.house.gateway_bot)()).await else { break };
            let next = match self.understand(answer) {
                Ok(bot) => self.connect(bot, closed).await,
                Err(next) => next,
            };
            match next {
                Next::Wait(time) => wait = time,
                Next::End(end) => return end,
            }
        }
        End::Closed
    }

    fn understand(&mut self, answer: Result<Value, Unreached>) -> Result<GatewayBot, Next> {
        let bot = match answer {
            Ok(body) => GatewayBot::read(&body, &self.house.origin),
            Err(Unreached::Unauthorized) => return Err(self.refused(WRONG_TOKEN)),
            Err(Unreached::Passing(why)) => return Err(self.failed(&why)),
        };
        match bot {
            Ok(bot) if !self.was_ready && bot.shards > self.shard.1 => {
                Err(Next::End(End::Reshard(bot.shards)))
            }
            Ok(bot) => Ok(bot),
            Err(error @ Unusable::RealHost) => Err(self.refused(&error.to_string())),
            Err(error @ Unusable::Address) => Err(self.failed(&error.to_string())),
        }
    }

    async fn connect(&mut self, bot: GatewayBot, closed: &CancellationToken) -> Next {
        self.house.budget().learn(bot.starts, Instant::now());
        match closed.run_until_cancelled(self.takes()).await {
            None => return Next::End(End::Closed),
            Some(Err(next)) => return next,
            Some(Ok(())) => {}
        }
        let house = self.house;
        let session =
            Session::new(self.shard.0, Arc::clone(&house.status), Arc::clone(&house.inbox), bot.url);
        let session = Arc::new(session);
        let goes = || house.budget().goes(self.shard.0, Instant::now());
        let ended = house.door.session(self.shard, &session, goes, closed).await;
        let ready_at = session.end();
        match ended {
            Ended::Closed => Next::End(End::Closed),
            Ended::Refused(why) => self.refused(why),
            Ended::Unreachable(why) => self.failed(why),
            Ended::Lost(why) => self.lost(why, ready_at.map(|ready| ready.elapsed())),
        }
    }

    /// Takes one IDENTIFY of the budget when it is its turn. Others go before it, which the budget counts: Discord is
    /// not asked again, as all of them would do at the same moment.
    async fn takes(&mut self) -> Result<(), Next> {
        loop {
            let now = Instant::now();
            // the lock ends with the statement
            let taken = self.house.budget().take(self.shard.0, self.first, now);
            match taken {
                Ok(left) => {
                    self.first = false;
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

    fn exhausted(&self, wait: Duration) -> Next {
        let minutes = wait.as_secs().div_ceil(60);
        let why = format!(
            "Discord allows this bot no more gateway sessions for {minutes} min; something restarts or \
             reconnects too often, perhaps another program with the same DISCORD_TOKEN"
        );
        self.tell(&why, wait);
        Next::Wait(wait.min(LOOK_AGAIN))
    }

    fn failed(&mut self, why: &str) -> Next {
        let wait = self.backoff.next(fastrand::f64());
        self.tell(why, wait);
        Next::Wait(wait)
    }

    fn lost(&mut self, why: &str, lived: Option<Duration>) -> Next {
        self.was_ready = lived.is_some();
        forget_after(&mut self.backoff, lived.unwrap_or_default());
        let wait = next_session(&mut self.backoff, fastrand::f64());
        self.tell(if self.was_ready { why } else { NEVER_READY }, wait);
        Next::Wait(wait)
    }

    fn tell(&self, why: &str, wait: Duration) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.house.status.set(self.shard.0, State::Lost { why: why.to_owned() });
        tracing::warn!({ field::REASON } = why, shard = self.shard.0, wait_ms, "no connection to Discord");
    }

    fn refused(&self, why: &str) -> Next {
        self.house.status.set(self.shard.0, State::Refused { why: why.to_owned() });
        tracing::error!({ field::REASON } = why, "Discord is given up");
        Next::End(End::Refused)
    }
}
