//! SHELL. Persistence: what outlives a process and what replicas share.
//!
//! ```text
//! admission   admit, withdraw, settle    deliveries, races, reservations of limits and money: one transaction
//! attachments attach, attachments        the files of races, and the models that cannot see them
//! races       checkpoint, mark, lookup   a race from its first checkpoint to its record, through `lanes`
//! recovery    adopt                      races whose process died
//! samples     samples, usual             the measurements of finished races, for their history
//! conversations  the turns before a race, the newest race of a thread
//! incidents   open, update, claim        what became worse, and its messages
//! canaries    claim, pause, answers      scheduled races: each due time once, and what was counted in their answers
//! leases      acquire, renew, release    which process is alive, and which one leads
//! retention   forget, purge, expire      deleting texts and credentials, on request and by age
//! personas    persona, set_persona       what each channel chose
//! votes       open, cast, close          ballots on blind races
//! ```
//!
//! All of these are methods of [`Store`]. They write their SQL once, against the `database` port, which `sqlite` and
//! `postgres` implement. `supervisor` opens the engine and tracks whether it works. What must not happen twice is
//! decided in one transaction. A call fails after two seconds at most, so no caller blocks on a broken database.
//!
//! The store fails closed: a database that exists and cannot be used is never replaced by an empty one, and one that
//! turns out to be damaged or replaced is not used again by this process.

mod admission;
mod attachments;
mod board;
mod canaries;
mod conversations;
mod database;
mod files;
mod incidents;
mod lanes;
mod leases;
mod personas;
mod postgres;
mod races;
mod recovery;
mod retention;
mod samples;
mod sqlite;
mod supervisor;
mod votes;
mod week;

use std::{
    error::Error as _,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use metrics::histogram;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

pub use self::{
    admission::{AdmitOutcome, NewRace, Refund, Reservation},
    attachments::AttachedRace,
    board::Votes,
    canaries::{CanaryAnswer, CanaryLane, CanaryRun, CanarySeries, CanaryState, RefusedBy},
    conversations::StoredTurns,
    incidents::{IncidentMessage, StoredIncident},
    leases::LEASE,
    races::{Speed, StoredRace},
    recovery::Orphan,
    retention::Forgotten,
    samples::{CANARY, SampleKind, StoredSeries, series},
    supervisor::State,
    votes::{CastOutcome, VoteProgress},
    week::Week,
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
/// The time that a user waits for a connection: Slack wants its answer within three seconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// The reason why a call to the store failed. The texts are for logs and operators, and hold neither statements nor addresses.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine is not open, or did not work when it was last used.
    #[error("the database is unavailable")]
    Unavailable,
    /// The engine did not answer in time. A write may have happened nevertheless.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The engine cannot write: the disk is full or the file is read-only.
    #[error("the database cannot write")]
    Unwritable(#[source] Arc<sqlx::Error>),
    /// The engine found damage, or the file is not a database. This process does not use it again.
    #[error("the database is damaged: restore a backup, or move its file away to start with an empty one")]
    Damaged(#[source] Arc<sqlx::Error>),
    /// A newer version of this program migrated the database.
    #[error("the database was written by a newer version: run that version, or restore an older backup")]
    NewerSchema,
    /// The files were deleted or replaced while this process had them open. It does not use them again.
    #[error("the database's file was deleted or replaced while in use: restore it, then restart")]
    Replaced,
    /// The engine failed in another way.
    #[error("the database failed")]
    Failed(#[source] Arc<sqlx::Error>),
    /// The stored value has a form that this version does not know.
    #[error("the database holds a value that this version cannot read")]
    Unreadable,
}

/// SQLite's result codes for a full disk, a read-only file and an I/O error (<https://sqlite.org/rescode.html>).
const SQLITE_UNWRITABLE: [u32; 3] = [13, 8, 10];
/// SQLite's result codes for a damaged file and for one that is no database.
const SQLITE_DAMAGED: [u32; 2] = [11, 26];
/// PostgreSQL's code for a full disk.
const POSTGRES_DISK_FULL: &str = "53100";
/// PostgreSQL's codes for damaged data and a damaged index.
const POSTGRES_DAMAGED: [&str; 2] = ["XX001", "XX002"];

impl StoreError {
    /// The error and its cause in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // all connections are busy: nothing was sent
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Unavailable;
        }
        if let sqlx::Error::Migrate(error) = error {
            return match *error {
                MigrateError::VersionMissing(_) => Self::NewerSchema,
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
                error => Self::Failed(Arc::new(error.into())),
            };
        }
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
        // an extended SQLite code holds the primary one in its lowest byte; codes of PostgreSQL have five characters
        let sqlite_code = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
        let is_sqlite = |codes: &[u32]| sqlite_code.is_some_and(|code| codes.contains(&code));
        if is_sqlite(&SQLITE_DAMAGED) || POSTGRES_DAMAGED.contains(&&*code) {
            return Self::Damaged(Arc::new(error));
        }
        let is_unwritable = code == POSTGRES_DISK_FULL
            || is_sqlite(&SQLITE_UNWRITABLE)
            || matches!(&error, sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::StorageFull);
        if is_unwritable { Self::Unwritable(Arc::new(error)) } else { Self::Failed(Arc::new(error)) }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        sqlx::Error::from(error).into()
    }
}

/// The database to use.
#[derive(Clone, Debug)]
pub enum Location {
    /// `PostgreSQL` or SQLite, as `DATABASE_URL` names it.
    Url(SecretString),
    /// SQLite in this folder; memory where the folder holds no database and none can be created.
    Folder(PathBuf),
    /// Memory, which is lost when the process ends.
    Memory,
}

impl Location {
    /// Its name for operators, without a secret.
    fn name(&self) -> String {
        match self {
            Self::Url(_) => "DATABASE_URL".into(),
            Self::Folder(folder) => folder.display().to_string(),
            Self::Memory => "memory".into(),
        }
    }
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
    /// The reason why this process does not use the database again.
    given_up: OnceLock<StoreError>,
    state: watch::Sender<State>,
    clock: Mutex<Clock>,
    installation_key: votes::InstallationKey,
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
                given_up: OnceLock::new(),
                state,
                clock: Mutex::default(),
                installation_key: votes::InstallationKey::default(),
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

    /// Returns true if what is stored outlives this process.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.inner.database.get().is_some_and(|database| database.is_lasting())
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

    /// Runs `call`, for which a user waits, unless the database is known to be unavailable or there is no connection
    /// within a second.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed or did not run.
    pub async fn promptly<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.inner.state.borrow().since().is_none() {
            return Err(self.inner.given_up.get().cloned().unwrap_or(StoreError::Unavailable));
        }
        match timeout(CONNECTION_TIMEOUT, self.database()?.reach()).await {
            Ok(reached) => reached?,
            // nothing was written
            Err(_) => return Err(StoreError::Unavailable),
        }
        call.await
    }

    fn database(&self) -> Result<&dyn Database, StoreError> {
        if let Some(error) = self.inner.given_up.get() {
            return Err(error.clone());
        }
        self.inner.database.get().map(AsRef::as_ref).ok_or(StoreError::Unavailable)
    }

    /// Makes every further call fail with `error`.
    fn give_up(&self, error: &StoreError) {
        let _ = self.inner.given_up.set(error.clone());
        self.set_unavailable(error);
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
        if let Err(error @ StoreError::Damaged(_)) = &result {
            self.give_up(error);
        }
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        histogram!(name::STORE_SECONDS, field::OPERATION => operation, field::OUTCOME => outcome)
            .record(start.elapsed());
        result
    }
}
