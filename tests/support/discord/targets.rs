//! Messages that people wrote, and the commands of their context menu.
//! <https://docs.discord.com/developers/interactions/application-commands#message-commands>

use serde_json::{Value, json};

use super::{
    FakeDiscord,
    interaction::InteractionKind,
    payload::user_json,
    request::UserRequest,
    users::{ChannelKind, User},
    world::Id,
};
use crate::support::cdn::CdnFile;

impl FakeDiscord {
    /// Returns a message that `author` wrote, as Discord shows it to an app. A test adds what else it holds.
    pub fn target_message(&self, content: &str, author: User, place: ChannelKind) -> Value {
        let id = self.shared.with(super::World::id);
        json!({
            "id": id.to_string(), "channel_id": place.channel().to_string(), "type": 0, "author": user_json(author),
            "content": content, "embeds": [], "components": [], "attachments": [], "mentions": [], "mention_roles": [],
            "mention_everyone": false, "flags": 0, "pinned": false, "tts": false,
            "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null,
        })
    }

    /// Attaches files to a message of a user, or to the event of one.
    pub fn attach(&self, message: &mut Value, files: Vec<CdnFile>) {
        let add = |world: &mut super::World, file: CdnFile| {
            let id = world.id();
            let json = world.attachment(&id.to_string(), &file);
            world.files.push((id, file));
            json
        };
        let attachments = self.shared.with(|world| files.into_iter().map(|file| add(world, file)).collect());
        message["attachments"] = attachments;
    }

    /// Returns a message of the bot, as Discord shows it to an app.
    pub fn posted(&self, message: Id) -> Value {
        self.shared.read(|world| world.message(message).expect("a message").json(world.application))
    }

    /// Uses the command `name` of the context menu of a message.
    ///
    /// # Panics
    /// If no such command is registered there.
    pub fn use_on_message(&self, name: &str, message: &Value, user: User, place: ChannelKind) -> UserRequest {
        let found = self.shared.read(|world| world.menu_command(name, place));
        let id = found.unwrap_or_else(|why| panic!("nobody finds {name:?}: {why}"));
        let target = message.clone();
        self.does(user, place, InteractionKind::OnMessage { id, name: name.to_owned(), target })
    }
}

/// `data` of an interaction with a message command.
pub(super) fn data(id: Id, name: &str, target: &Value) -> Value {
    let target_id = target["id"].as_str().expect("an id");
    json!({
        "id": id.to_string(), "name": name, "type": 3, "target_id": target_id,
        "resolved": { "messages": { target_id: target } },
    })
}
