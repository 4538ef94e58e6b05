//! Waiting with an end: what hangs fails its test.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

/// The longest time that anything in a story takes.
pub const TIMEOUT: Duration = Duration::from_mins(1);

/// The pause between two looks at something that cannot be waited on.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Waits for the future, and fails the test if it hangs.
pub async fn with_timeout<T>(future: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, future).await.expect("the story hangs")
}

/// Polls until the condition is true.
pub async fn eventually(condition: impl AsyncFn() -> bool) {
    let mut poll = interval(POLL_INTERVAL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let polling = async {
        loop {
            poll.tick().await;
            if condition().await {
                return;
            }
        }
    };
    with_timeout(polling).await;
}
