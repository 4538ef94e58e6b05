//! A message with all its revisions. Plain data.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{users::ChannelKind, world::Id};

/// Only one person sees it.
pub const EPHEMERAL: u64 = 1 << 6;
/// Nothing but components: `IS_COMPONENTS_V2`.
pub const COMPONENTS_V2: u64 = 1 << 15;
/// Deferred: "... is thinking".
pub const LOADING: u64 = 1 << 7;

/// One message of the bot.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: Id,
    pub place: ChannelKind,
    /// The interaction that it answers.
    pub interaction: Option<Id>,
    pub private: bool,
    pub deleted: bool,
    /// The looks from the first to the newest; at least one.
    pub revisions: Vec<Revision>,
}

/// A look and the time from which it was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The time from which it was shown.
    pub at: Instant,
    pub look: Look,
}

/// The visible parts of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Attachment>,
    pub flags: u64,
}

/// A file at a message.
#[derive(Clone, PartialEq)]
pub struct Attachment {
    pub id: Id,
    pub name: String,
    pub mime: String,
    /// The alt text.
    pub description: Option<String>,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {} bytes, {:?})", self.name, self.mime, self.bytes.len(), self.description)
    }
}

/// An option of a menu as one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuOption {
    pub label: String,
    pub value: String,
    pub description: String,
    /// The custom id of its menu.
    pub menu: String,
}

/// A button as one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    pub custom_id: String,
    pub disabled: bool,
}

impl Message {
    /// Returns the current look.
    pub fn look(&self) -> &Look {
        &self.revisions.last().expect("a message has a revision").look
    }
}

impl Look {
    /// Deferred and not yet filled.
    pub fn is_loading(&self) -> bool {
        self.flags & LOADING != 0
    }

    /// The buttons in their order.
    pub fn buttons(&self) -> Vec<Button> {
        let button = |value: &Value| Button {
            label: text(value, "label"),
            custom_id: text(value, "custom_id"),
            disabled: value["disabled"] == true,
        };
        self.parts().into_iter().filter(|part| part["type"] == 2).map(button).collect()
    }

    /// The options of the menus in their order.
    pub fn options(&self) -> Vec<MenuOption> {
        let option = |menu: &Value, value: &Value| MenuOption {
            label: text(value, "label"),
            value: text(value, "value"),
            description: text(value, "description"),
            menu: text(menu, "custom_id"),
        };
        let menus = self.parts().into_iter().filter(|part| part["type"] == 3 && part["disabled"] != true);
        menus
            .flat_map(|menu| menu["options"].as_array().into_iter().flatten().map(move |o| option(menu, o)))
            .collect()
    }

    /// The components with the nested ones, top to bottom.
    fn parts(&self) -> Vec<&Value> {
        let mut parts = vec![];
        self.components.iter().for_each(|component| collect(component, &mut parts));
        parts
    }

    /// The button with this label or custom id.
    pub fn button(&self, name: &str) -> Option<Button> {
        self.buttons().into_iter().find(|button| button.label == name || button.custom_id == name)
    }

    pub fn attachment(&self, name: &str) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| attachment.name == name)
    }

    /// All that one reads, top to bottom: content, embeds, buttons as `[label]`, files as `(name)`.
    pub fn text(&self) -> String {
        let mut lines = vec![];
        if self.is_loading() {
            lines.push("... is thinking".to_owned());
        }
        if !self.content.is_empty() {
            lines.push(self.content.clone());
        }
        lines.extend(self.embeds.iter().flat_map(embed_lines));
        lines.extend(self.attachments.iter().map(|file| match &file.description {
            Some(alt) => format!("({}: {alt})", file.name),
            None => format!("({})", file.name),
        }));
        lines.extend(self.components.iter().flat_map(component_lines));
        lines.join("\n")
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// A component and those within it.
fn collect<'a>(component: &'a Value, parts: &mut Vec<&'a Value>) {
    parts.push(component);
    component["components"].as_array().into_iter().flatten().for_each(|inner| collect(inner, parts));
    if component["accessory"].is_object() {
        parts.push(&component["accessory"]);
    }
}

/// A component as one reads it: texts, buttons as `[label]`, menus as `{placeholder: labels}`.
fn component_lines(component: &Value) -> Vec<String> {
    let inner = || component["components"].as_array().into_iter().flatten().flat_map(component_lines);
    match component["type"].as_u64() {
        Some(1) => vec![inner().collect::<Vec<_>>().join(" ")],
        Some(2) => vec![format!("[{}]", text(component, "label"))],
        Some(3) => {
            let options = component["options"].as_array().into_iter().flatten();
            let labels: Vec<_> = options.map(|option| text(option, "label")).collect();
            vec![format!("{{{}: {}}}", text(component, "placeholder"), labels.join(", "))]
        }
        Some(9) => inner().chain(component_lines(&component["accessory"])).collect(),
        Some(10) => vec![text(component, "content")],
        _ => inner().collect(),
    }
}

fn embed_lines(embed: &Value) -> Vec<String> {
    let read = |paths: &[&str]| {
        let texts = paths.iter().filter_map(|path| embed.pointer(path)?.as_str());
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut lines = read(&["/author/name", "/title", "/description"]);
    for field in embed["fields"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{}: {}",
            field["name"].as_str().unwrap_or_default(),
            field["value"].as_str().unwrap_or_default()
        ));
    }
    lines.extend(read(&["/footer/text", "/image/url"]));
    lines
}

impl Attachment {
    /// Returns the attachment object, with an address that is signed and expires.
    pub fn json(&self, channel: Id) -> Value {
        let url = self.url(channel);
        json!({
            "id": self.id.to_string(), "filename": self.name, "size": self.bytes.len(), "content_type": self.mime,
            "description": self.description, "url": url, "proxy_url": url, "content_scan_version": 0,
        })
    }

    fn url(&self, channel: Id) -> String {
        format!(
            "https://cdn.discordapp.invalid/attachments/{channel}/{}/{}?ex=1&is=1&hm=1",
            self.id, self.name
        )
    }
}

impl Message {
    /// The message object. <https://docs.discord.com/developers/resources/message#message-object>
    pub fn json(&self, application: Id) -> Value {
        let (look, channel) = (self.look(), self.place.channel());
        let mut embeds = look.embeds.clone();
        for embed in &mut embeds {
            embed["type"] = "rich".into();
            if let Some(name) = embed
                .pointer("/image/url")
                .and_then(Value::as_str)
                .and_then(|url| url.strip_prefix("attachment://"))
                && let Some(file) = look.attachment(name)
            {
                embed["image"]["url"] = file.url(channel).into();
            }
        }
        let attachments: Vec<_> = look.attachments.iter().map(|file| file.json(channel)).collect();
        let edited = (self.revisions.len() > 1).then_some("2026-01-01T00:00:01.000000+00:00");
        json!({
            "id": self.id.to_string(), "channel_id": channel.to_string(), "type": if self.interaction.is_some() { 20 } else { 0 },
            "author": { "id": application.to_string(), "username": "arena", "discriminator": "0", "global_name": null,
                        "avatar": null, "bot": true, "public_flags": 0 },
            "application_id": application.to_string(), "webhook_id": application.to_string(),
            "content": look.content, "embeds": embeds, "components": look.components, "attachments": attachments,
            "flags": look.flags, "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": edited,
            "tts": false, "pinned": false, "mention_everyone": false, "mentions": [], "mention_roles": [], "position": 0,
        })
    }
}
