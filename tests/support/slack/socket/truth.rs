//! What the fake socket server saw, by its own clock.

use std::time::Duration;

use serde_json::Value;

/// The log of one server.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What the client did wrong.
    pub violations: Vec<String>,
    /// TCP connections so far, refused ones too.
    pub connections: usize,
    /// Connections that were greeted and not ended, by their numbers.
    pub live: Vec<usize>,
    /// The most of them at one time.
    pub most_live: usize,
    /// Envelopes that were sent, again or for the first time.
    pub sent: Vec<Sent>,
    /// Envelopes for which no connection was there.
    pub undelivered: usize,
    /// Every acknowledgement that was right.
    pub acks: Vec<Ack>,
    /// Pings of the client.
    pub pings: usize,
    /// How connections ended that had been greeted.
    pub ends: Vec<End>,
}

impl Truth {
    /// How often an envelope was acknowledged.
    pub fn acks_of(&self, envelope: &str) -> usize {
        self.acks.iter().filter(|ack| ack.envelope == envelope).count()
    }
}

/// An envelope went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub envelope: String,
    /// The connection.
    pub link: usize,
}

/// An envelope was acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    /// Its id.
    pub envelope: String,
    /// The connection.
    pub link: usize,
    /// What was answered, if anything.
    pub payload: Option<Value>,
    /// How long it took.
    pub after: Duration,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The connection.
    pub link: usize,
    /// The client's close code; `None` where it sent no close frame.
    pub code: Option<u16>,
    /// Who ended it.
    pub by_client: bool,
}
