//! The body of a message as Discord's REST API takes it, and its limits. Plain data, serialised without empty parts.
//!
//! The shapes are those of <https://docs.discord.com/developers/resources/message> and
//! <https://docs.discord.com/developers/components/reference>; the limits those of
//! <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>. Lengths are counted in UTF-16, the
//! strictest reading, and after trimming. serenity's builders are not used: nothing can be read back from them, while
//! embeds are weighed here.

use serde::Serialize;
use serde_json::Value;

use super::escape::clipped;
use crate::{
    button::Button,
    platform::seal::Sealer,
    view::text::{Measure, fitting, plain},
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
pub(super) const ALT: usize = 1_024;
/// Options of a menu.
pub(super) const OPTIONS: usize = 25;
/// Characters of an option's label, and of its description.
pub(super) const OPTION_TEXT: usize = 100;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Body {
    /// Outside the embeds, where links would unfurl and mentions would ping: only our own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) embeds: Vec<Embed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Component>,
    /// The files of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flags: Option<u64>,
    /// Always present and empty: nothing that a model or a user wrote pings anyone.
    pub(crate) allowed_mentions: AllowedMentions,
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

    pub(crate) fn json(&self) -> Value {
        serde_json::to_value(self).expect("text, numbers and lists are always JSON")
    }
}

/// The mentions that may ping: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct AllowedMentions {
    parse: [(); 0],
}

/// A block with a bar of colour. Untrusted text is only here: its links do not unfurl and its mentions do not ping.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

impl Embed {
    /// An embed of one text.
    pub(super) fn text(description: String) -> Self {
        Self { title: String::new(), description, color: COLOR, fields: vec![], footer: None, image: None }
    }

    /// The share of [`TOTAL`] that the embed takes.
    pub(super) fn weight(&self) -> usize {
        let fields: usize = self.fields.iter().map(|field| length(&field.name) + length(&field.value)).sum();
        let footer = self.footer.as_ref().map_or(0, |footer| length(&footer.text));
        length(&self.title) + length(&self.description) + fields + footer
    }
}

/// A named part of an embed; neither text may be empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Small text at the bottom, without Markdown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Footer {
    pub(crate) text: String,
}

/// A picture: `attachment://` and the name of a file of the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Image {
    pub(crate) url: String,
}

/// A file of the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Attachment {
    /// Its index among the request's files.
    pub(crate) id: u64,
    pub(crate) filename: String,
    /// The alternative text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
}

impl Attachment {
    /// The first file of the request, with its alternative text.
    pub(super) fn of(filename: &str, alt: &str) -> Self {
        Self { id: 0, filename: filename.to_owned(), description: clipped(&plain(alt), ALT) }
    }
}

/// A part of a message. Without [`COMPONENTS_V2`] a message takes rows only.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Component {
    /// One to five buttons, or one menu.
    Row(Group),
    Text(Text),
    Button(ButtonDto),
    Menu(Menu),
}

impl Component {
    pub(super) fn buttons(buttons: Vec<ButtonDto>) -> Self {
        Self::row(buttons.into_iter().map(Self::Button).collect())
    }

    pub(super) fn menu(menu: Menu) -> Self {
        Self::row(vec![Self::Menu(menu)])
    }

    /// Applies `seal` to the id of every button in it, and of every option that stands in for one.
    fn seal(&mut self, seal: &impl Fn(&mut String)) {
        match self {
            Self::Row(row) => row.components.iter_mut().for_each(|part| part.seal(seal)),
            Self::Button(button) => seal(&mut button.custom_id),
            Self::Menu(menu) => menu.options.iter_mut().for_each(|option| seal(&mut option.value)),
            Self::Text(_) => {}
        }
    }

    /// The components of a row.
    #[cfg(test)]
    pub(super) fn parts(&self) -> &[Self] {
        if let Self::Row(row) = self { &row.components } else { &[] }
    }

    fn row(components: Vec<Self>) -> Self {
        Self::Row(Group { kind: 1, components })
    }

    /// Markdown.
    pub(super) fn text(content: String) -> Self {
        Self::Text(Text { kind: 10, content })
    }
}

/// Components in one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    #[serde(rename = "type")]
    kind: u8,
    pub(crate) components: Vec<Component>,
}

/// A text among components. Its links do not unfurl.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Text {
    #[serde(rename = "type")]
    kind: u8,
    pub(crate) content: String,
}

/// A menu from which one option is chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Menu {
    #[serde(rename = "type")]
    kind: u8,
    pub(crate) custom_id: String,
    pub(crate) placeholder: String,
    /// One to [`OPTIONS`].
    pub(crate) options: Vec<MenuOption>,
}

impl Menu {
    pub(super) fn new(custom_id: String, placeholder: &str, options: Vec<MenuOption>) -> Self {
        Self { kind: 3, custom_id, placeholder: placeholder.to_owned(), options }
    }
}

/// An option of a menu; its value is the id of the button that it stands in for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MenuOption {
    pub(crate) label: String,
    pub(crate) value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ButtonDto {
    #[serde(rename = "type")]
    kind: u8,
    /// The number of a [`Style`].
    pub(crate) style: u8,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emoji: Option<Emoji>,
    pub(crate) custom_id: String,
}

impl ButtonDto {
    /// A button that means `button`; without an emoji if that is empty.
    pub(super) fn new(button: Button, emoji: &str, label: impl Into<String>) -> Self {
        let emoji = (!emoji.is_empty()).then(|| Emoji { name: emoji.to_owned() });
        let style = match button {
            Button::Stop(_) => Style::Danger,
            Button::Again(_) | Button::Best(..) => Style::Primary,
            _ => Style::Secondary,
        };
        Self { kind: 2, style: style as u8, label: label.into(), emoji, custom_id: button.to_string() }
    }
}

/// A Unicode emoji.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Emoji {
    pub(crate) name: String,
}

/// The look of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The main choice.
    Primary = 1,
    /// One of several.
    Secondary = 2,
    /// Ends something.
    Danger = 4,
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
