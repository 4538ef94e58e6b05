//! Why the store did not do it. Variants by what one does about it; texts for logs and operators, without statements
//! or addresses.

use std::{error::Error as _, io, sync::Arc};

/// Why the store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not there (yet).
    #[error("the store is not open")]
    Unavailable,
    /// It did not answer in time; what was asked may have happened.
    #[error("the store did not answer in time")]
    TimedOut,
    /// It cannot write: the disk is full, or the file may not be written.
    #[error("the store cannot write")]
    Unwritable(#[source] Arc<sqlx::Error>),
    /// The engine did not do it.
    #[error("the store failed")]
    Failed(#[source] Arc<sqlx::Error>),
    /// What stands there cannot be read.
    #[error("the store holds something that this version cannot read")]
    Unreadable,
}

impl StoreError {
    /// The error and its causes in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }
}

/// SQLite's codes for a full disk, a file that may not be written and an input or output error
/// (<https://sqlite.org/rescode.html>).
const CANNOT_WRITE: [&str; 3] = ["13", "8", "10"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .unwrap_or_default()
            .into_owned();
        // an extended code has the plain one in its lowest byte
        let plain = code.parse::<u32>().map(|code| (code & 0xff).to_string()).unwrap_or_default();
        let is_full = code == "53100" || (code.len() < 5 && CANNOT_WRITE.contains(&plain.as_str()));
        match &error {
            _ if is_full => Self::Unwritable(Arc::new(error)),
            sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::StorageFull => {
                Self::Unwritable(Arc::new(error))
            }
            _ => Self::Failed(Arc::new(error)),
        }
    }
}
