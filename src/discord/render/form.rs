//! The form that asks how a finished race is to be continued
//! (<https://docs.discord.com/developers/components/using-modal-components>).

use serde_json::{Value, json};

use super::{
    body::{OPTION_TEXT, OPTIONS},
    escape::bare,
};
use crate::{
    race::{Record, conversation::FollowUp},
    view::words,
};

/// The custom ids of its fields.
pub(crate) const WITH_FIELD: &str = "with";
pub(crate) const PROMPT_FIELD: &str = "prompt";

/// Characters of a text field.
const MAX_TEXT: usize = 4_000;
/// Characters of a thread's name.
const MAX_NAME: usize = 100;

/// Component types.
const STRING_SELECT: u8 = 3;
const TEXT_INPUT: u8 = 4;
const LABEL: u8 = 18;
/// The style of a text field of several lines.
const PARAGRAPH: u8 = 2;

/// The form that continues the race of `record` by a message of at most `max_prompt` characters; `custom_id` comes back with
/// it.
pub(crate) fn follow_up_form(record: &Record, max_prompt: usize, custom_id: &str) -> Value {
    let mut choices = FollowUp::choices(&record.report);
    // the ways with all models are the last ones
    let (several, keep) = (choices.len().min(2), OPTIONS - 2);
    if choices.len() > OPTIONS {
        choices.drain(keep..choices.len() - several);
    }
    let option = |(index, (follow, words)): (usize, &(FollowUp, String))| json!({ "label": bare(words, OPTION_TEXT), "value": follow.word(), "default": index == 0 });
    let options: Vec<Value> = choices.iter().enumerate().map(option).collect();
    json!({
        "custom_id": custom_id,
        "title": "Continue this race",
        "components": [
            { "type": LABEL, "label": "Continue with", "description": "Each model remembers its own answers.",
              "component": {
                  "type": STRING_SELECT, "custom_id": WITH_FIELD, "options": options, "required": true } },
            { "type": LABEL, "label": "Your message",
              "component": {
                  "type": TEXT_INPUT, "custom_id": PROMPT_FIELD, "style": PARAGRAPH, "required": true,
                  "min_length": 1, "max_length": max_prompt.clamp(1, MAX_TEXT) } },
        ],
    })
}

/// The name of the thread below a race with this prompt.
pub(crate) fn thread_name(prompt: &str) -> String {
    let name = bare(&words::excerpt(prompt, 1), MAX_NAME);
    if name.trim().is_empty() { "Follow-ups".to_owned() } else { name }
}
