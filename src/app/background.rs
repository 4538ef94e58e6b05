//! SHELL. What the service does without being asked: canaries, the watch over the history of all models, the digest.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Composition, leader::lead};
use crate::{
    alert::AlertChannel,
    arena::{Arena, CanaryRunner, WeeklyDigest},
    store::Store,
};

/// The time that the store gets to connect before this process asks to lead the watch.
const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

/// Runs all of it as tasks of `servers` until `closed` is cancelled. Alerts and the digest are posted in `channels`; one
/// process at a time leads the watch.
pub(super) fn start(
    app: &Composition,
    arena: &Arc<Arena>,
    store: &Store,
    channels: &[Arc<dyn AlertChannel>],
    (servers, closed): (&TaskTracker, &CancellationToken),
) {
    servers.spawn(CanaryRunner::new(Arc::clone(arena)).start(closed.clone()));
    arena.set_watch(app.watch_settings(channels.to_vec()));
    let watch = {
        let (arena, store, closed) = (Arc::clone(arena), store.clone(), closed.clone());
        async move {
            closed.run_until_cancelled(store.wait_until_connected(CONNECT_TIMEOUT)).await;
            lead(&store, "watch", closed, |term| Arc::clone(&arena).watch(term)).await;
        }
    };
    servers.spawn(watch);
    let alerts = &app.config.alerts;
    if !alerts.digest || channels.is_empty() {
        return;
    }
    match WeeklyDigest::new(Arc::clone(arena), channels.to_vec(), alerts.time_zone.as_deref()) {
        Ok(digest) => {
            servers.spawn(closed.clone().run_until_cancelled_owned(digest.run()));
        }
        Err(error) => tracing::error!(%error, "no digest: [alerts] time_zone"),
    }
}
