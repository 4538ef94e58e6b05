//! The body of a message as Discord's REST API takes it, and its limits. Plain data; [`Body::json`] has the wire format.
//!
//! The shapes are those of <https://docs.discord.com/developers/resources/message> and
//! <https://docs.discord.com/developers/components/reference>; the limits those of
//! <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>. Lengths are counted in UTF-16, the
//! strictest reading, and after trimming. serenity's builders are not used: nothing can be read back from them, while
//! embeds are weighed and buttons are sealed here.

use serde_json::{Value, json};

use super::escape::clipped;
use crate::{
    button::Button,
    discord::commands::without_blanks,
    platform::seal::Sealer,
    view::{
        Control,
        text::{Measure, fitting, plain},
    },
};

/// Embeds of a message.
pub(super) const EMBEDS: usize = 10;
/// Characters summed over all embeds of a message.
pub(super) const TOTAL: usize = 6_000;
/// Characters of an embed's description.
pub(super) const DESCRIPTION: usize = 4_096;
/// Characters of a field's value.
pub(super) const FIELD_VALUE: usize = 1_024;
/// Characters of an attachment's alternative text.
const ALT: usize = 1_024;
/// Options of a menu.
pub(super) const OPTIONS: usize = 25;
/// Characters of an option's label, and of its description.
pub(super) const OPTION_TEXT: usize = 100;
/// Buttons in a row, and rows of a message.
const BUTTONS: usize = 5;
pub(super) const ROWS: usize = 5;

/// Components of a message with [`COMPONENTS_V2`], the nested ones counted.
pub(super) const COMPONENTS: usize = 40;
/// Characters summed over all texts of a message with [`COMPONENTS_V2`].
pub(super) const TEXTS: usize = 4_000;

/// Slate: colours belong to the models.
pub(super) const COLOR: u32 = 0x88_92_A6;
/// Shown to the asker only (<https://docs.discord.com/developers/resources/message#message-object-message-flags>).
pub(crate) const EPHEMERAL: u64 = 1 << 6;

/// The message consists of components alone
/// (<https://docs.discord.com/developers/components/overview#what-is-a-component>).
const COMPONENTS_V2: u64 = 1 << 15;

/// A message. The flag that suppresses embeds is never among its flags: it would hide ours too.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Body {
    /// Outside the embeds, where links would unfurl and mentions would ping: only our own words.
    pub(crate) content: String,
    pub(crate) embeds: Vec<Embed>,
    pub(crate) components: Vec<Component>,
    /// The files of the request, in its order.
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) flags: Option<u64>,
}

impl Body {
    /// A message of one embed without a title.
    pub(super) fn text(content: &str, description: String) -> Self {
        Self { content: content.to_owned(), embeds: vec![Embed::text(description)], ..Self::default() }
    }

    /// A message of components alone, [`COMPONENTS`] of them at most.
    pub(super) fn of(components: Vec<Component>) -> Self {
        Self { components, flags: Some(COMPONENTS_V2), ..Self::default() }
    }

    /// Returns this message with the first file of the request in its first embed, if there is alternative text for it.
    pub(super) fn with_picture(mut self, filename: &str, alt: Option<&str>) -> Self {
        if let (Some(alt), Some(first)) = (alt, self.embeds.first_mut()) {
            first.image = Some(filename.to_owned());
            self.attachments = vec![Attachment::new(filename, alt)];
        }
        self
    }

    /// Returns this message, shown to the asker only.
    pub(crate) fn private(self) -> Self {
        Self { flags: Some(self.flags.unwrap_or_default() | EPHEMERAL), ..self }
    }

    /// Returns this message with every button bound to `place`.
    pub(crate) fn sealed(mut self, sealer: &Sealer, place: &str) -> Self {
        let seal = |id: &mut String| {
            if let Some(button) = Button::parse(id) {
                *id = format!("{button}:{}", sealer.seal(button, place));
            }
        };
        self.components.iter_mut().for_each(|component| component.seal(&seal));
        self
    }

    /// Returns the message as it is sent, without empty parts. Nothing that a model or a user wrote pings anyone.
    pub(crate) fn json(&self) -> Value {
        let attachments = self.attachments.iter().enumerate().map(|(id, Attachment { filename, description })| {
            json!({ "id": id, "filename": filename, "description": description })
        });
        let mut json = without_blanks(json!({
            "content": self.content,
            "embeds": self.embeds.iter().map(Embed::json).collect::<Vec<_>>(),
            "components": self.components.iter().map(Component::json).collect::<Vec<_>>(),
            "attachments": attachments.collect::<Vec<_>>(),
            "flags": self.flags,
        }));
        json["allowed_mentions"] = json!({ "parse": [] });
        json
    }
}

/// A block with a bar of colour. Untrusted text is only here: its links do not unfurl and its mentions do not ping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Embed {
    pub(crate) title: String,
    pub(crate) description: String,
    /// `0xRRGGBB`.
    pub(crate) color: u32,
    /// Named parts; neither a name nor a text is empty.
    pub(crate) fields: Vec<(String, String)>,
    /// Small text at the bottom, without Markdown.
    pub(crate) footer: String,
    /// The name of a file of the request.
    pub(crate) image: Option<String>,
}

