//! The port to a database engine: parametrised statements, rows, and transactions.
//!
//! Statements are portable (`$1`, `ON CONFLICT`, `RETURNING`, BIGINT, TEXT, DOUBLE PRECISION; sums are cast). `{now}`
//! in a statement is the engine's own clock in milliseconds: replicas need one clock, and theirs may differ.

use async_trait::async_trait;

use super::StoreError;

/// A statement with its values.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// Rolls its transaction back where it touches no row.
    pub(super) is_required: bool,
}

impl Query {
    pub(super) fn new(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { sql, values: values.into(), is_required: false }
    }

    /// Returns a query that rolls its transaction back where it touches no row.
    pub(super) fn required(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { is_required: true, ..Self::new(sql, values) }
    }

    /// The statement with the engine's expression for its clock.
    pub(super) fn sql_with_clock(&self, now: &str) -> String {
        self.sql.replace("{now}", now)
    }
}

/// A parameter of a statement or a column of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Real(Option<f64>),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u64> for Value {
    fn from(int: u64) -> Self {
        Self::Int(int.try_into().unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(truth.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<f64>> for Value {
    fn from(real: Option<f64>) -> Self {
        Self::Real(real)
    }
}

/// The columns of a row in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    /// The integer in this column; zero where it is NULL.
    pub(super) fn int(&self, column: usize) -> i64 {
        if let Some(Value::Int(int)) = self.0.get(column) { *int } else { 0 }
    }

    /// The float in this column.
    pub(super) fn real(&self, column: usize) -> Option<f64> {
        if let Some(Value::Real(real)) = self.0.get(column) { *real } else { None }
    }

    /// The text in this column.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        if let Some(Value::Text(Some(text))) = self.0.get(column) { Some(text) } else { None }
    }

    /// The text in this column; empty where it is NULL.
    pub(super) fn string(&self, column: usize) -> String {
        self.text(column).unwrap_or_default().to_owned()
    }
}

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// Every statement ran; the number of rows that each touched.
    Committed(Vec<u64>),
    /// Nothing changed: the required query at this index touched no row.
    RolledBack(usize),
}

impl Transaction {
    pub(super) fn is_committed(&self) -> bool {
        matches!(self, Self::Committed(_))
    }
}

/// A database engine.
#[async_trait]
pub(super) trait Database: Send + Sync {
    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// The engine's error.
    async fn fetch(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error>;

    /// Runs all statements in one transaction, serialised with others that touch the same rows.
    ///
    /// # Errors
    /// The engine's error. Nothing changed then, unless the connection was lost during the commit.
    async fn transaction(&self, queries: &[Query]) -> Result<Transaction, sqlx::Error>;

    /// Waits for a connection that works.
    ///
    /// # Errors
    /// The engine's error.
    async fn reach(&self) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Checks that the files of the database are still those that were opened.
    ///
    /// # Errors
    /// [`StoreError::Replaced`].
    fn verify(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes deleted content from the files, as far as the engine does not do so by itself. Returns false if that must
    /// be tried again.
    ///
    /// # Errors
    /// The engine's error.
    async fn erase_deleted(&self) -> Result<bool, sqlx::Error> {
        Ok(true)
    }

    /// Returns true if what is stored outlives the process.
    fn is_lasting(&self) -> bool {
        true
    }

    /// Closes all connections.
    async fn close(&self);
}

/// Builds the statement of a [`Query`] with its values bound, for either engine.
macro_rules! bind {
    ($query:expr, $now:expr) => {
        $query.values.iter().fold(
            sqlx::query(sqlx::AssertSqlSafe($query.sql_with_clock($now))),
            |statement, value| match value {
                Value::Int(int) => statement.bind(*int),
                Value::Real(real) => statement.bind(*real),
                Value::Text(text) => statement.bind(text.clone()),
            },
        )
    };
}
pub(super) use bind;

/// Runs queries in an open transaction of either engine and ends it: [`Database::transaction`].
macro_rules! run_in {
    ($transaction:expr, $queries:expr, $now:expr) => {{
        let (mut transaction, mut touched) = ($transaction, vec![]);
        for (at, query) in $queries.iter().enumerate() {
            let rows = bind!(query, $now).execute(&mut *transaction).await?.rows_affected();
            if query.is_required && rows == 0 {
                transaction.rollback().await?;
                return Ok(Transaction::RolledBack(at));
            }
            touched.push(rows);
        }
        transaction.commit().await?;
        Ok(Transaction::Committed(touched))
    }};
}
pub(super) use run_in;
