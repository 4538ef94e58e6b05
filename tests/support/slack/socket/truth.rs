//! The log of the fake socket server, by its own clock.

use std::time::Duration;

use serde_json::Value;

/// The log of one server.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Violations of the rules by the client.
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
    /// The ends of connections that had been greeted.
    pub ends: Vec<End>,
}

impl Truth {
    /// Returns the number of acknowledgements of an envelope.
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
    /// Its payload.
    pub payload: Option<Value>,
    /// Time from the envelope to the acknowledgement.
    pub after: Duration,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The connection.
    pub link: usize,
    /// The client's close code; `None` where it sent no close frame.
    pub code: Option<u16>,
    /// The client ended it.
    pub by_client: bool,
}
