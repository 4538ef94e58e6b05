//! SHELL. SQLite with one writing connection and a few that read (<https://sqlite.org/wal.html>).
//!
//! Transactions begin IMMEDIATE, so that a conflict shows before anything is done. A lock file beside the database keeps
//! other processes out: two of them on one volume would adopt each other's live races. An existing file is checked
//! before it is used and never replaced by an empty one. Deleted content is overwritten.

use std::{
    fs::{self, File},
    path::Path,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    Column, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, SqlitePool, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{
    MIGRATIONS, StoreError,
    database::{Database, Query, Row, Transaction, Value, bind, run_in},
    files::{self, FileIds, NewFile},
};

const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS BIGINT)";
/// The time that a statement waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The time that a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_READERS: u32 = 3;
/// Reads every page, and returns one row with "ok" or the first problem.
const CHECK: &str = "PRAGMA quick_check(1)";
/// Moves the write-ahead log into the database and empties its file. Returns one row; its first column is 1 if a reader
/// was in the way.
const TRUNCATE_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// A database in a file or in memory.
pub(super) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    /// An idle connection. With the last connection SQLite deletes the log, or the memory, and the pools may have none
    /// left: they close one whose caller was cancelled at a bad moment.
    idle: Mutex<Option<SqliteConnection>>,
    /// `None` in memory.
    files: Option<FileIds>,
    /// The lock on the lock file; `None` in memory and for a process that only reads.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the file that `options` name; `creates` it if it is missing.
    ///
    /// # Errors
    /// The engine's error, one of kind `ResourceBusy` where another process has the file open; [`StoreError::Damaged`]
    /// and [`StoreError::NewerSchema`].
    pub(super) async fn open(options: SqliteConnectOptions, creates: bool) -> Result<Self, StoreError> {
        let path = options.get_filename().to_owned();
        let lock = files::lock(&path)?;
        if creates && !files::may_exist(&path) {
            create(&path).await?;
        }
        files::restrict_all(&path);
        if fs::metadata(&path).is_ok_and(|meta| meta.len() == 0) {
            return Err(damaged("it is empty"));
        }
        let options = options
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON");
        let mut idle = options.connect().await?;
        let checked: String = sqlx::query_scalar(CHECK).fetch_one(&mut idle).await?;
        if checked != "ok" {
            return Err(damaged(checked.lines().next().unwrap_or_default()));
        }
        let writer = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await.map_err(sqlx::Error::from)?;
        let reader = pool(MAX_READERS).connect_with(options.read_only(true)).await?;
        let idle = Mutex::new(Some(idle));
        Ok(Self { writer, reader, idle, files: Some(FileIds::of(&path)), _lock: Some(lock) })
    }

    /// Opens the file that `options` name to read it, beside a process that may be writing it.
    ///
    /// # Errors
    /// The engine's error.
    pub(super) async fn open_read_only(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let path = options.get_filename().to_owned();
        let options = options.create_if_missing(false).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let reader = pool(1).connect_with(options).await?;
        let (writer, idle) = (reader.clone(), Mutex::default());
        Ok(Self { writer, reader, idle, files: Some(FileIds::of(&path)), _lock: None })
    }

    /// Opens a database in memory.
    ///
    /// # Errors
    /// The engine's error.
    pub(super) async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
        let idle = Mutex::new(Some(options.connect().await?));
        let writer = pool(1).connect_with(options).await?;
        MIGRATIONS.run(&writer).await.map_err(sqlx::Error::from)?;
        Ok(Self { reader: writer.clone(), writer, idle, files: None, _lock: None })
    }
}

fn damaged(problem: &str) -> StoreError {
    StoreError::Damaged(Arc::new(sqlx::Error::Protocol(problem.to_owned())))
}

/// Creates a database without races at `path`.
async fn create(path: &Path) -> Result<(), StoreError> {
    let file = NewFile::create(path)?;
    let connection = pool(1).connect_with(SqliteConnectOptions::new().filename(file.path())).await?;
    MIGRATIONS.run(&connection).await.map_err(sqlx::Error::from)?;
    connection.close().await;
    Ok(file.finish()?)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // a full disk rolls a transaction back without the driver's knowledge, which would then count it as open for ever
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
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

    fn verify(&self) -> Result<(), StoreError> {
        let is_replaced = self.files.as_ref().is_some_and(|files| !files.are_unchanged());
        if is_replaced { Err(StoreError::Replaced) } else { Ok(()) }
    }

    async fn erase_deleted(&self) -> Result<bool, sqlx::Error> {
        let row = sqlx::query(TRUNCATE_LOG).fetch_one(&self.writer).await?;
        Ok(row.try_get::<i64, _>(0)? == 0)
    }

    fn is_lasting(&self) -> bool {
        self.files.is_some()
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(idle) = idle {
            let _ = idle.close().await;
        }
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
        let options = SqliteConnectOptions::new().filename(folder.path().join("arena.sqlite"));
        let file = Sqlite::open(options, true).await.expect("a file");
        let insert = "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, '', 1, 0)";
        let long = Query::new(insert, [Value::from("x".repeat(1 << 20))]);
        file.fetch(&Query::new("PRAGMA max_page_count = 1", [])).await.expect("a limit");
        let full = file.transaction(std::slice::from_ref(&long)).await.expect_err("no room");
        assert!(matches!(StoreError::from(full), StoreError::Unwritable(_)));
        assert_eq!(file.transaction(&[long]).await.expect("room"), Transaction::Committed(vec![1]));
    }
}
