//! An engine to play on, and processes that use it.

use std::sync::atomic::{AtomicU32, Ordering};

use llm_arena::store::{Place, Settings, State, Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::postgres::Database;

/// An engine.
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

    pub fn place(&self) -> Place {
        match self {
            Self::Sqlite(folder) => Place::Folder(folder.path().to_owned()),
            Self::Postgres(database) => Place::Url(database.url().into()),
        }
    }

    /// A process that is up.
    pub async fn process(&self) -> Process {
        self.process_with(30).await
    }

    /// The same that keeps texts for so many days.
    pub async fn process_with(&self, text_days: u32) -> Process {
        let me = format!("p{}", PROCESSES.fetch_add(1, Ordering::Relaxed));
        let store = Store::new(Settings { place: self.place(), text_days }, me);
        let closed = CancellationToken::new();
        let (running, token) = (store.clone(), closed.clone());
        let task = TaskTracker::new().spawn(async move { running.run(token).await });
        let mut state = store.state();
        let is_here = state.wait_for(|state| matches!(state, State::Here { .. }));
        crate::support::wait::with_timeout(is_here).await.expect("a store");
        Process { store, closed, task }
    }

    /// Does this behind the processes' backs.
    pub async fn does(&self, statement: &str) {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(folder) => {
                let url = format!("sqlite://{}", folder.path().join("arena.sqlite").display());
                let mut connection = SqliteConnection::connect(&url).await.expect("a file");
                statement.execute(&mut connection).await.expect("done");
            }
            Self::Postgres(database) => {
                let mut connection = PgConnection::connect(&database.url()).await.expect("a database");
                statement.execute(&mut connection).await.expect("done");
            }
        }
    }

    pub async fn ends(self) {
        if let Self::Postgres(database) = self {
            database.drop().await;
        }
    }
}

impl Process {
    /// It ends in good order.
    pub async fn ends(self) {
        self.closed.cancel();
        self.task.await.expect("an end");
    }

    /// It is gone at once, without a word to anybody.
    pub async fn dies(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
