//! SHELL. `PostgreSQL`: what several replicas share.
//!
//! Every statement has a deadline at the server and one here, shorter than a third of a lease's life: a holder must
//! learn in time that it cannot renew.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, Column, PgPool, Row as _, TypeInfo,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use super::{
    MIGRATIONS,
    database::{Database, Done, Query, Row, Value},
};

const NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_millis(1_800);
const CONNECTIONS: u32 = 8;

/// A database.
pub(super) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// The database that `url` names.
    ///
    /// # Errors
    /// The engine's.
    pub(super) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("llm-arena")
            .options([("statement_timeout", "1800"), ("lock_timeout", "1500")]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
        let pool = pool.connect_with(options).await?;
        MIGRATIONS.run(&pool).await?;
        Ok(Self { pool })
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
impl Database for Postgres {
    async fn rows(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error> {
        bound!(query).fetch_all(&self.pool).await?.iter().map(row).collect()
    }

    async fn all(&self, queries: &[Query]) -> Result<Done, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
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
