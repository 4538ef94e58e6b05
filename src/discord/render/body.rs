//! The body of a message as Discord's REST API takes it: plain data, serialised without what is empty.
//!
//! The shapes are those of <https://docs.discord.com/developers/resources/message> and
//! <https://docs.discord.com/developers/components/reference>. Must not know races.

use serde::Serialize;

use crate::button::Button;

/// Seen by the one who asked alone (<https://docs.discord.com/developers/resources/message#message-object-message-flags>).
const EPHEMERAL: u64 = 1 << 6;

/// A message. The flag that suppresses embeds is never among its flags: it would hide ours too.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Body {
    /// Outside the embeds, where links would unfurl and mentions would ping: our own words alone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) content: String,
    /// At most ten.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) embeds: Vec<Embed>,
    /// At most five rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Row>,
    /// The files that go with it, `id` being their place in the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attachment>,
    /// Bits.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) flags: u64,
    /// Always there, and empty: nobody is pinged by what a model or a user wrote.
    pub(crate) allowed_mentions: AllowedMentions,
}

impl Body {
    /// The same, for the eyes of the asker alone.
    pub(crate) fn private(mut self) -> Self {
        self.flags |= EPHEMERAL;
        self
    }
}

/// Who may be pinged: nobody.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct AllowedMentions {
    parse: [(); 0],
}

/// A block with a bar of colour. Untrusted text stands only here: its links do not unfurl and its mentions ping
/// nobody.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Embed {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    /// `0xRRGGBB`.
    pub(crate) color: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<Footer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Image>,
}

/// A named part of an embed; neither text may be empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Small text below, without Markdown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Footer {
    pub(crate) text: String,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Image {
    /// `attachment://` and the name of a file that comes with the message.
    pub(crate) url: String,
}

/// A file that comes with the message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Attachment {
    /// Its place among the request's files.
    pub(crate) id: u64,
    pub(crate) filename: String,
    /// The alternative text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
}

/// A row of buttons.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    #[serde(rename = "type")]
    kind: u8,
    /// One to five.
    pub(crate) components: Vec<ButtonDto>,
}

impl Row {
    /// A row of these.
    pub(crate) fn of(components: Vec<ButtonDto>) -> Self {
        Self { kind: 1, components }
    }
}

/// A button.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ButtonDto {
    #[serde(rename = "type")]
    kind: u8,
    pub(crate) style: Style,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emoji: Option<Emoji>,
    pub(crate) custom_id: String,
}

impl ButtonDto {
    /// A button that means `button`.
    pub(crate) fn new(button: Button, style: Style, emoji: &str, label: impl Into<String>) -> Self {
        let emoji = Some(Emoji { name: emoji.to_owned() });
        Self { kind: 2, style, label: label.into(), emoji, custom_id: button.to_string() }
    }
}

/// An emoji of Unicode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Emoji {
    pub(crate) name: String,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The one to press.
    Primary,
    /// One among others.
    Secondary,
    /// It ends something.
    Danger,
}

impl Serialize for Style {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::Primary => 1,
            Self::Secondary => 2,
            Self::Danger => 4,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(flags: &u64) -> bool {
    *flags == 0
}
