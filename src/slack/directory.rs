//! SHELL. The names of users and the members of user groups: Slack is asked, and its answers are cached.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::{api::Api, incoming::Incoming};

/// The time that Slack may take to name a user: a race waits for the name of its asker.
const NAME_TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum age of a cached name: users change theirs.
const MAX_NAME_AGE: Duration = Duration::from_hours(12);
/// The maximum age of the cached members of a group.
const MAX_MEMBERS_AGE: Duration = Duration::from_mins(5);
/// The maximum number of cached answers.
const MAX_CACHED: usize = 5_000;
/// The substitute for an unknown name.
const NAMELESS: &str = "someone";

/// The users of a workspace.
pub(super) struct Directory {
    api: Api,
    names: Cache<String>,
    members: Cache<Vec<String>>,
}

impl Directory {
    pub(super) fn new(api: Api) -> Self {
        Self { api, names: Cache::new(MAX_NAME_AGE), members: Cache::new(MAX_MEMBERS_AGE) }
    }

    /// Returns the name of the user behind `incoming`, or a substitute if Slack does not name them in time. Untrusted text.
    pub(super) async fn name(&self, incoming: &Incoming) -> String {
        let name = self.name_of(&incoming.user).await.or_else(|| incoming.name.clone());
        name.unwrap_or_else(|| NAMELESS.into())
    }

    /// Returns the name of a user, if Slack names them in time. Untrusted text.
    pub(super) async fn name_of(&self, user: &str) -> Option<String> {
        let ask = async {
            let asked = timeout(NAME_TIMEOUT, self.api.name(user)).await;
            if !matches!(asked, Ok(Ok(_))) {
                tracing::debug!(?asked, "could not look up a user's name");
            }
            asked.ok()?.ok()
        };
        self.names.get(user, ask).await
    }

    /// Returns the ids of the members of a user group; none if Slack never named them.
    pub(super) async fn members(&self, group: &str) -> Vec<String> {
        let ask = async {
            let asked = self.api.members(group).await.inspect_err(|error| {
                tracing::warn!(
                    group,
                    %error,
                    "Slack does not name the members of a user group: does the app have the scope usergroups:read?"
                );
            });
            asked.ok()
        };
        self.members.get(group, ask).await.unwrap_or_default()
    }
}

/// Answers of Slack by the id that they are about.
struct Cache<V> {
    max_age: Duration,
    known: Mutex<HashMap<String, (V, Instant)>>,
}

impl<V: Clone> Cache<V> {
    fn new(max_age: Duration) -> Self {
        Self { max_age, known: Mutex::default() }
    }

    /// Returns the cached answer, or that of `ask` once it is too old. An old one is better than none.
    async fn get(&self, id: &str, ask: impl Future<Output = Option<V>>) -> Option<V> {
        let cached = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some((value, since)) = &cached
            && since.elapsed() < self.max_age
        {
            return Some(value.clone());
        }
        let Some(value) = ask.await else { return cached.map(|(value, _)| value) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(id.to_owned(), (value.clone(), Instant::now()));
        Some(value)
    }
}
