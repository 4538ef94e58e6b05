//! Interactive elements. <https://docs.slack.dev/reference/block-kit/block-elements>

use serde_json::Value;

use super::Violations;

/// A list of 1 to `most`.
pub(super) fn some<'a>(violations: &mut Violations, what: &str, list: &'a Value, most: usize) -> &'a [Value] {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() || list.len() > most {
        violations.block(format!("{what} has {} items, of 1 to {most}", list.len()));
    }
    list
}

/// No two elements of a block have the same `action_id`.
pub(super) fn distinct(violations: &mut Violations, elements: &[Value]) {
    for (n, element) in elements.iter().enumerate() {
        let id = &element["action_id"];
        if !id.is_null() && elements[..n].iter().any(|other| other["action_id"] == *id) {
            violations.block(format!("two elements have the action_id {id}"));
        }
    }
}

pub(super) fn interactive(violations: &mut Violations, element: &Value) {
    let kind = element["type"].as_str().unwrap_or_default();
    violations.length("an action_id", &element["action_id"], 255);
    match kind {
        "button" => button(violations, element),
        "plain_text_input" => text_input(violations, element),
        "static_select" | "multi_static_select" => select(violations, element, kind),
        "radio_buttons" | "checkboxes" => {
            let initial = if kind == "checkboxes" { "initial_options" } else { "initial_option" };
            violations.keys(
                kind,
                element,
                &["type", "action_id", "options"],
                &[initial, "confirm", "focus_on_load"],
            );
            options(violations, element, 10, true);
        }
        other => violations.block(format!("this referee knows no element {other:?}")),
    }
}

fn button(violations: &mut Violations, element: &Value) {
    let optional = ["value", "url", "style", "confirm", "accessibility_label"];
    violations.keys("a button", element, &["type", "action_id", "text"], &optional);
    violations.plain("a button", &element["text"], 75);
    for (key, most) in [("value", 2_000), ("url", 3_000), ("accessibility_label", 75)] {
        if !element[key].is_null() {
            violations.length(&format!("a button's {key}"), &element[key], most);
        }
    }
    if !element["style"].is_null() && element["style"] != "primary" && element["style"] != "danger" {
        violations.block("a button is primary or danger");
    }
}

fn text_input(violations: &mut Violations, element: &Value) {
    let optional = [
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "placeholder",
        "dispatch_action_config",
        "focus_on_load",
    ];
    violations.keys("an input", element, &["type", "action_id"], &optional);
    violations.maybe_plain("a placeholder", &element["placeholder"], 150);
    for (key, least) in [("min_length", 0), ("max_length", 1)] {
        if !element[key].is_null()
            && !element[key].as_u64().is_some_and(|length| (least..=3_000).contains(&length))
        {
            violations.block(format!("{key} goes to 3,000"));
        }
    }
    let most = element["max_length"].as_u64().unwrap_or(3_000);
    let initial = element["initial_value"].as_str().unwrap_or_default().chars().count();
    if initial as u64 > most {
        violations.block(format!("an initial value of {initial} characters, of at most {most}"));
    }
}

fn select(violations: &mut Violations, element: &Value, kind: &str) {
    let initial = if kind == "static_select" { "initial_option" } else { "initial_options" };
    let optional = ["placeholder", "confirm", "focus_on_load", "max_selected_items", initial];
    violations.keys(kind, element, &["type", "action_id", "options"], &optional);
    violations.maybe_plain("a placeholder", &element["placeholder"], 150);
    options(violations, element, 100, false);
}

/// Checks options, and that the initial choice is one of them.
fn options(violations: &mut Violations, element: &Value, most: usize, may_be_mrkdwn: bool) {
    let list = some(violations, "options", &element["options"], most);
    for (n, option) in list.iter().enumerate() {
        violations.keys("an option", option, &["text", "value"], &["description", "url"]);
        if may_be_mrkdwn {
            violations.text("an option", &option["text"], 75);
        } else {
            violations.plain("an option", &option["text"], 75);
        }
        violations.length("an option's value", &option["value"], 150);
        if !option["description"].is_null() {
            if may_be_mrkdwn {
                violations.text("a description", &option["description"], 75);
            } else {
                violations.plain("a description", &option["description"], 75);
            }
        }
        if list[..n].iter().any(|other| other["value"] == option["value"]) {
            violations.block("two options have the same value");
        }
    }
    let many = element["initial_options"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !element["initial_options"].is_null() && many.is_empty() {
        violations.block("initial_options is empty");
    }
    let one = Some(&element["initial_option"]).filter(|option| !option.is_null());
    if many.iter().chain(one).any(|chosen| !list.contains(chosen)) {
        violations.block("an initial option is none of the options");
    }
}
