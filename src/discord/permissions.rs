//! The allow-lists of Discord: servers, channels and roles.

use super::interaction::{ChannelKind, Interaction};
use crate::{arena::Refused, platform::permissions::check};

/// Allow-lists of ids; an empty one permits everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Servers; if there are any, direct messages are not permitted.
    pub servers: Vec<u64>,
    /// Channels, with the threads in them.
    pub channels: Vec<u64>,
    /// Roles; a person needs one of them.
    pub roles: Vec<u64>,
}

impl Access {
    /// Checks whether that person may ask for a race there.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn check(&self, interaction: &Interaction) -> Result<(), Refused> {
        check(&self.servers, |server| interaction.place == ChannelKind::Server(*server), "in this server")?;
        let is_here =
            |channel: &u64| [interaction.channel, interaction.thread_parent].contains(&Some(*channel));
        check(&self.channels, is_here, "in this channel")?;
        self.check_person(interaction)
    }

    /// Checks the roles of that person alone.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn check_person(&self, interaction: &Interaction) -> Result<(), Refused> {
        check(&self.roles, |role| interaction.roles.contains(role), "to your roles here")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::discord::interaction::read;

    fn asked(server: Option<&str>, channel: &str, roles: &[&str]) -> Interaction {
        read(&interaction_json(server, channel, roles), Instant::now()).expect("an interaction")
    }

    fn interaction_json(server: Option<&str>, channel: &str, roles: &[&str]) -> serde_json::Value {
        let mut json = json!({
            "id": "1", "application_id": "2", "token": "t", "type": 2, "channel_id": channel,
            "context": i32::from(server.is_none()),
            "member": { "user": { "id": "3" }, "roles": roles },
            "data": { "name": "arena", "options": [{ "type": 1, "name": "help" }] },
        });
        if let Some(server) = server {
            json["guild_id"] = server.into();
        }
        json
    }

    #[test]
    fn each_list_holds_and_an_empty_one_permits_all() {
        let here = asked(Some("10"), "20", &["30", "31"]);
        assert!(Access::default().check(&here).is_ok());
        let access = Access { servers: vec![10], channels: vec![20], roles: vec![31] };
        assert!(access.check(&here).is_ok());
        for (other, word) in [
            (asked(Some("11"), "20", &["31"]), "server"),
            (asked(None, "20", &["31"]), "server"),
            (asked(Some("10"), "21", &["31"]), "channel"),
            (asked(Some("10"), "20", &["30"]), "roles"),
        ] {
            let refused = access.check(&other).expect_err(word);
            assert!(refused.to_string().contains(word), "{refused}");
        }
    }

    #[test]
    fn a_thread_is_permitted_with_its_channel() {
        let access = Access { channels: vec![20], ..Access::default() };
        let within = |channel_type: u8, parent: &str| {
            let mut json = interaction_json(Some("10"), "99", &[]);
            json["channel"] = json!({ "id": "99", "type": channel_type, "parent_id": parent });
            access.check(&read(&json, Instant::now()).expect("an interaction")).is_ok()
        };
        for thread in [10, 11, 12] {
            assert!(within(thread, "20") && !within(thread, "21"), "{thread}");
        }
        assert!(!within(0, "20"), "the parent of a channel is its category");
    }
}
