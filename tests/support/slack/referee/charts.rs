//! Tables and native charts. <https://docs.slack.dev/reference/block-kit/blocks/table-block>,
//! <https://docs.slack.dev/reference/block-kit/blocks/data-table-block>,
//! <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>

use serde_json::Value;

use super::{Violations, elements};

/// The most characters of all cells together.
pub(super) const CELLS: usize = 10_000;

pub(super) fn table(violations: &mut Violations, block: &Value) {
    violations.keys("table", block, &["type", "rows"], &["block_id", "column_settings"]);
    let rows = elements::some(violations, "rows", &block["rows"], 100);
    let mut width = None;
    let before = violations.bytes;
    for row in rows {
        let cells = elements::some(violations, "a row", row, 20);
        if *width.get_or_insert(cells.len()) != cells.len() {
            violations.block("the rows of a table are of one length");
        }
        for one in cells {
            cell(violations, one);
        }
    }
    if violations.bytes - before > CELLS {
        violations.block("a table with too much in it");
    }
    let settings = block["column_settings"].as_array().map(Vec::as_slice).unwrap_or_default();
    if settings.len() > 20 {
        violations.block("more than 20 column settings");
    }
    for setting in settings.iter().filter(|setting| !setting.is_null()) {
        violations.keys("a column setting", setting, &[], &["align", "is_wrapped"]);
        let align = setting["align"].as_str().unwrap_or("left");
        if !["left", "center", "right"].contains(&align) {
            violations.block(format!("a column is aligned {align:?}"));
        }
    }
}

fn cell(violations: &mut Violations, cell: &Value) {
    match cell["type"].as_str().unwrap_or_default() {
        "raw_text" => {
            violations.keys("a cell", cell, &["type", "text"], &[]);
            violations.length("a cell", &cell["text"], CELLS);
            violations.counts(&cell["text"]);
        }
        "rich_text" => {
            violations.keys("a cell", cell, &["type", "elements"], &[]);
            violations.rich(cell);
        }
        other => violations.block(format!("a cell of type {other:?}")),
    }
}

/// A table that readers sort: the first row is the header, which takes no rich text.
pub(super) fn data_table(violations: &mut Violations, block: &Value) {
    let optional = ["block_id", "page_size", "row_header_column_index"];
    violations.keys("data_table", block, &["type", "caption", "rows"], &optional);
    violations.length("a caption", &block["caption"], CELLS);
    violations.counts(&block["caption"]);
    let rows = elements::some(violations, "rows", &block["rows"], 101);
    if rows.len() < 2 {
        violations.block("a data table has a header and at least one row");
    }
    let width = rows.first().and_then(Value::as_array).map_or(0, Vec::len);
    for (at, row) in rows.iter().enumerate() {
        let cells = elements::some(violations, "a row", row, 20);
        if cells.len() != width {
            violations.block("the rows of a data table are of one length");
        }
        for one in cells {
            data_cell(violations, one, at == 0);
        }
    }
    let is_page = |size: &Value| size.as_u64().is_some_and(|size| (1..=100).contains(&size));
    if !block["page_size"].is_null() && !is_page(&block["page_size"]) {
        violations.block("a page has 1 to 100 rows");
    }
    let is_column = |index: &Value| index.as_u64().is_some_and(|index| index < width as u64);
    if !block["row_header_column_index"].is_null() && !is_column(&block["row_header_column_index"]) {
        violations.block("the header of the rows is no column");
    }
}

fn data_cell(violations: &mut Violations, one: &Value, is_header: bool) {
    match one["type"].as_str().unwrap_or_default() {
        "rich_text" if is_header => violations.block("a header cell of rich text"),
        "raw_number" => {
            violations.keys("a cell", one, &["type", "value", "text"], &[]);
            if !one["value"].is_number() {
                violations.block("a cell's value is no number");
            }
            violations.length("a cell", &one["text"], CELLS);
            violations.counts(&one["text"]);
        }
        _ => cell(violations, one),
    }
}

/// The characters in all cells of a table.
pub(super) fn cell_characters(table: &Value) -> usize {
    match table {
        Value::Array(all) => all.iter().map(cell_characters).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match value.as_str() {
                Some(text) if key == "text" => text.chars().count(),
                _ => cell_characters(value),
            })
            .sum(),
        _ => 0,
    }
}

pub(super) fn chart(violations: &mut Violations, block: &Value) {
    violations.keys("a chart", block, &["type", "title", "chart"], &["block_id"]);
    violations.length("a chart's title", &block["title"], 50);
    violations.counts(&block["title"]);
    let chart = &block["chart"];
    match chart["type"].as_str().unwrap_or_default() {
        "pie" => {
            violations.keys("a pie", chart, &["type", "segments"], &[]);
            let points = elements::some(violations, "segments", &chart["segments"], 12);
            self::points(violations, points);
        }
        "bar" | "line" | "area" => series(violations, chart),
        other => violations.block(format!("a chart of type {other:?}")),
    }
}

fn series(violations: &mut Violations, chart: &Value) {
    violations.keys("a chart's inside", chart, &["type", "series", "axis_config"], &[]);
    let axis = &chart["axis_config"];
    violations.keys("axis_config", axis, &["categories"], &["x_label", "y_label"]);
    for key in ["x_label", "y_label"] {
        if !axis[key].is_null() {
            violations.length(key, &axis[key], 50);
        }
    }
    let categories = elements::some(violations, "categories", &axis["categories"], 20);
    for (n, category) in categories.iter().enumerate() {
        violations.length("a category", category, 20);
        if categories[..n].contains(category) {
            violations.block(format!("the category {category} is there twice"));
        }
    }
    let series = elements::some(violations, "series", &chart["series"], 12);
    for (n, one) in series.iter().enumerate() {
        violations.keys("a series", one, &["name", "data"], &[]);
        violations.length("a series' name", &one["name"], 20);
        if series[..n].iter().any(|other| other["name"] == one["name"]) {
            violations.block(format!("two series are called {}", one["name"]));
        }
        let data = elements::some(violations, "data", &one["data"], 20);
        points(violations, data);
        let named = |category: &Value| data.iter().filter(|point| point["label"] == *category).count() == 1;
        if data.len() != categories.len() || !categories.iter().all(named) {
            violations.block("a series has one point for each category");
        }
    }
}

fn points(violations: &mut Violations, points: &[Value]) {
    for point in points {
        violations.keys("a point", point, &["label", "value"], &[]);
        violations.length("a point's label", &point["label"], 20);
        if !point["value"].is_number() {
            violations.block("a point has a number");
        }
    }
}
