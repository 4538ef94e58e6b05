//! What the gateway says of one session: it is ready, it was resumed, somebody interacts.
//!
//! serenity gives an interaction either in its own types or, where it could not read it, as the JSON that
//! came. Both become JSON for the one parse that both modes share. Must not know who supervises.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use serenity::{
    all::{Context, Event, RawEventHandler, ShardMessenger, ShardRunnerMessage},
    model::application::Interaction as Typed,
};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    bot,
    budget::GOOD_LIFE,
    status::{State, Status},
};
use crate::discord::interaction::{self, Inbox};

/// A session that is resumed more often within [`GOOD_LIFE`] is given up: serenity resumes without any pause.
const MOST_RESUMES: u32 = 5;

/// One session of one shard, as its events tell it.
pub(super) struct Session {
    shard: u32,
    status: Arc<Status>,
    inbox: Inbox,
    /// Where serenity connects when it resumes.
    address: Arc<AsyncMutex<String>>,
    life: Mutex<Life>,
}

#[derive(Debug)]
struct Life {
    ready_at: Option<Instant>,
    over: bool,
    resumes: (u32, Instant),
}

impl Session {
    /// A session to be, at `address`.
    pub(super) fn new(shard: u32, status: Arc<Status>, inbox: Inbox, address: String) -> Self {
        let life = Life { ready_at: None, over: false, resumes: (0, Instant::now()) };
        Self { shard, status, inbox, address: Arc::new(AsyncMutex::new(address)), life: Mutex::new(life) }
    }

    /// The address that serenity reads before it connects.
    pub(super) fn address(&self) -> Arc<AsyncMutex<String>> {
        Arc::clone(&self.address)
    }

    /// It is over: events that are still on their way change nothing. When it had become ready, if at all.
    pub(super) fn end(&self) -> Option<Instant> {
        let mut life = self.life();
        life.over = true;
        life.ready_at
    }

    fn ready(&self) {
        let mut life = self.life();
        if !life.over {
            life.ready_at.get_or_insert_with(Instant::now);
            self.status.set(self.shard, State::Ready);
            tracing::info!(shard = self.shard, "the Discord gateway is ready");
        }
    }

    /// Whether it is resumed too often.
    fn resumed(&self) -> bool {
        let now = Instant::now();
        let mut life = self.life();
        if now.duration_since(life.resumes.1) >= GOOD_LIFE {
            life.resumes = (0, now);
        }
        life.resumes.0 += 1;
        tracing::info!(shard = self.shard, "the Discord gateway was resumed");
        life.resumes.0 > MOST_RESUMES
    }

    async fn resume_at(&self, offered: &str) {
        let mut address = self.address.lock().await;
        if let Some(better) = bot::resume_address(&address, offered) {
            *address = better;
        }
    }

