//! Slack's rules for a message and for a view, from its documentation, independent of the code under test.

use serde_json::Value;

use super::{
    blocks,
    reader::{self, Act},
};
use crate::slack::render::{Body, is_form, pressed, question};

/// The texts that a block shows, each with the type of its parent.
fn texts<'a>(value: &'a Value, place: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::Array(all) => all.iter().for_each(|value| texts(value, place, found)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or(place);
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("type" | "style" | "value" | "action_id" | "block_id", _) => {}
                    (_, Value::String(text)) => found.push((kind, text)),
                    (_, value) => texts(value, kind, found),
                }
            }
        }
        Value::String(text) => found.push((place, text)),
        _ => {}
    }
}

fn chars(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn all(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn fits(what: &str, range: std::ops::RangeInclusive<usize>, got: usize) -> Result<(), String> {
    if range.contains(&got) { Ok(()) } else { Err(format!("{what}: {got} is not in {range:?}")) }
}

/// Fails if Slack would refuse the message or act on untrusted text.
pub(super) fn message(body: &Body) -> Result<(), String> {
    let blocks = blocks(body);
    fits("blocks", 1..=50, blocks.len())?;
    fits("fallback", 1..=4_000, body.text.chars().count())?;
    let json = serde_json::to_string(&body.blocks).expect("it is JSON");
    fits("JSON", 2..=10_500, json.len())?;
    let mut found = vec![];
    for block in &blocks {
        texts(block, "", &mut found);
    }
    fits("text", 1..=9_000, found.iter().map(|(_, text)| text.len()).sum::<usize>() + body.text.len())?;
    let markdown = blocks.iter().filter(|block| block["type"] == "markdown");
    fits("markdown", 0..=12_000, markdown.map(|block| chars(&block["text"])).sum())?;
    for (place, text) in &found {
        fits(place, 1..=usize::MAX, text.len())?;
        let acts = if *place == "markdown" { reader::markdown(text) } else { reader::plain(text) };
        harmless(&acts, text)?;
        if *place == "mrkdwn" {
            only_entities(text)?;
        }
    }
    harmless(&reader::plain(&body.text), &body.text)?;
    only_entities(&body.text)?;
    let mut ids = std::collections::HashSet::new();
    blocks.iter().try_for_each(|block| self::block(block, &mut ids))
}

/// In `mrkdwn`, `<`, `>` and `&` must be entities.
fn only_entities(text: &str) -> Result<(), String> {
    let bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    let is_quoted =
        |line: &str| line.trim_start().strip_prefix("> ").map_or(line, |rest| rest).contains(['<', '>', '&']);
    if bare.lines().any(is_quoted) { Err(format!("not escaped: {text}")) } else { Ok(()) }
}

fn harmless(acts: &[Act], text: &str) -> Result<(), String> {
    if acts.is_empty() { Ok(()) } else { Err(format!("{acts:?} in {text:?}")) }
}

fn block<'a>(block: &'a Value, ids: &mut std::collections::HashSet<&'a str>) -> Result<(), String> {
    match block["type"].as_str().unwrap_or_default() {
        "markdown" => fits("markdown", 1..=12_000, chars(&block["text"])),
        "context" => {
            fits("context", 1..=10, all(&block["elements"]).len())?;
            all(&block["elements"])
                .iter()
                .try_for_each(|text| fits("context", 1..=3_000, chars(&text["text"])))
        }
        "rich_text" => {
            fits("rich_text", 1..=20, all(&block["elements"]).len())?;
            all(&block["elements"]).iter().try_for_each(rich)
        }
        "actions" => {
            fits("actions", 1..=25, all(&block["elements"]).len())?;
            all(&block["elements"]).iter().try_for_each(|one| match one["type"].as_str() {
                Some("static_select") => menu(one, ids),
                _ => button(one, ids),
            })
        }
        "data_visualization" => chart(block),
        "container" => container(block),
        "data_table" => table(block),
        other => Err(format!("no block of ours: {other}")),
    }
}

/// The children are those that both Slack's documentation and its validator allow.
fn container(block: &Value) -> Result<(), String> {
    fits("container title", 1..=150, chars(&block["title"]["text"]))?;
    fits("container subtitle", 0..=150, chars(&block["subtitle"]["text"]))?;
    fits(
        "collapsible",
        1..=1,
        usize::from(block["is_collapsible"] == true && block["default_collapsed"] == true),
    )?;
    let children = all(&block["child_blocks"]);
    fits("children", 1..=10, children.len())?;
    children.iter().try_for_each(|child| {
        let sound = child["type"] == "section" && child["text"]["type"] == "mrkdwn";
        fits("section", 1..=3_000, if sound { chars(&child["text"]["text"]) } else { 0 })
    })
}

/// A header and rows of equal length, within the limits of all cells together.
fn table(block: &Value) -> Result<(), String> {
    fits("caption", 1..=200, chars(&block["caption"]))?;
    let rows = all(&block["rows"]);
    fits("rows", 2..=101, rows.len())?;
    fits("columns", 2..=20, all(&rows[0]).len())?;
    let page = block["page_size"].as_u64().and_then(|size| usize::try_from(size).ok());
    fits("rows of a page", 1..=100, page.unwrap_or_default())?;
    let mut characters = 0;
    for (at, row) in rows.iter().enumerate() {
        fits("cells", all(&rows[0]).len()..=all(&rows[0]).len(), all(row).len())?;
        for cell in all(row) {
            let is_text = cell["type"] == "raw_text";
            let is_number = at > 0 && cell["type"] == "raw_number" && cell["value"].is_number();
            fits("a cell of text or a number", 1..=1, usize::from(is_text || is_number))?;
            fits("cell", 1..=3_000, chars(&cell["text"]))?;
            characters += chars(&cell["text"]);
        }
    }
    fits("characters of all cells", 1..=10_000, characters)
}

fn rich(part: &Value) -> Result<(), String> {
    fits("part", 1..=400, all(&part["elements"]).len())?;
    all(&part["elements"]).iter().try_for_each(|text| {
        if text["type"] == "date" {
            return date(text);
        }
        let sound = text["type"] == "text";
        fits("rich text", 1..=3_000, if sound { chars(&text["text"]) } else { 0 })
    })
}

/// <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block#date-element-type>
fn date(date: &Value) -> Result<(), String> {
    fits("a time in seconds", 1..=1, usize::from(date["timestamp"].is_i64()))?;
    fits(
        "format",
        1..=1,
        usize::from(date["format"].as_str().is_some_and(|format| format.contains("{time}"))),
    )?;
    fits("fallback", 1..=100, chars(&date["fallback"]))
}

fn menu<'a>(menu: &'a Value, ids: &mut std::collections::HashSet<&'a str>) -> Result<(), String> {
    let action = menu["action_id"].as_str().unwrap_or_default();
    fits("action", 1..=255, action.len())?;
    fits("the same id twice", 1..=1, usize::from(ids.insert(action)))?;
    fits("what we know again", 1..=1, usize::from(pressed(action, "0").is_some()))?;
    element(menu)
}

