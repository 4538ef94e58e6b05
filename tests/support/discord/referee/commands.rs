//! Commands as they are registered:
//! <https://docs.discord.com/developers/interactions/application-commands>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::Fouls;

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
/// Characters of one command: names, descriptions, values of choices.
const TOTAL: usize = 8000;

/// Checks the whole list of commands.
pub fn commands(fouls: &mut Fouls, body: &Value) {
    if !body.is_array() {
        fouls.refuse("the commands are no list");
    }
    let all = fouls.list(body, "commands", 100);
    for (n, command) in all.iter().enumerate() {
        let place = format!("command {n}");
        fouls.only(command, &place, &COMMAND);
        let mut total = named(fouls, command, &place);
        total += options(fouls, &command["options"], &place);
        if total > TOTAL {
            fouls.refuse(format!("{place} has {total} of {TOTAL} characters"));
        }
        for (key, most) in [("contexts", 2), ("integration_types", 1)] {
            let values = fouls.list(&command[key], &format!("{place}: {key}"), 3);
            if values.iter().any(|value| value.as_u64().is_none_or(|value| value > most)) {
                fouls.refuse(format!("{place}: {key} are {}", command[key]));
            }
        }
    }
    unique(fouls, all, "commands");
}

fn options(fouls: &mut Fouls, list: &Value, place: &str) -> usize {
    let (mut total, mut optional) = (0, false);
    let all = fouls.list(list, &format!("{place}: options"), 25);
    for (n, option) in all.iter().enumerate() {
        let place = format!("{place}, option {n}");
        fouls.only(option, &place, &OPTION);
        total += named(fouls, option, &place);
        let choices = fouls.list(&option["choices"], &format!("{place}: choices"), 25);
        for choice in choices {
            total += fouls.needed(&choice["name"], &format!("{place}: a choice"), 100);
            total += choice["value"].as_str().map_or(0, str::len);
        }
        if !choices.is_empty() && option["autocomplete"] == true {
            fouls.refuse(format!("{place} has choices and completes"));
        }
        match option["type"].as_u64() {
            Some(1 | 2) => total += options(fouls, &option["options"], &place),
            Some(3..=11) if option["required"] == true && optional => {
                fouls.refuse(format!("{place} is required after one that is not"));
            }
            Some(3..=11) => optional |= option["required"] != true,
            _ => fouls.refuse(format!("{place} has the type {}", option["type"])),
        }
    }
    unique(fouls, all, place);
    total
}

/// Name and description, and how long they are.
fn named(fouls: &mut Fouls, of: &Value, place: &str) -> usize {
    let length = fouls.needed(&of["name"], &format!("{place}: name"), 32);
    let name = of["name"].as_str().unwrap_or_default();
    if !name.chars().all(|c| (c.is_alphanumeric() || "-_'".contains(c)) && !c.is_uppercase()) {
        fouls.refuse(format!("{place}: the name {name:?} cannot be"));
    }
    length + fouls.needed(&of["description"], &format!("{place}: description"), 100)
}

fn unique(fouls: &mut Fouls, all: &[Value], place: &str) {
    let names: HashSet<_> = all.iter().filter_map(|one| one["name"].as_str()).collect();
    if names.len() < all.len() {
        fouls.refuse(format!("{place}: two of one name"));
    }
}
