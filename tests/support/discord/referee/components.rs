//! Rows of buttons: <https://docs.discord.com/developers/components/reference>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::Violations;

/// Checks the rows of a message.
pub(super) fn check(violations: &mut Violations, rows: &Value) {
    let mut ids = HashSet::new();
    for (n, row) in violations.list(rows, "components", 5).iter().enumerate() {
        let place = format!("row {n}");
        violations.only(row, &place, &["type", "components"]);
        if row["type"] != 1 {
            violations.refuse(format!("{place} has the type {}", row["type"]));
        }
        let buttons = violations.list(&row["components"], &place, 5);
        if buttons.is_empty() {
            violations.refuse(format!("{place} is empty"));
        }
        for (n, button) in buttons.iter().enumerate() {
            let place = format!("{place}, button {n}");
            check_button(violations, button, &place);
            if let Some(id) = button["custom_id"].as_str()
                && !ids.insert(id)
            {
                violations.refuse(format!("{place}: the custom_id {id:?} is there twice"));
            }
        }
    }
}

fn check_button(violations: &mut Violations, button: &Value, place: &str) {
    violations.only(button, place, &["type", "style", "label", "emoji", "custom_id", "url", "disabled"]);
    if button["type"] != 2 {
        violations.refuse(format!("{place} has the type {}", button["type"]));
    }
    if button["emoji"].is_null() {
        violations.needed(&button["label"], &format!("{place}: label"), 80);
    } else {
        violations.text(&button["label"], &format!("{place}: label"), 80);
        violations.only(&button["emoji"], &format!("{place}: emoji"), &["id", "name", "animated"]);
    }
    match button["style"].as_u64() {
        Some(1..=4) => {
            violations.needed(&button["custom_id"], &format!("{place}: custom_id"), 100);
            if !button["url"].is_null() {
                violations.refuse(format!("{place} has a url beside its custom_id"));
            }
        }
        Some(5) => {
            violations.needed(&button["url"], &format!("{place}: url"), 512);
            if !button["custom_id"].is_null() {
                violations.refuse(format!("{place} has a custom_id beside its url"));
            }
        }
        _ => violations.refuse(format!("{place} has the style {}", button["style"])),
    }
}
