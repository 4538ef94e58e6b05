//! The effects of valid calls on the world, and Discord's responses. Pure.

use serde_json::{Value, json};

use super::{
    admit::VIEW_CHANNEL,
    call::Call,
    message::{Attachment, LOADING, Look, Message, Revision},
    payload::thread_metadata,
    referee,
    reply::{Reply, done, ok, refusal},
    route::Route,
    users::{ChannelKind, GUILD},
    world::{Id, Thread, World},
};

/// The bot's role in its server.
const ROLE: Id = 8_001;
/// The permissions of the bot in its server: all that it asks for.
const BOT_PERMISSIONS: u64 = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 31 | 1 << 35 | 1 << 38;

impl World {
    /// The effect of a call and its answer.
    pub fn perform(&mut self, call: &Call) -> Reply {
        if call.route.is_of_interaction() {
            return self.perform_for_interaction(call);
        }
        if call.ids.application != 0 && call.ids.application != self.application {
            self.violation(call, "the application is another");
            return refusal(404, 10_002, "Unknown Application");
        }
        match call.route {
            Route::Application => ok(self.application_json()),
            Route::GatewayBot => ok(self.gateway_json()),
            Route::ListGuilds => ok(self.guilds_json()),
            Route::ListRoles => ok(self.roles_json()),
            Route::GetMember => self.member_json(call),
            Route::ListCommands | Route::PutCommands | Route::DeleteCommand
                if !self.may_have_commands(call.ids.guild) =>
            {
                refusal(403, 50_001, "Missing Access")
            }
            Route::DeleteCommand => self.delete_command(call),
            Route::ListCommands => ok(self.commands_json(call.ids.guild)),
            Route::PutCommands => {
                self.put_commands(call.ids.guild, &call.body);
                ok(self.commands_json(call.ids.guild))
            }
            _ => self.perform_in_channel(call),
        }
    }

    fn perform_in_channel(&mut self, call: &Call) -> Reply {
        let known =
            [ChannelKind::Server, ChannelKind::Dm, ChannelKind::UserInstalled, ChannelKind::ForeignServer];
        let place = known.into_iter().find(|place| place.channel() == call.ids.channel);
        let thread = self.threads.iter().find(|thread| thread.id == call.ids.channel);
        let place = place.or(thread.map(|thread| ChannelKind::Thread(thread.id)));
        let place = place.unwrap_or(ChannelKind::Channel(call.ids.channel));
        if !place.has_bot() {
            return refusal(403, 50_001, "Missing Access");
        }
        if thread.is_none() && self.message(call.ids.channel).is_some() {
            return refusal(404, 10_003, "Unknown Channel");
        }
        match call.route {
            Route::GetChannel => {
                return thread
                    .map_or_else(|| self.channel_json(place), |thread| ok(self.thread_json(thread)));
            }
            Route::CreateMessage if thread.is_some_and(|thread| thread.is_locked) => {
                return refusal(400, 160_005, "Thread is locked");
            }
            Route::CreateMessage => return self.post(call, place),
            _ => {}
        }
        let there = |message: &Message| message.place.channel() == call.ids.channel && !message.private;
        match self.message(call.ids.message).filter(|message| there(message) && !message.deleted) {
            None => return refusal(404, 10_008, "Unknown Message"),
            Some(_) if call.route == Route::EditMessage => self.edit(call, call.ids.message),
            Some(_) if call.route == Route::DeleteMessage => {
                self.message_mut(call.ids.message).expect("known").deleted = true;
                return done();
            }
            Some(_) if call.route == Route::StartThread => return self.start_thread(call, place),
            Some(_) => {}
        }
        self.shown(call.ids.message)
    }

    /// Posts a message, once for a nonce that is enforced.
    fn post(&mut self, call: &Call, place: ChannelKind) -> Reply {
        let nonce = call.body["nonce"].as_str().filter(|_| call.body["enforce_nonce"] == true);
        let nonce = nonce.map(|nonce| (place.channel(), nonce.to_owned()));
        if let Some(id) = nonce.as_ref().and_then(|nonce| self.nonces.get(nonce)) {
            return self.shown(*id);
        }
        let id = self.create(call, None, (place, false));
        self.nonces.extend(nonce.map(|nonce| (nonce, id)));
        self.shown(id)
    }

    /// Opens the thread of a message. <https://docs.discord.com/developers/resources/channel#start-thread-from-message>
    fn start_thread(&mut self, call: &Call, place: ChannelKind) -> Reply {
        let id = call.ids.message;
        if !matches!(place, ChannelKind::Server | ChannelKind::Channel(_)) {
            return refusal(400, 50_024, "Cannot execute action on this channel type");
        }
        if self.threads.iter().any(|thread| thread.id == id) {
            return refusal(400, 160_004, "A thread has already been created for this message");
        }
        let name = call.body["name"].as_str().unwrap_or_default().to_owned();
        let thread = Thread { id, name, is_locked: false };
        let opened = Reply { status: 201, ..ok(self.thread_json(&thread)) };
        self.threads.push(thread);
        opened
    }

