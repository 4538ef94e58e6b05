//! Interactions as Discord delivers them, with every field that it documents. Pure.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object>

use serde_json::{Map, Value, json};

use super::{
    admit::{CREATE_PUBLIC_THREADS, SEND_MESSAGES_IN_THREADS},
    interaction::{FormField, Interaction, InteractionKind},
    targets,
    users::{ChannelKind, User},
    world::World,
};
use crate::support::cdn::CdnFile;

/// `EMBED_LINKS`, `ATTACH_FILES`, `MENTION_EVERYONE`: what an app has where its bot is not.
const AWAY: u64 = 1 << 14 | 1 << 15 | 1 << 17;
/// With `VIEW_CHANNEL`, `SEND_MESSAGES`, `READ_MESSAGE_HISTORY` and those for threads: what the bot has at home.
const HOME: u64 = AWAY | 1 << 10 | 1 << 11 | 1 << 16 | CREATE_PUBLIC_THREADS | SEND_MESSAGES_IN_THREADS;

impl World {
    /// The interaction object; over the gateway it is the `d` of an `INTERACTION_CREATE`.
    pub(super) fn payload(&self, interaction: &Interaction) -> Value {
        let (place, user) = (interaction.place, interaction.user);
        let (kind, data) = self.data(&interaction.kind, place);
        let mut payload = json!({
            "id": interaction.id.to_string(),
            "application_id": self.application.to_string(),
            "type": kind,
            "data": data,
            "channel_id": place.channel().to_string(),
            "channel": Self::channel(place, user),
            "token": interaction.token,
            "version": 1,
            "app_permissions": (if place.has_bot() { HOME } else { AWAY } & !self.missing_permissions).to_string(),
            "locale": self.locale,
            "entitlements": [],
            "authorizing_integration_owners": owners(place, user),
            "context": place.context(),
            "attachment_size_limit": self.file_limit,
        });
        let fields = payload.as_object_mut().expect("an object");
        self.who(fields, place, user);
        if let Some(message) = interaction.kind.message() {
            let message = self.message(message).expect("a message");
            fields.insert("message".into(), message.json(self.application));
        }
        payload
    }

    /// The message object of what a user writes; over the gateway it is the `d` of a `MESSAGE_CREATE`. `bot` is the bot's
    /// id, without whose mention the text is only sent from a direct message.
    pub(super) fn written(&mut self, text: &str, user: User, place: ChannelKind, bot: u64) -> Value {
        self.written.push(text.to_owned());
        let is_mentioned = text.contains(&format!("<@{bot}>"));
        let bot_user =
            json!({ "id": bot.to_string(), "username": "arena", "discriminator": "0", "bot": true });
        let mut message = json!({
            "id": self.id().to_string(), "channel_id": place.channel().to_string(), "type": 0, "author": user_json(user),
            "content": if is_mentioned || place == ChannelKind::Dm { text } else { "" },
            "mentions": if is_mentioned { vec![bot_user] } else { vec![] }, "mention_roles": [], "mention_everyone": false,
            "attachments": [], "embeds": [], "components": [], "pinned": false, "tts": false, "flags": 0,
            "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null,
        });
        if let Some(guild) = place.guild() {
            message["guild_id"] = guild.to_string().into();
            message["member"] = json!({ "nick": user.nick, "roles": [], "joined_at": "2025-01-01T00:00:00.000000+00:00",
                                        "deaf": false, "mute": false, "flags": 0 });
        }
        message
    }

    fn data(&self, kind: &InteractionKind, place: ChannelKind) -> (u8, Value) {
        let command = |id: &u64, name: &str, options: &Value| {
            let mut data = json!({ "id": id.to_string(), "name": name, "type": 1, "options": options });
            let guild =
                place.guild().filter(|guild| self.commands.get(guild).is_some_and(|own| has(own, *id)));
            if let Some(guild) = guild {
                data["guild_id"] = guild.to_string().into();
            }
            if let Some(attachments) = self.attachments(options) {
                data["resolved"] = json!({ "attachments": attachments });
            }
            data
        };
        match kind {
            InteractionKind::Command { id, name, options } => (2, command(id, name, options)),
            InteractionKind::OnMessage { id, name, target } => (2, targets::data(*id, name, target)),
            InteractionKind::Completion { id, name, options } => (4, command(id, name, options)),
            InteractionKind::Button { custom_id, .. } => {
                (3, json!({ "custom_id": custom_id, "component_type": 2, "id": 2 }))
            }
            InteractionKind::Menu { custom_id, value, .. } => {
                (3, json!({ "custom_id": custom_id, "component_type": 3, "id": 2, "values": [value] }))
            }
            InteractionKind::Form { custom_id, fields, .. } => (5, submission(custom_id, fields)),
        }
    }

