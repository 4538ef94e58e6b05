//! Forms ("modals") and the names of threads. Pure.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal>

use std::collections::HashSet;

use serde_json::Value;

use super::Violations;

const MENU: u64 = 3;
const TEXT: u64 = 4;
const LABEL: u64 = 18;

/// Checks a form: one to five labels, each with a menu or a text field.
pub(super) fn form(violations: &mut Violations, form: &Value) {
    violations.only(form, "the form", &["custom_id", "title", "components"]);
    violations.needed(&form["custom_id"], "the form: custom_id", 100);
    violations.needed(&form["title"], "the form: title", 45);
    let labels = violations.list(&form["components"], "the form: components", 5);
    if labels.is_empty() {
        violations.refuse("the form is empty");
    }
    let mut custom_ids = HashSet::new();
    for (n, label) in labels.iter().enumerate() {
        let place = format!("label {n}");
        if label["type"].as_u64() != Some(LABEL) {
            violations.unwanted(format!("{place} has the type {}", label["type"]));
        }
        violations.only(label, &place, &["type", "id", "label", "description", "component"]);
        violations.needed(&label["label"], &format!("{place}: label"), 45);
        violations.text(&label["description"], &format!("{place}: description"), 100);
        let field = &label["component"];
        violations.needed(&field["custom_id"], &format!("{place}: custom_id"), 100);
        if field["custom_id"].as_str().is_some_and(|id| !custom_ids.insert(id)) {
            violations.refuse(format!("{place}: the custom_id is there twice"));
        }
        match field["type"].as_u64() {
            Some(MENU) => menu(violations, field, &place),
            Some(TEXT) => text(violations, field, &place),
            _ => violations.refuse(format!("{place} holds the type {}", field["type"])),
        }
    }
}

/// A menu of a form has no `disabled`, and may be `required`.
fn menu(violations: &mut Violations, menu: &Value, place: &str) {
    let fields =
        ["type", "id", "custom_id", "options", "placeholder", "min_values", "max_values", "required"];
    violations.only(menu, place, &fields);
    violations.text(&menu["placeholder"], &format!("{place}: placeholder"), 150);
    let options = violations.list(&menu["options"], &format!("{place}: options"), 25);
    let (mut values, mut chosen) = (HashSet::new(), 0);
    for (n, option) in options.iter().enumerate() {
        let place = format!("{place}, option {n}");
        violations.only(option, &place, &["label", "value", "description", "emoji", "default"]);
        for key in ["label", "value"] {
            violations.needed(&option[key], &format!("{place}: {key}"), 100);
        }
        violations.text(&option["description"], &format!("{place}: description"), 100);
        if option["value"].as_str().is_some_and(|value| !values.insert(value)) {
            violations.refuse(format!("{place}: the value {} is there twice", option["value"]));
        }
        chosen += u64::from(option["default"] == true);
    }
    let most = menu["max_values"].as_u64().unwrap_or(1);
    if options.is_empty() || most > options.len() as u64 || chosen > most {
        violations.refuse(format!("{place}: {chosen} of at most {most} of {} options", options.len()));
    }
}

/// A text field within a label has no label of its own.
fn text(violations: &mut Violations, text: &Value, place: &str) {
    let fields =
        ["type", "id", "custom_id", "style", "min_length", "max_length", "required", "value", "placeholder"];
    violations.only(text, place, &fields);
    violations.text(&text["placeholder"], &format!("{place}: placeholder"), 100);
    if !matches!(text["style"].as_u64(), Some(1 | 2)) {
        violations.refuse(format!("{place} has the style {}", text["style"]));
    }
    let (least, most) =
        (text["min_length"].as_u64().unwrap_or(0), text["max_length"].as_u64().unwrap_or(4_000));
    if least > most || !(1..=4_000).contains(&most) {
        violations.refuse(format!("{place}: {least} to {most} characters"));
    }
}

/// Checks the body that opens a thread.
pub fn thread(violations: &mut Violations, body: &Value) {
    violations.only(body, "the thread", &["name", "auto_archive_duration", "rate_limit_per_user"]);
    violations.needed(&body["name"], "the thread: name", 100);
}