    /// The channel object of a thread.
    fn thread_json(&self, thread: &Thread) -> Value {
        let place = ChannelKind::Server;
        json!({
            "id": thread.id.to_string(), "type": 11, "guild_id": place.guild().map(|guild| guild.to_string()),
            "parent_id": place.channel().to_string(), "owner_id": self.application.to_string(), "name": thread.name,
            "last_message_id": null, "message_count": 0, "member_count": 1, "rate_limit_per_user": 0,
            "thread_metadata": thread_metadata(), "total_message_sent": 0, "flags": 0,
        })
    }

    fn channel_json(&self, place: ChannelKind) -> Reply {
        if self.missing_permissions & VIEW_CHANNEL != 0 {
            return refusal(403, 50_001, "Missing Access");
        }
        let overwrite = json!({ "id": ROLE.to_string(), "type": 0, "allow": "0", "deny": self.denied_to_role.to_string() });
        ok(json!({
            "id": place.channel().to_string(), "type": 0, "name": "alerts", "position": 1, "nsfw": false,
            "guild_id": place.guild().map(|guild| guild.to_string()), "permission_overwrites": [overwrite],
        }))
    }

    /// <https://docs.discord.com/developers/topics/permissions#role-object>
    fn roles_json(&self) -> Value {
        let role = |id: Id, permissions: u64| {
            json!({ "id": id.to_string(), "name": "a role", "color": 0, "hoist": false, "position": 0,
                    "permissions": permissions.to_string(), "managed": false, "mentionable": false })
        };
        let all = BOT_PERMISSIONS & !self.missing_permissions;
        json!([role(GUILD, all), role(ROLE, all)])
    }

