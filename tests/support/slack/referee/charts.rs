//! Tables and native charts. <https://docs.slack.dev/reference/block-kit/blocks/table-block>,
//! <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>

use serde_json::Value;

use super::{Violations, elements};

/// The most characters of all cells together.
const CELLS: usize = 10_000;

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
