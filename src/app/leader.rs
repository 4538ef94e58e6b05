//! SHELL. Where several processes share a store, one of them at a time has a platform's connection; the others stand by.
//!
//! The holder steps down by its own clock, well before the others may take its lease for lost: a cut between it and the
//! database never gives two holders.

use std::time::Duration;

use metrics::gauge;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    store::{LEASE, Store},
    telemetry::{field, metrics as name},
};

/// How often a lease is renewed.
const RENEW: Duration = Duration::from_secs(2);
/// Between two tries to take or to renew a lease that did not work.
const AGAIN: Duration = Duration::from_millis(500);

/// Runs `run` whenever this process holds the lease of `platform`, until `closed`. `run` must end soon after its token is
/// cancelled, and may be called again.
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
    let leads =
        |leads: bool| gauge!(name::LEADER, field::PLATFORM => platform).set(if leads { 1.0 } else { 0.0 });
    leads(false);
    while let Some(since) = closed.run_until_cancelled(taken(store, &lease)).await {
        tracing::info!(platform, "this process has the platform's connection now");
        leads(true);
        let (term, over) = (closed.child_token(), CancellationToken::new());
        let running = async {
            run(term.clone()).await;
            over.cancel();
        };
        let keeping = async {
            tokio::select! {
                () = over.cancelled() => {}
                () = closed.cancelled() => {}
                () = lost(store, &lease, since) => {
                    tracing::warn!(platform, "the lease could not be renewed: another process may take over");
                }
            }
            term.cancel();
        };
        tokio::join!(running, keeping);
        leads(false);
        let _ = store.release_lease(&lease).await;
    }
}

/// Waits for the lease; when it was asked for.
async fn taken(store: &Store, lease: &str) -> Instant {
    loop {
        let asked = Instant::now();
        if let Ok(Some(_)) = store.acquire_lease(lease).await {
            return asked;
        }
        sleep(AGAIN).await;
    }
}

/// Renews the lease, which was asked for at `since`, until it must be taken for lost.
async fn lost(store: &Store, lease: &str, mut since: Instant) {
    loop {
        let renewed = async {
            sleep_until(since + RENEW).await;
            loop {
                let asked = Instant::now();
                match store.renew_lease(lease).await {
                    Ok(Some(_)) => return Some(asked),
                    Ok(None) => return None,
                    Err(_) => sleep(AGAIN).await,
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