    /// The files that the options name, as Discord resolves them.
    fn attachments(&self, options: &Value) -> Option<Map<String, Value>> {
        let all = options.as_array()?.iter();
        let nested = all.clone().find_map(|option| self.attachments(&option["options"]));
        let of = |option: &Value| {
            let id = option["value"].as_str().filter(|_| option["type"] == 11)?;
            let (_, file) = self.files.iter().find(|(known, _)| known.to_string() == id)?;
            let mut json = self.attachment(id, file);
            json["ephemeral"] = true.into();
            Some((id.to_owned(), json))
        };
        nested.or_else(|| Some(all.filter_map(of).collect()).filter(|map: &Map<_, _>| !map.is_empty()))
    }

    /// A file as Discord describes it (<https://docs.discord.com/developers/resources/message#attachment-object>).
    pub(super) fn attachment(&self, id: &str, file: &CdnFile) -> Value {
        let url = format!("{}/attachments/{id}/{}?ex=1&is=2&hm=signature5ecret", self.cdn, file.name);
        json!({
            "id": id, "filename": file.name, "size": file.bytes.len(), "url": url, "proxy_url": url,
            "content_type": file.mime,
        })
    }

    fn channel(place: ChannelKind, user: User) -> Value {
        let mut channel = json!({ "id": place.channel().to_string(), "flags": 0, "last_message_id": null });
        if let Some(guild) = place.guild() {
            channel["type"] = 0.into();
            channel["guild_id"] = guild.to_string().into();
            channel["name"] = "arena".into();
            channel["nsfw"] = false.into();
            channel["parent_id"] = Value::Null;
            channel["permissions"] = user.permissions.to_string().into();
            channel["position"] = 0.into();
            channel["rate_limit_per_user"] = 0.into();
            channel["topic"] = Value::Null;
            if let ChannelKind::Thread(_) = place {
                channel["type"] = 11.into();
                channel["parent_id"] = ChannelKind::Server.channel().to_string().into();
                channel["thread_metadata"] = thread_metadata();
            }
        } else {
            channel["type"] = (if place == ChannelKind::Dm { 1 } else { 3 }).into();
            channel["recipients"] = json!([user_json(user)]);
        }
        channel
    }

    /// On a server a member, elsewhere a user.
    fn who(&self, fields: &mut Map<String, Value>, place: ChannelKind, user: User) {
        let Some(guild) = place.guild() else {
            fields.insert("user".into(), user_json(user));
            return;
        };
        let member = json!({
            "user": user_json(user), "nick": user.nick, "avatar": null, "banner": null, "roles": [],
            "joined_at": "2025-01-01T00:00:00.000000+00:00", "premium_since": null, "deaf": false, "mute": false,
            "flags": 0, "pending": false, "permissions": user.permissions.to_string(),
            "communication_disabled_until": null, "unusual_dm_activity_until": null,
            "avatar_decoration_data": null, "collectibles": null,
        });
        fields.insert("member".into(), member);
        fields.insert("guild_id".into(), guild.to_string().into());
        fields.insert("guild_locale".into(), self.locale.into());
        fields.insert(
            "guild".into(),
            json!({ "id": guild.to_string(), "locale": self.locale, "features": [] }),
        );
    }
}

/// <https://docs.discord.com/developers/resources/channel#thread-metadata-object>
pub(super) fn thread_metadata() -> Value {
    json!({ "archived": false, "archive_timestamp": "2026-01-01T00:00:00.000000+00:00",
            "auto_archive_duration": 4320, "locked": false, "create_timestamp": "2026-01-01T00:00:00.000000+00:00" })
}

/// The fields of a form as they are sent: each in its label.
fn submission(custom_id: &str, fields: &[FormField]) -> Value {
    let component = |(n, field): (usize, &FormField)| {
        let mut component = json!({ "type": field.kind, "id": 2 * n + 2, "custom_id": field.custom_id });
        match field.kind {
            3 => component["values"] = json!([field.value]),
            _ => component["value"] = field.value.as_str().into(),
        }
        json!({ "type": 18, "id": 2 * n + 1, "component": component })
    };
    json!({ "custom_id": custom_id, "components": fields.iter().enumerate().map(component).collect::<Vec<_>>() })
}

fn has(commands: &[Value], id: u64) -> bool {
    let id = Value::from(id.to_string());
    commands.iter().any(|command| command["id"] == id)
}

pub(super) fn user_json(user: User) -> Value {
    json!({
        "id": user.id.to_string(), "username": user.name, "discriminator": "0", "global_name": user.global_name,
        "avatar": null, "avatar_decoration_data": null, "public_flags": 0, "clan": null, "collectibles": null,
        "primary_guild": null,
    })
}

/// Returns the installation owners by integration type: the server ("0" in the bot's own DM), or the user.
fn owners(place: ChannelKind, user: User) -> Value {
    match place {
        ChannelKind::Server | ChannelKind::Channel(_) | ChannelKind::Thread(_) => {
            json!({ "0": place.guild().unwrap_or(0).to_string() })
        }
        ChannelKind::Dm => json!({ "0": "0" }),
        ChannelKind::UserInstalled | ChannelKind::ForeignServer => json!({ "1": user.id.to_string() }),
    }
}
