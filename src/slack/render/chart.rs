//! Slack's own chart below a final race.

use std::{collections::HashSet, ops::RangeInclusive};

use serde_json::Number;
use slack_morphism::blocks::{
    SlackBlock, SlackChart, SlackChartAxisConfig, SlackChartDataPoint, SlackChartDataSeries,
    SlackDataVisualizationBlock, SlackSeriesChart,
};

use super::escape::tight;
use crate::view::{LaneView, View, scoreboard};

/// Bars of a chart.
const BARS: RangeInclusive<usize> = 2..=20;
/// Characters of a chart's label.
const MAX_CHART_LABEL: usize = 20;

/// Slack's own chart of the lanes that have a speed, in the order of the standings.
///
/// One wrong detail in it would refuse the whole message, so there is none unless everything fits.
/// <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>
pub(super) fn chart(view: &View) -> Option<SlackBlock> {
    let names = scoreboard::names(view, MAX_CHART_LABEL - 1);
    let lanes = view.standings.iter().filter_map(|&i| Some((view.lanes.get(i)?, names.get(i)?)));
    let bars: Vec<SlackChartDataPoint> = lanes.filter_map(|(lane, name)| bar(lane, name)).collect();
    let labels: Vec<String> = bars.iter().map(|bar| bar.label.clone()).collect();
    let unique: HashSet<&String> = labels.iter().collect();
    if !BARS.contains(&bars.len()) || unique.len() < bars.len() {
        return None;
    }
    let title = if view.simulated { "Speed, some of it simulated" } else { "Speed" };
    let unit = || "tokens per second".to_owned();
    let axis = SlackChartAxisConfig::new(labels).with_y_label(unit());
    let chart = SlackSeriesChart::new(vec![SlackChartDataSeries::new(unit(), bars)], axis);
    Some(SlackDataVisualizationBlock::new(title.into(), SlackChart::Bar(chart)).into())
}

/// A lane's label and its speed as the rest of the message shows it; an estimate is marked in the label.
fn bar(lane: &LaneView, name: &str) -> Option<SlackChartDataPoint> {
    let shown = lane.speed.as_ref()?.split_whitespace().next()?;
    let speed: f64 = shown.trim_start_matches('≈').replace(',', "").parse().ok()?;
    let mark = if shown.starts_with('≈') { "≈" } else { "" };
    let label = tight(&format!("{mark}{name}"), MAX_CHART_LABEL);
    let value = Number::from_f64(speed).filter(|_| speed > 0.0)?;
    Some(SlackChartDataPoint::new(label, value))
}
