//! The body of a message as Slack's Web API takes it, and the blocks that it is made of.
//!
//! The shapes are those of <https://docs.slack.dev/reference/block-kit/blocks>. No block has an id: an edit would need
//! new ones. An empty text is refused, so empty parts are left out. Must not know races.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    escape::tight,
    limits::{BLOCKS, LABEL, room, weight, words},
};
use crate::button::Button;

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Body {
    /// What notifications show and what stands where blocks cannot: short, ours, with the asker escaped.
    pub(crate) text: String,
    /// At most 50; [`super::limits`] tells how long.
    pub(crate) blocks: Vec<Value>,
}

/// Bold text within [`section`].
pub(super) fn bold(text: &str) -> Value {
    styled(text, "bold")
}

/// Italic text within [`section`].
pub(super) fn italic(text: &str) -> Value {
    styled(text, "italic")
}

/// Text as code within [`section`].
pub(super) fn code(text: &str) -> Value {
    styled(text, "code")
}

fn styled(text: &str, style: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { style: true } })
}

/// Text as it is within [`section`].
pub(super) fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// A block of parts whose texts are shown letter by letter
/// (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>).
pub(super) fn rich(parts: impl Into<Value>) -> Value {
    json!({ "type": "rich_text", "elements": parts.into() })
}

/// A part in lines.
pub(super) fn section(texts: impl IntoIterator<Item = Value>) -> Value {
    let texts: Vec<Value> = texts.into_iter().filter(|text| text["text"] != "").collect();
    json!({ "type": "rich_text_section", "elements": texts })
}

/// A part that is quoted.
pub(super) fn quote(quoted: &str) -> Value {
    json!({ "type": "rich_text_quote", "elements": [text(quoted)] })
}

/// A part in letters of one width.
pub(super) fn preformatted(lines: &str) -> Value {
    json!({ "type": "rich_text_preformatted", "elements": [text(lines)] })
}

/// Markdown, escaped by the caller. All of a message may have 12,000 characters, which its other limits keep
/// (<https://docs.slack.dev/reference/block-kit/blocks/markdown-block>).
pub(super) fn markdown(text: &str) -> Value {
    json!({ "type": "markdown", "text": text })
}

/// Text without markup.
pub(super) fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// Small text without markup.
pub(super) fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [plain(text)] })
}

/// A row of buttons.
pub(super) fn actions(buttons: impl Into<Value>) -> Value {
    json!({ "type": "actions", "elements": buttons.into() })
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The one to press.
    Primary,
    /// One among others.
    Default,
    /// It ends something.
    Danger,
}

/// A button that means `meaning`. `label` is ours; `spoken` is read in its place by screen readers.
pub(super) fn button(meaning: Button, style: Style, label: &str, spoken: &str) -> Value {
    let (action, value) = carried(meaning);
    let mut button = json!({
        "type": "button",
        "text": { "type": "plain_text", "text": label, "emoji": true },
        "action_id": action,
        "value": value,
    });
    match style {
        Style::Primary => button["style"] = "primary".into(),
        Style::Danger => button["style"] = "danger".into(),
        Style::Default => {}
    }
    let spoken = tight(spoken, LABEL);
    if !spoken.is_empty() {
        button["accessibility_label"] = spoken.into();
    }
    button
}

/// A button's `action_id` and `value`. Action ids are unique in a message, so that of an example has its key too.
fn carried(meaning: Button) -> (String, String) {
    let text = meaning.to_string();
    let mut parts = text.splitn(3, ':').skip(1).map(str::to_owned);
    let (word, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (if let Button::Try(_) = meaning { format!("{word}:{value}") } else { word }, value)
}

/// The same button with the thread that it stands in: Slack does not tell it of a button that one person sees.
pub(super) fn in_thread(mut button: Value, thread: Option<&str>) -> Value {
    if let (Some(thread), Some(value)) = (thread, button["value"].as_str()) {
        button["value"] = format!("{value}{THREAD}{thread}").into();
    }
    button
}

/// Between a button's own value and the thread that it carries.
const THREAD: char = '@';

/// A button that was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pressed {
    /// What it means.
    pub(crate) button: Button,
    /// The thread that it carries.
    pub(crate) thread: Option<String>,
}

/// The button that came back with this `action_id` and `value`; `None` for those that are not ours.
pub(crate) fn pressed(action_id: &str, value: &str) -> Option<Pressed> {
    let word = action_id.split(':').next().unwrap_or_default();
    let (value, thread) = value.split_once(THREAD).map_or((value, None), |(value, ts)| (value, Some(ts)));
    let button = Button::parse(&format!("arena:{word}:{value}"))?;
    let is_ours = carried(button).0 == action_id;
    is_ours.then(|| Pressed { button, thread: thread.map(str::to_owned) })
}

/// Appends as many of `parts` as a message holds, each whole, and leaves room for `reserve`; tells how many are left
/// out.
pub(super) fn fill(blocks: &mut Vec<Value>, parts: Vec<Vec<Value>>, reserve: usize) -> usize {
    let (all, mut said) = (parts.len(), 0);
    for part in parts {
        let takes = part.iter().map(|block| weight(block).max(words(block))).sum::<usize>();
        if blocks.len() + part.len() >= BLOCKS || takes + reserve > room(blocks) {
            break;
        }
        blocks.extend(part);
        said += 1;
    }
    all - said
}
