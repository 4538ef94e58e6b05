//! Blocks. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::Value;

use super::{Takes, Violations, charts, elements};

/// The most blocks of a message.
const MAX_BLOCKS: usize = 50;
/// The most characters in all markdown blocks together.
const MARKDOWN: usize = 12_000;

/// The blocks of a message.
pub(super) fn in_message(violations: &mut Violations, blocks: &[Value], takes: Takes) {
    if blocks.len() > MAX_BLOCKS {
        violations.block(format!("{} blocks, of at most {MAX_BLOCKS}", blocks.len()));
    }
    all(violations, blocks);
    let markdown = of_type(blocks, "markdown").map(|block| block["text"].as_str().unwrap_or_default());
    let markdown: usize = markdown.map(|text| text.chars().count()).sum();
    if markdown > MARKDOWN {
        violations.refuse(
            "msg_blocks_too_long",
            format!("{markdown} characters of markdown, of at most {MARKDOWN}"),
        );
    }
    if of_type(blocks, "table").count() > 1 {
        violations.refuse("invalid_attachments", "only one table is allowed");
    }
    let charts = of_type(blocks, "data_visualization").count();
    if charts > 2 {
        violations.block("only two charts are allowed");
    }
    // no violation: the bot cannot know
    let cells: usize = of_type(blocks, "data_table").map(charts::cell_characters).sum();
    if cells > charts::CELLS {
        violations
            .block(format!("{cells} characters in the cells of a message, of at most {}", charts::CELLS));
    }
    for (kind, is_taken) in
        [("data_visualization", takes.charts), ("container", takes.containers), ("data_table", takes.tables)]
    {
        for at in (0..blocks.len()).filter(|at| !is_taken && blocks[*at]["type"] == kind) {
            violations.code.get_or_insert("invalid_blocks");
            violations.hints.push(format!("unsupported type: {kind} [json-pointer:/blocks/{at}/type]"));
        }
    }
}

/// The blocks of a modal.
pub(super) fn in_modal(violations: &mut Violations, blocks: &[Value]) {
    if blocks.is_empty() || blocks.len() > 2 * MAX_BLOCKS {
        violations.block(format!("{} blocks", blocks.len()));
    }
    for kind in ["markdown", "table", "data_table", "data_visualization", "container"] {
        if of_type(blocks, kind).next().is_some() {
            violations.block(format!("{kind} is not for modals"));
        }
    }
    all(violations, blocks);
}

fn of_type<'a>(blocks: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    blocks.iter().filter(move |block| block["type"] == kind)
}

fn all(violations: &mut Violations, blocks: &[Value]) {
    let mut ids = vec![];
    for block in blocks {
        if let Some(id) = block["block_id"].as_str() {
            violations.length("block_id", &block["block_id"], 255);
            if ids.contains(&id) {
                violations.block(format!("two blocks have the id {id:?}"));
            }
            ids.push(id);
        }
        one(violations, block);
    }
}

