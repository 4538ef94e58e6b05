//! SHELL. Opens the engine, tells whether it is there, and shows the others that this process lives.
//!
//! What cannot be opened is tried again; what was lost is found again by the engine's own pool.

use std::{path::Path, sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Location, Store, StoreError, database::Database, postgres::Postgres, sqlite::Sqlite};

/// How often a lease is renewed.
const RENEW: Duration = Duration::from_secs(2);
/// Between two tries to open the engine.
const AGAIN: Duration = Duration::from_secs(1);
/// How often what is old is forgotten.
const PURGE: Duration = Duration::from_mins(10);
/// The default file's name in its folder.
const FILE: &str = "arena.sqlite";

/// Whether the store can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It cannot be used now.
    Unavailable {
        /// Why, for operators.
        reason: String,
    },
    /// It can.
    Connected {
        /// Processes that live on it, this one among them.
        processes: u64,
        /// Since when it could be used without a gap.
        since: Instant,
    },
}

impl State {
    /// Since when it can be used, if it can.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        if let Self::Connected { since, .. } = self { Some(*since) } else { None }
    }
}

impl Store {
    /// Opens the store and keeps it until `closed`; then lets others know at once that this process is gone.
    pub async fn run(&self, closed: CancellationToken) {
        let kept = async {
            self.open().await;
            self.live().await;
        };
        closed.run_until_cancelled(kept).await;
        if let Ok(database) = self.database() {
            let _ = self.release_lease(&self.life()).await;
            database.close().await;
        }
    }

    async fn open(&self) {
        let mut said = String::new();
        loop {
            match self.engine().await {
                Ok(engine) => {
                    let _ = self.inner.database.set(engine);
                    return;
                }
                Err(error) => {
                    let why = error.chain();
                    if said != why {
                        tracing::warn!(error = why, "the store cannot be opened; trying again every second");
                        said.clone_from(&why);
                    }
                    self.inner.state.send_replace(State::Unavailable { reason: why });
                    sleep(AGAIN).await;
                }
            }
        }
    }

    async fn engine(&self) -> Result<Arc<dyn Database>, StoreError> {
        match &self.inner.settings.location {
            Location::Memory => {
                tracing::warn!("races are remembered in memory alone: name a folder in ARENA_DATA");
                memory().await
            }
            Location::Folder(folder) => in_folder(folder).await,
            Location::Url(url) => {
                let url = url.expose_secret();
                if !url.starts_with("sqlite:") {
                    return Ok(Arc::new(Postgres::open(url).await?));
                }
                if url.contains(":memory:") { memory().await } else { Ok(Arc::new(Sqlite::open(url).await?)) }
            }
        }
    }

    /// Renews this process's lease for ever.
    async fn live(&self) {
        let (life, mut purged): (String, Option<Instant>) = (self.life(), None);
        if self.is_exclusive() {
            // whoever had the file before is gone, whatever it said last
            let _ = self.forget_processes().await;
        }
        loop {
            let begun = Instant::now();
            match self.renew(&life).await {
                Ok(processes) => self.is_here(processes, begun),
                Err(error) => self.is_away(&error),
            }
            if self.inner.state.borrow().since().is_some() && purged.is_none_or(|at| at.elapsed() > PURGE) {
                purged = Some(Instant::now());
                if let Err(error) = self.purge().await {
                    tracing::warn!(error = error.chain(), "what is old was not forgotten");
                }
            }
            let wait = if self.inner.state.borrow().since().is_some() { RENEW } else { AGAIN };
            sleep(wait).await;
        }
    }

    async fn renew(&self, life: &str) -> Result<u64, StoreError> {
        self.renew_lease(life).await?;
        self.processes().await
    }

    fn is_here(&self, processes: u64, begun: Instant) {
        self.inner.state.send_if_modified(|state| {
            let since = state.since();
            if since.is_none() {
                tracing::info!(processes, "the store is there");
            }
            let newer = State::Connected { processes, since: since.unwrap_or(begun) };
            std::mem::replace(state, newer.clone()) != newer
        });
    }

    fn is_away(&self, error: &StoreError) {
        let why = error.chain();
        self.inner.state.send_if_modified(|state| {
            if state.since().is_some() {
                tracing::warn!(error = why, "the store is away");
            }
            *state = State::Unavailable { reason: why.clone() };
            true
        });
    }
}

async fn memory() -> Result<Arc<dyn Database>, StoreError> {
    Ok(Arc::new(Sqlite::in_memory().await?))
}

/// The file in `folder`; memory where that cannot be written.
async fn in_folder(folder: &Path) -> Result<Arc<dyn Database>, StoreError> {
    let file = folder.join(FILE);
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let opened = match std::fs::create_dir_all(folder) {
        Ok(()) => Sqlite::open(&url).await.map_err(StoreError::from),
        Err(error) => Err(sqlx::Error::from(error).into()),
    };
    match opened {
        Ok(engine) => Ok(Arc::new(engine)),
        Err(error) if is_taken(&error) => Err(error),
        Err(error) => {
            tracing::warn!(
                folder = %folder.display(), error = error.chain(),
                "races are remembered in memory alone, for this folder cannot be written; name another one in ARENA_DATA"
            );
            memory().await
        }
    }
}

/// Another process has the file: it will be gone soon, or must be ended.
fn is_taken(error: &StoreError) -> bool {
    let StoreError::Failed(cause) = error else { return false };
    matches!(&**cause, sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::ResourceBusy)
}
