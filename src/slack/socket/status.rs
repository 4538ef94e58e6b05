//! Whether Slack is there, over all connections: for readiness and for people.
//!
//! Slack sends each thing to any one open connection, so one that lives is enough. Must not know how a connection
//! is made.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::watch, time::Instant};

use crate::{platform::ConnectionState as State, telemetry::metrics};

/// The connections, told as one state.
#[derive(Debug)]
pub(super) struct Status {
    now: Mutex<Now>,
    told: watch::Sender<State>,
}

#[derive(Debug)]
struct Now {
    live: u32,
    /// What is said while none lives.
    dark: State,
}

/// One connection that lives; when it is dropped it does no more.
#[derive(Debug)]
pub(super) struct Live(Arc<Status>);

impl Status {
    /// Connecting since `now`.
    pub(super) fn new(told: watch::Sender<State>, now: Instant) -> Self {
        let dark = State::Connecting { since: now };
        told.send_replace(dark.clone());
        Self { now: Mutex::new(Now { live: 0, dark }), told }
    }

    /// A connection was greeted.
    pub(super) fn live(self: &Arc<Self>) -> Live {
        self.change(|now| now.live += 1);
        Live(Arc::clone(self))
    }

    /// Why there is none, or no second one. Nothing is said after `Refused`.
    pub(super) fn trouble(&self, state: State) {
        self.change(|now| {
            if !matches!(now.dark, State::Refused { .. }) {
                now.dark = state;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        ::metrics::gauge!(metrics::SLACK_CONNECTIONS_LIVE).set(now.live);
        let state = if now.live > 0 { &State::Ready } else { &now.dark };
        self.told.send_if_modified(|told| {
            let news = told != state;
            told.clone_from(state);
            news
        });
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.change(|now| now.live -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_speaks_for_all() {
        let now = Instant::now();
        let (told, state) = watch::channel(State::Ready);
        let status = Arc::new(Status::new(told, now));
        assert_eq!(*state.borrow(), State::Connecting { since: now });
        let (first, second) = (status.live(), status.live());
        drop(first);
        let lost = State::Lost { why: "gone".into() };
        status.trouble(lost.clone());
        assert_eq!(*state.borrow(), State::Ready);
        drop(second);
        assert_eq!(*state.borrow(), lost);
        let refused = State::Refused { why: "no".into() };
        status.trouble(refused.clone());
        status.trouble(lost);
        assert_eq!(*state.borrow(), refused);
        let _third = status.live();
        assert_eq!(*state.borrow(), State::Ready, "it lives all the same");
    }
}