    fn interaction(&self, json: &Value, received_at: Instant) {
        if let Ok(interaction) = interaction::read(json, received_at) {
            (self.inbox)(interaction);
        }
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which an event that serenity could not read is known.
const INTERACTION: &str = "INTERACTION_CREATE";

#[serenity::async_trait]
impl RawEventHandler for Session {
    async fn raw_event(&self, context: Context, event: Event) {
        let received_at = Instant::now();
        match event {
            Event::Ready(event) => {
                self.resume_at(&event.ready.resume_gateway_url).await;
                self.ready();
            }
            Event::Resumed(_) if self.resumed() => leave(&context.shard),
            Event::InteractionCreate(event) => match written_back(&event.interaction) {
                Some(json) => self.interaction(&json, received_at),
                None => interaction::unreadable("library"),
            },
            Event::Unknown(event) if event.kind == INTERACTION => {
                interaction::unreadable("library");
                self.interaction(&event.value, received_at);
            }
            // serenity then knows no session, which only means that there will be no resume
            Event::Unknown(event) if event.kind == "READY" => self.ready(),
            _ => {}
        }
    }
}

/// Orders the runner to close with 1000 and to stop. The order is given twice: a runner goes on after the
/// first (to wait for the other side's close frame, upon which it would resume), while the second fails on a
/// closed connection, and failure stops it. Its order "shut down" can spin for ever on an ended stream.
pub(super) fn leave(shard: &ShardMessenger) {
    for _ in 0..2 {
        shard.send_to_shard(ShardRunnerMessage::Close(1000, None));
    }
}

/// The JSON of what serenity read; it leaves the type away. `None` cannot happen to what came as JSON.
fn written_back(interaction: &Typed) -> Option<Value> {
    let mut json = serde_json::to_value(interaction).ok()?;
    json.as_object_mut()?.insert("type".into(), u8::from(interaction.kind()).into());
    Some(json)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;
    use crate::discord::interaction::{Interaction, Kind};

    fn of(kind: u8, data: &Value) -> Value {
        json!({
            "id": "1001", "application_id": "42", "type": kind, "version": 1, "token": "secret-token",
            "guild_id": "77", "channel_id": "88", "channel": { "id": "88", "type": 0 },
            "locale": "en-GB", "guild_locale": "en-US", "app_permissions": "2147483647", "entitlements": [],
            "context": 0, "attachment_size_limit": 26_214_400, "data": data,
            "authorizing_integration_owners": { "0": "77", "1": "5" },
            "member": {
                "user": { "id": "5", "username": "ada", "global_name": "Ada", "discriminator": "0", "avatar": null },
                "nick": "Countess", "roles": [], "joined_at": "2020-01-01T00:00:00Z", "deaf": false,
                "mute": false, "flags": 0, "permissions": "16"
            },
        })
    }

    fn direct(mut json: Value) -> Value {
        json["user"] = json!({ "id": "6", "username": "bob", "discriminator": "0", "avatar": null });
        json["context"] = 2.into();
        json["authorizing_integration_owners"] = json!({ "1": "6" });
        let fields = json.as_object_mut().expect("an object");
        fields.retain(|name, _| !["member", "guild_id"].contains(&name.as_str()));
        json
    }

    fn ask(focused: bool) -> Value {
        let mut model = json!({ "name": "model", "type": 3, "value": "gemma" });
        if focused {
            model["focused"] = true.into();
        }
        let options = json!([model, { "name": "prompt", "type": 3, "value": "why" }]);
        json!({ "id": "9", "name": "arena", "type": 1, "options": [{ "name": "ask", "type": 1, "options": options }] })
    }

    fn button() -> Value {
        let mut json = of(3, &json!({ "custom_id": "stop:1", "component_type": 2 }));
        json["message"] = json!({
            "id": "555", "channel_id": "88", "author": { "id": "42", "username": "arena", "discriminator": "0" },
            "content": "", "timestamp": "2026-01-01T00:00:00Z", "edited_timestamp": null, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "pinned": false, "type": 20, "flags": 0,
        });
        json
    }

    fn told(read: Interaction) -> (impl PartialEq + std::fmt::Debug, Kind, String) {
        let token = read.token.expose_secret().to_owned();
        let ids = (read.id, read.application, read.user, read.channel, read.file_limit);
        ((ids, read.place, read.bot_is_member, read.may_manage, read.name), read.kind, token)
    }

    #[test]
    fn serenitys_detour_loses_nothing() {
        for json in [of(2, &ask(false)), of(4, &ask(true)), direct(of(2, &ask(false))), button()] {
            let typed: Typed = serde_json::from_value(json.clone()).expect("serenity reads it");
            let back = written_back(&typed).expect("JSON");
            let read = |json| told(interaction::read(json, Instant::now()).expect("an interaction"));
            let ours = read(&json);
            assert!(!matches!(ours.1, Kind::Unreadable { .. }), "{:?}", ours.1);
            assert_eq!(read(&back), ours);
        }
    }
}
