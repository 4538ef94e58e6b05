//! A message that a person wrote, from the gateway: read as an [`Interaction`] that cannot be answered. Pure.
//!
//! Without the privileged intent for message contents, Discord sends the text of direct messages and of messages that mention
//! the bot (<https://docs.discord.com/developers/events/gateway#message-content-intent>). All others are ignored here.

use serde_json::Value;
use tokio::time::Instant;

use super::interaction::{self, ChannelKind, Interaction, Kind};

/// `DEFAULT` and `REPLY` (<https://docs.discord.com/developers/resources/message#message-object-message-types>).
const TYPES: [u64; 2] = [0, 19];

/// Reads a message to `bot`; `None` for messages of bots and webhooks, and for those that are not meant for it.
pub(crate) fn read(json: &Value, bot: u64, received_at: Instant) -> Option<Interaction> {
    let (author, member) = (&json["author"], &json["member"]);
    let is_of_person = author["bot"] != true && author["system"] != true && json["webhook_id"].is_null();
    let is_plain = json["type"].as_u64().is_none_or(|kind| TYPES.contains(&kind));
    let server = interaction::snowflake(&json["guild_id"]);
    let mentions = interaction::list(&json["mentions"]);
    let is_mentioned = mentions.iter().any(|user| interaction::snowflake(&user["id"]) == Some(bot));
    if !is_of_person || !is_plain || (server.is_some() && !is_mentioned) {
        return None;
    }
    let text = without_mention(json["content"].as_str().unwrap_or_default(), bot);
    let files = interaction::list(&json["attachments"]);
    Some(Interaction {
        id: interaction::snowflake(&json["id"])?,
        application: 0,
        token: String::new().into(),
        received_at,
        channel: interaction::snowflake(&json["channel_id"]),
        thread_parent: None,
        place: server.map_or(ChannelKind::BotDm, ChannelKind::Server),
        bot_is_member: true,
        user: interaction::snowflake(&author["id"])?,
        name: interaction::name_in(member, author),
        may_manage: false,
        roles: interaction::list(&member["roles"]).iter().filter_map(interaction::snowflake).collect(),
        file_limit: 0,
        may_attach: true,
        files: files.iter().map(interaction::attachment).collect(),
        with_threads: None,
        kind: Kind::Message { text: Some(text).filter(|text| !text.is_empty() || !files.is_empty())? },
    })
}

/// Returns `text` without the mentions of `bot`.
fn without_mention(text: &str, bot: u64) -> String {
    let text = text.replace(&format!("<@{bot}>"), "").replace(&format!("<@!{bot}>"), "");
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::files::RemoteFile;

    const BOT: u64 = 42;

    fn said() -> Value {
        json!({
            "id": "1001", "type": 0, "channel_id": "88", "guild_id": "77", "content": "<@42> and at night?",
            "author": { "id": "5", "username": "ada", "global_name": "Ada" },
            "member": { "nick": "Countess", "roles": ["30"] },
            "mentions": [{ "id": "42", "username": "arena", "bot": true }],
        })
    }

    fn text(json: &Value) -> Option<String> {
        match read(json, BOT, Instant::now())?.kind {
            Kind::Message { text } => Some(text),
            _ => None,
        }
    }

    fn with(pointer: &str, field: &str, value: Value) -> Value {
        let mut json = said();
        json.pointer_mut(pointer).expect("an object")[field] = value;
        json
    }

    #[test]
    fn a_mention_in_a_server_is_read() {
        let read = read(&said(), BOT, Instant::now()).expect("a message");
        assert_eq!((read.id, read.user, read.channel, read.name.as_str()), (1001, 5, Some(88), "Countess"));
        assert_eq!((read.place, read.roles.as_slice()), (ChannelKind::Server(77), [30].as_slice()));
        assert_eq!(text(&said()).as_deref(), Some("and at night?"));
        let old = with("", "content", "Hey <@!42>, why?".into());
        assert_eq!(text(&old).as_deref(), Some("Hey , why?"));
        // a reply mentions its author without words
        let reply = with("", "type", 19.into());
        assert_eq!(text(&reply).as_deref(), Some("and at night?"));
    }

    #[test]
    fn the_files_of_a_message_are_read() {
        let file =
            json!({ "filename": "a.txt", "content_type": "text/plain", "size": 3, "url": "https://x/a" });
        let mut shared = with("", "attachments", json!([file]));
        let files = |json: &Value| read(json, BOT, Instant::now()).expect("a message").files;
        let want = RemoteFile {
            name: "a.txt".into(),
            declared: "text/plain".into(),
            size: Some(3),
            url: "https://x/a".into(),
        };
        assert_eq!(files(&shared), [want]);
        shared["content"] = "<@42>".into();
        assert_eq!((text(&shared).as_deref(), files(&shared).len()), (Some(""), 1));
    }

    #[test]
    fn plain_words_are_read_in_direct_messages_alone() {
        let mut plain = with("", "mentions", json!([]));
        plain["content"] = "why?".into();
        assert_eq!(text(&plain), None);
        plain["guild_id"] = Value::Null;
        assert_eq!(text(&plain).as_deref(), Some("why?"));
    }

    #[test]
    fn bots_webhooks_and_events_are_ignored() {
        for other in [
            with("/author", "bot", true.into()),
            with("/author", "system", true.into()),
            with("", "webhook_id", "9".into()),
            with("", "type", 18.into()),
            with("", "mentions", json!([{ "id": "43" }])),
            with("", "content", "<@42>".into()),
            json!({}),
            Value::Null,
        ] {
            assert_eq!(text(&other), None, "{other}");
        }
    }
}
