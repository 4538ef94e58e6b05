//! Where something is said: a channel, or a thread in it.

/// A channel, and perhaps a thread in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// `C...`, `G...` or `D...`.
    pub(crate) channel: String,
    /// The time stamp of the thread's first message; `None` is the channel itself.
    pub(crate) thread: Option<String>,
}
