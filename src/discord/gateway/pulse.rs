//! Whether a future still lives: it is polled now and then, and every poll comes back.
//!
//! serenity's runner can do neither. After a close frame without a code, and after some close codes, it asks
//! an ended stream over and over without ever yielding; and it has no deadline on the connection of a resume.
//! Must not know what the future does.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// A poll of the runner takes microseconds; the largest READY some milliseconds.
const LONGEST_POLL: Duration = Duration::from_secs(1);
/// The runner looks for orders twice a second; only a connection in the making takes longer.
pub(super) const LONGEST_REST: Duration = Duration::from_secs(15);

/// The stamps of one future.
#[derive(Debug)]
pub(super) struct Pulse {
    begin: Instant,
    longest_rest: Duration,
    /// Milliseconds since the beginning, and in the lowest bit whether a poll runs.
    last: AtomicU64,
}

impl Pulse {
    /// Begins `now`; `longest_rest` is [`LONGEST_REST`] outside tests.
    pub(super) fn new(now: Instant, longest_rest: Duration) -> Self {
        Self { begin: now, longest_rest, last: AtomicU64::new(0) }
    }

    /// The future's own output; stamps every poll.
    pub(super) async fn beats<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            self.stamp(true);
            let poll = future.as_mut().poll(context);
            self.stamp(false);
            poll
        })
        .await
    }

    /// It spins or hangs.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let since = now.duration_since(self.begin).saturating_sub(Duration::from_millis(last >> 1));
        since > if last & 1 == 1 { LONGEST_POLL } else { self.longest_rest }
    }

    fn stamp(&self, polls: bool) {
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX >> 1);
        self.last.store(now << 1 | u64::from(polls), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rest_may_be_longer_than_a_poll() {
        let pulse = Pulse::new(Instant::now(), LONGEST_REST);
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert!(!pulse.is_stuck(after(15)));
        assert!(pulse.is_stuck(after(16)));
        let polled = pulse.beats(async { pulse.is_stuck(after(1)) || !pulse.is_stuck(after(2)) }).await;
        assert!(!polled, "within a poll a second is too long");
        assert!(!pulse.is_stuck(after(15)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_is_polled_lives() {
        let pulse = Arc::new(Pulse::new(Instant::now(), LONGEST_REST));
        let minutes = async {
            for _ in 0..600 {
                tokio::time::sleep(Duration::from_millis(500)).await;
                assert!(!pulse.is_stuck(Instant::now()));
            }
        };
        pulse.beats(minutes).await;
        tokio::time::advance(Duration::from_secs(16)).await;
        assert!(pulse.is_stuck(Instant::now()));
    }
}
