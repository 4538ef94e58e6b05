//! SHELL. Leader election: if several processes share a store, one of them at a time has a platform's connection and the
//! others stand by.
//!
//! The leader steps down by its own clock, well before the others may take its lease for expired, so a cut between it and
//! the database never makes two leaders.

use std::time::Duration;

use metrics::gauge;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    store::{LEASE, Store},
    telemetry::{field, metrics as name},
};

/// The interval at which a lease is renewed.
const RENEW_INTERVAL: Duration = Duration::from_secs(2);
/// The wait between two attempts to acquire or to renew a lease.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Runs `run` whenever this process holds the lease of `platform`, until `closed` is cancelled. `run` must end soon after its
/// token is cancelled, and may be called again.
pub(super) async fn lead<F: Future<Output = ()>>(
    store: &Store,
    platform: &'static str,
    closed: CancellationToken,
    run: impl Fn(CancellationToken) -> F,
) {
    if store.is_exclusive() {
        return run(closed).await;
    }
    let lease = format!("leader:{platform}");
    let set_leader =
        |leads: bool| gauge!(name::LEADER, field::PLATFORM => platform).set(if leads { 1.0 } else { 0.0 });
    set_leader(false);
    while let Some(since) = closed.run_until_cancelled(acquired(store, &lease)).await {
        tracing::info!(platform, "this process is the platform's leader now");
        set_leader(true);
        let (term, over) = (closed.child_token(), CancellationToken::new());
        let running = async {
            run(term.clone()).await;
            over.cancel();
        };
        let renewing = async {
            tokio::select! {
                () = over.cancelled() => {}
                () = closed.cancelled() => {}
                () = expired(store, &lease, since) => {
                    tracing::warn!(platform, "failed to renew the lease: another process may take over");
                }
            }
            term.cancel();
        };
        tokio::join!(running, renewing);
        set_leader(false);
        let _ = store.release_lease(&lease).await;
    }
}

/// Waits for the lease and returns the time at which it was asked for.
async fn acquired(store: &Store, lease: &str) -> Instant {
    loop {
        let asked = Instant::now();
        if let Ok(Some(_)) = store.acquire_lease(lease).await {
            return asked;
        }
        sleep(RETRY_DELAY).await;
    }
}

/// Renews the lease, which was asked for at `since`, until it must be considered expired.
async fn expired(store: &Store, lease: &str, mut since: Instant) {
    loop {
        let renewed = async {
            sleep_until(since + RENEW_INTERVAL).await;
            loop {
                let asked = Instant::now();
                match store.renew_lease(lease).await {
                    Ok(Some(_)) => return Some(asked),
                    Ok(None) => return None,
                    Err(_) => sleep(RETRY_DELAY).await,
                }
            }
        };
        since = tokio::select! {
            renewed = renewed => match renewed {
                Some(asked) => asked,
                None => return,
            },
            () = sleep_until(since + LEASE * 2 / 3) => return,
        };
    }
}
