//! The speeds as a chart that Slack draws itself.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>: a block with one thing wrong would
//! refuse the whole message, so there is no chart where anything does not fit. Must not know the answers.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{escape::tight, name};
use crate::view::{LaneView, View};

/// Characters of a label.
const LABEL: usize = 20;
/// Labels of a chart.
const BARS: std::ops::RangeInclusive<usize> = 2..=20;

/// The bars of the lanes that have a speed, in the order of the standings; none where they do not make a chart.
pub(super) fn block(view: &View) -> Option<Value> {
    let lanes = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    let bars: Vec<(String, f64)> = lanes.filter_map(bar).collect();
    let unique: HashSet<&str> = bars.iter().map(|(label, _)| label.as_str()).collect();
    if !BARS.contains(&bars.len()) || unique.len() < bars.len() {
        return None;
    }
    let labels: Vec<&str> = bars.iter().map(|(label, _)| label.as_str()).collect();
    let data: Vec<Value> =
        bars.iter().map(|(label, speed)| json!({ "label": label, "value": speed })).collect();
    Some(json!({
        "type": "data_visualization",
        "title": if view.simulated { "Speed, some of it simulated" } else { "Speed" },
        "chart": {
            "type": "bar",
            "series": [{ "name": "tokens per second", "data": data }],
            "axis_config": { "categories": labels, "y_label": "tokens per second" },
        },
    }))
}

/// A lane's label and its speed as it is shown elsewhere in the message.
fn bar(lane: &LaneView) -> Option<(String, f64)> {
    let shown = lane.speed.as_ref()?.split_whitespace().next()?;
    let speed: f64 = shown.trim_start_matches('≈').replace(',', "").parse().ok()?;
    let label = tight(&name::plain(&lane.card), LABEL);
    (speed.is_finite() && speed > 0.0).then_some((label, speed))
}
