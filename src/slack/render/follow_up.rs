//! The form that *Continue* opens below a finished race, and what is submitted.
//!
//! <https://docs.slack.dev/reference/views/modal-views>

use serde_json::Value;
use slack_morphism::blocks::{
    SlackBlockChoiceItem, SlackBlockPlainTextInputElement, SlackBlockStaticSelectElement, SlackModalView,
    SlackView,
};

use super::{
    blocks::{MAX_LABEL, plain, quote, rich},
    escape::{bare, tight},
    modal::{MAX_METADATA, MAX_OPTIONS, MAX_PROMPT, PROMPT, input},
};
use crate::{
    race::{conversation::FollowUp, report::Report},
    view::words,
};

/// Identifies the view when it is submitted.
const CALLBACK: &str = "arena-continue";
/// The block with the ways in which the race is continued.
pub(crate) const WITH: &str = "with";
/// Characters of the prompt of the turn before.
const MAX_QUOTE: usize = 300;

/// A submitted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilledFollowUp {
    /// The chosen way.
    pub(crate) follow_up: Option<FollowUp>,
    /// Trimmed.
    pub(crate) prompt: String,
}

/// The view for `views.open` that continues the race of `report`. `private_metadata` comes back as it is, unless it has more
/// than 3,000 characters. `None` if no model of the race answered.
pub(crate) fn follow_up(report: &Report, private_metadata: &str) -> Option<SlackView> {
    let mut choices = FollowUp::choices(report);
    // the last ones are all models
    let surplus = choices.len().saturating_sub(MAX_OPTIONS);
    let at_all = choices.len().saturating_sub(surplus + 2);
    choices.drain(at_all..at_all + surplus);
    let option = |(follow_up, words): &(FollowUp, String)| {
        SlackBlockChoiceItem::new(plain(&tight(words, MAX_LABEL)).into(), follow_up.word())
    };
    let options: Vec<SlackBlockChoiceItem<_>> = choices.iter().map(option).collect();
    let first = options.first().cloned()?;
    let menu = SlackBlockStaticSelectElement::new()
        .with_action_id(WITH.into())
        .with_options(options)
        .with_initial_option(first);
    let text = SlackBlockPlainTextInputElement::new()
        .with_action_id(PROMPT.into())
        .with_multiline(true)
        .with_max_length(MAX_PROMPT)
        .with_focus_on_load(true)
        .with_placeholder(plain("And why is it red in the evening?").into());
    let asked = bare(&words::excerpt(&report.prompt, 3), MAX_QUOTE);
    let asked = (!asked.is_empty()).then(|| rich(vec![quote(&asked)]));
    let inputs = [input(PROMPT, "Your next message", text), input(WITH, "Continue with", menu)];
    let blocks = asked.into_iter().chain(inputs.into_iter().map(Into::into)).collect();
    let metadata = if private_metadata.chars().count() <= MAX_METADATA { private_metadata } else { "" };
    let view = SlackModalView::new(plain("Continue the race").into(), blocks)
        .with_callback_id(CALLBACK.into())
        .with_submit(plain("Send").into())
        .with_close(plain("Cancel").into())
        .with_private_metadata(metadata.to_owned());
    Some(SlackView::Modal(view))
}

/// Reads `view.state.values` of a submission; a part that is missing or of another shape counts as untouched.
pub(crate) fn read(values: &Value) -> FilledFollowUp {
    let chosen = values[WITH][WITH]["selected_option"]["value"].as_str();
    let prompt = values[PROMPT][PROMPT]["value"].as_str().unwrap_or_default();
    FilledFollowUp { follow_up: chosen.and_then(FollowUp::parse), prompt: prompt.trim().to_owned() }
}

/// The mistake in a submitted form: the id of a block, and the sentence to show below it.
pub(crate) fn problem(filled: &FilledFollowUp) -> Option<(&'static str, &'static str)> {
    if filled.prompt.is_empty() {
        return Some((PROMPT, "What should they answer? The message is empty."));
    }
    filled.follow_up.is_none().then_some((WITH, "Choose who answers."))
}
