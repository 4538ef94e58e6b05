//! SHELL. `PostgreSQL`, which several replicas can share.
//!
//! Every statement has a deadline at the server and one here, each shorter than a third of a lease: a holder must learn
//! in time that it cannot renew.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use sqlx::{
    Column, PgPool, Row as _, TypeInfo,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use super::{
    MIGRATIONS,
    database::{Database, Query, Row, Transaction, Value, bind, run_in},
};

const NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
/// The time that a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);
const MAX_CONNECTIONS: u32 = 8;

/// A database on a server.
pub(super) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// Connects to the database that `url` names and migrates it.
    ///
    /// # Errors
    /// The engine's error.
    pub(super) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let database = Self::connect(url).await?;
        MIGRATIONS.run(&database.pool).await?;
        Ok(database)
    }

    /// Connects to the database that `url` names.
    ///
    /// # Errors
    /// The engine's error.
    pub(super) async fn connect(url: &str) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("llm-arena")
            .options([("statement_timeout", "1800"), ("lock_timeout", "1500")]);
        let pool = PgPoolOptions::new().max_connections(MAX_CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
        Ok(Self { pool: pool.connect_with(options).await? })
    }
}

#[async_trait]
impl Database for Postgres {
    async fn fetch(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error> {
        bind!(query, NOW).fetch_all(&self.pool).await?.iter().map(row).collect()
    }

    async fn transaction(&self, queries: &[Query]) -> Result<Transaction, sqlx::Error> {
        run_in!(self.pool.begin().await?, queries, NOW)
    }

    async fn reach(&self) -> Result<(), sqlx::Error> {
        // the pool tests a connection before it lends it
        self.pool.acquire().await.map(drop)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

fn row(row: &PgRow) -> Result<Row, sqlx::Error> {
    let columns = row.columns().iter().map(|column| {
        let at = column.ordinal();
        Ok(match column.type_info().name() {
            "INT8" => Value::Int(row.try_get::<Option<i64>, _>(at)?.unwrap_or(0)),
            "FLOAT8" => Value::Real(row.try_get(at)?),
            _ => Value::Text(row.try_get(at)?),
        })
    });
    columns.collect::<Result<_, _>>().map(Row)
}
