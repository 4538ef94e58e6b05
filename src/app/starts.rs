//! SHELL. A process that starts again and again waits before it connects to a gateway: each connection is one of a
//! thousand that Discord allows in a day, and the last one costs the bot its token
//! (<https://docs.discord.com/developers/events/gateway#identifying>).

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// How long a start counts, in seconds.
const WITHIN: u64 = 600;
/// So many starts are nobody's concern.
const FREE: u64 = 5;
/// The first wait; it doubles with each further start.
const LEAST: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_mins(5);
/// How long a start waits to be counted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts this start and waits if there were many lately. Without a store nobody knows, and nobody waits.
pub(super) async fn back_off(store: &Store, closed: &CancellationToken) {
    store.wait_until_connected(PATIENCE).await;
    let Ok(starts) = store.record_start("process", store.process_id(), WITHIN).await else { return };
    let Some(wait) = wait_after(starts) else { return };
    tracing::warn!(
        starts,
        ?wait,
        "this service was started often in the last ten minutes: it waits before it connects"
    );
    closed.run_until_cancelled(sleep(wait)).await;
}

/// How long to wait after so many starts in the last ten minutes.
fn wait_after(starts: u64) -> Option<Duration> {
    let beyond = starts.checked_sub(FREE + 1)?;
    Some(LEAST.saturating_mul(1 << beyond.min(16)).min(MOST))
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
