//! What the store needs of an engine: statements in, rows out, and several statements that happen all or not at all.
//!
//! The statements are portable (`$1`, `ON CONFLICT`, `RETURNING`, BIGINT, TEXT, DOUBLE PRECISION; sums are cast).
//! `{now}` in one stands for the engine's own clock in milliseconds: replicas need one clock, and theirs may differ. Must
//! not know what the statements mean.

use async_trait::async_trait;

/// One statement with its values.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// In [`Database::all`]: where it touches no row, nothing of all this happens.
    pub(super) must: bool,
}

impl Query {
    /// `sql` with these values.
    pub(super) fn new(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { sql, values: values.into(), must: false }
    }

    /// The same, which must touch a row.
    pub(super) fn must(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { must: true, ..Self::new(sql, values) }
    }

    /// The statement with the engine's clock in it.
    pub(super) fn text(&self, now: &str) -> String {
        self.sql.replace("{now}", now)
    }
}

/// A value that goes into a statement or comes out of a row.
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

/// A row: its columns in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    /// The column's number; zero where it holds none.
    pub(super) fn int(&self, column: usize) -> i64 {
        if let Some(Value::Int(int)) = self.0.get(column) { *int } else { 0 }
    }

    /// The column's number with a fraction, where it holds one.
    pub(super) fn real(&self, column: usize) -> Option<f64> {
        if let Some(Value::Real(real)) = self.0.get(column) { *real } else { None }
    }

    /// The column's text; empty where it holds none.
    pub(super) fn string(&self, column: usize) -> String {
        self.text(column).unwrap_or_default().to_owned()
    }

    /// The column's text, where it holds one.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        if let Some(Value::Text(Some(text))) = self.0.get(column) { Some(text) } else { None }
    }
}

/// What became of several statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// All of them happened; so many rows were touched by each.
    All(Vec<u64>),
    /// None of them: the one at this place had to touch a row and did not.
    Stopped(usize),
}

/// An engine.
#[async_trait]
pub(super) trait Database: Send + Sync {
    /// Runs one statement and gives its rows.
    ///
    /// # Errors
    /// The engine's.
    async fn rows(&self, query: &Query) -> Result<Vec<Row>, sqlx::Error>;

    /// Runs all of them in one transaction, which no other one of the same rows runs beside.
    ///
    /// # Errors
    /// The engine's; none of them happened then, unless the connection was lost while they were confirmed.
    async fn all(&self, queries: &[Query]) -> Result<Done, sqlx::Error>;

    /// Lets all connections go.
    async fn close(&self);
}
