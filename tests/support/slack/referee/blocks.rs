//! Blocks. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::Value;

use super::{Fouls, charts, elements};

/// The most blocks of a message.
const MOST: usize = 50;
/// The most characters in all markdown blocks together.
const MARKDOWN: usize = 12_000;

/// The blocks of a message.
pub(super) fn in_message(fouls: &mut Fouls, blocks: &[Value], native_charts: bool) {
    if blocks.len() > MOST {
        fouls.block(format!("{} blocks, of at most {MOST}", blocks.len()));
    }
    all(fouls, blocks);
    let markdown = of_type(blocks, "markdown").map(|block| block["text"].as_str().unwrap_or_default());
    let markdown: usize = markdown.map(|text| text.chars().count()).sum();
    if markdown > MARKDOWN {
        fouls.refuse(
            "msg_blocks_too_long",
            format!("{markdown} characters of markdown, of at most {MARKDOWN}"),
        );
    }
    if of_type(blocks, "table").count() > 1 {
        fouls.refuse("invalid_attachments", "only one table is allowed");
    }
    let charts = of_type(blocks, "data_visualization").count();
    if charts > 2 {
        fouls.block("only two charts are allowed");
    }
    if charts > 0 && !native_charts {
        // no foul of the bot: it cannot know
        fouls.code.get_or_insert("invalid_blocks");
    }
}

/// The blocks of a modal.
pub(super) fn in_modal(fouls: &mut Fouls, blocks: &[Value]) {
    if blocks.is_empty() || blocks.len() > 2 * MOST {
        fouls.block(format!("{} blocks", blocks.len()));
    }
    for kind in ["markdown", "table", "data_visualization"] {
        if of_type(blocks, kind).next().is_some() {
            fouls.block(format!("{kind} is not for modals"));
        }
    }
    all(fouls, blocks);
}

fn of_type<'a>(blocks: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    blocks.iter().filter(move |block| block["type"] == kind)
}

fn all(fouls: &mut Fouls, blocks: &[Value]) {
    let mut ids = vec![];
    for block in blocks {
        if let Some(id) = block["block_id"].as_str() {
            fouls.length("block_id", &block["block_id"], 255);
            if ids.contains(&id) {
                fouls.block(format!("two blocks have the id {id:?}"));
            }
            ids.push(id);
        }
        one(fouls, block);
    }
}

fn one(fouls: &mut Fouls, block: &Value) {
    let kind = block["type"].as_str().unwrap_or_default();
    match kind {
        "divider" => fouls.keys(kind, block, &["type"], &["block_id"]),
        "header" => {
            fouls.keys(kind, block, &["type", "text"], &["block_id", "level"]);
            fouls.plain(kind, &block["text"], 150);
            if !block["level"].is_null()
                && !block["level"].as_u64().is_some_and(|level| (1..=4).contains(&level))
            {
                fouls.block("a header has a level of 1 to 4");
            }
        }
        "section" => section(fouls, block),
        "markdown" => {
            fouls.keys(kind, block, &["type", "text"], &["block_id"]);
            fouls.length(kind, &block["text"], MARKDOWN);
            fouls.counts(&block["text"]);
            fouls.reads_markdown(block["text"].as_str().unwrap_or_default());
        }
        "context" => {
            fouls.keys(kind, block, &["type", "elements"], &["block_id"]);
            for element in elements::some(fouls, kind, &block["elements"], 10) {
                if element["type"] == "image" {
                    image(fouls, element);
                } else {
                    fouls.text("a context element", element, 3_000);
                }
            }
        }
        "actions" => {
            fouls.keys(kind, block, &["type", "elements"], &["block_id"]);
            let list = elements::some(fouls, kind, &block["elements"], 25);
            elements::distinct(fouls, list);
            for element in list {
                elements::interactive(fouls, element);
            }
        }
        "input" => {
            let optional = ["block_id", "hint", "optional", "dispatch_action"];
            fouls.keys(kind, block, &["type", "label", "element"], &optional);
            fouls.plain("a label", &block["label"], 2_000);
            fouls.maybe_plain("a hint", &block["hint"], 2_000);
            elements::interactive(fouls, &block["element"]);
        }
        "image" => image(fouls, block),
        "table" => charts::table(fouls, block),
        "data_visualization" => charts::chart(fouls, block),
        "rich_text" => {
            fouls.keys(kind, block, &["type", "elements"], &["block_id"]);
            fouls.rich(block);
        }
        other => fouls.block(format!("this referee knows no block {other:?}")),
    }
}

fn section(fouls: &mut Fouls, block: &Value) {
    fouls.keys("section", block, &["type"], &["text", "fields", "accessory", "block_id", "expand"]);
    if block["text"].is_null() && block["fields"].is_null() {
        fouls.block("a section has neither text nor fields");
    }
    if !block["text"].is_null() {
        fouls.text("a section", &block["text"], 3_000);
    }
    if !block["fields"].is_null() {
        for field in elements::some(fouls, "fields", &block["fields"], 10) {
            fouls.text("a field", field, 2_000);
        }
    }
    if block["accessory"]["type"] == "image" {
        image(fouls, &block["accessory"]);
    } else if !block["accessory"].is_null() {
        elements::interactive(fouls, &block["accessory"]);
    }
}

fn image(fouls: &mut Fouls, image: &Value) {
    fouls.keys("an image", image, &["type", "alt_text"], &["image_url", "slack_file", "title", "block_id"]);
    fouls.length("an alt text", &image["alt_text"], 2_000);
    fouls.maybe_plain("an image's title", &image["title"], 2_000);
    if image["image_url"].is_null() == image["slack_file"].is_null() {
        fouls.block("an image has an address or a file");
    }
    if !image["image_url"].is_null() {
        fouls.length("an image's address", &image["image_url"], 3_000);
    }
}
