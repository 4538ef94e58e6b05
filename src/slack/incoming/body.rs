//! Bodies that Slack posts in HTTP mode, as the library's events. Pure.

use serde_json::{Map, Value, json};
use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEvent};
use url::form_urlencoded;

/// Our event type for the mention by a bot.
pub(super) const BOT_MENTION: &str = "app_mention of a bot";

/// Reads a slash command: a form.
pub(in crate::slack) fn command(body: &[u8]) -> Option<SlackCommandEvent> {
    let fields: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
        .collect();
    serde_json::from_value(fields.into()).ok()
}

/// Reads an interaction: a form with JSON in its field `payload`.
pub(in crate::slack) fn interaction(body: &[u8]) -> Option<SlackInteractionEvent> {
    serde_json::from_value(with_plain_target(serde_json::from_str(&field(body, "payload")?).ok()?)).ok()
}

/// Reads an event or a URL verification: JSON.
pub(in crate::slack) fn event(body: &[u8]) -> Option<SlackPushEvent> {
    serde_json::from_value(adapted(serde_json::from_slice(body).ok()?)).ok()
}

/// Tells the library's types what they leave out: the mention by a bot gets another event type, since the library's
/// mention does not say who wrote it, and the size of a file replaces the words for its type, which nothing here shows.
pub(in crate::slack) fn adapted(mut delivery: Value) -> Value {
    let files = delivery.pointer_mut("/event/files").and_then(Value::as_array_mut);
    for file in files.into_iter().flatten().filter_map(Value::as_object_mut) {
        let size = file.get("size").and_then(Value::as_u64).map(|size| size.to_string());
        file.insert("pretty_type".into(), size.into());
    }
    if let Some(event) = delivery.get_mut("event").filter(|event| is_bot_mention(event)) {
        event["type"] = BOT_MENTION.into();
    }
    delivery
}

/// Reduces the message on which a shortcut was used to what is read of it: the library refuses some messages of other apps.
/// Lists keep an item without content for each part that is no text.
pub(in crate::slack) fn with_plain_target(mut delivery: Value) -> Value {
    const KEPT: [&str; 6] = ["ts", "thread_ts", "user", "bot_id", "username", "text"];
    if delivery["type"] != "message_action" {
        return delivery;
    }
    let Some(message) = delivery.get_mut("message").and_then(Value::as_object_mut) else { return delivery };
    let list = |part: &str| message.get(part).and_then(Value::as_array).cloned().unwrap_or_default();
    let files: Vec<Value> = list("files").iter().map(plain_file).collect();
    // what Slack shows of a link is not missed
    let has_attachments = list("attachments").iter().any(|part| part["from_url"].is_null());
    message.insert("attachments".into(), if has_attachments { json!([{}]) } else { Value::Null });
    message.insert("files".into(), files.into());
    let has_text = message.get("text").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    // a user's words are in the text too
    let has_blocks = message.get("blocks").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    message.insert("blocks".into(), if has_blocks && !has_text { json!([]) } else { Value::Null });
    message.retain(|key, _| KEPT.contains(&&**key) || ["attachments", "files", "blocks"].contains(&&**key));
    delivery
}

/// Reduces a file to what is read of it. One that Slack does not hold, or no longer, keeps no address.
fn plain_file(file: &Value) -> Value {
    let text = |key: &str| file[key].as_str();
    let is_held =
        file["is_external"] != true && !matches!(text("mode"), Some("tombstone" | "hidden_by_limit"));
    let url = text("url_private").filter(|url| is_held && url.parse::<url::Url>().is_ok());
    let size = file["size"].as_u64().map(|size| size.to_string());
    json!({
        "id": text("id").unwrap_or("F0"), "name": text("name"), "title": text("title"), "mimetype": text("mimetype"),
        "pretty_type": size, "url_private": url,
    })
}

fn is_bot_mention(event: &Value) -> bool {
    let has = |key: &str| event.get(key).is_some_and(|value| !value.is_null());
    event["type"] == "app_mention"
        && (has("bot_id") || has("bot_profile") || event["subtype"] == "bot_message")
}

/// Returns true for Slack's check of our certificate, which wants no more than a 200
/// (<https://docs.slack.dev/interactivity/implementing-slash-commands>).
pub(in crate::slack) fn is_ssl_check(body: &[u8]) -> bool {
    field(body, "ssl_check").is_some_and(|value| value == "1")
}

fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
