//! Components: <https://docs.discord.com/developers/components/reference>. Pure.
//!
//! Without the flag `IS_COMPONENTS_V2` a message has at most five rows; with it any components, 40 with the nested ones,
//! and at most 4,000 characters of text.

use std::collections::HashSet;

use serde_json::Value;

use super::Violations;

/// Components of a message, the nested ones counted.
const COMPONENTS: usize = 40;
/// Characters of all text displays of a message.
const TEXT: usize = 4_000;

const ROW: u64 = 1;
const BUTTON: u64 = 2;
const MENU: u64 = 3;
const SECTION: u64 = 9;
const TEXT_DISPLAY: u64 = 10;
const THUMBNAIL: u64 = 11;
const GALLERY: u64 = 12;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;

/// The running totals of a message.
#[derive(Default)]
struct Totals<'a> {
    custom_ids: HashSet<&'a str>,
    ids: HashSet<u64>,
    components: usize,
    text: usize,
    /// The files that pictures refer to.
    files: HashSet<&'a str>,
}

/// Checks the components of a message without the flag.
pub(super) fn rows(violations: &mut Violations, list: &Value) {
    let mut totals = Totals::default();
    for (n, row) in violations.list(list, "components", 5).iter().enumerate() {
        let place = format!("row {n}");
        if row["type"].as_u64() == Some(ROW) {
            check_row(violations, row, &place, &mut totals);
        } else {
            violations.refuse(format!("{place} has the type {}", row["type"]));
        }
    }
}

/// Checks the components of a message with the flag, which has files of these names.
pub(super) fn any(violations: &mut Violations, list: &Value, files: &[String]) {
    let mut totals = Totals::default();
    let known = [ROW, SECTION, TEXT_DISPLAY, GALLERY, SEPARATOR, CONTAINER];
    check_all(violations, list, "components", &known, &mut totals);
    if totals.components > COMPONENTS {
        violations.refuse(format!("the message has {} of {COMPONENTS} components", totals.components));
    }
    if totals.text > TEXT {
        violations.refuse(format!("all text displays have {} of {TEXT} characters", totals.text));
    }
    for name in files.iter().filter(|name| !totals.files.contains(name.as_str())) {
        violations.unwanted(format!("the file {name:?} is in no component, so nobody sees it"));
    }
    for name in totals.files.iter().filter(|name| !files.iter().any(|file| file == *name)) {
        violations.refuse(format!("there is no file {name:?}"));
    }
}

fn check_all<'a>(
    violations: &mut Violations,
    list: &'a Value,
    place: &str,
    known: &[u64],
    totals: &mut Totals<'a>,
) {
    for (n, component) in violations.list(list, place, COMPONENTS).iter().enumerate() {
        let place = format!("{place}, component {n}");
        let kind = component["type"].as_u64().unwrap_or_default();
        if known.contains(&kind) {
            check(violations, component, kind, &place, totals);
        } else {
            violations.refuse(format!("{place} has the type {}", component["type"]));
        }
    }
}

fn check<'a>(
    violations: &mut Violations,
    component: &'a Value,
    kind: u64,
    place: &str,
    totals: &mut Totals<'a>,
) {
    if kind != ROW {
        count(violations, component, place, totals);
    }
    match kind {
        ROW => check_row(violations, component, place, totals),
        SECTION => {
            violations.only(component, place, &["type", "id", "components", "accessory"]);
            if !matches!(component["components"].as_array().map(Vec::len), Some(1..=3)) {
                violations.refuse(format!("{place}: a section has one to three texts"));
            }
            check_all(violations, &component["components"], place, &[TEXT_DISPLAY], totals);
            let (accessory, place) = (&component["accessory"], format!("{place}, accessory"));
            match accessory["type"].as_u64() {
                Some(BUTTON) => check_button(violations, accessory, &place, totals),
                Some(THUMBNAIL) => {
                    count(violations, accessory, &place, totals);
                    violations.only(accessory, &place, &["type", "id", "media", "description", "spoiler"]);
                    picture(violations, accessory, &place, totals);
                }
                _ => violations.refuse(format!("{place} has the type {}", accessory["type"])),
            }
        }
        TEXT_DISPLAY => {
            violations.only(component, place, &["type", "id", "content"]);
            totals.text += violations.needed(&component["content"], &format!("{place}: content"), TEXT);
        }
        GALLERY => {
            violations.only(component, place, &["type", "id", "items"]);
            let items = violations.list(&component["items"], place, 10);
            if items.is_empty() {
                violations.refuse(format!("{place} is empty"));
            }
            for (n, item) in items.iter().enumerate() {
                let place = format!("{place}, item {n}");
                violations.only(item, &place, &["media", "description", "spoiler"]);
                picture(violations, item, &place, totals);
            }
        }
        SEPARATOR => violations.only(component, place, &["type", "id", "divider", "spacing"]),
        _ => {
            violations.only(component, place, &["type", "id", "components", "accent_color", "spoiler"]);
            if component["components"].as_array().is_none_or(Vec::is_empty) {
                violations.refuse(format!("{place} is empty"));
            }
            let known = [ROW, SECTION, TEXT_DISPLAY, GALLERY, SEPARATOR];
            check_all(violations, &component["components"], place, &known, totals);
        }
    }
}

