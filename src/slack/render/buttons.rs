//! The buttons and menus of messages: what they mean, and how that is read back when one is pressed.
//!
//! A button's `action_id` and `value` hold its meaning, its seal, and the thread in which one user sees it.

use slack_morphism::blocks::{
    SlackActionBlockElement, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockChoiceItem,
    SlackBlockStaticSelectElement,
};

use super::{blocks::with_emoji, escape::tight};
use crate::{
    button::{Button, Page},
    platform::seal::Sealer,
    race::{
        RaceId,
        vote::{AnswerKey, Label},
    },
};

/// Characters of a button's label, of an option and of its description
/// (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).
pub(super) const MAX_LABEL: usize = 75;

/// A button that means `meaning`. Its words are ours; screen readers read `spoken` instead, unless it is empty.
pub(super) fn button(meaning: Button, emoji: &str, label: &str, spoken: &str) -> SlackBlockButtonElement {
    let (action, value) = action_and_value(meaning);
    let spoken = Some(tight(spoken, MAX_LABEL)).filter(|spoken| !spoken.is_empty());
    let style = match meaning {
        Button::Stop(_) => Some(SlackBlockButtonStyle::Danger),
        Button::Again(_) => Some(SlackBlockButtonStyle::Primary),
        _ => None,
    };
    let label = format!("{emoji} {label}");
    SlackBlockButtonElement::new(with_emoji(label.trim_start()).into())
        .with_action_id(action.into())
        .with_value(value)
        .opt_style(style)
        .opt_accessibility_label(spoken.map(Into::into))
}

/// A menu of the answers of `race` with their labels; `None` if there are none.
pub(super) fn reading(
    race: RaceId,
    lanes: impl IntoIterator<Item = (AnswerKey, String)>,
) -> Option<SlackBlockStaticSelectElement> {
    let option = |(answer, label): (AnswerKey, String)| {
        let value = match answer {
            AnswerKey::Lane(lane) => lane.to_string(),
            AnswerKey::Label(label) => label.to_string(),
        };
        SlackBlockChoiceItem::new(with_emoji(&label).into(), value)
    };
    let options: Vec<_> = lanes.into_iter().map(option).collect();
    let menu = SlackBlockStaticSelectElement::new()
        .with_action_id(format!("{MENU}{race}").into())
        .with_placeholder(with_emoji("📖 Read an answer").into())
        .with_options(options.clone());
    (!options.is_empty()).then_some(menu)
}

/// Begins the action id of a [`reading`] menu.
const MENU: &str = "menu:";
/// Begins the action id of a button that carries a question.
const QUESTION: &str = "question";
/// The action id of the button that opens the form.
const FORM: &str = "form";
/// Bytes of a button's value: Slack documents 2,000 characters and not what it counts.
const MAX_VALUE: usize = 2_000;

/// A button that starts a race with `question`, in `thread` if it is shown in one; `None` if it cannot carry all of it.
pub(super) fn question_button(question: &str, thread: Option<&str>) -> Option<SlackBlockButtonElement> {
    let thread = thread.map(|thread| format!("{THREAD}{thread}")).unwrap_or_default();
    let fits = (1..=MAX_VALUE).contains(&question.len());
    fits.then(|| starting("🏁 Race it as a question", format!("{QUESTION}{thread}"), question))
}

/// A button that opens the form for a race in `channel`.
pub(super) fn form_button(channel: &str) -> SlackBlockButtonElement {
    starting("🏁 Start a race", FORM.to_owned(), channel)
}

/// The main button of a message that starts a race.
fn starting(label: &str, action: String, value: &str) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(with_emoji(label).into())
        .with_action_id(action.into())
        .with_value(value.to_owned())
        .with_style(SlackBlockButtonStyle::Primary)
}

/// Returns true for the action id of the button that opens the form.
pub(crate) fn is_form(action_id: &str) -> bool {
    action_id == FORM
}

/// Reads the action id of a button that carries a question as its value: the thread in which it is shown, or nothing.
pub(crate) fn question(action_id: &str) -> Option<&str> {
    let rest = action_id.strip_prefix(QUESTION)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(THREAD) }
}

/// A button's `action_id` and `value`. Action ids are unique in a message, so those of examples and pages have their
/// values too.
fn action_and_value(meaning: Button) -> (String, String) {
    let text = meaning.to_string();
    let mut parts = text.splitn(3, ':').skip(1).map(str::to_owned);
    let (word, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_one_of_many = matches!(
        meaning,
        Button::Try(_)
            | Button::TryBlind(_)
            | Button::Read(_)
            | Button::Best(..)
            | Button::Second(..)
            | Button::RunCanary(_)
            | Button::PauseCanary(_)
            | Button::ResumeCanary(_)
    );
    (if is_one_of_many { format!("{word}:{value}") } else { word }, value)
}

/// Adds the thread of the message to a button's value: Slack does not report it for a button that one user sees.
pub(super) fn in_thread(button: SlackBlockButtonElement, thread: Option<&str>) -> SlackBlockButtonElement {
    let value = button.value.clone().unwrap_or_default();
    match thread {
        Some(thread) => button.with_value(format!("{value}{THREAD}{thread}")),
        None => button,
    }
}

/// Separates a button's own value from its seal.
const SEAL: char = '~';
/// Separates a button's own value from the thread that it carries.
const THREAD: char = '@';

/// A button that was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pressed {
    /// Its meaning.
    pub(crate) button: Button,
    /// Its seal.
    pub(crate) seal: Option<String>,
    /// The thread that it carries.
    pub(crate) thread: Option<String>,
}

/// Reads the `action_id` and the `value` of a pressed button or of a menu; `None` for those that are not ours.
pub(crate) fn pressed(action_id: &str, value: &str) -> Option<Pressed> {
    fn parted(text: &str, mark: char) -> (&str, Option<String>) {
        text.split_once(mark).map_or((text, None), |(text, rest)| (text, Some(rest.to_owned())))
    }
    if let Some(race) = action_id.strip_prefix(MENU) {
        let (lane, seal) = parted(value, SEAL);
        let answer = match Label::parse(lane) {
            Some(label) => AnswerKey::Label(label),
            None => AnswerKey::Lane(lane.parse().ok()?),
        };
        let button = Button::Read(Page::first(RaceId::parse(race)?, answer));
        return Some(Pressed { button, seal, thread: None });
    }
    let word = action_id.split(':').next().unwrap_or_default();
    let (value, thread) = parted(value, THREAD);
    let (value, seal) = parted(value, SEAL);
    let button = Button::parse(&format!("arena:{word}:{value}"))?;
    (action_and_value(button).0 == action_id).then_some(Pressed { button, seal, thread })
}

/// Binds a button, or every option of a menu, to `place`.
pub(super) fn seal(element: &mut SlackActionBlockElement, sealer: &Sealer, place: &str) {
    let (action, values): (_, Vec<&mut String>) = match element {
        SlackActionBlockElement::Button(button) => (&button.action_id, button.value.iter_mut().collect()),
        SlackActionBlockElement::StaticSelect(menu) => {
            let options = menu.options.iter_mut().flatten();
            (&menu.action_id, options.map(|option| &mut option.value).collect())
        }
        _ => return,
    };
    for value in values {
        if let Some(Pressed { button, .. }) = action.as_ref().and_then(|action| pressed(&action.0, value)) {
            value.push(SEAL);
            value.push_str(&sealer.seal(button, place));
        }
    }
}
