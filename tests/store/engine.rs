//! An engine to test, and processes that use it.

use std::sync::atomic::{AtomicU32, Ordering};

use llm_arena::store::{Location, Settings, State, Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{postgres::Database, wait::with_timeout};

pub enum Engine {
    Sqlite(TempDir),
    Postgres(Database),
}

/// A process that uses it.
pub struct Process {
    pub store: Store,
    closed: CancellationToken,
    task: JoinHandle<()>,
}

static PROCESSES: AtomicU32 = AtomicU32::new(0);

impl Engine {
    pub fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().expect("a folder"))
    }

    pub async fn postgres() -> Option<Self> {
        Database::create().await.map(Self::Postgres)
    }

    pub fn location(&self) -> Location {
        match self {
            Self::Sqlite(folder) => Location::Folder(folder.path().to_owned()),
            Self::Postgres(database) => Location::Url(database.url().into()),
        }
    }

    /// Starts a process.
    pub async fn process(&self) -> Process {
        self.process_with(30).await
    }

    /// Starts a process that keeps texts for this number of days.
    pub async fn process_with(&self, text_days: u32) -> Process {
        let process = start(self.location(), text_days);
        process.connected().await;
        process
    }

    /// Starts a process, which may find the engine unusable.
    pub fn start(&self) -> Process {
        start(self.location(), 30)
    }

    /// Runs SQL on the engine, bypassing the processes.
    pub async fn execute(&self, statement: &str) {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(folder) => {
                let url = format!("sqlite://{}", folder.path().join("arena.sqlite").display());
                let mut connection = SqliteConnection::connect(&url).await.expect("a file");
                statement.execute(&mut connection).await.expect("executed");
            }
            Self::Postgres(database) => {
                let mut connection = PgConnection::connect(&database.url()).await.expect("a database");
                statement.execute(&mut connection).await.expect("executed");
            }
        }
    }

    /// The text that a query gives; `None` for NULL.
    pub async fn query_text(&self, query: &str) -> Option<String> {
        let query = AssertSqlSafe(query.to_owned());
        match self {
            Self::Sqlite(folder) => {
                let url = format!("sqlite://{}", folder.path().join("arena.sqlite").display());
                let mut connection = SqliteConnection::connect(&url).await.expect("a file");
                sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a row")
            }
            Self::Postgres(database) => {
                let mut connection = PgConnection::connect(&database.url()).await.expect("a database");
                sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a row")
            }
        }
    }

    /// Returns the folder of SQLite, for `ARENA_DATA`.
    pub fn folder(&self) -> String {
        match self {
            Self::Sqlite(folder) => folder.path().to_str().expect("UTF-8").into(),
            Self::Postgres(_) => panic!("no folder"),
        }
    }

    pub async fn drop_database(self) {
        if let Self::Postgres(database) = self {
            database.drop().await;
        }
    }
}

/// Starts a process on this database.
pub fn start(location: Location, text_days: u32) -> Process {
    let id = format!("p{}", PROCESSES.fetch_add(1, Ordering::Relaxed));
    let store = Store::new(Settings { location, text_days }, id);
    let closed = CancellationToken::new();
    let (running, token) = (store.clone(), closed.clone());
    let task = TaskTracker::new().spawn(async move { running.run(token).await });
    Process { store, closed, task }
}

impl Process {
    /// Waits until its store works.
    pub async fn connected(&self) {
        let mut state = self.store.state();
        let connected = state.wait_for(|state| matches!(state, State::Connected { .. }));
        with_timeout(connected).await.expect("a store");
    }

    /// Waits until its store does not work for a reason with this word.
    pub async fn unavailable(&self, word: &str) {
        let mut state = self.store.state();
        let is_named =
            |state: &State| matches!(state, State::Unavailable { reason } if reason.contains(word));
        with_timeout(state.wait_for(is_named)).await.expect("a state");
    }

    /// Shuts down in an orderly way.
    pub async fn shut_down(self) {
        self.closed.cancel();
        self.task.await.expect("an end");
    }

    /// Ends at once, like a killed process.
    pub async fn die(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
