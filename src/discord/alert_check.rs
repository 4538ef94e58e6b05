//! SHELL. The check of the channel of alerts for an operator: is it there, and may the bot post in it?

use serde_json::Value;
use tokio::time::Instant;

use super::{
    interaction::{list, snowflake},
    rest::{Request, Rest, RestError, Route},
};

const ADMINISTRATOR: u64 = 1 << 3;
/// The permissions that alerts need in their channel, with the names that Discord's settings show
/// (<https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags>).
const NEEDED: [(u64, &str); 6] = [
    (1 << 10, "View Channel"),
    (1 << 11, "Send Messages"),
    (1 << 14, "Embed Links"),
    (1 << 15, "Attach Files"),
    (1 << 35, "Create Public Threads"),
    (1 << 38, "Send Messages in Threads"),
];

/// Checks the channel of alerts, within the time until `deadline`.
///
/// # Errors
/// One sentence for the operator.
pub(super) async fn check(rest: &Rest, channel: u64, bot: u64, deadline: Instant) -> Result<(), String> {
    let get = async |route| rest.send(&Request::new(route), deadline).await;
    let sentence = |error: RestError| match error {
        RestError::Forbidden { .. } => {
            format!("the bot does not see the channel {channel}: grant it View Channel there")
        }
        RestError::Gone | RestError::Invalid { status: 404, .. } => {
            format!("there is no channel {channel}: copy the id of one from its menu, with Developer Mode on")
        }
        error => error.chain(),
    };
    let found = get(Route::GetChannel { channel }).await.map_err(sentence)?;
    let Some(guild) = snowflake(&found["guild_id"]) else {
        return Err(format!("the channel {channel} is in no server"));
    };
    let roles = get(Route::ListRoles { guild }).await.map_err(|error| error.chain())?;
    let member = get(Route::Member { guild, user: bot }).await.map_err(|error| error.chain())?;
    let held = permissions(&found, &roles, &member, (guild, bot));
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(bit, _)| held & bit == 0).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("the bot lacks permissions in the channel {channel}: grant it {}", missing.join(", ")))
}

/// Returns the permissions of the member in the channel
/// (<https://docs.discord.com/developers/topics/permissions#permission-overwrites>).
fn permissions(channel: &Value, roles: &Value, member: &Value, (guild, user): (u64, u64)) -> u64 {
    let bits = |value: &Value| snowflake(value).unwrap_or_default();
    let mine: Vec<u64> = list(&member["roles"]).iter().filter_map(snowflake).chain([guild]).collect();
    let is_mine = |role: &&Value| snowflake(&role["id"]).is_some_and(|role| mine.contains(&role));
    let mut held = list(roles).iter().filter(is_mine).fold(0, |held, role| held | bits(&role["permissions"]));
    if held & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    let overwrites = list(&channel["permission_overwrites"]);
    let mut apply = |is_meant: &dyn Fn(u64) -> bool| {
        let meant = || overwrites.iter().filter(|one| snowflake(&one["id"]).is_some_and(is_meant));
        let (deny, allow) = (meant().map(|one| bits(&one["deny"])), meant().map(|one| bits(&one["allow"])));
        held = held & !deny.fold(0, |all, bits| all | bits) | allow.fold(0, |all, bits| all | bits);
    };
    apply(&|one| one == guild);
    apply(&|one| one != guild && mine.contains(&one));
    apply(&|one| one == user);
    held
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(everyone: u64, role: u64, overwrites: &Value) -> u64 {
        let roles = json!([
            { "id": "1", "permissions": everyone.to_string() },
            { "id": "2", "permissions": role.to_string() },
            { "id": "3", "permissions": "1023" },
        ]);
        let channel = json!({ "permission_overwrites": overwrites });
        permissions(&channel, &roles, &json!({ "roles": ["2"] }), (1, 9))
    }

    #[test]
    fn overwrites_apply_to_everyone_then_to_roles_then_to_the_member() {
        assert_eq!(held(0b001, 0b010, &json!([])), 0b011, "not those of other roles");
        let one = |id: &str, allow: &str, deny: &str| json!({ "id": id, "allow": allow, "deny": deny });
        assert_eq!(held(0b011, 0, &json!([one("1", "0", "3")])), 0);
        assert_eq!(held(0b011, 0, &json!([one("2", "1", "0"), one("1", "0", "3")])), 0b001);
        assert_eq!(held(0b011, 0, &json!([one("9", "0", "1"), one("2", "1", "0")])), 0b010);
        assert_eq!(held(0b011, 0, &json!([one("3", "4", "3")])), 0b011, "another role's");
        assert_eq!(held(ADMINISTRATOR, 0, &json!([one("1", "0", "1023")])), u64::MAX);
    }
}
