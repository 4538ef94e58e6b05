//! Keeps one connection: opens it, serves it, replaces it.
//!
//! Must not know frames.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    House,
    link::{Ended, Link},
    opening::Failure,
};
use crate::{
    backoff::Backoff,
    platform::ConnectionState as State,
    telemetry::{field, metrics},
};

/// What keepers share: one of them opens at a time.
pub(super) struct Turn {
    /// After failures to open.
    pub(super) backoff: Backoff,
    /// It is of no use any more.
    pub(super) refused: bool,
}

/// Keeps one connection until all is `closed`, or Slack refuses us for good.
pub(super) async fn keep(house: &Arc<House>, closed: &CancellationToken) {
    let mut backoff = Backoff::new(house.timing.least, house.timing.most);
    let (mut wait, mut relief) = (Duration::ZERO, None::<CancellationToken>);
    while closed.run_until_cancelled(sleep(wait)).await.is_some() {
        let Some(Some(mut link)) = closed.run_until_cancelled(Box::pin(house.open())).await else { return };
        if let Some(relief) = relief.take() {
            relief.cancel();
        }
        let begin = Instant::now();
        match link.serve(pin!(closed.cancelled())).await {
            Ended::Told => return link.close().await,
            Ended::Lost(why) => house.lost(why),
            Ended::Renew => {
                let relieved = relief.insert(CancellationToken::new()).clone();
                house.tasks.spawn(link.linger(relieved, closed.clone()));
            }
        }
        // Slack asks every client of a lost server to come back: a short life is a failure, like one to open
        wait = if begin.elapsed() >= house.timing.good_life {
            backoff.reset();
            Duration::ZERO
        } else {
            backoff.next(fastrand::f64())
        };
    }
}

impl House {
    /// A connection that was greeted; `None` where Slack refuses us for good.
    async fn open(&self) -> Option<Link> {
        let mut turn = self.turn.lock().await;
        while !turn.refused {
            match self.try_open().await {
                Ok(link) => {
                    turn.backoff.reset();
                    count("opened");
                    tracing::info!("a connection to Slack is there");
                    return Some(link);
                }
                Err(Failure::Refused(why)) => {
                    turn.refused = true;
                    count("refused");
                    // who reads the log finds the probe of the same mind
                    self.status.trouble(State::Refused { why: why.clone() });
                    tracing::error!({ field::REASON } = why, "Slack is given up");
                }
                Err(Failure::Passing { why, after }) => {
                    let wait = turn.backoff.next(fastrand::f64()).max(after);
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    count("failed");
                    tracing::warn!({ field::REASON } = why, wait_ms, "no new connection to Slack");
                    self.status.trouble(State::Lost { why });
                    sleep(wait).await;
                }
            }
        }
        None
    }

    async fn try_open(&self) -> Result<Link, Failure> {
        let address = self.opening.address(self.timing.open).await?;
        Link::open(&address, Arc::clone(&self.ear), self.timing, &self.status).await
    }

    fn lost(&self, why: &'static str) {
        tracing::warn!({ field::REASON } = why, "a connection to Slack was lost");
        self.status.trouble(State::Lost { why: why.to_owned() });
    }
}

fn count(outcome: &'static str) {
    ::metrics::counter!(metrics::SLACK_CONNECTIONS, field::OUTCOME => outcome).increment(1);
}
