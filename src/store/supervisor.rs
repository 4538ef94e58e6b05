//! SHELL. Opens the engine, tracks whether it works, and renews the lease by which others know that this process is alive.
//!
//! Opening is retried every second, with a damaged file every half minute. Lost connections are reopened by the engine's
//! own pool.

use std::{io, path::Path, str::FromStr as _, sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    Location, Store, StoreError,
    database::{Database, Query},
    files,
    postgres::Postgres,
    sqlite::Sqlite,
};

/// The interval at which the lease is renewed.
const RENEW_INTERVAL: Duration = Duration::from_secs(2);
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The wait before a damaged file is checked again, which reads all of it.
const DAMAGED_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The interval at which expired credentials are deleted.
const EXPIRY_INTERVAL: Duration = Duration::from_mins(1);
/// The interval at which old rows are deleted.
const PURGE_INTERVAL: Duration = Duration::from_mins(10);
/// The name of the database file in a folder.
const FILE_NAME: &str = "arena.sqlite";
/// One row if the schema has the tables of votes.
const VOTES_MIGRATION: &str = "SELECT version FROM _sqlx_migrations WHERE version = 3";

/// The state of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not work.
    Unavailable {
        /// The reason, for operators.
        reason: String,
    },
    /// It works.
    Connected {
        /// The number of live processes that use it, including this one.
        processes: u64,
        /// The start of the current period without failures.
        since: Instant,
    },
}

impl State {
    /// The start of the current period without failures; `None` where the database is unavailable.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        if let Self::Connected { since, .. } = self { Some(*since) } else { None }
    }
}

impl Store {
    /// Opens the database and supervises it until `closed` is cancelled, then tells other processes that this one ended.
    pub async fn run(&self, closed: CancellationToken) {
        let supervise = async {
            self.open().await;
            self.stay_alive().await;
        };
        closed.run_until_cancelled(supervise).await;
        if let Some(database) = self.inner.database.get().cloned() {
            let _ = self.release_lease(&self.process_lease()).await;
            database.close().await;
        }
    }

    /// Opens the database to read it, beside a service that may be running: nothing is created, migrated or locked.
    /// Returns false if there is no database yet, or none that knows votes.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be opened.
    pub async fn open_read_only(&self) -> Result<bool, StoreError> {
        let file = match &self.inner.settings.location {
            Location::Memory => return Ok(false),
            Location::Folder(folder) => SqliteConnectOptions::new().filename(folder.join(FILE_NAME)),
            Location::Url(url) => {
                let url = url.expose_secret();
                if !url.starts_with("sqlite:") {
                    return self.can_read_votes(Arc::new(Postgres::connect(url).await?)).await;
                }
                if is_in_memory(url) {
                    return Ok(false);
                }
                SqliteConnectOptions::from_str(url)?
            }
        };
        if !files::may_exist(file.get_filename()) {
            return Ok(false);
        }
        self.can_read_votes(Arc::new(Sqlite::open_read_only(file).await?)).await
    }

    /// Uses `engine` from now on. Returns true if its schema has votes.
    async fn can_read_votes(&self, engine: Arc<dyn Database>) -> Result<bool, StoreError> {
        let _ = self.inner.database.set(engine);
        Ok(!self.fetch(Query::new(VOTES_MIGRATION, [])).await?.is_empty())
    }

    async fn open(&self) {
        let mut logged = String::new();
        loop {
            match self.open_engine().await {
                Ok(engine) => {
                    let _ = self.inner.database.set(engine);
                    return;
                }
                Err(error) => {
                    let reason = error.chain();
                    self.inner.state.send_replace(State::Unavailable { reason: reason.clone() });
                    if logged != reason {
                        let location = self.inner.settings.location.name();
                        tracing::warn!(location, error = reason, "failed to open the database, will retry");
                        logged = reason;
                    }
                    let is_damaged = matches!(error, StoreError::Damaged(_));
                    sleep(if is_damaged { DAMAGED_RETRY_DELAY } else { RETRY_DELAY }).await;
                }
            }
        }
    }

