//! SHELL. SQLite: one connection that writes, some that read (<https://sqlite.org/wal.html>).
//!
//! Transactions begin IMMEDIATE, so that none fails half way for another one's sake. A process has its file for
//! itself, by a lock on a file beside it: two of them on one volume would take each other's races for dead.

use std::{
    fs::{File, TryLockError},
    path::Path,
    str::FromStr,
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, SqlitePool,
    TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{
    MIGRATIONS,
    database::{Database, Done, Query, Row, Value},
};

const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS BIGINT)";
/// How long a statement waits for another one's lock.
const BUSY: Duration = Duration::from_secs(2);
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);
const READERS: u32 = 3;

/// One file, or memory.
pub(super) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    _kept: Kept,
}

/// What must last as long as the database is used.
enum Kept {
    /// The lock on its file.
    File { _lock: File },
    /// A connection that nobody asks anything: memory goes with its last one, and the pool closes one whose caller
    /// goes away at a bad moment.
    Memory { _connection: Mutex<SqliteConnection> },
}

impl Sqlite {
    /// The file that `url` names (`sqlite:///folder/file?mode=rwc`).
    ///
    /// # Errors
    /// The engine's, or that another process has it.
    pub(super) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?;
        let lock = lock(options.get_filename())?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY);
        let writer = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let reader = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, reader, _kept: Kept::File { _lock: lock } })
    }

    /// Memory alone: it is gone with the process.
    ///
    /// # Errors
    /// The engine's.
    pub(super) async fn in_memory() -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
        let kept = Kept::Memory { _connection: Mutex::new(options.connect().await?) };
        let writer = pool(1).connect_with(options).await?;
        MIGRATIONS.run(&writer).await?;
        Ok(Self { reader: writer.clone(), writer, _kept: kept })
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // a full disk rolls a transaction back behind the driver's back, which would count it as open for ever
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
}

/// The lock on the file `beside` the database.
fn lock(database: &Path) -> Result<File, sqlx::Error> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let file = File::create(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error.into()),
        Err(TryLockError::WouldBlock) => {
            let words = format!("another process uses {}", database.display());
            Err(std::io::Error::new(std::io::ErrorKind::ResourceBusy, words).into())
        }
    }
}

/// A statement with its values bound.
macro_rules! bound {
    ($query:expr) => {
        $query.values.iter().fold(sqlx::query(AssertSqlSafe($query.text(NOW))), |query, value| match value {
            Value::Int(int) => query.bind(*int),
            Value::Real(real) => query.bind(*real),
            Value::Text(text) => query.bind(text.clone()),
        })
    };
}

#[async_trait]
impl Database for Sqlite {
    async fn rows(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error> {
        let is_read = query.sql.trim_start().starts_with("SELECT");
        let pool = if is_read { &self.reader } else { &self.writer };
        bound!(query).fetch_all(pool).await?.iter().map(row).collect()
    }

    async fn all(&self, queries: &[Query]) -> Result<Done, sqlx::Error> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut touched = Vec::with_capacity(queries.len());
        for (at, query) in queries.iter().enumerate() {
            let rows = bound!(query).execute(&mut *transaction).await?.rows_affected();
            if query.must && rows == 0 {
                transaction.rollback().await?;
                return Ok(Done::Stopped(at));
            }
            touched.push(rows);
        }
        transaction.commit().await?;
        Ok(Done::All(touched))
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn row(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let columns = row.columns().iter().map(|column| {
        let at = column.ordinal();
        let raw = row.try_get_raw(at)?;
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => Value::Int(row.try_get(at)?),
            "REAL" => Value::Real(row.try_get(at)?),
            _ => Value::Text(row.try_get(at)?),
        })
    });
    columns.collect::<Result<_, _>>().map(Row)
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, thread};

    use futures::poll;
    use tokio::task::yield_now;

    use super::*;
    use crate::store::StoreError;

    /// Whoever asked may go away at any moment, and the connection with it.
    #[tokio::test]
    async fn memory_outlives_callers_that_go_away() {
        let memory = Sqlite::in_memory().await.expect("memory");
        let leases = Query::new("SELECT COUNT(*) FROM leases", []);
        for patience in 0..2_000 {
            let mut asked = pin!(memory.rows(&leases));
            for _ in 0..patience % 100 {
                if poll!(&mut asked).is_ready() {
                    break;
                }
                thread::yield_now();
                yield_now().await;
            }
        }
        assert_eq!(memory.rows(&leases).await.expect("the table").len(), 1);
    }

    /// The limit on pages says what a full disk says, and is gone with the connection.
    #[tokio::test]
    async fn a_full_disk_is_forgotten_when_there_is_room_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("arena.sqlite").display());
        let file = Sqlite::open(&url).await.expect("a file");
        let insert = "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, '', 1, 0)";
        let long = Query::new(insert, [Value::from("x".repeat(1 << 20))]);
        file.rows(&Query::new("PRAGMA max_page_count = 1", [])).await.expect("a limit");
        let full = file.all(std::slice::from_ref(&long)).await.expect_err("no room");
        assert!(matches!(StoreError::from(full), StoreError::Unwritable(_)));
        assert_eq!(file.all(&[long]).await.expect("room"), Done::All(vec![1]));
    }
}
