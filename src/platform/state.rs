//! Whether the connection to a platform is there: for readiness and for people.

use tokio::time::Instant;

/// The state of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was never there yet.
    Connecting {
        /// Since when it is tried.
        since: Instant,
    },
    /// What people do arrives.
    Ready,
    /// It was lost, or could not be reached; it is tried again.
    Lost {
        /// One sentence for the log and `/readyz`, nothing secret.
        why: String,
    },
    /// It will not be tried again: somebody must act, then start the program anew.
    Refused {
        /// What is wrong and the way out.
        why: String,
    },
}