impl Embed {
    /// An embed of one text.
    pub(super) fn text(description: String) -> Self {
        let (title, footer) = (String::new(), String::new());
        Self { title, description, color: COLOR, fields: vec![], footer, image: None }
    }

    /// The share of [`TOTAL`] that the embed takes.
    pub(super) fn weight(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(name, value)| length(name) + length(value)).sum();
        length(&self.title) + length(&self.description) + fields + length(&self.footer)
    }

    fn json(&self) -> Value {
        let fields = self.fields.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        json!({
            "title": self.title,
            "description": self.description,
            "color": self.color,
            "fields": fields.collect::<Vec<_>>(),
            "footer": { "text": self.footer },
            "image": { "url": self.image.as_ref().map(|file| format!("attachment://{file}")) },
        })
    }
}

/// A file of the request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attachment {
    pub(crate) filename: String,
    /// The alternative text.
    pub(crate) description: String,
}

impl Attachment {
    pub(super) fn new(filename: &str, alt: &str) -> Self {
        Self { filename: filename.to_owned(), description: clipped(&plain(alt), ALT) }
    }
}

/// A part of a message. Without [`COMPONENTS_V2`] a message takes rows only.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Component {
    /// One to five buttons, or one menu.
    Row(Vec<Self>),
    /// Markdown. Its links do not unfurl.
    Text(String),
    /// A button.
    Button { style: u8, emoji: String, label: String, custom_id: String },
    /// A menu from which one of at most [`OPTIONS`] options is chosen.
    Menu { custom_id: String, placeholder: String, options: Vec<MenuOption> },
}

/// An option of a menu; its value is the id of the button that it stands in for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MenuOption {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) description: String,
}

/// The looks of a button: the main choice, one of several, the end of something.
pub(super) const PRIMARY: u8 = 1;
const SECONDARY: u8 = 2;
pub(super) const DANGER: u8 = 4;

impl Component {
    /// A button that means `button`; without an emoji if that is empty.
    pub(super) fn button(button: Button, emoji: &str, label: &str) -> Self {
        let style = match button {
            Button::Stop(_) => DANGER,
            Button::Again(_) | Button::Best(..) => PRIMARY,
            _ => SECONDARY,
        };
        Self::Button {
            style,
            emoji: emoji.to_owned(),
            label: label.to_owned(),
            custom_id: button.to_string(),
        }
    }

    /// The rows of these buttons.
    pub(super) fn rows(buttons: &[Self]) -> impl Iterator<Item = Self> {
        buttons.chunks(BUTTONS).map(|row| Self::Row(row.to_vec()))
    }

    /// The rows of these controls.
    pub(super) fn controls(controls: impl IntoIterator<Item = Control>) -> Vec<Self> {
        let buttons = controls.into_iter().map(|(button, emoji, label)| Self::button(button, emoji, label));
        Self::rows(&buttons.collect::<Vec<_>>()).collect()
    }

    /// Applies `seal` to the id of every button in it, and of every option that stands in for one.
    fn seal(&mut self, seal: &impl Fn(&mut String)) {
        match self {
            Self::Row(parts) => parts.iter_mut().for_each(|part| part.seal(seal)),
            Self::Button { custom_id, .. } => seal(custom_id),
            Self::Menu { options, .. } => options.iter_mut().for_each(|option| seal(&mut option.value)),
            Self::Text(_) => {}
        }
    }

    fn json(&self) -> Value {
        let option = |MenuOption { label, value, description }: &MenuOption| json!({ "label": label, "value": value, "description": description });
        match self {
            Self::Row(parts) => {
                json!({ "type": 1, "components": parts.iter().map(Self::json).collect::<Vec<_>>() })
            }
            Self::Button { style, emoji, label, custom_id } => json!({
                "type": 2, "style": style, "emoji": { "name": emoji }, "label": label, "custom_id": custom_id,
            }),
            Self::Menu { custom_id, placeholder, options } => json!({
                "type": 3, "custom_id": custom_id, "placeholder": placeholder,
                "options": options.iter().map(option).collect::<Vec<_>>(),
            }),
            Self::Text(content) => json!({ "type": 10, "content": content }),
        }
    }

    /// The components of a row.
    #[cfg(test)]
    pub(super) fn parts(&self) -> &[Self] {
        if let Self::Row(parts) = self { parts } else { &[] }
    }
}

/// The length of `text` as Discord counts it.
pub(super) fn length(text: &str) -> usize {
    Measure::Utf16.of(text.trim())
}

/// Reads the custom id of a pressed button with its seal; `None` for buttons that are not ours.
pub(crate) fn pressed(custom_id: &str) -> Option<(Button, Option<&str>)> {
    if let Some(button) = Button::parse(custom_id) {
        return Some((button, None));
    }
    let (button, seal) = custom_id.rsplit_once(':')?;
    Some((Button::parse(button)?, Some(seal)))
}

/// As many of `lines` as a description holds, the others counted; `nothing` if there are none.
pub(super) fn listed(lines: impl Iterator<Item = String>, nothing: &str) -> String {
    let text = fitting(lines, String::new(), DESCRIPTION - 24, length);
    if text.is_empty() { nothing.to_owned() } else { text.trim_end().to_owned() }
}
