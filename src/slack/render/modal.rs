//! The form that `/arena` alone opens, and what is submitted.
//!
//! <https://docs.slack.dev/reference/views/modal-views>

use std::sync::Arc;

use serde_json::Value;
use slack_morphism::blocks::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockMultiStaticSelectElement,
    SlackBlockPlainText, SlackBlockPlainTextInputElement, SlackBlockRadioButtonsElement, SlackBlockText,
    SlackInputBlock, SlackInputBlockElement, SlackModalView, SlackView,
};

use super::{
    blocks::plain,
    buttons::MAX_LABEL,
    escape::{icon, plain_name, tight},
};
use crate::{
    attachment::clean_name,
    guide::Preset,
    model::{ModelCard, ModelId},
    platform::message::SourceMessage,
};

/// Identifies the view when it is submitted.
pub(crate) const CALLBACK: &str = "arena";
/// The block with the ways in which the models answer.
pub(crate) const HOW: &str = "how";
/// The block with the uses of a message.
pub(crate) const PRESET: &str = "preset";
/// The block with the models.
pub(crate) const MODELS: &str = "models";
/// The block with the prompt.
pub(crate) const PROMPT: &str = "prompt";
/// Characters of a prompt that Slack lets users type
/// (<https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element>).
const MAX_PROMPT: u64 = 3_000;
/// Checkboxes of a group; beyond them the models are a menu.
const MAX_CHECKBOXES: usize = 10;
/// Options of a menu.
pub(super) const MAX_OPTIONS: usize = 100;
/// Characters of an option's value.
const MAX_VALUE: usize = 150;
/// Characters of the hint below an input.
const MAX_HINT: usize = 1_500;
/// Characters of the metadata of a view.
const MAX_METADATA: usize = 3_000;

/// The way in which the models answer, as the form offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// One answers.
    Ask,
    /// Several race.
    #[default]
    Compare,
    /// Several race without names.
    Blind,
}

impl Form {
    const ALL: [Self; 3] = [Self::Compare, Self::Blind, Self::Ask];

    fn value(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Compare => "compare",
            Self::Blind => "blind",
        }
    }

    fn option<T: From<SlackBlockPlainText> + Into<SlackBlockText>>(self) -> SlackBlockChoiceItem<T> {
        let (label, description) = match self {
            Self::Ask => ("Ask", "One model answers: choose it below"),
            Self::Compare => ("Compare", "Models race; choose none for all of them"),
            Self::Blind => ("Blind", "They race with their names hidden until a vote"),
        };
        choice(self.value(), label, description)
    }
}

/// A submitted form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// The chosen way.
    pub(crate) form: Form,
    /// The chosen use of the message.
    pub(crate) preset: Preset,
    /// The chosen models; none means all.
    pub(crate) models: Vec<ModelId>,
    /// Trimmed.
    pub(crate) prompt: String,
}

/// The view for `views.open`. `private_metadata` comes back as it is, unless it has more than 3,000 characters.
pub(crate) fn modal(cards: &[Arc<ModelCard>], form: Form, private_metadata: &str) -> SlackView {
    let inputs = [Some(prompt("", "")), Some(how(form)), models(cards)];
    view(inputs, private_metadata)
}

/// The view for `views.open` that races `message`.
pub(crate) fn message_modal(
    cards: &[Arc<ModelCard>],
    message: &SourceMessage,
    private_metadata: &str,
) -> SlackView {
    let files: Vec<String> = message.files.iter().map(|file| clean_name(&file.name)).collect();
    let along = (!files.is_empty()).then(|| format!("Sent along: {}.", files.join(", ")));
    let missing = message.unreadable.join(", ");
    let missing = (!missing.is_empty()).then(|| format!("Not sent: {missing}."));
    let parts = [along, missing].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let prompt = prompt(&message.text, &tight(&parts, MAX_HINT));
    view([Some(preset()), Some(prompt), Some(how(Form::default())), models(cards)], private_metadata)
}

/// Returns true if a form can carry this metadata.
pub(crate) fn fits(private_metadata: &str) -> bool {
    private_metadata.chars().count() <= MAX_METADATA
}

fn view<const N: usize>(inputs: [Option<SlackInputBlock>; N], private_metadata: &str) -> SlackView {
    let blocks = inputs.into_iter().flatten().map(Into::into).collect();
    asking(CALLBACK, ("LLM Arena", "Start"), blocks, private_metadata)
}

/// A form with this title and this label of its main button; `callback` identifies it when it is submitted.
pub(super) fn asking(
    callback: &str,
    (title, submit): (&str, &str),
    blocks: Vec<SlackBlock>,
    private_metadata: &str,
) -> SlackView {
    let metadata = if fits(private_metadata) { private_metadata } else { "" };
    let view = SlackModalView::new(plain(title).into(), blocks)
        .with_callback_id(callback.into())
        .with_submit(plain(submit).into())
        .with_close(plain("Cancel").into())
        .with_private_metadata(metadata.to_owned());
    SlackView::Modal(view)
}

/// The field for the prompt.
pub(super) fn prompt_field(placeholder: &str) -> SlackBlockPlainTextInputElement {
    SlackBlockPlainTextInputElement::new()
        .with_action_id(PROMPT.into())
        .with_multiline(true)
        .with_max_length(MAX_PROMPT)
        .with_focus_on_load(true)
        .with_placeholder(plain(placeholder).into())
}

