//! One interaction, from either mode: the parts of Discord's JSON that this service needs. Pure.
//!
//! The JSON is read by hand rather than through serenity's types, which refuse an interaction if one field is missing: a
//! `locale`, an `attachment_size_limit`, the empty `options` of a sub-command. To the user that looks like a dead bot.
//! Here only the fields that an answer needs are required; all others have a sensible default.
//!
//! Fields: <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object>.

mod target;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use self::target::TargetMessage;
use super::{commands, render::EPHEMERAL};
use crate::{
    platform::files::RemoteFile,
    telemetry::{field, metrics},
};

/// The size that Discord allows a file where the interaction does not say
/// (<https://docs.discord.com/developers/reference#uploading-files>).
const DEFAULT_FILE_LIMIT: usize = 10 * 1024 * 1024;
/// `ADMINISTRATOR`, `MANAGE_CHANNELS`, `MANAGE_MESSAGES`
/// (<https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags>).
const MAY_MANAGE: u64 = 1 << 3 | 1 << 4 | 1 << 13;
/// `ADMINISTRATOR`, `ATTACH_FILES`.
const MAY_ATTACH: u64 = 1 << 3 | 1 << 15;
/// The type of an option that is a file.
const ATTACHMENT: u8 = 11;
/// The type of a command in the context menu of messages
/// (<https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-types>).
const MESSAGE: u8 = 3;
/// `ADMINISTRATOR`, or `CREATE_PUBLIC_THREADS` and `SEND_MESSAGES_IN_THREADS`.
const MAY_USE_THREADS: [u64; 2] = [1 << 3, 1 << 35 | 1 << 38];
/// `GUILD_TEXT` and `GUILD_ANNOUNCEMENT`: channels whose messages can have threads
/// (<https://docs.discord.com/developers/resources/channel#channel-object-channel-types>).
const WITH_THREADS: [u64; 2] = [0, 5];
/// For this time after an interaction was read, Discord may answer 404 because it does not know its message yet
/// (<https://github.com/discord/discord-api-docs/issues/7220>).
pub(crate) const UNSETTLED: Duration = Duration::from_secs(10);

/// Receives every interaction, of both modes. It must return at once and leave slow work to tasks of its own.
pub(crate) type Inbox = Arc<dyn Fn(Interaction) + Send + Sync>;

/// Something a user did on Discord. Without `Debug`, because it holds the user's words.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Interaction {
    /// Its id.
    pub(crate) id: u64,
    /// The application's id, part of the address of the response.
    pub(crate) application: u64,
    /// The token for responses, valid for 15 minutes; a secret.
    pub(crate) token: SecretString,
    /// The time at which it was read; the initial response is due within 3 seconds.
    pub(crate) received_at: Instant,
    /// The channel.
    pub(crate) channel: Option<u64>,
    /// The channel that the thread is in, if it happened in a thread.
    pub(crate) thread_parent: Option<u64>,
    /// The kind of channel.
    pub(crate) place: ChannelKind,
    /// True if the bot itself is in the channel, so that it may be able to edit its message when the token has expired.
    pub(crate) bot_is_member: bool,
    /// The user's id.
    pub(crate) user: u64,
    /// The user's name there: nick, display name or user name. Untrusted text.
    pub(crate) name: String,
    /// True if the user may manage channels or messages there, or administers the server.
    pub(crate) may_manage: bool,
    /// The user's roles there.
    pub(crate) roles: Vec<u64>,
    /// The largest file that a response may have, in bytes.
    pub(crate) file_limit: usize,
    /// False if Discord says that the app lacks the permission to send files there.
    pub(crate) may_attach: bool,
    /// The files that the user attached to a command, in the order of its options, or to a message.
    pub(crate) files: Vec<RemoteFile>,
    /// The channel, if the bot may open threads below its messages, and write there.
    pub(crate) with_threads: Option<u64>,
    /// The user's action.
    pub(crate) kind: Kind,
}

impl Interaction {
    /// The server, if it happened in one.
    pub(crate) fn server(&self) -> Option<u64> {
        if let ChannelKind::Server(id) = self.place { Some(id) } else { None }
    }
}

/// The kind of channel in which an interaction happened
/// (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-context-types>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelKind {
    /// In the server with this id; the bot may not be in it if the app is installed by the user.
    Server(u64),
    /// In a direct message with the bot.
    BotDm,
    /// In a private channel without the bot, through an installation by the user.
    Elsewhere,
}