    fn member_json(&self, call: &Call) -> Reply {
        if call.ids.user != self.application {
            return refusal(404, 10_007, "Unknown Member");
        }
        ok(
            json!({ "user": { "id": self.application.to_string(), "username": "arena", "bot": true }, "nick": null,
                   "roles": [ROLE.to_string()], "joined_at": "2026-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false }),
        )
    }

    /// The message object as an answer.
    pub(super) fn shown(&self, id: Id) -> Reply {
        let message = self.message(id).expect("a message");
        ok(message.json(self.application))
    }

    /// Creates a message from the body of a call, possibly for an interaction.
    pub(super) fn create(&mut self, call: &Call, interaction: Option<Id>, seen: (ChannelKind, bool)) -> Id {
        let data = if call.route == Route::Callback { &call.body["data"] } else { &call.body };
        let look = self.changed(&Look::default(), data, call);
        self.add(look, call, interaction, seen)
    }

    /// A new message that looks like this, in a place, private or not.
    pub(super) fn add(
        &mut self,
        look: Look,
        call: &Call,
        interaction: Option<Id>,
        (place, private): (ChannelKind, bool),
    ) -> Id {
        let id = self.id();
        let revisions = vec![Revision { at: call.at, look }];
        self.messages.push(Message { id, place, interaction, private, deleted: false, revisions });
        id
    }

    /// A new revision of a message.
    pub(super) fn edit(&mut self, call: &Call, id: Id) {
        let data = if call.route == Route::Callback { &call.body["data"] } else { &call.body };
        let before = self.message(id).expect("a message").look().clone();
        let mut after = self.changed(&before, data, call);
        after.flags &= !LOADING;
        if after == before && !self.follows_a_cut(call) {
            self.edits_without_change += 1;
        }
        let message = self.message_mut(id).expect("a message");
        message.revisions.push(Revision { at: call.at, look: after });
    }

    /// The call before it about the same thing was never answered, so that it may say the same again.
    pub(super) fn follows_a_cut(&self, call: &Call) -> bool {
        let before = self.calls.split_last().map_or(&[][..], |(_, before)| before);
        let target = super::admit::target(call);
        before.iter().rfind(|other| other.target == target).is_some_and(|other| other.status == 0)
    }

    fn changed(&mut self, before: &Look, data: &Value, call: &Call) -> Look {
        let list = |key: &str, now: &Vec<Value>| match data.get(key) {
            Some(value) => value.as_array().cloned().unwrap_or_default(),
            None => now.clone(),
        };
        Look {
            content: match data.get("content") {
                Some(content) => content.as_str().unwrap_or_default().to_owned(),
                None => before.content.clone(),
            },
            embeds: list("embeds", &before.embeds),
            components: list("components", &before.components),
            attachments: self.attached(&before.attachments, data, call),
            flags: data["flags"].as_u64().unwrap_or(0) | before.flags,
        }
    }

    /// Returns the attachments that are kept and those that are new.
    fn attached(&mut self, before: &[Attachment], data: &Value, call: &Call) -> Vec<Attachment> {
        let listed = data["attachments"].as_array().cloned().unwrap_or_default();
        let entry = |id: u64| listed.iter().find(|entry| referee::attachment_id(entry) == Some(id));
        let said = |id: u64| entry(id).and_then(|entry| entry["description"].as_str()).map(str::to_owned);
        let kept = before.iter().filter(|file| data.get("attachments").is_none() || entry(file.id).is_some());
        let mut files: Vec<_> = kept.cloned().collect();
        for file in &mut files {
            file.description = said(file.id).or(file.description.take());
        }
        for file in &call.files {
            let (name, mime, bytes) = (file.name.clone(), file.mime.clone(), file.bytes.clone());
            files.push(Attachment { id: self.id(), name, mime, description: said(file.index), bytes });
        }
        files
    }

    fn application_json(&self) -> Value {
        json!({
            "id": self.application.to_string(), "name": self.application_name, "icon": null, "description": "",
            "bot_public": true, "bot_require_code_grant": false, "verify_key": self.public_key(), "flags": 0,
            "bot": { "id": self.application.to_string(), "username": "arena", "discriminator": "0",
                     "avatar": null, "global_name": null, "bot": true, "public_flags": 0 },
            "integration_types_config": { "0": {}, "1": {} }, "interactions_endpoint_url": null,
        })
    }

    fn gateway_json(&self) -> Value {
        let start = self.session_start;
        let reset_after = u64::try_from(start.reset_after.as_millis()).expect("a short time");
        json!({
            "url": self.gateway_url, "shards": 1,
            "session_start_limit": {
                "total": start.total, "remaining": start.remaining, "reset_after": reset_after,
                "max_concurrency": start.max_concurrency,
            },
        })
    }

    /// Returns commands as Discord lists them: with ids, without empty and unset fields.
    fn commands_json(&self, guild: Id) -> Value {
        self.commands.get(&guild).cloned().unwrap_or_default().into()
    }

    /// The servers where the bot is a member. <https://docs.discord.com/developers/resources/user#get-current-user-guilds>
    fn guilds_json(&self) -> Value {
        let guild = |id: &Id| {
            json!({ "id": id.to_string(), "name": "a server", "icon": null, "banner": null, "owner": false,
                    "permissions": "0", "features": [] })
        };
        self.guilds.iter().map(guild).collect::<Vec<_>>().into()
    }

    /// Everywhere, and in the servers that authorized the application.
    fn may_have_commands(&self, guild: Id) -> bool {
        guild == 0 || self.guilds.contains(&guild)
    }

    fn delete_command(&mut self, call: &Call) -> Reply {
        let id = Value::from(call.ids.command.to_string());
        let known = self.commands.entry(call.ids.guild).or_default();
        let before = known.len();
        known.retain(|command| command["id"] != id);
        if known.len() < before { done() } else { refusal(404, 10_063, "Unknown application command") }
    }

    /// Registers commands as if they had been put.
    pub(super) fn put_commands(&mut self, guild: Id, commands: &Value) {
        self.registrations += 1;
        let application = self.application.to_string();
        let mut all = commands.as_array().cloned().unwrap_or_default();
        for command in &mut all {
            tidy(command);
            for (key, value) in
                [("type", json!(1)), ("default_member_permissions", Value::Null), ("nsfw", false.into())]
            {
                if command.get(key).is_none() {
                    command[key] = value;
                }
            }
            if command["type"] == 3 {
                command["description"] = "".into();
            }
            command["application_id"] = application.clone().into();
            let same = self
                .commands
                .get(&guild)
                .into_iter()
                .flatten()
                .find(|old| old["name"] == command["name"] && old["type"] == command["type"]);
            let id = same.map_or(Value::Null, |old| old["id"].clone());
            command["id"] = if id.is_null() { self.id().to_string().into() } else { id };
            command["version"] = self.id().to_string().into();
            if guild != 0 {
                command["guild_id"] = guild.to_string().into();
                // <https://docs.discord.com/developers/interactions/application-commands>: of global ones alone
                let map = command.as_object_mut().expect("a command");
                map.retain(|key, _| !["contexts", "integration_types"].contains(&key.as_str()));
            }
        }
        self.commands.insert(guild, all);
    }
}

/// Drops what Discord does not keep: nulls, empty lists and switches that are off, at every depth.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| {
                !value.is_null() && *value != json!([]) && *value != json!(false) && *value != json!({})
            });
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
