//! SHELL. What people are called: Slack's events give ids, and often no name.
//!
//! Names are asked for once and remembered for a while. Must not know what anybody does.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::{api::Api, incoming::Incoming};

/// How long Slack may take to say a name: a race waits for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a name is believed: people change theirs.
const FRESH: Duration = Duration::from_hours(12);
/// How many are remembered.
const MOST: usize = 5_000;
/// Who has no name.
const SOMEBODY: &str = "somebody";

/// The names of those who asked lately.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<String, (String, Instant)>>);

impl Names {
    /// The name of whoever did `incoming`; "somebody" where Slack does not tell it in time. Untrusted text.
    pub(super) async fn of(&self, api: &Api, incoming: &Incoming) -> String {
        let now = Instant::now();
        if let Some(name) = self.known(&incoming.user, now) {
            return name;
        }
        let name = match timeout(PATIENCE, api.name(&incoming.user)).await {
            Ok(Ok(name)) => name,
            Ok(Err(error)) => {
                tracing::debug!(error = error.chain(), "a name is not known");
                return incoming.name.clone().unwrap_or_else(|| SOMEBODY.into());
            }
            Err(_) => return incoming.name.clone().unwrap_or_else(|| SOMEBODY.into()),
        };
        self.remember(&incoming.user, &name, now);
        name
    }

    fn known(&self, user: &str, now: Instant) -> Option<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, since) = names.get(user)?;
        (now.duration_since(*since) < FRESH).then(|| name.clone())
    }

    fn remember(&self, user: &str, name: &str, now: Instant) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST {
            names.clear();
        }
        names.insert(user.to_owned(), (name.to_owned(), now));
    }
}