fn one(violations: &mut Violations, block: &Value) {
    let kind = block["type"].as_str().unwrap_or_default();
    match kind {
        "divider" => violations.keys(kind, block, &["type"], &["block_id"]),
        "header" => {
            violations.keys(kind, block, &["type", "text"], &["block_id", "level"]);
            violations.plain(kind, &block["text"], 150);
            if !block["level"].is_null()
                && !block["level"].as_u64().is_some_and(|level| (1..=4).contains(&level))
            {
                violations.block("a header has a level of 1 to 4");
            }
        }
        "section" => section(violations, block),
        "markdown" => {
            violations.keys(kind, block, &["type", "text"], &["block_id"]);
            violations.length(kind, &block["text"], MARKDOWN);
            violations.counts(&block["text"]);
            violations.reads_markdown(block["text"].as_str().unwrap_or_default());
        }
        "context" => {
            violations.keys(kind, block, &["type", "elements"], &["block_id"]);
            for element in elements::some(violations, kind, &block["elements"], 10) {
                if element["type"] == "image" {
                    image(violations, element);
                } else {
                    violations.text("a context element", element, 3_000);
                }
            }
        }
        "actions" => {
            violations.keys(kind, block, &["type", "elements"], &["block_id"]);
            let list = elements::some(violations, kind, &block["elements"], 25);
            elements::distinct(violations, list);
            for element in list {
                elements::interactive(violations, element);
            }
        }
        "input" => {
            let optional = ["block_id", "hint", "optional", "dispatch_action"];
            violations.keys(kind, block, &["type", "label", "element"], &optional);
            violations.plain("a label", &block["label"], 2_000);
            violations.maybe_plain("a hint", &block["hint"], 2_000);
            elements::interactive(violations, &block["element"]);
        }
        "image" => image(violations, block),
        "table" => charts::table(violations, block),
        "data_table" => charts::data_table(violations, block),
        "data_visualization" => charts::chart(violations, block),
        "container" => container(violations, block),
        "rich_text" => {
            violations.keys(kind, block, &["type", "elements"], &["block_id"]);
            violations.rich(block);
        }
        other => violations.block(format!("this referee knows no block {other:?}")),
    }
}

/// A block that is unfolded. <https://docs.slack.dev/reference/block-kit/blocks/container-block>
fn container(violations: &mut Violations, block: &Value) {
    const CHILDREN: [&str; 7] = ["divider", "image", "section", "actions", "context", "header", "table"];
    let optional = [
        "subtitle",
        "rich_text_title",
        "icon",
        "width",
        "is_collapsible",
        "default_collapsed",
        "has_header_divider",
        "block_id",
    ];
    violations.keys("container", block, &["type", "title", "child_blocks"], &optional);
    violations.plain("a container's title", &block["title"], 150);
    if !block["subtitle"].is_null() {
        violations.text("a container's subtitle", &block["subtitle"], 150);
    }
    for key in ["is_collapsible", "default_collapsed", "has_header_divider"] {
        if !block[key].is_null() && !block[key].is_boolean() {
            violations.block(format!("{key} is true or false"));
        }
    }
    if block["default_collapsed"] == true && block["is_collapsible"] != true {
        violations.block("only what is collapsible is collapsed");
    }
    for child in elements::some(violations, "child_blocks", &block["child_blocks"], 10) {
        let kind = child["type"].as_str().unwrap_or_default();
        if CHILDREN.contains(&kind) {
            one(violations, child);
        } else {
            violations.block(format!("a container takes no {kind:?}"));
        }
    }
}

fn section(violations: &mut Violations, block: &Value) {
    violations.keys("section", block, &["type"], &["text", "fields", "accessory", "block_id", "expand"]);
    if block["text"].is_null() && block["fields"].is_null() {
        violations.block("a section has neither text nor fields");
    }
    if !block["text"].is_null() {
        violations.text("a section", &block["text"], 3_000);
    }
    if !block["fields"].is_null() {
        for field in elements::some(violations, "fields", &block["fields"], 10) {
            violations.text("a field", field, 2_000);
        }
    }
    if block["accessory"]["type"] == "image" {
        image(violations, &block["accessory"]);
    } else if !block["accessory"].is_null() {
        elements::interactive(violations, &block["accessory"]);
    }
}

fn image(violations: &mut Violations, image: &Value) {
    violations.keys(
        "an image",
        image,
        &["type", "alt_text"],
        &["image_url", "slack_file", "title", "block_id"],
    );
    violations.length("an alt text", &image["alt_text"], 2_000);
    violations.maybe_plain("an image's title", &image["title"], 2_000);
    if image["image_url"].is_null() == image["slack_file"].is_null() {
        violations.block("an image has an address or a file");
    }
    if !image["image_url"].is_null() {
        violations.length("an image's address", &image["image_url"], 3_000);
    }
}
