//! Rows of buttons: <https://docs.discord.com/developers/components/reference>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::Fouls;

/// Checks the rows of a message.
pub(super) fn check(fouls: &mut Fouls, rows: &Value) {
    let mut ids = HashSet::new();
    for (n, row) in fouls.list(rows, "components", 5).iter().enumerate() {
        let place = format!("row {n}");
        fouls.only(row, &place, &["type", "components"]);
        if row["type"] != 1 {
            fouls.refuse(format!("{place} has the type {}", row["type"]));
        }
        let buttons = fouls.list(&row["components"], &place, 5);
        if buttons.is_empty() {
            fouls.refuse(format!("{place} is empty"));
        }
        for (n, button) in buttons.iter().enumerate() {
            let place = format!("{place}, button {n}");
            check_button(fouls, button, &place);
            if let Some(id) = button["custom_id"].as_str()
                && !ids.insert(id)
            {
                fouls.refuse(format!("{place}: the custom_id {id:?} is there twice"));
            }
        }
    }
}

fn check_button(fouls: &mut Fouls, button: &Value, place: &str) {
    fouls.only(button, place, &["type", "style", "label", "emoji", "custom_id", "url", "disabled"]);
    if button["type"] != 2 {
        fouls.refuse(format!("{place} has the type {}", button["type"]));
    }
    if button["emoji"].is_null() {
        fouls.needed(&button["label"], &format!("{place}: label"), 80);
    } else {
        fouls.text(&button["label"], &format!("{place}: label"), 80);
        fouls.only(&button["emoji"], &format!("{place}: emoji"), &["id", "name", "animated"]);
    }
    match button["style"].as_u64() {
        Some(1..=4) => {
            fouls.needed(&button["custom_id"], &format!("{place}: custom_id"), 100);
            if !button["url"].is_null() {
                fouls.refuse(format!("{place} has a url beside its custom_id"));
            }
        }
        Some(5) => {
            fouls.needed(&button["url"], &format!("{place}: url"), 512);
            if !button["custom_id"].is_null() {
                fouls.refuse(format!("{place} has a custom_id beside its url"));
            }
        }
        _ => fouls.refuse(format!("{place} has the style {}", button["style"])),
    }
}
