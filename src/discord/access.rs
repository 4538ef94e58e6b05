//! Where and to whom the service is open on Discord. Pure. Must not know races.

use super::interaction::{Interaction, Place};
use crate::arena::Refused;

/// Lists of ids; one that is empty leaves all in.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Servers; where there are any, direct messages are left out.
    pub servers: Vec<u64>,
    /// Channels.
    pub channels: Vec<u64>,
    /// Roles, of which a person needs one.
    pub roles: Vec<u64>,
}

impl Access {
    /// Whether a race may be asked for there by that person.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`].
    pub(super) fn allows(&self, interaction: &Interaction) -> Result<(), Refused> {
        let is_server = |server: &u64| interaction.place == Place::Server(*server);
        if !self.servers.is_empty() && !self.servers.iter().any(is_server) {
            return Err(Refused::NotPermitted("in this server"));
        }
        if !self.channels.is_empty() && !interaction.channel.is_some_and(|id| self.channels.contains(&id)) {
            return Err(Refused::NotPermitted("in this channel"));
        }
        if !self.roles.is_empty() && !interaction.roles.iter().any(|role| self.roles.contains(role)) {
            return Err(Refused::NotPermitted("to your roles here"));
        }
        Ok(())
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
    fn each_list_holds_and_an_empty_one_leaves_all_in() {
        let here = asked(Some("10"), "20", &["30", "31"]);
        assert!(Access::default().allows(&here).is_ok());
        let access = Access { servers: vec![10], channels: vec![20], roles: vec![31] };
        assert!(access.allows(&here).is_ok());
        for (other, word) in [
            (asked(Some("11"), "20", &["31"]), "server"),
            (asked(None, "20", &["31"]), "server"),
            (asked(Some("10"), "21", &["31"]), "channel"),
            (asked(Some("10"), "20", &["30"]), "roles"),
        ] {
            let refused = access.allows(&other).expect_err(word);
            assert!(refused.to_string().contains(word), "{refused}");
        }
    }
}
