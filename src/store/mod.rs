//! SHELL. What outlives a process: which deliveries were let in, races with their lanes, answers and numbers, where
//! their messages stand, what is spent, who leads.
//!
//! One [`Store`] over one `Database` trait with two small implementations, SQLite and `PostgreSQL`; statements are
//! written once, for both. Everything that must not happen twice is decided in one transaction of the engine. A store
//! that cannot be reached says so at once: nobody waits for it longer than two seconds.
//!
//! Must not know platforms, views, or why anything is kept.

mod admission;
mod clock;
mod database;
mod error;
mod leases;
mod people;
mod postgres;
mod races;
mod recovery;
mod saved;
mod settle;
mod sqlite;
mod supervisor;

use std::{
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
    error::StoreError,
    leases::LEASE,
    races::Speed,
    recovery::Orphan,
    supervisor::State,
};
use self::{
    clock::Clock,
    database::{Database, Done, Query, Row},
};
use crate::telemetry::{field, metrics as name};

/// The tables, for both engines.
static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// How long anybody waits for the engine.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where things are kept.
#[derive(Clone, Debug)]
pub enum Location {
    /// `PostgreSQL` or SQLite as `DATABASE_URL` names it.
    Url(SecretString),
    /// SQLite in this folder; memory where that cannot be written.
    Folder(PathBuf),
    /// Memory: gone with the process.
    Memory,
}

/// What the store needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where.
    pub location: Location,
    /// For how many days prompts and answers are kept; 0: they are never stored.
    pub text_days: u32,
}

/// The store; clones are the same one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// This process: the owner of its races.
    me: String,
    database: OnceLock<Arc<dyn Database>>,
    state: watch::Sender<State>,
    clock: Mutex<Clock>,
}

impl Store {
    /// A store for the process `me`, a name that no other one has. Nothing is opened before [`Store::run`].
    #[must_use]
    pub fn new(settings: Settings, me: String) -> Self {
        let state = watch::Sender::new(State::Unavailable { reason: "it is not open yet".into() });
        Self {
            inner: Arc::new(Inner {
                settings,
                me,
                database: OnceLock::new(),
                state,
                clock: Mutex::default(),
            }),
        }
    }

    /// The name of this process.
    #[must_use]
    pub fn process_id(&self) -> &str {
        &self.inner.me
    }

    /// Whether no other process can use it at the same time.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        !matches!(&self.inner.settings.location, Location::Url(url) if !url.expose_secret().starts_with("sqlite:"))
    }

    /// Whether prompts and answers are kept at all.
    #[must_use]
    pub fn keeps_text(&self) -> bool {
        self.inner.settings.text_days > 0
    }

    /// Whether it can be used now, and how many processes use it.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.inner.state.subscribe()
    }

    /// Returns when it can be used, or after `patience`.
    pub async fn wait_until_connected(&self, patience: Duration) {
        let mut state = self.state();
        let _ = timeout(patience, state.wait_for(|state| matches!(state, State::Connected { .. }))).await;
    }

    fn database(&self) -> Result<&dyn Database, StoreError> {
        self.inner.database.get().map(AsRef::as_ref).ok_or(StoreError::Unavailable)
    }

    async fn rows(&self, query: Query) -> Result<Vec<Row>, StoreError> {
        self.timed("read", self.database()?.rows(&query)).await
    }

    async fn all(&self, queries: Vec<Query>) -> Result<Done, StoreError> {
        self.timed("write", self.database()?.all(&queries)).await
    }

    async fn timed<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let done = timeout(PATIENCE, work).await.map_err(|_| StoreError::TimedOut);
        let done = done.and_then(|done| done.map_err(StoreError::from));
        let outcome = if done.is_ok() { "ok" } else { "failed" };
        histogram!(name::STORE_SECONDS, field::OPERATION => operation, field::OUTCOME => outcome)
            .record(start.elapsed());
        done
    }

    /// One statement of which only the number of touched rows counts.
    async fn one(&self, query: Query) -> Result<u64, StoreError> {
        match self.all(vec![query]).await? {
            Done::All(touched) => Ok(touched.iter().sum()),
            Done::Stopped(_) => Ok(0),
        }
    }
}
