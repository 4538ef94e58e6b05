//! What the scripted provider saw and did, by its own clock: the truth that measurements are held to.

use serde_json::Value;
use tokio::time::Instant;

/// The log of one provider.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What the client did wrong.
    pub violations: Vec<String>,
    /// Connections so far.
    pub connections: usize,
    /// Answered questions for the list.
    pub listings: Vec<Listed>,
    /// Completions in the order in which they were asked for.
    pub exchanges: Vec<Exchange>,
}

/// One question for the list of models.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Only its head was asked for.
    pub head_only: bool,
    /// When it was answered.
    pub at: Instant,
}

/// One completion.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The model that was asked.
    pub model: String,
    /// On which connection, by its number.
    pub connection: usize,
    /// The connection had carried a request before.
    pub warm: bool,
    /// When the first byte of the request came.
    pub arrived: Instant,
    /// The body of the request.
    pub body: Value,
    /// When content went out, and how many tokens of it.
    pub writes: Vec<(Instant, u64)>,
    /// How it ended; `None` while it runs.
    pub end: Option<End>,
}

/// How a completion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As the script says: whole, the connection may be used again.
    Whole(Instant),
    /// As the script says: with the connection.
    Closed(Instant),
    /// The client went away in mid-answer.
    Left(Instant),
}

impl Exchange {
    /// Tokens of content sent.
    pub fn tokens(&self) -> u64 {
        self.writes.iter().map(|(_, tokens)| tokens).sum()
    }

    /// When the client went away in mid-answer.
    pub fn left(&self) -> Option<Instant> {
        match self.end {
            Some(End::Left(at)) => Some(at),
            _ => None,
        }
    }
}
