//! Embeds: <https://docs.discord.com/developers/resources/message#embed-object>. Pure.

use serde_json::Value;

use super::Violations;

/// Characters of all embeds of a message together.
const TOTAL: usize = 6000;

/// Checks the embeds of a message that has files of these names.
pub(super) fn check(violations: &mut Violations, embeds: &Value, files: &[String]) {
    let mut total = 0;
    for (n, embed) in violations.list(embeds, "embeds", 10).iter().enumerate() {
        total += one(violations, embed, &format!("embed {n}"), files);
    }
    if total > TOTAL {
        violations.refuse(format!("all embeds have {total} of {TOTAL} characters"));
    }
}

fn one(violations: &mut Violations, embed: &Value, place: &str, files: &[String]) -> usize {
    let known = [
        "title",
        "description",
        "url",
        "timestamp",
        "color",
        "footer",
        "image",
        "thumbnail",
        "author",
        "fields",
    ];
    violations.only(embed, place, &known);
    let mut total = violations.text(&embed["title"], &format!("{place}: title"), 256);
    total += violations.text(&embed["description"], &format!("{place}: description"), 4096);
    total += part(violations, &embed["footer"], &format!("{place}: footer"), ("text", 2048));
    total += part(violations, &embed["author"], &format!("{place}: author"), ("name", 256));
    for (n, field) in violations.list(&embed["fields"], &format!("{place}: fields"), 25).iter().enumerate() {
        let place = format!("{place}: field {n}");
        violations.only(field, &place, &["name", "value", "inline"]);
        total += violations.needed(&field["name"], &format!("{place}: name"), 256);
        total += violations.needed(&field["value"], &format!("{place}: value"), 1024);
    }
    let mut pictures = false;
    for picture in ["image", "thumbnail"] {
        let value = &embed[picture];
        if !value.is_null() {
            pictures = true;
            violations.only(value, &format!("{place}: {picture}"), &["url"]);
            address(violations, &value["url"], &format!("{place}: {picture}"), files);
        }
    }
    if total == 0 && !pictures {
        violations.refuse(format!("{place} is empty"));
    }
    if !embed["color"].is_null() && embed["color"].as_u64().is_none_or(|color| color > 0xff_ff_ff) {
        violations.refuse(format!("{place}: the color is {}", embed["color"]));
    }
    total
}

/// Footer or author: an object with one text that is needed.
fn part(violations: &mut Violations, part: &Value, place: &str, (key, limit): (&str, usize)) -> usize {
    if part.is_null() {
        return 0;
    }
    violations.only(part, place, &[key, "url", "icon_url"]);
    violations.needed(&part[key], place, limit)
}

fn address(violations: &mut Violations, url: &Value, place: &str, files: &[String]) {
    let url = url.as_str().unwrap_or_default();
    match url.strip_prefix("attachment://") {
        Some(name) if !files.iter().any(|file| file == name) => {
            violations.refuse(format!("{place}: there is no file {name:?}"));
        }
        None if !url.starts_with("https://") => violations.refuse(format!("{place}: {url:?} is no address")),
        _ => {}
    }
}
