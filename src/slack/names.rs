//! SHELL. The names of users: Slack's events carry ids, and often no name. A name is looked up once and cached.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::{api::Api, incoming::Incoming};

/// A race waits for the name of its asker.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
/// Limits the age of a cached name: users change theirs.
const MAX_AGE: Duration = Duration::from_hours(12);
const MAX_NAMES: usize = 5_000;
/// Stands in for an unknown name.
const NAMELESS: &str = "someone";

/// A cache of the names of recent askers.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<String, (String, Instant)>>);

impl Names {
    /// Returns the name of the user behind `incoming`, or a stand-in if Slack does not tell it in time. Untrusted text.
    pub(super) async fn of(&self, api: &Api, incoming: &Incoming) -> String {
        let now = Instant::now();
        if let Some(name) = self.cached(&incoming.user, now) {
            return name;
        }
        match timeout(LOOKUP_TIMEOUT, api.name(&incoming.user)).await {
            Ok(Ok(name)) => {
                self.insert(&incoming.user, &name, now);
                name
            }
            failed => {
                let error = failed.ok().and_then(Result::err).map(|error| error.chain());
                tracing::debug!(error, "could not look up a user's name");
                incoming.name.clone().unwrap_or_else(|| NAMELESS.into())
            }
        }
    }

    fn cached(&self, user: &str, now: Instant) -> Option<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, since) = names.get(user)?;
        (now.duration_since(*since) < MAX_AGE).then(|| name.clone())
    }

    fn insert(&self, user: &str, name: &str, now: Instant) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.insert(user.to_owned(), (name.to_owned(), now));
    }
}
