//! The incidents in the chart of a history, as periods with dates.

use std::ops::Range;

use crate::history::{Calendar, DAY_MS, Incident, IncidentKind, Slowdown, Summary};

/// The most incidents that are marked, the newest ones.
const MAX_MARKS: usize = 4;

/// The space for a line of labels.
pub(super) const LABEL_HEIGHT: f32 = 24.0;

/// An incident as it is marked.
pub(super) struct Mark {
    /// The period.
    pub(super) range: Range<i64>,
    /// The change and its dates.
    pub(super) label: String,
}

/// The newest incidents in the `shown` time: those that the service recorded, else those that the samples show.
pub(super) fn marks(summary: &Summary<'_>, calendar: Calendar, shown: &Range<i64>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = if summary.recorded.is_empty() {
        summary
            .verdict
            .incidents
            .iter()
            .filter_map(|slowdown| found(summary, slowdown, calendar, shown))
            .collect()
    } else {
        summary.recorded.iter().filter_map(|incident| recorded(summary, incident, calendar, shown)).collect()
    };
    marks.drain(..marks.len().saturating_sub(MAX_MARKS));
    marks
}

fn found(summary: &Summary<'_>, slowdown: &Slowdown, calendar: Calendar, shown: &Range<i64>) -> Option<Mark> {
    let change = summary.change(slowdown)?;
    let words = format!("−{:.0} %", ((change.after / change.before - 1.0) * 100.0).abs());
    let end = slowdown.recovery.map(|recovery| recovery.at_ms);
    mark(&words, (slowdown.since.at_ms, end), calendar, shown)
}

fn recorded(
    summary: &Summary<'_>,
    incident: &Incident,
    calendar: Calendar,
    shown: &Range<i64>,
) -> Option<Mark> {
    let model = summary.series.origin.as_ref().map(|origin| origin.model.as_str());
    let mut members = incident.details.members.iter();
    let member = members.find(|member| Some(member.model.as_str()) == model)?;
    let words = match incident.kind {
        IncidentKind::Speed => format!("−{:.0} %", ((member.ratio() - 1.0) * 100.0).abs()),
        IncidentKind::FirstToken => "late first token".into(),
        IncidentKind::Failures => "failures".into(),
        IncidentKind::Behaviour => "other answers".into(),
    };
    mark(&words, (member.since_ms, member.back_ms.or(incident.closed_at)), calendar, shown)
}

/// A mark with its dates; `None` outside the `shown` time.
fn mark(
    words: &str,
    (start, end): (i64, Option<i64>),
    calendar: Calendar,
    shown: &Range<i64>,
) -> Option<Mark> {
    let day = |at: i64| calendar.day(at.div_euclid(DAY_MS));
    let label = match end {
        // a period that ends at midnight ends with the day before
        Some(end) => format!("{words} from {} to {}", day(start), day(end - 1)),
        None => format!("{words} since {}", day(start)),
    };
    let range = start.max(shown.start)..end.unwrap_or(shown.end).min(shown.end);
    (range.start < range.end).then_some(Mark { range, label })
}

/// The label of a mark, and the line that joins it to the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flag {
    pub(super) left: f32,
    right: f32,
    /// The line of the label, counted from the top.
    pub(super) line: usize,
    /// The top of the vertical line, below the top of the plot.
    pub(super) pole_top: f32,
}

/// Places a label beside each pole, given by its x and the width of its label, so that no two labels overlap. No pole
/// crosses a label: it begins below all labels in its way.
pub(super) fn flags(poles: &[(f32, f32)], right: f32) -> Vec<Flag> {
    let flag = |&(x, width): &(f32, f32)| {
        // a label near the right edge is on the left of its pole
        let left = if x + 10.0 + width < right { x + 10.0 } else { x - 10.0 - width };
        Flag { left, right: left + width, line: 0, pole_top: 0.0 }
    };
    let mut flags: Vec<Flag> = poles.iter().map(flag).collect();
    // the first ones get the upper lines, and a label runs over the poles to its side
    let is_leftward = |at: &usize| flags[*at].left < poles[*at].0;
    let mut order: Vec<usize> = (0..flags.len()).rev().filter(is_leftward).collect();
    order.extend((0..flags.len()).filter(|at| !is_leftward(at)));
    for (placed, &at) in order.iter().enumerate() {
        let is_free = |line: &usize| {
            let mut others = order[..placed].iter().map(|&other| flags[other]);
            !others.any(|other| other.line == *line && flags[at].is_near(&other))
        };
        flags[at].line = (0..=placed).find(is_free).unwrap_or(placed);
    }
    for (at, (x, _)) in poles.iter().enumerate() {
        let crossed = flags.iter().filter(|label| label.left - 6.0 < *x && *x < label.right + 6.0);
        let below = crossed.map(|label| label.line + 1).max().unwrap_or(0);
        flags[at].pole_top = line_top(flags[at].line.max(below));
    }
    flags
}

impl Flag {
    fn is_near(&self, other: &Self) -> bool {
        self.left < other.right + 12.0 && other.left < self.right + 12.0
    }
}

/// The distance of a line of labels from the top of the plot.
#[expect(clippy::cast_precision_loss, reason = "there are a few lines")]
pub(super) fn line_top(line: usize) -> f32 {
    4.0 + line as f32 * LABEL_HEIGHT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_crosses_a_label(poles in proptest::collection::vec((116.0_f32..1_160.0, 90.0_f32..480.0), 0..5)) {
            let flags = flags(&poles, 1_160.0);
            let is_over = |a: &Flag, b: &Flag| a.left < b.right && b.left < a.right;
            for (at, (x, _)) in poles.iter().enumerate() {
                for (other, label) in flags.iter().enumerate() {
                    let is_in = label.left <= *x && *x <= label.right;
                    prop_assert!(!is_in || flags[at].pole_top >= line_top(label.line + 1), "{flags:?}");
                    let is_apart = other == at || label.line != flags[at].line || !is_over(label, &flags[at]);
                    prop_assert!(is_apart && label.line < 4, "{flags:?}");
                }
            }
        }
    }
}
