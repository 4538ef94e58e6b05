//! The log of the scripted provider by its own clock: the ground truth that measurements are compared with.

use serde_json::Value;
use tokio::time::Instant;

/// The log of one provider.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Violations of the rules by the client.
    pub violations: Vec<String>,
    /// Connections so far.
    pub connections: usize,
    /// Answered questions for the list.
    pub listings: Vec<Listed>,
    /// Completions in the order of their requests.
    pub exchanges: Vec<Exchange>,
}

/// One question for the list of models.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Only the head was requested.
    pub head_only: bool,
    /// Time of the response.
    pub at: Instant,
}

/// One completion.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The model that was asked.
    pub model: String,
    /// The number of the connection.
    pub connection: usize,
    /// The connection had carried a request before.
    pub warm: bool,
    /// Time of the first byte of the request.
    pub arrived: Instant,
    /// The body of the request.
    pub body: Value,
    /// Time and number of tokens of each write of content.
    pub writes: Vec<(Instant, u64)>,
    /// The end of the completion; `None` while it runs.
    pub end: Option<End>,
}

/// The end of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The script was played to its end; the connection can be used again.
    Whole(Instant),
    /// The script was played to its end, which closed the connection.
    Closed(Instant),
    /// The client went away in mid-answer.
    Left(Instant),
}

impl Exchange {
    /// Tokens of content sent.
    pub fn tokens(&self) -> u64 {
        self.writes.iter().map(|(_, tokens)| tokens).sum()
    }

    /// Returns the time at which the client disconnected in mid-answer.
    pub fn left(&self) -> Option<Instant> {
        match self.end {
            Some(End::Left(at)) => Some(at),
            _ => None,
        }
    }
}
