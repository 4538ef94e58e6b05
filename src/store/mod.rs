//! SHELL. Persistence: what outlives a process and what replicas share.
//!
//! ```text
//! admission   admit, withdraw, settle    deliveries, races, reservations of limits and money: one transaction
//! races       checkpoint, mark, lookup   a race from its first checkpoint to its record, through `lanes`
//! recovery    adopt                      races whose process died
//! leases      acquire, renew, release    which process is alive, and which one leads
//! retention   forget, purge              deleting texts on request and by age
//! ```
//!
//! All of these are methods of [`Store`]. They write their SQL once, against the `database` port, which `sqlite` and
//! `postgres` implement. `supervisor` opens the engine and tracks whether it works. What must not happen twice is
//! decided in one transaction. A call fails after two seconds at most, so no caller blocks on a broken database.

mod admission;
mod database;
mod lanes;
mod leases;
mod postgres;
mod races;
mod recovery;
mod retention;
mod sqlite;
mod supervisor;

use std::{
    error::Error as _,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use metrics::histogram;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::Migrator;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

pub use self::{
    admission::{AdmitOutcome, NewRace, Refund, Reservation},
    leases::LEASE,
    races::Speed,
    recovery::Orphan,
    supervisor::State,
};
use self::{
    database::{Database, Query, Row, Transaction},
    leases::Clock,
};
use crate::telemetry::{field, metrics as name};

/// The migrations, which both engines run.
static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// The deadline of every call to the engine.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);

/// The reason why a call to the store failed. The texts are for logs and operators, and hold neither statements nor addresses.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine was never opened.
    #[error("the database is not open")]
    Unavailable,
    /// The engine did not answer in time. A write may have happened nevertheless.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The engine cannot write: the disk is full or the file is read-only.
    #[error("the database cannot write")]
    Unwritable(#[source] Arc<sqlx::Error>),
    /// The engine failed in another way.
    #[error("the database failed")]
    Failed(#[source] Arc<sqlx::Error>),
    /// The stored value has a form that this version does not know.
    #[error("the database holds a value that this version cannot read")]
    Unreadable,
}

/// SQLite's result codes for a full disk, a read-only file and an I/O error (<https://sqlite.org/rescode.html>).
const SQLITE_UNWRITABLE: [u32; 3] = [13, 8, 10];
/// PostgreSQL's code for a full disk.
const POSTGRES_DISK_FULL: &str = "53100";

impl StoreError {
    /// The error and its cause in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
        // an extended SQLite code holds the primary one in its lowest byte; codes of PostgreSQL have five characters
        let sqlite_code = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
        let is_unwritable = code == POSTGRES_DISK_FULL
            || sqlite_code.is_some_and(|code| SQLITE_UNWRITABLE.contains(&code))
            || matches!(&error, sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::StorageFull);
        if is_unwritable { Self::Unwritable(Arc::new(error)) } else { Self::Failed(Arc::new(error)) }
    }
}

/// The database to use.
#[derive(Clone, Debug)]
pub enum Location {
    /// `PostgreSQL` or SQLite, as `DATABASE_URL` names it.
    Url(SecretString),
    /// SQLite in this folder; memory where the folder is not writable.
    Folder(PathBuf),
    /// Memory, which is lost when the process ends.
    Memory,
}

/// The configuration of a [`Store`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database to use.
    pub location: Location,
    /// Days for which prompts and answers are kept; with 0 they are never stored.
    pub text_days: u32,
}

/// A handle to the database. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// The owner of this process's races.
    process_id: String,
    database: OnceLock<Arc<dyn Database>>,
    state: watch::Sender<State>,
    clock: Mutex<Clock>,
}

impl Store {
    /// Returns a store for the process `process_id`, which must be unique. [`Store::run`] opens it.
    #[must_use]
    pub fn new(settings: Settings, process_id: String) -> Self {
        let state = watch::Sender::new(State::Unavailable { reason: "it is not open yet".into() });
        Self {
            inner: Arc::new(Inner {
                settings,
                process_id,
                database: OnceLock::new(),
                state,
                clock: Mutex::default(),
            }),
        }
    }

    /// The unique id of this process.
    #[must_use]
    pub fn process_id(&self) -> &str {
        &self.inner.process_id
    }

    /// Returns true if no other process can use the database at the same time.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        !matches!(&self.inner.settings.location, Location::Url(url) if !url.expose_secret().starts_with("sqlite:"))
    }

    /// Returns true if prompts and answers are stored.
    #[must_use]
    pub fn keeps_text(&self) -> bool {
        self.inner.settings.text_days > 0
    }

    /// The current state, to be watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.inner.state.subscribe()
    }

    /// Waits until the database works, at most for `limit`.
    pub async fn wait_until_connected(&self, limit: Duration) {
        let mut state = self.state();
        let _ = timeout(limit, state.wait_for(|state| matches!(state, State::Connected { .. }))).await;
    }

    fn database(&self) -> Result<&dyn Database, StoreError> {
        self.inner.database.get().map(AsRef::as_ref).ok_or(StoreError::Unavailable)
    }

    async fn fetch(&self, query: Query) -> Result<Vec<Row>, StoreError> {
        self.timed("read", self.database()?.fetch(&query)).await
    }

    async fn transaction(&self, queries: Vec<Query>) -> Result<Transaction, StoreError> {
        self.timed("write", self.database()?.transaction(&queries)).await
    }

    /// Runs one statement and returns the number of rows that it touched.
    async fn execute(&self, query: Query) -> Result<u64, StoreError> {
        match self.transaction(vec![query]).await? {
            Transaction::Committed(touched) => Ok(touched.iter().sum()),
            Transaction::RolledBack(_) => Ok(0),
        }
    }

    async fn timed<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = timeout(STATEMENT_TIMEOUT, call).await.map_err(|_| StoreError::TimedOut);
        let result = result.and_then(|result| result.map_err(StoreError::from));
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        histogram!(name::STORE_SECONDS, field::OPERATION => operation, field::OUTCOME => outcome)
            .record(start.elapsed());
        result
    }
}
