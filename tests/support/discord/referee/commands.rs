//! Commands as they are registered:
//! <https://docs.discord.com/developers/interactions/application-commands>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::Violations;

const COMMAND: [&str; 13] = [
    "id",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "contexts",
    "integration_types",
    "type",
    "nsfw",
    "handler",
];
const OPTION: [&str; 14] = [
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
];
/// Commands in the context menu of messages.
const MENU: usize = 15;
/// Characters of one command: names, descriptions, values of choices.
const TOTAL: usize = 8000;

/// Checks the whole list of commands.
pub fn commands(violations: &mut Violations, body: &Value) {
    if !body.is_array() {
        violations.refuse("the commands are no list");
    }
    let all = violations.list(body, "commands", 100);
    for (n, command) in all.iter().enumerate() {
        let place = format!("command {n}");
        violations.only(command, &place, &COMMAND);
        let total = match command["type"].as_u64().unwrap_or(1) {
            1 => named(violations, command, &place) + options(violations, &command["options"], &place),
            3 => in_menu(violations, command, &place),
            other => {
                violations.refuse(format!("{place} has the type {other}"));
                0
            }
        };
        if total > TOTAL {
            violations.refuse(format!("{place} has {total} of {TOTAL} characters"));
        }
        for (key, most) in [("contexts", 2), ("integration_types", 1)] {
            let values = violations.list(&command[key], &format!("{place}: {key}"), 3);
            if values.iter().any(|value| value.as_u64().is_none_or(|value| value > most)) {
                violations.refuse(format!("{place}: {key} are {}", command[key]));
            }
        }
    }
    for (kind, most) in [(1, 100), (3, MENU)] {
        let of_kind: Vec<Value> =
            all.iter().filter(|command| command["type"].as_u64().unwrap_or(1) == kind).cloned().collect();
        if of_kind.len() > most {
            violations.refuse(format!("{} commands of type {kind}, of {most}", of_kind.len()));
        }
        unique(violations, &of_kind, "commands");
    }
}

/// A command of the context menu of messages: its name may have capitals and spaces, and it has neither a description nor
/// options.
fn in_menu(violations: &mut Violations, command: &Value, place: &str) -> usize {
    let length = violations.needed(&command["name"], &format!("{place}: name"), 32);
    let name = command["name"].as_str().unwrap_or_default();
    if !name.chars().all(|c| c.is_alphanumeric() || "-_' ".contains(c)) {
        violations.refuse(format!("{place}: the name {name:?} cannot be"));
    }
    for key in ["description", "description_localizations", "options"] {
        if ![Value::Null, "".into(), Value::Array(vec![])].contains(&command[key]) {
            violations.refuse(format!("{place}: a command of a context menu has no {key}"));
        }
    }
    length
}

fn options(violations: &mut Violations, list: &Value, place: &str) -> usize {
    let (mut total, mut optional) = (0, false);
    let all = violations.list(list, &format!("{place}: options"), 25);
    for (n, option) in all.iter().enumerate() {
        let place = format!("{place}, option {n}");
        violations.only(option, &place, &OPTION);
        total += named(violations, option, &place);
        let choices = violations.list(&option["choices"], &format!("{place}: choices"), 25);
        for choice in choices {
            total += violations.needed(&choice["name"], &format!("{place}: a choice"), 100);
            total += choice["value"].as_str().map_or(0, str::len);
        }
        if !choices.is_empty() && option["autocomplete"] == true {
            violations.refuse(format!("{place} has choices and completes"));
        }
        match option["type"].as_u64() {
            Some(1 | 2) => total += options(violations, &option["options"], &place),
            Some(3..=11) if option["required"] == true && optional => {
                violations.refuse(format!("{place} is required after one that is not"));
            }
            Some(3..=11) => optional |= option["required"] != true,
            _ => violations.refuse(format!("{place} has the type {}", option["type"])),
        }
    }
    unique(violations, all, place);
    total
}

/// Name and description, and how long they are.
fn named(violations: &mut Violations, of: &Value, place: &str) -> usize {
    let length = violations.needed(&of["name"], &format!("{place}: name"), 32);
    let name = of["name"].as_str().unwrap_or_default();
    if !name.chars().all(|c| (c.is_alphanumeric() || "-_'".contains(c)) && !c.is_uppercase()) {
        violations.refuse(format!("{place}: the name {name:?} cannot be"));
    }
    length + violations.needed(&of["description"], &format!("{place}: description"), 100)
}

fn unique(violations: &mut Violations, all: &[Value], place: &str) {
    let names: HashSet<_> = all.iter().filter_map(|one| one["name"].as_str()).collect();
    if names.len() < all.len() {
        violations.refuse(format!("{place}: two of one name"));
    }
}