pub(super) fn input(id: &str, label: &str, element: impl Into<SlackInputBlockElement>) -> SlackInputBlock {
    SlackInputBlock::new(plain(label).into(), element.into()).with_block_id(id.into())
}

fn choice<T: From<SlackBlockPlainText> + Into<SlackBlockText>>(
    value: &str,
    label: &str,
    description: &str,
) -> SlackBlockChoiceItem<T> {
    let description = (!description.is_empty()).then(|| plain(description).into());
    SlackBlockChoiceItem::new(plain(label).into(), value.to_owned()).opt_description(description)
}

fn how(form: Form) -> SlackInputBlock {
    let element = SlackBlockRadioButtonsElement::new(Form::ALL.map(Form::option).to_vec());
    let element = element.with_action_id(HOW.into()).with_initial_option(form.option());
    input(HOW, "How do they answer?", element)
}

/// Checkboxes, which show the purpose of each model; a menu if there are too many. `None` without models: an empty
/// group is refused.
fn models(cards: &[Arc<ModelCard>]) -> Option<SlackInputBlock> {
    let fits = |card: &&Arc<ModelCard>| (1..=MAX_VALUE).contains(&card.id.as_str().chars().count());
    let offered: Vec<&Arc<ModelCard>> = cards.iter().filter(fits).take(MAX_OPTIONS).collect();
    let element: SlackInputBlockElement = match offered.len() {
        0 => return None,
        1..=MAX_CHECKBOXES => {
            SlackBlockCheckboxesElement::new(options(&offered)).with_action_id(MODELS.into()).into()
        }
        _ => SlackBlockMultiStaticSelectElement::new()
            .with_action_id(MODELS.into())
            .with_placeholder(plain("All models").into())
            .with_options(options(&offered))
            .into(),
    };
    Some(input(MODELS, "Models", element).with_optional(true))
}

/// Icon, name and size of each model, and its purpose.
fn options<T: From<SlackBlockPlainText> + Into<SlackBlockText>>(
    offered: &[&Arc<ModelCard>],
) -> Vec<SlackBlockChoiceItem<T>> {
    let option = |card: &&Arc<ModelCard>| {
        let simulated = if card.simulated { " (simulated)" } else { "" };
        let gap = if card.size.is_empty() { "" } else { " · " };
        let label = format!("{}{}{gap}{}{simulated}", icon(card), plain_name(card), card.size);
        choice(card.id.as_str(), &tight(&label, MAX_LABEL), &tight(&card.best_for, MAX_LABEL))
    };
    offered.iter().map(option).collect()
}

/// The ways to use a message.
fn preset() -> SlackInputBlock {
    let option = |preset: Preset| {
        let (label, description) = preset.label();
        choice(preset.as_str(), label, description)
    };
    let element = SlackBlockRadioButtonsElement::new(Preset::ALL.map(option).to_vec());
    let element = element.with_action_id(PRESET.into()).with_initial_option(option(Preset::default()));
    input(PRESET, "What should they do with this message?", element)
}

/// The prompt, which begins as `message`, as much of it as fits; `parts` is about its other parts.
fn prompt(message: &str, parts: &str) -> SlackInputBlock {
    let shown: String = message.chars().take(usize::try_from(MAX_PROMPT).unwrap_or(usize::MAX)).collect();
    let is_cut = shown.len() < message.len();
    let element =
        prompt_field("Why is the sky blue?").opt_initial_value(Some(shown).filter(|shown| !shown.is_empty()));
    let cut = format!("The message is longer: only its first {MAX_PROMPT} characters fit.");
    let hint = [if is_cut { &cut } else { "" }, parts].join(" ");
    let hint = Some(hint.trim()).filter(|hint| !hint.is_empty()).map(plain);
    input(PROMPT, if message.is_empty() { "Prompt" } else { "Message" }, element)
        .opt_hint(hint.map(Into::into))
}

/// Reads `view.state.values` of a submission; a part that is missing or of another shape counts as untouched.
pub(crate) fn read(values: &Value) -> Filled {
    let models = &values[MODELS][MODELS]["selected_options"];
    let ids = models.as_array().into_iter().flatten().filter_map(|option| option["value"].as_str());
    let preset = &values[PRESET][PRESET]["selected_option"]["value"];
    let how = &values[HOW][HOW]["selected_option"]["value"];
    Filled {
        form: Form::ALL.into_iter().find(|form| *how == form.value()).unwrap_or_default(),
        preset: Preset::ALL.into_iter().find(|known| *preset == known.as_str()).unwrap_or_default(),
        models: ids.map(ModelId::new).collect(),
        prompt: values[PROMPT][PROMPT]["value"].as_str().unwrap_or_default().trim().to_owned(),
    }
}

/// The mistake in a submitted form: the id of a block, and the sentence to show below it.
pub(crate) fn problem(filled: &Filled) -> Option<(&'static str, &'static str)> {
    if filled.prompt.is_empty() {
        return Some((PROMPT, "What should they answer? The prompt is empty."));
    }
    match filled.models.len() {
        1 => None,
        _ if filled.form != Form::Ask => None,
        0 => Some((MODELS, "Choose the model to ask, or Compare for all of them.")),
        _ => Some((MODELS, "Ask goes to one model: choose a single one, or Compare.")),
    }
}
