//! SHELL. SQLite with one writing connection and a few that read (<https://sqlite.org/wal.html>).
//!
//! Transactions begin IMMEDIATE, so that a conflict shows before anything is done. A lock file beside the database keeps
//! other processes out: two of them on one volume would adopt each other's live races.

use std::{
    fs::{File, TryLockError},
    path::Path,
    str::FromStr,
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    Column, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, SqlitePool, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{
    MIGRATIONS,
    database::{Database, Query, Row, Transaction, Value, bind, run_in},
};

const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS BIGINT)";
/// The time that a statement waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The time that a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_READERS: u32 = 3;

/// A database in a file or in memory.
pub(super) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    _guard: Guard,
}

/// A resource that must live as long as the database is used.
enum Guard {
    /// The lock on the lock file.
    File { _lock: File },
    /// An idle connection. The memory is freed with its last connection, and the pool closes one whose caller was
    /// cancelled at a bad moment.
    Memory { _connection: Mutex<SqliteConnection> },
}

impl Sqlite {
    /// Opens the file that `url` names (`sqlite:///folder/file?mode=rwc`).
    ///
    /// # Errors
    /// The engine's error; one of kind `ResourceBusy` where another process has the file open.
    pub(super) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?;
        let lock = lock(options.get_filename())?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let reader = pool(MAX_READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, reader, _guard: Guard::File { _lock: lock } })
    }

    /// Opens a database in memory.
    ///
    /// # Errors
    /// The engine's error.
    pub(super) async fn in_memory() -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
        let guard = Guard::Memory { _connection: Mutex::new(options.connect().await?) };
        let writer = pool(1).connect_with(options).await?;
        MIGRATIONS.run(&writer).await?;
        Ok(Self { reader: writer.clone(), writer, _guard: guard })
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // a full disk rolls a transaction back without the driver's knowledge, which would then count it as open for ever
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
}

/// Locks the lock file beside the database.
fn lock(database: &Path) -> Result<File, sqlx::Error> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let file = File::create(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error.into()),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process uses {}", database.display());
            Err(std::io::Error::new(std::io::ErrorKind::ResourceBusy, message).into())
        }
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn fetch(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error> {
        let is_read = query.sql.trim_start().starts_with("SELECT");
        let pool = if is_read { &self.reader } else { &self.writer };
        bind!(query, NOW).fetch_all(pool).await?.iter().map(row).collect()
    }

    async fn transaction(&self, queries: &[Query]) -> Result<Transaction, sqlx::Error> {
        run_in!(self.writer.begin_with("BEGIN IMMEDIATE").await?, queries, NOW)
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

    #[tokio::test]
    async fn memory_survives_callers_that_are_cancelled_at_any_moment() {
        let memory = Sqlite::in_memory().await.expect("memory");
        let leases = Query::new("SELECT COUNT(*) FROM leases", []);
        for polls in 0..2_000 {
            let mut call = pin!(memory.fetch(&leases));
            for _ in 0..polls % 100 {
                if poll!(&mut call).is_ready() {
                    break;
                }
                thread::yield_now();
                yield_now().await;
            }
        }
        assert_eq!(memory.fetch(&leases).await.expect("the table").len(), 1);
    }

    /// A limit on pages fails like a full disk, and ends with the connection.
    #[tokio::test]
    async fn writes_work_again_once_a_full_disk_has_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("arena.sqlite").display());
        let file = Sqlite::open(&url).await.expect("a file");
        let insert = "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, '', 1, 0)";
        let long = Query::new(insert, [Value::from("x".repeat(1 << 20))]);
        file.fetch(&Query::new("PRAGMA max_page_count = 1", [])).await.expect("a limit");
        let full = file.transaction(std::slice::from_ref(&long)).await.expect_err("no room");
        assert!(matches!(StoreError::from(full), StoreError::Unwritable(_)));
        assert_eq!(file.transaction(&[long]).await.expect("room"), Transaction::Committed(vec![1]));
    }
}
