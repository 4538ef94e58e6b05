//! SHELL. The restart back-off: a process that restarts often waits before it connects to a gateway. Each connection is one
//! of a thousand that Discord allows per day, and exceeding them costs the bot its token
//! (<https://docs.discord.com/developers/events/gateway#identifying>).

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The time for which a start counts, in seconds.
const WINDOW_SECONDS: u64 = 600;
/// The number of starts without a wait.
const FREE_STARTS: u64 = 5;
/// The first wait; it doubles with each further start.
const MIN_DELAY: Duration = Duration::from_secs(5);
/// The longest wait.
const MAX_DELAY: Duration = Duration::from_mins(5);
/// The time that a start waits for the store to count it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Counts this start and waits if there were many lately; without a store it does not wait.
pub(super) async fn back_off(store: &Store, closed: &CancellationToken) {
    store.wait_until_connected(CONNECT_TIMEOUT).await;
    let Ok(starts) = store.record_start("process", store.process_id(), WINDOW_SECONDS).await else { return };
    let Some(wait) = wait_after(starts) else { return };
    tracing::warn!(starts, ?wait, "started often in the last ten minutes: waiting before connecting");
    closed.run_until_cancelled(sleep(wait)).await;
}

/// Returns the wait after `starts` starts in the last ten minutes.
fn wait_after(starts: u64) -> Option<Duration> {
    let beyond = starts.checked_sub(FREE_STARTS + 1)?;
    Some(MIN_DELAY.saturating_mul(1 << beyond.min(16)).min(MAX_DELAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_begins_after_five_starts_and_doubles() {
        let waits: Vec<_> =
            (1..=13).map(|starts| wait_after(starts).map_or(0, |wait| wait.as_secs())).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300]);
    }
}
