//! What the chat platforms share below the arena: what came already, how long to wait, whether one is there.
//!
//! Pure: time and chance are arguments. Must not know any one platform.

mod backoff;
mod seen;
mod state;

pub(crate) use self::{backoff::Backoff, seen::Seen, state::State};
