//! Tables and native charts. <https://docs.slack.dev/reference/block-kit/blocks/table-block>,
//! <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>

use serde_json::Value;

use super::{Fouls, elements};

/// The most characters of all cells together.
const CELLS: usize = 10_000;

pub(super) fn table(fouls: &mut Fouls, block: &Value) {
    fouls.keys("table", block, &["type", "rows"], &["block_id", "column_settings"]);
    let rows = elements::some(fouls, "rows", &block["rows"], 100);
    let mut width = None;
    let before = fouls.bytes;
    for row in rows {
        let cells = elements::some(fouls, "a row", row, 20);
        if *width.get_or_insert(cells.len()) != cells.len() {
            fouls.block("the rows of a table are of one length");
        }
        for one in cells {
            cell(fouls, one);
        }
    }
    if fouls.bytes - before > CELLS {
        fouls.block("a table with too much in it");
    }
    let settings = block["column_settings"].as_array().map(Vec::as_slice).unwrap_or_default();
    if settings.len() > 20 {
        fouls.block("more than 20 column settings");
    }
    for setting in settings.iter().filter(|setting| !setting.is_null()) {
        fouls.keys("a column setting", setting, &[], &["align", "is_wrapped"]);
        let align = setting["align"].as_str().unwrap_or("left");
        if !["left", "center", "right"].contains(&align) {
            fouls.block(format!("a column is aligned {align:?}"));
        }
    }
}

fn cell(fouls: &mut Fouls, cell: &Value) {
    match cell["type"].as_str().unwrap_or_default() {
        "raw_text" => {
            fouls.keys("a cell", cell, &["type", "text"], &[]);
            fouls.length("a cell", &cell["text"], CELLS);
            fouls.counts(&cell["text"]);
        }
        "rich_text" => {
            fouls.keys("a cell", cell, &["type", "elements"], &[]);
            fouls.rich(cell);
        }
        other => fouls.block(format!("a cell of type {other:?}")),
    }
}

pub(super) fn chart(fouls: &mut Fouls, block: &Value) {
    fouls.keys("a chart", block, &["type", "title", "chart"], &["block_id"]);
    fouls.length("a chart's title", &block["title"], 50);
    fouls.counts(&block["title"]);
    let chart = &block["chart"];
    match chart["type"].as_str().unwrap_or_default() {
        "pie" => {
            fouls.keys("a pie", chart, &["type", "segments"], &[]);
            let points = elements::some(fouls, "segments", &chart["segments"], 12);
            self::points(fouls, points);
        }
        "bar" | "line" | "area" => series(fouls, chart),
        other => fouls.block(format!("a chart of type {other:?}")),
    }
}

fn series(fouls: &mut Fouls, chart: &Value) {
    fouls.keys("a chart's inside", chart, &["type", "series", "axis_config"], &[]);
    let axis = &chart["axis_config"];
    fouls.keys("axis_config", axis, &["categories"], &["x_label", "y_label"]);
    for key in ["x_label", "y_label"] {
        if !axis[key].is_null() {
            fouls.length(key, &axis[key], 50);
        }
    }
    let categories = elements::some(fouls, "categories", &axis["categories"], 20);
    for (n, category) in categories.iter().enumerate() {
        fouls.length("a category", category, 20);
        if categories[..n].contains(category) {
            fouls.block(format!("the category {category} is there twice"));
        }
    }
    let series = elements::some(fouls, "series", &chart["series"], 12);
    for (n, one) in series.iter().enumerate() {
        fouls.keys("a series", one, &["name", "data"], &[]);
        fouls.length("a series' name", &one["name"], 20);
        if series[..n].iter().any(|other| other["name"] == one["name"]) {
            fouls.block(format!("two series are called {}", one["name"]));
        }
        let data = elements::some(fouls, "data", &one["data"], 20);
        points(fouls, data);
        let named = |category: &Value| data.iter().filter(|point| point["label"] == *category).count() == 1;
        if data.len() != categories.len() || !categories.iter().all(named) {
            fouls.block("a series has one point for each category");
        }
    }
}

fn points(fouls: &mut Fouls, points: &[Value]) {
    for point in points {
        fouls.keys("a point", point, &["label", "value"], &[]);
        fouls.length("a point's label", &point["label"], 20);
        if !point["value"].is_number() {
            fouls.block("a point has a number");
        }
    }
}
