//! SHELL. Where and to whom the service is open on Slack. Who is in a user group is asked for and believed for a while.
//!
//! Must not know races.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{api::Api, incoming::Incoming};
use crate::arena::Refused;

/// How long the members of a group are believed.
const FRESH: Duration = Duration::from_mins(5);

/// Lists of ids; one that is empty leaves all in.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Channels.
    pub channels: Vec<String>,
    /// User groups, of which a person needs to be in one.
    pub groups: Vec<String>,
}

/// The same with what is known of the groups.
#[derive(Default)]
pub(super) struct Door {
    access: Access,
    known: Mutex<HashMap<String, (Vec<String>, Instant)>>,
}

impl Door {
    pub(super) fn new(access: Access) -> Self {
        Self { access, known: Mutex::default() }
    }

    /// Whether a race may be asked for in that channel.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn allows_place(&self, incoming: &Incoming) -> Result<(), Refused> {
        let channels = &self.access.channels;
        let is_open = incoming.place.as_ref().is_some_and(|place| channels.contains(&place.channel));
        if channels.is_empty() || is_open { Ok(()) } else { Err(Refused::NotPermitted("in this channel")) }
    }

    /// Whether that person may ask for a race. Slack may have to be asked.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`], also where Slack does not tell who is in the groups.
    pub(super) async fn allows_person(&self, api: &Api, incoming: &Incoming) -> Result<(), Refused> {
        if self.access.groups.is_empty() {
            return Ok(());
        }
        for group in &self.access.groups {
            if self.members(api, group).await.contains(&incoming.user) {
                return Ok(());
            }
        }
        Err(Refused::NotPermitted("to your user groups here"))
    }

    async fn members(&self, api: &Api, group: &str) -> Vec<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned();
        if let Some((members, since)) = &known
            && since.elapsed() < FRESH
        {
            return members.clone();
        }
        match api.members(group).await {
            Ok(members) => {
                let now = (members.clone(), Instant::now());
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned(), now);
                members
            }
            Err(error) => {
                tracing::warn!(
                    group,
                    error = error.chain(),
                    "Slack does not tell who is in a user group: does the app have the scope usergroups:read?"
                );
                known.map_or_else(Vec::new, |(members, _)| members)
            }
        }
    }
}
