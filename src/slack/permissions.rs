//! SHELL. Where and to whom the service is open on Slack. The members of user groups are cached for some minutes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{api::Api, incoming::Incoming};
use crate::{arena::Refused, platform::permissions::check};

/// The time for which the members of a group are cached.
const CACHED_FOR: Duration = Duration::from_mins(5);

/// Allow-lists of ids; an empty one permits everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Channels.
    pub channels: Vec<String>,
    /// User groups; a person must be in one of them.
    pub groups: Vec<String>,
}

/// The allow-lists with the cached members of the groups.
#[derive(Default)]
pub(super) struct Permissions {
    access: Access,
    members: Mutex<HashMap<String, (Vec<String>, Instant)>>,
}

impl Permissions {
    pub(super) fn new(access: Access) -> Self {
        Self { access, members: Mutex::default() }
    }

    /// Checks whether a race may be asked for in that channel.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn check_place(&self, incoming: &Incoming) -> Result<(), Refused> {
        let place = incoming.place.as_ref();
        let is_there = |channel: &String| place.is_some_and(|place| place.channel == *channel);
        check(&self.access.channels, is_there, "in this channel")
    }

    /// Checks whether that person may ask for a race, asking Slack for the members of groups that are not cached.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`], also if Slack does not name the members.
    pub(super) async fn check_person(&self, api: &Api, incoming: &Incoming) -> Result<(), Refused> {
        let mut is_member = self.access.groups.is_empty();
        for group in &self.access.groups {
            is_member = is_member || self.members(api, group).await.contains(&incoming.user);
        }
        if is_member { Ok(()) } else { Err(Refused::NotPermitted("to your user groups here")) }
    }

    async fn members(&self, api: &Api, group: &str) -> Vec<String> {
        let known = self.members.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned();
        if let Some((members, since)) = &known
            && since.elapsed() < CACHED_FOR
        {
            return members.clone();
        }
        match api.members(group).await {
            Ok(members) => {
                let now = (members.clone(), Instant::now());
                self.members.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned(), now);
                members
            }
            Err(error) => {
                tracing::warn!(
                    group,
                    error = error.chain(),
                    "Slack does not name the members of a user group: does the app have the scope usergroups:read?"
                );
                known.map_or_else(Vec::new, |(members, _)| members)
            }
        }
    }
}
