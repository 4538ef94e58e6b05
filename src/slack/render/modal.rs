//! The form that `/arena` opens where nothing stands behind it: a view, and what comes back of it.
//!
//! <https://docs.slack.dev/reference/views/modal-views>. Must not know who asks, or where the answer goes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{body::plain, escape::tight, limits::LABEL, name};
use crate::{
    model::{ModelCard, ModelId},
    view::text::{Measure, clipped, plain as visible},
};

/// How the view is known when it comes back.
pub(crate) const CALLBACK: &str = "arena";
/// The block that asks whether one model or several answer.
pub(crate) const HOW: &str = "how";
/// The block with the models.
pub(crate) const MODELS: &str = "models";
/// The block with the prompt.
pub(crate) const PROMPT: &str = "prompt";
/// Characters of a prompt that Slack lets people type
/// (<https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element>).
const PROMPT_CHARS: usize = 3_000;
/// Checkboxes of a group; beyond them the models are a menu.
const CHECKBOXES: usize = 10;
/// Options of a menu.
const OPTIONS: usize = 100;
/// Characters of an option's value.
const VALUE: usize = 150;
/// Characters of the metadata that come back with the view.
const METADATA: usize = 3_000;

/// What the form begins with: what was typed before it opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// `ask` or `compare`; anything else is `compare`.
    pub(crate) word: String,
    /// May be empty.
    pub(crate) prompt: String,
    /// Those that are chosen already.
    pub(crate) models: Vec<ModelId>,
}

/// What a person filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// Several models race; else one is asked.
    pub(crate) compare: bool,
    /// The chosen ones; none means all.
    pub(crate) models: Vec<ModelId>,
    /// Trimmed.
    pub(crate) prompt: String,
}

/// The view for `views.open`. `private_metadata` comes back as it is; longer than 3,000 characters it is left out.
pub(crate) fn modal(cards: &[Arc<ModelCard>], draft: &Draft, private_metadata: &str) -> Value {
    let metadata = if private_metadata.chars().count() <= METADATA { private_metadata } else { "" };
    let blocks: Vec<Value> =
        [Some(how(draft)), models(cards, draft), Some(prompt(draft))].into_iter().flatten().collect();
    json!({
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("LLM Arena"),
        "submit": plain("Start"),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "blocks": blocks,
    })
}

fn input(block: &str, label: &str, element: impl Into<Value>) -> Value {
    json!({ "type": "input", "block_id": block, "label": plain(label), "element": element.into() })
}

fn how(draft: &Draft) -> Value {
    let option = |value: &str, label: &str, what: &str| json!({ "text": plain(label), "value": value, "description": plain(what) });
    let compare = option("compare", "Compare", "Models race; choose none for all of them");
    let ask = option("ask", "Ask", "One model answers: choose it below");
    let initial = if draft.word == "ask" { &ask } else { &compare };
    let element = json!({ "type": "radio_buttons", "action_id": HOW, "initial_option": initial, "options": [compare, ask] });
    input(HOW, "How many answer?", element)
}

/// Checkboxes, which show what each model is for at once; a menu where there are too many. `None` without models: an
/// empty group is refused.
fn models(cards: &[Arc<ModelCard>], draft: &Draft) -> Option<Value> {
    let known = cards.iter().filter(|card| (1..=VALUE).contains(&card.id.as_str().chars().count()));
    let offered: Vec<(&ModelId, Value)> = known.take(OPTIONS).map(|card| (&card.id, option(card))).collect();
    let chosen: Vec<&Value> =
        offered.iter().filter(|(id, _)| draft.models.contains(id)).map(|(_, option)| option).collect();
    let options: Vec<&Value> = offered.iter().map(|(_, option)| option).collect();
    if options.is_empty() {
        return None;
    }
    let kind = if options.len() <= CHECKBOXES { "checkboxes" } else { "multi_static_select" };
    let mut element = json!({ "type": kind, "action_id": MODELS, "options": options });
    if !chosen.is_empty() {
        element["initial_options"] = json!(chosen);
    }
    if kind == "multi_static_select" {
        element["placeholder"] = plain("All models");
    }
    let mut block = input(MODELS, "Models", element);
    block["optional"] = true.into();
    Some(block)
}

/// Icon, name and size, and what the model is for.
fn option(card: &ModelCard) -> Value {
    let simulated = if card.simulated { " (simulated)" } else { "" };
    let gap = if card.size.is_empty() { "" } else { " · " };
    let label = format!("{}{}{gap}{}{simulated}", name::icon(card), name::plain(card), card.size);
    let mut option = json!({ "text": plain(&tight(&label, LABEL)), "value": card.id.as_str() });
    let purpose = tight(&card.best_for, LABEL);
    if !purpose.is_empty() {
        option["description"] = plain(&purpose);
    }
    option
}

fn prompt(draft: &Draft) -> Value {
    let mut element = json!({
        "type": "plain_text_input",
        "action_id": PROMPT,
        "multiline": true,
        "max_length": PROMPT_CHARS,
        "placeholder": plain("Why is the sky blue?"),
    });
    let typed = clipped(&visible(&draft.prompt), PROMPT_CHARS, Measure::Chars);
    if !typed.is_empty() {
        element["initial_value"] = typed.into();
    }
    input(PROMPT, "Prompt", element)
}

/// Reads `view.state.values` of a submission: a part that is missing or of another shape is as if left alone.
pub(crate) fn read(values: &Value) -> Filled {
    let models = &values[MODELS][MODELS]["selected_options"];
    let ids = models.as_array().into_iter().flatten().filter_map(|option| option["value"].as_str());
    Filled {
        compare: values[HOW][HOW]["selected_option"]["value"] != "ask",
        models: ids.map(ModelId::new).collect(),
        prompt: values[PROMPT][PROMPT]["value"].as_str().unwrap_or_default().trim().to_owned(),
    }
}

/// What is wrong with what was filled in: the id of a block, and the sentence to show below it.
pub(crate) fn problem(filled: &Filled) -> Option<(&'static str, &'static str)> {
    if filled.prompt.is_empty() {
        return Some((PROMPT, "What should they answer? The prompt is empty."));
    }
    match filled.models.len() {
        1 => None,
        _ if filled.compare => None,
        0 => Some((MODELS, "Choose the model to ask, or Compare for all of them.")),
        _ => Some((MODELS, "Ask goes to one model: choose a single one, or Compare.")),
    }
}
