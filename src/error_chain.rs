//! An error with its causes, for logs, which show only the outermost error otherwise.

use std::{error::Error, iter};

/// Returns `error` and its causes in one line.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
