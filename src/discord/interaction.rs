//! One interaction, however it came: what this service needs of Discord's JSON. Pure.
//!
//! It is read by hand, not through serenity's types, which refuse the whole where one field is missing: a
//! `locale`, an `attachment_size_limit`, the empty `options` of a sub-command. To the person who asked that
//! looks like a dead bot. Here only what an answer needs is required; all else has a sensible default. Must
//! not know which way it came or what follows.
//!
//! Fields: <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object>.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use crate::telemetry::{field, metrics};

/// The one command of this service.
const COMMAND: &str = "arena";
/// What Discord lets a message carry where it does not say so
/// (<https://docs.discord.com/developers/reference#uploading-files>).
const USUAL_FILE_LIMIT: usize = 10 * 1024 * 1024;
/// `ADMINISTRATOR`, `MANAGE_CHANNELS`, `MANAGE_MESSAGES`
/// (<https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags>).
const MAY_MANAGE: u64 = 1 << 3 | 1 << 4 | 1 << 13;

/// Takes every interaction, of both modes. It must return at once: what takes time is a task of its own.
pub(crate) type Inbox = Arc<dyn Fn(Interaction) + Send + Sync>;

/// What a person did on Discord. `Debug` shows neither the token nor the person's words.
pub(crate) struct Interaction {
    /// Its id.
    pub(crate) id: u64,
    /// The application's id, part of the address of the answer.
    pub(crate) application: u64,
    /// What the answer is posted with, for 15 minutes; a secret.
    pub(crate) token: SecretString,
    /// When it was read; the first answer is due within 3 seconds.
    pub(crate) received_at: Instant,
    /// Where it was done.
    pub(crate) channel: Option<u64>,
    /// What sort of place that is.
    pub(crate) place: Place,
    /// The bot itself is there, so that an edit as the bot can work when the token has ended.
    pub(crate) bot_is_member: bool,
    /// Who did it.
    pub(crate) user: u64,
    /// As people there know them: nick, display name or user name. Untrusted text.
    pub(crate) name: String,
    /// They keep order there: manage channels or messages, or administer the server.
    pub(crate) may_manage: bool,
    /// Their roles there.
    pub(crate) roles: Vec<u64>,
    /// Bytes that a file in the answer may have.
    pub(crate) file_limit: usize,
    /// What they did.
    pub(crate) kind: Kind,
}

/// Where an interaction was done
/// (<https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-context-types>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the server with this id; by a user's own installation the bot may not be in it.
    Server(u64),
    /// In a direct message with the bot.
    BotDm,
    /// In a private channel without the bot, by a user's own installation.
    Elsewhere,
}

/// What was done. `Debug` shows no values of options.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A command was sent.
    Command {
        /// The sub-command of `/arena`; of a stale other command its own name.
        word: String,
        /// Names and values, as typed.
        options: Vec<(String, String)>,
    },
    /// A command is being typed: choices are wanted.
    Completion {
        /// The sub-command.
        word: String,
        /// Name and text so far of the option with the cursor.
        focused: (String, String),
        /// The other options so far.
        options: Vec<(String, String)>,
    },
    /// A button was pressed.
    Button {
        /// What the button was given.
        custom_id: String,
        /// The message that it stands below.
        message: Option<u64>,
    },
    /// It cannot be understood but can be answered.
    Unreadable {
        /// Discord's number of the interaction's type; 255 stands for all larger ones.
        kind: u8,
    },
}