fn button<'a>(button: &'a Value, ids: &mut std::collections::HashSet<&'a str>) -> Result<(), String> {
    fits("label", 1..=75, chars(&button["text"]["text"]))?;
    fits("spoken", 0..=75, chars(&button["accessibility_label"]))?;
    let [action, value] = ["action_id", "value"].map(|key| button[key].as_str().unwrap_or_default());
    fits("action", 1..=255, action.len())?;
    fits("value", 1..=2_000, value.len())?;
    fits("the same id twice", 1..=1, usize::from(ids.insert(action)))?;
    let is_known = pressed(action, value).is_some() || question(action).is_some() || is_form(action);
    fits("what we know again", 1..=1, usize::from(is_known))
}

/// Fails if Slack would refuse the Home tab or act on untrusted text.
pub(super) fn home(view: &Value) -> Result<(), String> {
    let blocks = all(&view["blocks"]);
    fits("blocks", 1..=100, blocks.len())?;
    let mut ids = std::collections::HashSet::new();
    blocks.iter().try_for_each(|block| self::block(block, &mut ids))
}

fn chart(block: &Value) -> Result<(), String> {
    fits("title", 1..=50, chars(&block["title"]))?;
    let (chart, axis) = (&block["chart"], &block["chart"]["axis_config"]);
    fits("series", 1..=1, all(&chart["series"]).len())?;
    fits("y label", 1..=50, chars(&axis["y_label"]))?;
    let series = &chart["series"][0];
    fits("series name", 1..=20, chars(&series["name"]))?;
    let labels: Vec<&Value> = all(&series["data"]).iter().map(|point| &point["label"]).collect();
    fits("bars", 2..=20, labels.len())?;
    let unique: std::collections::HashSet<String> = labels.iter().map(ToString::to_string).collect();
    fits("unique labels", labels.len()..=labels.len(), unique.len())?;
    let same = all(&axis["categories"]).iter().collect::<Vec<_>>() == labels;
    fits("categories as labels", 1..=1, usize::from(same))?;
    labels.iter().try_for_each(|label| fits("label", 1..=20, chars(label)))?;
    let sound = |point: &Value| point["value"].as_f64().is_some_and(f64::is_finite);
    fits("numbers", 1..=1, usize::from(all(&series["data"]).iter().all(sound)))
}

/// Fails if Slack would refuse the view.
pub(super) fn view(view: &Value) -> Result<(), String> {
    for part in ["title", "submit", "close"] {
        fits(part, 1..=24, chars(&view[part]["text"]))?;
    }
    fits("metadata", 0..=3_000, chars(&view["private_metadata"]))?;
    fits("blocks", 1..=100, all(&view["blocks"]).len())?;
    let inputs = all(&view["blocks"]).iter().filter(|block| block["type"] != "rich_text");
    inputs.into_iter().try_for_each(|input| {
        fits("id", 1..=255, chars(&input["block_id"]))?;
        fits("label", 1..=2_000, chars(&input["label"]["text"]))?;
        element(&input["element"])
    })
}

fn element(element: &Value) -> Result<(), String> {
    let most = match element["type"].as_str().unwrap_or_default() {
        "plain_text_input" => {
            fits("placeholder", 1..=150, chars(&element["placeholder"]["text"]))?;
            return fits("initial value", 0..=3_000, chars(&element["initial_value"]));
        }
        "checkboxes" | "radio_buttons" => 10,
        "multi_static_select" | "static_select" => 100,
        other => return Err(format!("no element of ours: {other}")),
    };
    let options = all(&element["options"]);
    fits("options", 1..=most, options.len())?;
    for option in options {
        fits("option", 1..=75, chars(&option["text"]["text"]))?;
        fits("value", 1..=150, chars(&option["value"]))?;
        let described = option.get("description");
        described.map_or(Ok(()), |words| fits("description", 1..=75, chars(&words["text"])))?;
        for text in [&option["text"]["text"], &option["description"]["text"]] {
            let text = text.as_str().unwrap_or_default();
            harmless(&reader::plain(text), text)?;
        }
    }
    let chosen = all(&element["initial_options"]).iter().chain(element.get("initial_option"));
    let among = chosen.filter(|option| !options.contains(option)).count();
    fits("initial options that are none", 0..=0, among)?;
    fits("initial options", 0..=0, usize::from(element["initial_options"] == serde_json::json!([])))
}
