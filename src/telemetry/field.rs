//! Names of fields in log lines and of labels on metrics: one word for one thing in both.
//!
//! In a log line: `tracing::info!({ field::PROVIDER } = "ollama", "...")`. Only fields marked so are labels:
//! their values are few. A user, a server or a channel is never a label.

/// Where people are: `discord`, `slack`, `web`, `terminal`. Also a label.
pub const PLATFORM: &str = "platform";
/// A command's name. Also a label.
pub const COMMAND: &str = "command";
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
/// An operation of the store. Also a label.
pub const OPERATION: &str = "operation";
/// The version of this program. Also a label.
pub const VERSION: &str = "version";
/// A race's id; in log lines only.
pub const RACE: &str = "race";
