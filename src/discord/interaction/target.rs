//! The message on which a message command was used. Pure.
//!
//! Discord sends all of it, without the privileged intent for the content of messages
//! (<https://docs.discord.com/developers/events/gateway#message-content-intent>).

use serde_json::Value;

use super::{attachment, display_name, list, server, snowflake, text};
use crate::{
    platform::message::{MessageAuthor, SourceMessage},
    race::Quote,
};

/// The message on which a command was used. Without `Debug`, because it holds a user's words.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct TargetMessage {
    /// Its text and its files, or what is missing.
    pub(crate) source: SourceMessage,
    /// Its author and its address.
    pub(crate) quote: Quote,
}

/// Reads the target of a message command that `user` used; `None` if Discord did not send it.
/// <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure>
pub(super) fn target(json: &Value, user: u64) -> Option<TargetMessage> {
    let data = &json["data"];
    let message = data["resolved"]["messages"].get(data["target_id"].as_str()?)?;
    let (id, author) = (snowflake(&message["id"])?, &message["author"]);
    let author_id = snowflake(&author["id"]);
    let ours = snowflake(&json["application_id"]);
    let is_ours = [author_id, snowflake(&message["application_id"])].contains(&ours);
    let server = server(json).map_or_else(|| "@me".to_owned(), |server| server.to_string());
    let channel = snowflake(&message["channel_id"]).or_else(|| snowflake(&json["channel_id"]));
    let url = channel.map(|channel| format!("https://discord.com/channels/{server}/{channel}/{id}"));
    let words = contents(message).map(readable).find(|text| !text.is_empty()).unwrap_or_default();
    let files = contents(message).flat_map(|message| list(&message["attachments"])).map(attachment);
    Some(TargetMessage {
        source: SourceMessage {
            author: match author_id {
                _ if is_ours => MessageAuthor::Arena,
                Some(author) if author == user => MessageAuthor::Asker,
                _ => MessageAuthor::Other,
            },
            unreadable: unreadable(message, &words),
            text: words,
            files: vec![],
        }
        .with_files(files.collect()),
        quote: Quote { author: display_name(author).unwrap_or_else(|| "someone".to_owned()), url },
    })
}

/// The message, and the messages that it forwards
/// (<https://docs.discord.com/developers/resources/message#message-snapshot-object>).
fn contents(message: &Value) -> impl Iterator<Item = &Value> {
    let forwarded = list(&message["message_snapshots"]).iter().map(|snapshot| &snapshot["message"]);
    [message].into_iter().chain(forwarded)
}

/// The content of a message with the names of users and emoji in place of their ids, trimmed.
fn readable(message: &Value) -> String {
    let mut content = message["content"].as_str().unwrap_or_default().to_owned();
    for user in list(&message["mentions"]) {
        if let (Some(id), Some(name)) = (snowflake(&user["id"]), display_name(user)) {
            for mention in [format!("<@{id}>"), format!("<@!{id}>")] {
                content = content.replace(&mention, &format!("@{name}"));
            }
        }
    }
    without_emoji_ids(&content).trim().to_owned()
}

/// Writes `<:name:1>` and `<a:name:1>` as `:name:`
/// (<https://docs.discord.com/developers/reference#message-formatting>).
fn without_emoji_ids(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let emoji = after.split_once('>').and_then(|(token, behind)| Some((emoji_name(token)?, behind)));
        rest = if let Some((name, behind)) = emoji {
            out.extend([":", name, ":"]);
            behind
        } else {
            out.push('<');
            after
        };
    }
    out + rest
}

fn emoji_name(token: &str) -> Option<&str> {
    let (name, id) = token.strip_prefix(':').or_else(|| token.strip_prefix("a:"))?.split_once(':')?;
    let is_emoji = !name.is_empty() && !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_emoji.then_some(name)
}

/// The parts of the message that are neither text nor files. The embed that Discord makes of a link in `words` is none.
fn unreadable(message: &Value, words: &str) -> Vec<String> {
    let has = |key: &str| contents(message).any(|message| !list(&message[key]).is_empty());
    let is_preview = |embed: &Value| text(&embed["url"]).is_some_and(|url| words.contains(&url));
    let mut embeds = contents(message).flat_map(|message| list(&message["embeds"]));
    let parts = [
        (embeds.any(|embed| !is_preview(embed)), "an embed"),
        (has("sticker_items"), "a sticker"),
        (contents(message).any(|message| message["poll"].is_object()), "a poll"),
    ];
    parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn used_on(message: Value) -> TargetMessage {
        let mut message = message;
        message["id"] = json!("77");
        let json = json!({
            "application_id": "2", "guild_id": "10", "channel_id": "20",
            "data": { "type": 3, "target_id": "77", "resolved": { "messages": { "77": message } } },
        });
        target(&json, 3).expect("a message")
    }

    #[test]
    fn the_text_is_as_people_read_it() {
        let ana = json!({ "id": "4", "username": "ana", "global_name": "Ana" });
        let message = used_on(json!({
            "content": " hi <@4> and <@!4>, <:wave:12> <a:dance:34> a<b <:x> <@9>\n", "author": ana, "mentions": [ana],
        }));
        assert_eq!(message.source.text, "hi @Ana and @Ana, :wave: :dance: a<b <:x> <@9>");
        let quote = Quote { author: "Ana".into(), url: Some("https://discord.com/channels/10/20/77".into()) };
        assert_eq!(message.quote, quote);
    }

    #[test]
    fn a_forwarded_message_is_read_from_its_snapshot() {
        let message = used_on(json!({
            "content": "", "author": { "id": "3", "username": "ana" },
            "message_snapshots": [{ "message": {
                "content": "why?", "embeds": [{}],
                "attachments": [{ "filename": "a.txt", "content_type": "text/plain", "size": 3, "url": "https://x/a" }],
            } }],
        }));
        assert_eq!(message.source.files.len(), 1);
        assert_eq!((message.source.text.as_str(), message.source.author), ("why?", MessageAuthor::Asker));
        assert_eq!(message.source.unreadable, ["an embed"]);
    }

    #[test]
    fn the_preview_of_a_link_is_not_missed() {
        let author = json!({ "id": "4", "username": "ana" });
        let linked = |url: &str| {
            let content = "see https://example.com/a";
            used_on(
                json!({ "content": content, "author": author, "embeds": [{ "type": "article", "url": url }] }),
            )
        };
        assert!(linked("https://example.com/a").source.unreadable.is_empty());
        assert_eq!(linked("https://example.com/b").source.unreadable, ["an embed"]);
    }

    #[test]
    fn what_is_no_text_is_named() {
        let message = used_on(json!({
            "author": { "id": "2", "username": "arena" }, "embeds": [{}], "sticker_items": [{}], "poll": {},
            "attachments": [{}],
        }));
        assert_eq!(message.source.unreadable, ["an embed", "a sticker", "a poll", "a file"]);
        assert_eq!(message.source.author, MessageAuthor::Arena);
        let by_webhook = used_on(json!({ "author": { "id": "9" }, "application_id": "2" }));
        assert_eq!(by_webhook.source.author, MessageAuthor::Arena);
        assert_eq!(by_webhook.quote.author, "someone");
    }
}
