//! Modals and Home tabs. <https://docs.slack.dev/reference/views/modal-views>

use serde_json::Value;

use super::{Violations, blocks};

/// A Home tab. <https://docs.slack.dev/reference/views/home-tab-views>
pub(super) fn home(violations: &mut Violations, view: &Value) {
    violations.keys("a view", view, &["type", "blocks"], &["private_metadata", "callback_id", "external_id"]);
    if view["type"] != "home" {
        violations.block("the view is no Home tab");
    }
    blocks::in_modal(violations, view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default());
}

pub(super) fn view(violations: &mut Violations, view: &Value) {
    let optional = [
        "submit",
        "close",
        "private_metadata",
        "callback_id",
        "clear_on_close",
        "notify_on_close",
        "external_id",
    ];
    violations.keys("a view", view, &["type", "title", "blocks"], &optional);
    if view["type"] != "modal" {
        violations.block("the view is no modal");
    }
    violations.plain("the title", &view["title"], 24);
    violations.maybe_plain("submit", &view["submit"], 24);
    violations.maybe_plain("close", &view["close"], 24);
    for (key, most) in [("private_metadata", 3_000), ("callback_id", 255)] {
        if view[key].as_str().is_some_and(|text| text.chars().count() > most) {
            violations.block(format!("{key} has more than {most} characters"));
        }
    }
    let list = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if list.iter().any(|block| block["type"] == "input") && view["submit"].is_null() {
        violations.block("a view with inputs has a submit");
    }
    blocks::in_modal(violations, list);
}
