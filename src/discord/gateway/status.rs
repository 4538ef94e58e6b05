//! The state of the gateway over all shards, for readiness and for people.

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

/// The states of the shards, published as one: the worst of them.
#[derive(Debug)]
pub(super) struct Status {
    shards: Mutex<Vec<State>>,
    published: watch::Sender<State>,
}

impl Status {
    /// One shard that has been connecting since `now`.
    pub(super) fn new(published: watch::Sender<State>, now: Instant) -> Self {
        let status = Self { shards: Mutex::default(), published };
        status.restart(1, now);
        status
    }

    /// Starts over with `shards` shards that have been connecting since `now`.
    pub(super) fn restart(&self, shards: u32, now: Instant) {
        let mut states = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        *states = (0..shards.max(1)).map(|_| State::Connecting { since: now }).collect();
        self.publish(&states);
    }

    /// Sets the state of one shard.
    pub(super) fn set(&self, shard: u32, state: State) {
        let mut states = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = usize::try_from(shard).ok().and_then(|shard| states.get_mut(shard)) {
            *own = state;
        }
        self.publish(&states);
    }

    fn publish(&self, states: &[State]) {
        let Some(worst) = states.iter().max_by_key(|state| badness(state)) else { return };
        self.published.send_if_modified(|published| {
            let is_new = published != worst;
            published.clone_from(worst);
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_shard_determines_the_state() {
        let now = Instant::now();
        let (published, state) = watch::channel(State::Ready);
        let status = Status::new(published, now);
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
