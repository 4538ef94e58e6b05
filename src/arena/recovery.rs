//! SHELL. Brings messages to a true end whose process died: with what had been streamed, marked as interrupted, by the
//! next start or by another replica. No model is called.
//!
//! Must not know platforms beyond [`Salvage`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Arena, RaceId, meter, scribe::insist};
use crate::{
    race::event::StopCause,
    store::{LEASE, Orphan, State, Store},
    surface::SurfaceError,
    view::View,
};

/// How often races of processes that are gone are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// The first wait after a message could not be edited; it doubles.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MOST: Duration = Duration::from_secs(30);
/// How long a message is tried for: no platform's token lives longer, and what stands there longer is not looked at.
const LONGEST: Duration = Duration::from_mins(20);

/// A platform that can edit a message of which nothing is left but where it stands.
#[async_trait]
pub trait Salvage: Send + Sync {
    /// The platform's word.
    fn platform(&self) -> &'static str;

    /// Makes the message at `reference` look like the last `view` of the race `id`.
    ///
    /// # Errors
    /// As [`crate::surface::Surface::show`]; [`SurfaceError::Gone`] also where the reference cannot be used any more.
    async fn show(&self, id: RaceId, reference: &str, view: &View) -> Result<(), SurfaceError>;
}

impl Arena {
    /// Looks after races whose processes are gone, until `closed`; and ends this process's own races in time where
    /// others must take it for dead.
    pub async fn recover(self: Arc<Self>, platforms: Vec<Arc<dyn Salvage>>, closed: CancellationToken) {
        let Some(store) = self.store.clone() else { return };
        let platforms: Arc<[_]> = platforms.into();
        let (mut away_since, mut others) = (None, false);
        while closed.run_until_cancelled(sleep(EVERY)).await.is_some() {
            let state = store.state().borrow().clone();
            match state {
                State::Connected { processes, since } => {
                    (away_since, others) = (None, processes > 1);
                    // whoever lives has had the time to say so since the store came back
                    if store.is_exclusive() || since.elapsed() >= LEASE {
                        self.adopt(&store, &platforms).await;
                    }
                }
                State::Unavailable { .. } => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if others && since.elapsed() + EVERY >= LEASE / 2 {
                        self.end_all(StopCause::CutOff);
                    }
                }
            }
        }
    }

    async fn adopt(self: &Arc<Self>, store: &Store, platforms: &Arc<[Arc<dyn Salvage>]>) {
        let names: Vec<_> = platforms.iter().map(|platform| platform.platform()).collect();
        match store.adopt(&names).await {
            Ok(orphans) => {
                for orphan in orphans {
                    tracing::info!(race = %orphan.id, platform = orphan.platform, "a race of a process that is gone");
                    let (store, platforms) = (store.clone(), Arc::clone(platforms));
                    let interrupting = self.interrupting.clone();
                    self.tasks.spawn(async move {
                        let told = interrupting.run_until_cancelled(tell(&orphan, &platforms)).await;
                        meter::recovered(told);
                        // not in time: the next start has it
                        if told.is_some() {
                            insist(&interrupting, || store.mark_shown(orphan.id)).await;
                        }
                    });
                }
            }
            Err(error) => {
                tracing::debug!(
                    error = error.chain(),
                    "races of processes that are gone were not looked for"
                );
            }
        }
    }
}

/// Shows how the race ended; tells whether its message says so now.
async fn tell(orphan: &Orphan, platforms: &[Arc<dyn Salvage>]) -> bool {
    let platform = platforms.iter().find(|platform| platform.platform() == orphan.platform);
    let (Some(platform), Some(reference)) = (platform, &orphan.message_ref) else { return false };
    let view = View::over(&orphan.asker.name, &orphan.report);
    let (begun, mut wait) = (Instant::now(), AGAIN);
    while begun.elapsed() < LONGEST {
        let again = match platform.show(orphan.id, reference, &view).await {
            Ok(()) => return true,
            Err(SurfaceError::RateLimited { retry_after } | SurfaceError::Paced { retry_after }) => {
                retry_after
            }
            Err(error @ SurfaceError::Transient { .. }) => {
                tracing::debug!(race = %orphan.id, error = error.chain(), "will be tried again");
                wait = (wait * 2).min(AGAIN_MOST);
                wait / 2
            }
            Err(error) => {
                tracing::warn!(race = %orphan.id, error = error.chain(), "a message cannot be brought to its end");
                return false;
            }
        };
        sleep_until(Instant::now() + again).await;
    }
    false
}
