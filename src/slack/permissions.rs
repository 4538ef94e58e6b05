//! SHELL. The allow-lists of Slack: channels and user groups.

use super::{directory::Directory, incoming::Incoming};
use crate::{arena::Refused, platform::permissions::check};

/// Allow-lists of ids; an empty one permits everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Channels.
    pub channels: Vec<String>,
    /// User groups; a person must be in one of them.
    pub groups: Vec<String>,
}

impl Access {
    /// Checks whether a race may be asked for in that channel.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn check_place(&self, incoming: &Incoming) -> Result<(), Refused> {
        let place = incoming.place.as_ref();
        let is_there = |channel: &String| place.is_some_and(|place| place.channel == *channel);
        check(&self.channels, is_there, "in this channel")
    }

    /// Checks whether that person may ask for a race, asking Slack for the members of groups that are not cached.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`], also if Slack does not name the members.
    pub(super) async fn check_person(
        &self,
        directory: &Directory,
        incoming: &Incoming,
    ) -> Result<(), Refused> {
        let mut is_member = self.groups.is_empty();
        for group in &self.groups {
            is_member = is_member || directory.members(group).await.contains(&incoming.user);
        }
        if is_member { Ok(()) } else { Err(Refused::NotPermitted("to your user groups here")) }
    }
}