/// It cannot even be answered. Names the field that is missing, nothing of what was there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interaction without a usable {0}")]
pub(crate) struct NotReadable(&'static str);

/// So long after it was read Discord may not know the message of an interaction yet and answer 404
/// (<https://github.com/discord/discord-api-docs/issues/7220>).
pub(crate) const UNSETTLED: Duration = Duration::from_secs(10);

/// Reads one interaction and counts what could not be understood.
///
/// # Errors
/// It has no id, application, token or type, so nobody can answer it.
pub(crate) fn read(json: &Value, received_at: Instant) -> Result<Interaction, NotReadable> {
    let read = parse(json, received_at);
    match &read {
        Ok(Interaction { kind: Kind::Unreadable { kind }, .. }) => {
            unreadable("kind");
            tracing::warn!(kind, "an interaction of Discord could not be understood");
        }
        Ok(_) => {}
        Err(error) => {
            unreadable("unanswerable");
            tracing::warn!(%error, "an interaction of Discord could not be read");
        }
    }
    read
}

/// Counts an interaction that could not be read, by reason.
pub(crate) fn unreadable(reason: &'static str) {
    ::metrics::counter!(metrics::DISCORD_UNREADABLE, field::REASON => reason).increment(1);
}

fn parse(json: &Value, received_at: Instant) -> Result<Interaction, NotReadable> {
    let number = json["type"].as_u64().ok_or(NotReadable("type"))?;
    let user = [&json["member"]["user"], &json["user"]].into_iter().find_map(|user| snowflake(&user["id"]));
    let kind = user.and_then(|_| kind(number, json));
    let place = place(json);
    Ok(Interaction {
        id: snowflake(&json["id"]).ok_or(NotReadable("id"))?,
        application: snowflake(&json["application_id"]).ok_or(NotReadable("application_id"))?,
        token: text(&json["token"]).ok_or(NotReadable("token"))?.into(),
        received_at,
        channel: snowflake(&json["channel_id"]).or_else(|| snowflake(&json["channel"]["id"])),
        place,
        bot_is_member: bot_is_member(json, place),
        user: user.unwrap_or_default(),
        name: name(json),
        may_manage: may_manage(json),
        roles: json["member"]["roles"].as_array().into_iter().flatten().filter_map(snowflake).collect(),
        file_limit: file_limit(json),
        kind: kind.unwrap_or(Kind::Unreadable { kind: u8::try_from(number).unwrap_or(u8::MAX) }),
    })
}

fn kind(number: u64, json: &Value) -> Option<Kind> {
    let data = &json["data"];
    match number {
        2 => {
            let (word, options) = command(data)?;
            let options = options.iter().filter_map(option).collect();
            Some(Kind::Command { word, options })
        }
        3 => {
            let message = snowflake(&json["message"]["id"]);
            Some(Kind::Button { custom_id: text(&data["custom_id"])?, message })
        }
        4 => {
            let (word, options) = command(data)?;
            let (focused, rest): (Vec<_>, Vec<_>) =
                options.iter().partition(|option| option["focused"] == true);
            let focused = option(focused.first()?)?;
            Some(Kind::Completion { word, focused, options: rest.into_iter().filter_map(option).collect() })
        }
        _ => None,
    }
}

/// The sub-command and its options, through groups of sub-commands too.
fn command(data: &Value) -> Option<(String, &[Value])> {
    let mut word = text(&data["name"])?;
    let mut options = list(&data["options"]);
    if word != COMMAND {
        return Some((word, options));
    }
    while let Some(inner) = options.iter().find(|option| matches!(option["type"].as_u64(), Some(1 | 2))) {
        word = text(&inner["name"])?;
        options = list(&inner["options"]);
    }
    Some((word, options))
}

fn option(option: &Value) -> Option<(String, String)> {
    let value = match &option["value"] {
        Value::String(text) => text.clone(),
        value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
        _ => return None,
    };
    Some((text(&option["name"])?, value))
}

fn place(json: &Value) -> Place {
    let server = snowflake(&json["guild_id"]).or_else(|| snowflake(&json["guild"]["id"]));
    match (server, json["context"].as_u64()) {
        (Some(server), _) => Place::Server(server),
        (None, Some(1) | None) => Place::BotDm,
        (None, Some(_)) => Place::Elsewhere,
    }
}

/// Key "0" of the owners is an installation in the server, or in the bot's own direct messages.
fn bot_is_member(json: &Value, place: Place) -> bool {
    match (json["authorizing_integration_owners"].as_object(), place) {
        (_, Place::BotDm) => true,
        (_, Place::Elsewhere) => false,
        (owners, Place::Server(_)) => owners.is_none_or(|owners| owners.contains_key("0")),
    }
}

fn name(json: &Value) -> String {
    let (member, user) = (&json["member"], &json["user"]);
    let known = [&member["nick"], &member["user"]["global_name"], &member["user"]["username"]];
    let known = known.into_iter().chain([&user["global_name"], &user["username"]]);
    known.into_iter().find_map(text).unwrap_or_else(|| "Somebody".to_owned())
}

fn may_manage(json: &Value) -> bool {
    snowflake(&json["member"]["permissions"]).is_some_and(|permissions| permissions & MAY_MANAGE != 0)
}

fn file_limit(json: &Value) -> usize {
    let limit = snowflake(&json["attachment_size_limit"]).and_then(|limit| usize::try_from(limit).ok());
    limit.unwrap_or(USUAL_FILE_LIMIT)
}

/// A number above 0 that Discord writes as text, some proxies as a number.
fn snowflake(value: &Value) -> Option<u64> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| *number > 0)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction")
            .field("id", &self.id)
            .field("place", &self.place)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |options: &[(String, String)]| -> Vec<String> {
            options.iter().map(|(name, _)| name.clone()).collect()
        };
        match self {
            Self::Command { word, options } => {
                f.debug_struct("Command").field("word", word).field("options", &names(options)).finish()
            }
            Self::Completion { word, focused, .. } => {
                f.debug_struct("Completion").field("word", word).field("focused", &focused.0).finish()
            }
            Self::Button { message, .. } => f.debug_struct("Button").field("message", message).finish(),
            Self::Unreadable { kind } => f.debug_struct("Unreadable").field("kind", kind).finish(),
        }
    }
}
