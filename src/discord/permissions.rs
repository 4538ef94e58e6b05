//! The allow-lists of Discord: servers, channels and roles.

use super::interaction::{ChannelKind, Interaction};
use crate::{arena::Refused, platform::permissions::check};

/// Allow-lists of ids; an empty one permits everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Servers; if there are any, direct messages are not permitted.
    pub servers: Vec<u64>,
    /// Channels.
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
        check(&self.channels, |channel| interaction.channel == Some(*channel), "in this channel")?;
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
        let mut json = json!({
            "id": "1", "application_id": "2", "token": "t", "type": 2, "channel_id": channel,
            "context": i32::from(server.is_none()),
            "member": { "user": { "id": "3" }, "roles": roles },
            "data": { "name": "arena", "options": [{ "type": 1, "name": "help" }] },
        });
        if let Some(server) = server {
            json["guild_id"] = server.into();
        }
        read(&json, Instant::now()).expect("an interaction")
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
}
