//! Whether the gateway is there, over all shards: for readiness and for people.
//!
//! Must not know how a connection is made.

use std::sync::{Mutex, PoisonError};

use tokio::{sync::watch, time::Instant};

pub(crate) use crate::platform::ConnectionState as State;

fn badness(state: &State) -> u8 {
    match state {
        State::Ready => 0,
        State::Connecting { .. } => 1,
        State::Lost { .. } => 2,
        State::Refused { .. } => 3,
    }
}

/// The states of the shards, told as one.
#[derive(Debug)]
pub(super) struct Status {
    shards: Mutex<Vec<State>>,
    told: watch::Sender<State>,
}

impl Status {
    /// One shard that connects since `now`.
    pub(super) fn new(told: watch::Sender<State>, now: Instant) -> Self {
        let status = Self { shards: Mutex::default(), told };
        status.restart(1, now);
        status
    }

    /// So many shards connect since `now`.
    pub(super) fn restart(&self, shards: u32, now: Instant) {
        let mut states = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        *states = (0..shards.max(1)).map(|_| State::Connecting { since: now }).collect();
        self.tell(&states);
    }

    /// The state of one shard.
    pub(super) fn set(&self, shard: u32, state: State) {
        let mut states = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = usize::try_from(shard).ok().and_then(|shard| states.get_mut(shard)) {
            *own = state;
        }
        self.tell(&states);
    }

    fn tell(&self, states: &[State]) {
        let Some(worst) = states.iter().max_by_key(|state| badness(state)) else { return };
        self.told.send_if_modified(|told| {
            let news = told != worst;
            told.clone_from(worst);
            news
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_shard_speaks_for_all() {
        let now = Instant::now();
        let (told, state) = watch::channel(State::Ready);
        let status = Status::new(told, now);
        status.restart(2, now);
        assert_eq!(*state.borrow(), State::Connecting { since: now });
        status.set(0, State::Ready);
        assert_eq!(*state.borrow(), State::Connecting { since: now });
        status.set(1, State::Ready);
        assert_eq!(*state.borrow(), State::Ready);
        let lost = State::Lost { why: "gone".into() };
        status.set(0, lost.clone());
        assert_eq!(*state.borrow(), lost);
        status.set(1, State::Refused { why: "no".into() });
        assert_eq!(*state.borrow(), State::Refused { why: "no".into() });
        status.set(7, State::Ready);
        assert_eq!(*state.borrow(), State::Refused { why: "no".into() });
    }
}