/// Counts a component and checks that its numeric id, if it has one, is its own.
fn count(violations: &mut Violations, component: &Value, place: &str, totals: &mut Totals<'_>) {
    totals.components += 1;
    if let Some(id) = component["id"].as_u64().filter(|id| *id > 0)
        && !totals.ids.insert(id)
    {
        violations.refuse(format!("{place}: the id {id} is there twice"));
    }
}

fn picture<'a>(violations: &mut Violations, of: &'a Value, place: &str, totals: &mut Totals<'a>) {
    violations.text(&of["description"], &format!("{place}: description"), 1_024);
    if of["description"].is_null() {
        violations.unwanted(format!("{place} is a picture without an alt text"));
    }
    let url = of["media"]["url"].as_str().unwrap_or_default();
    match url.strip_prefix("attachment://") {
        Some(name) => drop(totals.files.insert(name)),
        None if url.starts_with("https://") => {}
        None => violations.refuse(format!("{place}: {url:?} is no address")),
    }
}

/// A row of one to five buttons, or of one menu.
fn check_row<'a>(violations: &mut Violations, row: &'a Value, place: &str, totals: &mut Totals<'a>) {
    violations.only(row, place, &["type", "id", "components"]);
    count(violations, row, place, totals);
    let parts = violations.list(&row["components"], place, 5);
    if parts.is_empty() {
        violations.refuse(format!("{place} is empty"));
    }
    let menus = parts.iter().filter(|part| part["type"].as_u64() == Some(MENU)).count();
    if menus > 0 && parts.len() > 1 {
        violations.refuse(format!("{place}: a menu takes a row of its own"));
    }
    for (n, part) in parts.iter().enumerate() {
        match part["type"].as_u64() {
            Some(MENU) => check_menu(violations, part, &format!("{place}, menu"), totals),
            _ => check_button(violations, part, &format!("{place}, button {n}"), totals),
        }
    }
}

/// Checks the custom id, which is unique in its message.
fn custom_id<'a>(violations: &mut Violations, of: &'a Value, place: &str, totals: &mut Totals<'a>) {
    violations.needed(&of["custom_id"], &format!("{place}: custom_id"), 100);
    if let Some(id) = of["custom_id"].as_str()
        && !totals.custom_ids.insert(id)
    {
        violations.refuse(format!("{place}: the custom_id {id:?} is there twice"));
    }
}

fn check_menu<'a>(violations: &mut Violations, menu: &'a Value, place: &str, totals: &mut Totals<'a>) {
    let fields =
        ["type", "id", "custom_id", "options", "placeholder", "min_values", "max_values", "disabled"];
    violations.only(menu, place, &fields);
    count(violations, menu, place, totals);
    custom_id(violations, menu, place, totals);
    violations.text(&menu["placeholder"], &format!("{place}: placeholder"), 150);
    let options = violations.list(&menu["options"], &format!("{place}: options"), 25);
    if options.is_empty() {
        violations.refuse(format!("{place} has no options"));
    }
    let mut values = HashSet::new();
    for (n, option) in options.iter().enumerate() {
        let place = format!("{place}, option {n}");
        violations.only(option, &place, &["label", "value", "description", "emoji", "default"]);
        for key in ["label", "value"] {
            violations.needed(&option[key], &format!("{place}: {key}"), 100);
        }
        violations.text(&option["description"], &format!("{place}: description"), 100);
        if !option["emoji"].is_null() {
            violations.only(&option["emoji"], &format!("{place}: emoji"), &["id", "name", "animated"]);
        }
        if option["value"].as_str().is_some_and(|value| !values.insert(value)) {
            violations.refuse(format!("{place}: the value {} is there twice", option["value"]));
        }
    }
    let (least, most) = (menu["min_values"].as_u64().unwrap_or(1), menu["max_values"].as_u64().unwrap_or(1));
    if least > most || most == 0 || most > options.len() as u64 {
        violations.refuse(format!("{place}: {least} to {most} of {} options", options.len()));
    }
}

fn check_button<'a>(violations: &mut Violations, button: &'a Value, place: &str, totals: &mut Totals<'a>) {
    let fields = ["type", "id", "style", "label", "emoji", "custom_id", "url", "disabled"];
    violations.only(button, place, &fields);
    count(violations, button, place, totals);
    if button["type"].as_u64() != Some(BUTTON) {
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
            custom_id(violations, button, place, totals);
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
