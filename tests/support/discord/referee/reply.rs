//! First answers to interactions.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object>. Pure.

use serde_json::Value;

use super::{Context, MessageAction, Violations, form::form, message};
use crate::support::discord::{
    call::File,
    interaction::InteractionKind,
    message::{EPHEMERAL, Look},
};

/// Checks an answer to an interaction of this kind; `button_on` is the message that the button is on.
pub fn callback<'a>(
    violations: &mut Violations,
    body: &Value,
    files: &[File],
    (kind, button_on): (&InteractionKind, Option<&'a Look>),
    mut context: Context<'a>,
) {
    violations.only(body, "the answer", &["type", "data"]);
    let completion = matches!(kind, InteractionKind::Completion { .. });
    let button = kind.message().is_some();
    let data = &body["data"];
    match body["type"].as_u64() {
        Some(8) if completion => choices(violations, data),
        Some(4) if !completion => message(violations, data, files, &context),
        Some(5) if !completion => deferred(violations, data),
        Some(6) if button && data.is_null() => {}
        Some(9) if !completion && !matches!(kind, InteractionKind::Form { .. }) => form(violations, data),
        Some(7) if button => {
            (context.act, context.now) = (MessageAction::Edit, button_on);
            message(violations, data, files, &context);
        }
        _ => violations.refuse(format!("an answer of type {} to this", body["type"])),
    }
}

/// A deferral can only say who sees the answer.
fn deferred(violations: &mut Violations, data: &Value) {
    if data.is_null() {
        return;
    }
    violations.only(data, "the deferral", &["flags"]);
    if !data["flags"].is_null() && !matches!(data["flags"].as_u64(), Some(0 | EPHEMERAL)) {
        violations.refuse(format!("the deferral has the flags {}", data["flags"]));
    }
}

fn choices(violations: &mut Violations, data: &Value) {
    violations.only(data, "the completion", &["choices"]);
    if !data["choices"].is_array() {
        violations.refuse("the completion has no choices");
    }
    for (n, choice) in violations.list(&data["choices"], "choices", 25).iter().enumerate() {
        let place = format!("choice {n}");
        violations.only(choice, &place, &["name", "value", "name_localizations"]);
        violations.needed(&choice["name"], &format!("{place}: name"), 100);
        violations.needed(&choice["value"], &format!("{place}: value"), 100);
    }
}