/// The user's action. Without `Debug`, because it holds the user's words.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Kind {
    /// A command was sent.
    Command {
        /// The sub-command of `/arena`, or the name of another, outdated command.
        word: String,
        /// The id of the registered command, for mentions of it.
        id: Option<u64>,
        /// Names and values of the options, as typed.
        options: Vec<(String, String)>,
    },
    /// A command of a message's context menu was used.
    MessageCommand {
        /// The message.
        target: Box<TargetMessage>,
    },
    /// A command is being typed: choices are wanted.
    Completion {
        /// Name and text so far of the option with the cursor.
        focused: (String, String),
    },
    /// A button was pressed, or an option of a menu was chosen.
    Button {
        /// The button's custom id, or the value of the option.
        custom_id: String,
        /// True if the message with the button is shown to the user alone.
        is_private: bool,
    },
    /// A form was submitted.
    Form {
        /// The form's custom id.
        custom_id: String,
        /// Custom ids and values of its fields.
        values: Vec<(String, String)>,
        /// The message whose button opened it, if everyone in the channel sees it.
        message: Option<u64>,
    },
    /// A message to the bot was written. It is no interaction, and is answered by messages of the bot's own.
    Message {
        /// The text without the mention of the bot; empty if there are only files.
        text: String,
    },
    /// An interaction that cannot be understood, but can be answered.
    Unreadable {
        /// Discord's number of the interaction's type; 255 for all larger ones.
        kind: u8,
    },
}

