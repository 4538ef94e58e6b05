//! Text objects: plain, or Slack's own markup. <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>

use serde_json::Value;

use super::{Violations, labelled, pings};

impl Violations {
    /// A text in which Slack reads its markup. `is_verbatim`: names and addresses in it stay as they are.
    pub(super) fn reads_mrkdwn(&mut self, text: &str, is_verbatim: bool) {
        self.pings.extend(pings(text, is_verbatim));
        self.links.extend(labelled(text, false));
    }

    /// A text in which Slack reads Markdown.
    pub(super) fn reads_markdown(&mut self, text: &str) {
        self.pings.extend(pings(text, true));
        self.links.extend(labelled(text, true));
    }

    /// Text that counts for the size of the message.
    pub(super) fn counts(&mut self, text: &Value) {
        self.bytes += text.as_str().map_or(0, str::len);
    }

    /// A text object of either sort.
    pub(super) fn text(&mut self, what: &str, object: &Value, most: usize) {
        let is_mrkdwn = object["type"] == "mrkdwn";
        self.keys(what, object, &["type", "text"], if is_mrkdwn { &["verbatim"] } else { &["emoji"] });
        if !is_mrkdwn && object["type"] != "plain_text" {
            self.block(format!("{what} is neither mrkdwn nor plain_text"));
        }
        self.length(what, &object["text"], most);
        self.counts(&object["text"]);
        if is_mrkdwn {
            self.reads_mrkdwn(object["text"].as_str().unwrap_or_default(), object["verbatim"] == true);
        }
    }

    /// A text object that must be plain.
    pub(super) fn plain(&mut self, what: &str, object: &Value, most: usize) {
        if object["type"] != "plain_text" {
            self.block(format!("{what} is not plain_text"));
        }
        self.text(what, object, most);
    }

    /// Checks an optional text object that must be plain.
    pub(super) fn maybe_plain(&mut self, what: &str, object: &Value, most: usize) {
        if !object.is_null() {
            self.plain(what, object, most);
        }
    }

    /// Rich text: what would ping or link in it, and its size.
    pub(super) fn rich(&mut self, value: &Value) {
        match value["type"].as_str().unwrap_or_default() {
            kind @ ("user" | "usergroup" | "channel" | "broadcast" | "team") => {
                self.pings.push(format!("a {kind} element"));
            }
            "link" if !value["text"].is_null() => self.links.push(value["url"].to_string()),
            "date" => self.date(value),
            _ => {}
        }
        self.counts(&value["text"]);
        for element in value["elements"].as_array().into_iter().flatten() {
            self.rich(element);
        }
    }

    /// <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block#date-element-type>
    fn date(&mut self, date: &Value) {
        self.keys("a date", date, &["type", "timestamp", "format", "fallback"], &["style", "url"]);
        if !date["timestamp"].is_i64() {
            self.block("a date has a time in whole seconds");
        }
        if date["format"].as_str().is_none_or(|format| !format.contains('{')) {
            self.block("a date's format has no placeholder");
        }
        self.length("a date's fallback", &date["fallback"], 100);
    }
}
