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
/// A chat platform: `discord`. Also a label.
pub const PLATFORM: &str = "platform";
/// What a person did: a command's word, `button`, `completion`. Also a label.
pub const COMMAND: &str = "command";
/// A route of a platform's API, by its name without ids. Also a label.
pub const ROUTE: &str = "route";
/// Whose rate limit it was: `user`, `global`, `shared` or `address`. Also a label.
pub const SCOPE: &str = "scope";
/// A race's id; its end stands in its message's footer.
pub const RACE: &str = "race";
/// The platform's id of what it delivered.
pub const DELIVERY: &str = "delivery";
/// What the store is asked for: `read` or `write`. Also a label.
pub const OPERATION: &str = "op";
/// The version of this program. Also a label.
pub const VERSION: &str = "version";
