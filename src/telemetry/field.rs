//! Names of fields in log lines and of labels on metrics: one word for one thing in both.
//!
//! In a log line: `tracing::info!({ field::PROVIDER } = "ollama", "...")`. Only fields marked so are labels:
//! their values are few. A user, a server or a channel is never a label.

/// A provider's id in the configuration. Also a label.
pub const PROVIDER: &str = "provider";
/// A model's id in the configuration. Also a label.
pub const MODEL: &str = "model";
/// How something ended. Also a label.
pub const OUTCOME: &str = "outcome";
/// Which kind of a thing was counted: `output` or `reasoning` tokens. Also a label.
pub const KIND: &str = "kind";
/// Why something was refused or lost. Also a label.
pub const REASON: &str = "reason";
/// The version of this program. Also a label.
pub const VERSION: &str = "version";
