//! What the configuration says of one model at its provider.
//!
//! Must not know how a request is made of it.

use std::time::Duration;

use serde_json::{Map, Value};

/// One `[[model]]`, as far as its provider is concerned.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The model's name at the provider.
    pub model: String,
    /// The system text, if any.
    pub system: Option<String>,
    /// False folds the system text into the user's turn, for models without that role (Gemma 2).
    pub system_role: bool,
    /// The sampling temperature; `None` leaves it to the provider.
    pub temperature: Option<f64>,
    /// Upper bound of the answer in tokens; the prompt's own may lower it.
    pub max_tokens: Option<u32>,
    /// Merged into the request body last, so it wins.
    pub extra: Map<String, Value>,
    /// How long the model may take.
    pub deadlines: Deadlines,
}

/// Staged deadlines of one request. The defaults are those of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For a connection to come about.
    pub connect: Duration,
    /// From the request to the first content, reasoning or tool text.
    pub first_token: Duration,
    /// Between two events with content, reasoning or tool text; comments and empty events do not count.
    pub idle: Duration,
    /// From the request to the end.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_mins(3),
            idle: Duration::from_secs(90),
            total: Duration::from_mins(10),
        }
    }
}