    async fn open_engine(&self) -> Result<Arc<dyn Database>, StoreError> {
        match &self.inner.settings.location {
            Location::Memory => {
                tracing::warn!("races are stored in memory only: set ARENA_DATA to a folder to keep them");
                memory().await
            }
            Location::Folder(folder) => in_folder(folder).await,
            Location::Url(url) => {
                let url = url.expose_secret();
                if !url.starts_with("sqlite:") {
                    return Ok(Arc::new(Postgres::open(url).await?));
                }
                if is_in_memory(url) {
                    return memory().await;
                }
                let options = SqliteConnectOptions::from_str(url)?;
                Ok(Arc::new(Sqlite::open(options, url.contains("mode=rwc")).await?))
            }
        }
    }

    /// Renews this process's lease for ever, and purges now and then.
    async fn stay_alive(&self) {
        let (lease, mut purge, mut expiry) =
            (self.process_lease(), Timer(PURGE_INTERVAL, None), Timer(EXPIRY_INTERVAL, None));
        if self.is_exclusive() {
            // earlier users of the file are dead, even where their leases have not expired
            let _ = self.delete_process_leases().await;
        }
        loop {
            let begun = Instant::now();
            match self.renew(&lease).await {
                Ok(processes) => self.set_connected(processes, begun),
                Err(error) => self.set_unavailable(&error),
            }
            let is_connected = self.inner.state.borrow().since().is_some();
            if is_connected
                && expiry.is_due()
                && let Err(error) = self.expire().await
            {
                tracing::warn!(error = error.chain(), "failed to delete expired credentials");
            }
            if is_connected
                && purge.is_due()
                && let Err(error) = self.purge().await
            {
                tracing::warn!(error = error.chain(), "failed to delete old rows");
            }
            sleep(if is_connected { RENEW_INTERVAL } else { RETRY_DELAY }).await;
        }
    }

    async fn renew(&self, lease: &str) -> Result<u64, StoreError> {
        self.database()?.verify().inspect_err(|error| self.give_up(error))?;
        self.renew_lease(lease).await?;
        self.count_processes().await
    }

    fn set_connected(&self, processes: u64, begun: Instant) {
        self.inner.state.send_if_modified(|state| {
            let since = state.since();
            if since.is_none() {
                tracing::info!(processes, "database connected");
            }
            let newer = State::Connected { processes, since: since.unwrap_or(begun) };
            std::mem::replace(state, newer.clone()) != newer
        });
    }

    pub(super) fn set_unavailable(&self, error: &StoreError) {
        let reason = error.chain();
        self.inner.state.send_if_modified(|state| {
            if state.since().is_some() {
                tracing::warn!(error = reason, "database unavailable");
            }
            *state = State::Unavailable { reason: reason.clone() };
            true
        });
    }
}

/// An interval, and the last time that it was over.
struct Timer(Duration, Option<Instant>);

impl Timer {
    /// Returns true once per interval.
    fn is_due(&mut self) -> bool {
        let is_due = self.1.is_none_or(|at| at.elapsed() > self.0);
        if is_due {
            self.1 = Some(Instant::now());
        }
        is_due
    }
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

async fn memory() -> Result<Arc<dyn Database>, StoreError> {
    Ok(Arc::new(Sqlite::in_memory().await?))
}

/// Opens the file in `folder`. Memory takes its place only where there is no file and none can be created.
async fn in_folder(folder: &Path) -> Result<Arc<dyn Database>, StoreError> {
    let path = folder.join(FILE_NAME);
    let opened = match files::prepare_folder(&path) {
        Ok(()) => Sqlite::open(SqliteConnectOptions::new().filename(&path), true).await,
        Err(error) => Err(error.into()),
    };
    match opened {
        Ok(engine) => Ok(Arc::new(engine)),
        Err(error) if is_in_use(&error) || files::may_exist(&path) => Err(error),
        Err(error) => {
            tracing::warn!(
                folder = %folder.display(), error = error.chain(),
                "races and budgets are stored in memory only, until the next restart: the folder is not writable; set \
                 ARENA_DATA to another one"
            );
            memory().await
        }
    }
}

/// Returns true if another process has the file open.
fn is_in_use(error: &StoreError) -> bool {
    let StoreError::Failed(cause) = error else { return false };
    matches!(&**cause, sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::ResourceBusy)
}
