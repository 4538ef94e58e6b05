//! The incidents in the chart of a history, as periods with dates.

use std::ops::Range;

use crate::history::{Calendar, DAY_MS, Incident, IncidentKind, Slowdown, Summary};

/// The most incidents that are marked, the newest ones.
const MAX_MARKS: usize = 4;

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
