//! The log of the fake gateway, by its own clock.

use tokio::time::Instant;

/// The log of one gateway.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Violations of the rules by the client.
    pub violations: Vec<String>,
    /// TCP connections so far, refused ones too.
    pub connections: usize,
    /// Sessions that are connected now.
    pub live: usize,
    /// Every IDENTIFY with a right token.
    pub identifies: Vec<Identify>,
    /// Every RESUME of a session that was there.
    pub resumes: Vec<Resume>,
    /// Every heartbeat: when, and with which sequence.
    pub heartbeats: Vec<(Instant, Option<u64>)>,
    /// The ends of connections that had received HELLO.
    pub ends: Vec<End>,
}

/// An IDENTIFY.
#[derive(Clone, Copy, Debug)]
pub struct Identify {
    /// The time of the IDENTIFY.
    pub at: Instant,
    /// The shard's number, and of how many.
    pub shard: (u64, u64),
    /// The intents.
    pub intents: u64,
}

/// A session was taken up again.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// The time of the RESUME.
    pub at: Instant,
    /// The last sequence known to the client.
    pub sequence: u64,
    /// Events that it had missed.
    pub replayed: usize,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The client's close code; `None` where it sent no close frame.
    pub code: Option<u16>,
    /// The client ended it.
    pub by_client: bool,
}
