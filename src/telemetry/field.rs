//! Names shared by log fields and metric labels.
//!
//! In a log line: `tracing::info!({ field::PROVIDER } = "ollama", "...")`. Only the marked fields are labels, since
//! they have few values. A user, a server or a channel is never a label.

/// A provider's id in the configuration. Also a label.
pub const PROVIDER: &str = "provider";
/// A model's id in the configuration. Also a label.
pub const MODEL: &str = "model";
/// An outcome. Also a label.
pub const OUTCOME: &str = "outcome";
/// The kind of tokens counted: `output` or `reasoning`. Also a label.
pub const KIND: &str = "kind";
/// The reason of a refusal or a loss. Also a label.
pub const REASON: &str = "reason";
/// A chat platform, such as `discord`. Also a label.
pub const PLATFORM: &str = "platform";
/// A user's action: the name of a command, `button` or `completion`. Also a label.
pub const COMMAND: &str = "command";
/// The name of a route of a platform's API, without ids. Also a label.
pub const ROUTE: &str = "route";
/// The scope of a rate limit: `user`, `global`, `shared` or `address`. Also a label.
pub const SCOPE: &str = "scope";
/// A race's id. The footer of its message shows the last characters.
pub const RACE: &str = "race";
/// The platform's id of a delivery.
pub const DELIVERY: &str = "delivery";
/// A store operation: `read` or `write`. Also a label.
pub const OPERATION: &str = "op";
/// The version of this program. Also a label.
pub const VERSION: &str = "version";
