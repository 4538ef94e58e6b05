//! The form that *Continue* opens below a finished race, and what is submitted.
//!
//! <https://docs.slack.dev/reference/views/modal-views>

use serde_json::Value;
use slack_morphism::blocks::{SlackBlockChoiceItem, SlackBlockStaticSelectElement, SlackView};

use super::{
    blocks::{plain, quote, rich},
    buttons::MAX_LABEL,
    escape::{bare, tight},
    modal::{MAX_OPTIONS, PROMPT, asking, input, prompt_field},
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
    let option = |(follow_up, words): (FollowUp, String)| {
        SlackBlockChoiceItem::new(plain(&tight(&words, MAX_LABEL)).into(), follow_up.word())
    };
    let choices = words::follow_ups(report, MAX_OPTIONS);
    let options: Vec<SlackBlockChoiceItem<_>> = choices.into_iter().map(option).collect();
    let first = options.first().cloned()?;
    let menu = SlackBlockStaticSelectElement::new()
        .with_action_id(WITH.into())
        .with_options(options)
        .with_initial_option(first);
    let text = prompt_field("And why is it red in the evening?");
    let asked = bare(&words::excerpt(&report.prompt, 3), MAX_QUOTE);
    let asked = (!asked.is_empty()).then(|| rich(vec![quote(&asked)]));
    let inputs = [input(PROMPT, "Your next message", text), input(WITH, "Continue with", menu)];
    let blocks = asked.into_iter().chain(inputs.into_iter().map(Into::into)).collect();
    Some(asking(CALLBACK, ("Continue the race", "Send"), blocks, private_metadata))
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
