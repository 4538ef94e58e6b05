//! What the fake gateway saw, by its own clock.

use tokio::time::Instant;

/// The log of one gateway.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What the client did wrong.
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
    /// How connections ended that had got their HELLO.
    pub ends: Vec<End>,
}

/// A session was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Identify {
    /// When.
    pub at: Instant,
    /// The shard's number, and of how many.
    pub shard: (u64, u64),
    /// The intents.
    pub intents: u64,
}

/// A session was taken up again.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// When.
    pub at: Instant,
    /// The last sequence that the client knows.
    pub sequence: u64,
    /// Events that it had missed.
    pub replayed: usize,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The client's close code; `None` where it sent no close frame.
    pub code: Option<u16>,
    /// Who ended it.
    pub by_client: bool,
}