/// An interaction that cannot even be answered. Names the missing field, and nothing of the content.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interaction without a usable {0}")]
pub(crate) struct NotReadable(&'static str);

/// Reads one interaction, and counts it if it could not be understood.
///
/// # Errors
/// It has no id, application, token or type, so it cannot be answered.
pub(crate) fn read(json: &Value, received_at: Instant) -> Result<Interaction, NotReadable> {
    let read = parse(json, received_at).inspect_err(|error| {
        unreadable("unanswerable");
        tracing::warn!(%error, "cannot read an interaction from Discord");
    })?;
    if let Kind::Unreadable { kind } = read.kind {
        unreadable("kind");
        tracing::warn!(kind, "cannot understand an interaction from Discord");
    }
    Ok(read)
}

fn unreadable(reason: &'static str) {
    ::metrics::counter!(metrics::DISCORD_UNREADABLE, field::REASON => reason).increment(1);
}

fn parse(json: &Value, received_at: Instant) -> Result<Interaction, NotReadable> {
    let number = json["type"].as_u64().ok_or(NotReadable("type"))?;
    let member = &json["member"];
    let user = if member["user"].is_object() { &member["user"] } else { &json["user"] };
    let id = snowflake(&user["id"]);
    let kind = id.and_then(|user| kind(number, json, user));
    let place = place(json);
    let is_thread = matches!(json["channel"]["type"].as_u64(), Some(10..=12));
    let channel = snowflake(&json["channel_id"]).or_else(|| snowflake(&json["channel"]["id"]));
    let bot_is_member = bot_is_member(json, place);
    let file_limit = snowflake(&json["attachment_size_limit"]).and_then(|limit| usize::try_from(limit).ok());
    Ok(Interaction {
        id: snowflake(&json["id"]).ok_or(NotReadable("id"))?,
        application: snowflake(&json["application_id"]).ok_or(NotReadable("application_id"))?,
        token: text(&json["token"]).ok_or(NotReadable("token"))?.into(),
        received_at,
        channel,
        thread_parent: snowflake(&json["channel"]["parent_id"]).filter(|_| is_thread),
        place,
        bot_is_member,
        user: id.unwrap_or_default(),
        name: name_in(member, user),
        may_manage: snowflake(&member["permissions"]).is_some_and(|bits| bits & MAY_MANAGE != 0),
        roles: list(&member["roles"]).iter().filter_map(snowflake).collect(),
        file_limit: file_limit.unwrap_or(DEFAULT_FILE_LIMIT),
        may_attach: bits(&json["app_permissions"]).is_none_or(|bits| bits & MAY_ATTACH != 0),
        files: files(json),
        with_threads: channel.filter(|_| bot_is_member && may_use_threads(json, place)),
        kind: kind.unwrap_or(Kind::Unreadable { kind: u8::try_from(number).unwrap_or(u8::MAX) }),
    })
}

fn kind(number: u64, json: &Value, user: u64) -> Option<Kind> {
    let data = &json["data"];
    match number {
        2 if data["type"] == MESSAGE => {
            Some(Kind::MessageCommand { target: target::target(json, user)?.into() })
        }
        2 => {
            let (word, options) = command(data)?;
            let options = options.iter().filter_map(option).collect();
            Some(Kind::Command { word, id: snowflake(&data["id"]), options })
        }
        3 => {
            let chosen = list(&data["values"]).first().and_then(text);
            let is_private = is_private(&json["message"]);
            Some(Kind::Button { custom_id: chosen.or_else(|| text(&data["custom_id"]))?, is_private })
        }
        4 => {
            let (_, options) = command(data)?;
            let focused = options.iter().find(|option| option["focused"] == true).and_then(option)?;
            Some(Kind::Completion { focused })
        }
        5 => Some(Kind::Form {
            custom_id: text(&data["custom_id"])?,
            values: list(&data["components"]).iter().flat_map(fields).filter_map(field).collect(),
            message: snowflake(&json["message"]["id"]).filter(|_| !is_private(&json["message"])),
        }),
        _ => None,
    }
}

/// The fields of a part of a form: that of a label, or those of a row.
fn fields(part: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(&part["component"]).chain(list(&part["components"]))
}

/// The custom id of a field and its value: the text, or the chosen option.
fn field(field: &Value) -> Option<(String, String)> {
    let value = text(&field["value"]).or_else(|| list(&field["values"]).first().and_then(text));
    Some((text(&field["custom_id"])?, value?))
}

fn is_private(message: &Value) -> bool {
    message["flags"].as_u64().is_some_and(|flags| flags & EPHEMERAL != 0)
}

/// The sub-command and its options, as `group sub-command` within a group.
fn command(data: &Value) -> Option<(String, &[Value])> {
    let (name, mut options) = (text(&data["name"])?, list(&data["options"]));
    if name != commands::NAME {
        return Some((name, options));
    }
    let mut words = vec![];
    while let Some(inner) = options.iter().find(|option| matches!(option["type"].as_u64(), Some(1 | 2))) {
        words.push(text(&inner["name"])?);
        options = list(&inner["options"]);
    }
    Some((if words.is_empty() { name } else { words.join(" ") }, options))
}

/// The files of a command
/// (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure>).
fn files(json: &Value) -> Vec<RemoteFile> {
    let data = &json["data"];
    let Some((_, options)) = command(data) else { return vec![] };
    let attached = options.iter().filter(|option| option["type"] == ATTACHMENT);
    let file = |option: &Value| {
        let file = attachment(&data["resolved"]["attachments"][text(&option["value"])?]);
        Some(file).filter(|file| !file.url.is_empty())
    };
    attached.filter_map(file).collect()
}

/// A file (<https://docs.discord.com/developers/resources/message#attachment-object>).
pub(super) fn attachment(file: &Value) -> RemoteFile {
    RemoteFile {
        name: text(&file["filename"]).unwrap_or_default(),
        declared: text(&file["content_type"]).unwrap_or_default(),
        size: bits(&file["size"]),
        url: text(&file["url"]).unwrap_or_default(),
    }
}

fn option(option: &Value) -> Option<(String, String)> {
    let value = match &option["value"] {
        Value::String(text) => text.clone(),
        value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
        _ => return None,
    };
    Some((text(&option["name"])?, value))
}

fn place(json: &Value) -> ChannelKind {
    match (server(json), json["context"].as_u64()) {
        (Some(server), _) => ChannelKind::Server(server),
        (None, Some(1) | None) => ChannelKind::BotDm,
        (None, Some(_)) => ChannelKind::Elsewhere,
    }
}

/// The server, if it happened in one.
fn server(json: &Value) -> Option<u64> {
    snowflake(&json["guild_id"]).or_else(|| snowflake(&json["guild"]["id"]))
}

/// The name of a user in the server that they are a `member` of.
pub(super) fn name_in(member: &Value, user: &Value) -> String {
    text(&member["nick"]).or_else(|| display_name(user)).unwrap_or_else(|| "Somebody".to_owned())
}

/// The display name or the name of a user.
fn display_name(user: &Value) -> Option<String> {
    text(&user["global_name"]).or_else(|| text(&user["username"]))
}

/// Key "0" of the owners is an installation in the server, or in the bot's own direct messages.
fn bot_is_member(json: &Value, place: ChannelKind) -> bool {
    let owners = json["authorizing_integration_owners"].as_object();
    match place {
        ChannelKind::BotDm => true,
        ChannelKind::Elsewhere => false,
        ChannelKind::Server(_) => owners.is_none_or(|owners| owners.contains_key("0")),
    }
}

fn may_use_threads(json: &Value, place: ChannelKind) -> bool {
    let has_threads = json["channel"]["type"].as_u64().is_some_and(|kind| WITH_THREADS.contains(&kind));
    let is_permitted = |own: u64| MAY_USE_THREADS.into_iter().any(|needed| own & needed == needed);
    let is_permitted = bits(&json["app_permissions"]).is_none_or(is_permitted);
    matches!(place, ChannelKind::Server(_)) && has_threads && is_permitted
}

/// A number above 0, which Discord writes as text and some proxies as a number.
pub(super) fn snowflake(value: &Value) -> Option<u64> {
    bits(value).filter(|number| *number > 0)
}

/// A number, as text or as a number.
fn bits(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
