//! What people press, choose and fill in. <https://docs.slack.dev/reference/block-kit/block-elements>

use serde_json::Value;

use super::Fouls;

/// A list of 1 to `most`.
pub(super) fn some<'a>(fouls: &mut Fouls, what: &str, list: &'a Value, most: usize) -> &'a [Value] {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() || list.len() > most {
        fouls.block(format!("{what} has {} items, of 1 to {most}", list.len()));
    }
    list
}

/// No two elements of a block have the same `action_id`.
pub(super) fn distinct(fouls: &mut Fouls, elements: &[Value]) {
    for (n, element) in elements.iter().enumerate() {
        let id = &element["action_id"];
        if !id.is_null() && elements[..n].iter().any(|other| other["action_id"] == *id) {
            fouls.block(format!("two elements have the action_id {id}"));
        }
    }
}

pub(super) fn interactive(fouls: &mut Fouls, element: &Value) {
    let kind = element["type"].as_str().unwrap_or_default();
    fouls.length("an action_id", &element["action_id"], 255);
    match kind {
        "button" => button(fouls, element),
        "plain_text_input" => text_input(fouls, element),
        "static_select" | "multi_static_select" => select(fouls, element, kind),
        "radio_buttons" | "checkboxes" => {
            let initial = if kind == "checkboxes" { "initial_options" } else { "initial_option" };
            fouls.keys(
                kind,
                element,
                &["type", "action_id", "options"],
                &[initial, "confirm", "focus_on_load"],
            );
            options(fouls, element, 10, true);
        }
        other => fouls.block(format!("this referee knows no element {other:?}")),
    }
}

fn button(fouls: &mut Fouls, element: &Value) {
    let optional = ["value", "url", "style", "confirm", "accessibility_label"];
    fouls.keys("a button", element, &["type", "action_id", "text"], &optional);
    fouls.plain("a button", &element["text"], 75);
    for (key, most) in [("value", 2_000), ("url", 3_000), ("accessibility_label", 75)] {
        if !element[key].is_null() {
            fouls.length(&format!("a button's {key}"), &element[key], most);
        }
    }
    if !element["style"].is_null() && element["style"] != "primary" && element["style"] != "danger" {
        fouls.block("a button is primary or danger");
    }
}

fn text_input(fouls: &mut Fouls, element: &Value) {
    let optional = [
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "placeholder",
        "dispatch_action_config",
        "focus_on_load",
    ];
    fouls.keys("an input", element, &["type", "action_id"], &optional);
    fouls.maybe_plain("a placeholder", &element["placeholder"], 150);
    for (key, least) in [("min_length", 0), ("max_length", 1)] {
        if !element[key].is_null()
            && !element[key].as_u64().is_some_and(|length| (least..=3_000).contains(&length))
        {
            fouls.block(format!("{key} goes to 3,000"));
        }
    }
    let most = element["max_length"].as_u64().unwrap_or(3_000);
    let initial = element["initial_value"].as_str().unwrap_or_default().chars().count();
    if initial as u64 > most {
        fouls.block(format!("an initial value of {initial} characters, of at most {most}"));
    }
}

fn select(fouls: &mut Fouls, element: &Value, kind: &str) {
    let initial = if kind == "static_select" { "initial_option" } else { "initial_options" };
    let optional = ["placeholder", "confirm", "focus_on_load", "max_selected_items", initial];
    fouls.keys(kind, element, &["type", "action_id", "options"], &optional);
    fouls.maybe_plain("a placeholder", &element["placeholder"], 150);
    options(fouls, element, 100, false);
}

/// Options, and that whatever is chosen at first is one of them.
fn options(fouls: &mut Fouls, element: &Value, most: usize, may_be_mrkdwn: bool) {
    let list = some(fouls, "options", &element["options"], most);
    for (n, option) in list.iter().enumerate() {
        fouls.keys("an option", option, &["text", "value"], &["description", "url"]);
        if may_be_mrkdwn {
            fouls.text("an option", &option["text"], 75);
        } else {
            fouls.plain("an option", &option["text"], 75);
        }
        fouls.length("an option's value", &option["value"], 150);
        if !option["description"].is_null() {
            if may_be_mrkdwn {
                fouls.text("a description", &option["description"], 75);
            } else {
                fouls.plain("a description", &option["description"], 75);
            }
        }
        if list[..n].iter().any(|other| other["value"] == option["value"]) {
            fouls.block("two options have the same value");
        }
    }
    let many = element["initial_options"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !element["initial_options"].is_null() && many.is_empty() {
        fouls.block("initial_options is empty");
    }
    let one = Some(&element["initial_option"]).filter(|option| !option.is_null());
    if many.iter().chain(one).any(|chosen| !list.contains(chosen)) {
        fouls.block("an initial option is none of the options");
    }
}
