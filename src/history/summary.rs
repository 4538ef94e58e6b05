//! A series in a few numbers and sentences.

use jiff::{Timestamp, tz::Offset};
use serde::Serialize;

use super::{
    cause::{Cause, Peer, cause, ratio},
    incident::{Incident, IncidentKind, IncidentState},
    judge::{Judgement, Rule, Slowdown, Verdict, WARM_UP_DAYS, WINDOW_DAYS, judge},
    sample::{DAY_MS, Quartiles, Sample, median, values},
    table::Series,
};
use crate::race::{figures, metrics::TokenCount};

/// The state of a series at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No incident is open.
    Steady,
    /// Slower on two judged days running; not confirmed by probes.
    Suspected,
    /// Slower, and confirmed by probes.
    Slower,
}

impl State {
    /// The state in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Suspected => "probably slower",
            Self::Slower => "slower",
        }
    }
}

/// The meaning of day 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// 1 January 1970 in UTC.
    Dates,
    /// Any day.
    Numbers,
}

impl Calendar {
    /// The day in words: "Tue 24 Nov" or "day 35".
    #[must_use]
    pub fn day(self, day: i64) -> String {
        let date = || Timestamp::from_millisecond(day.checked_mul(DAY_MS)?).ok();
        match (self, date()) {
            (Self::Dates, Some(date)) => Offset::UTC.to_datetime(date).strftime("%a %-d %b").to_string(),
            _ => format!("day {day}"),
        }
    }
}

/// The first day that is judged: the 28th after hour 0, or after the first sample if that is not within these days.
#[must_use]
pub fn first_judged_day(series: &[Series]) -> i64 {
    let first = series.iter().filter_map(|series| series.samples.first()).map(Sample::day).min().unwrap_or(0);
    let zero = if (0..=WARM_UP_DAYS).contains(&first) { 0 } else { first };
    zero + WARM_UP_DAYS
}

/// The first day that is judged of a history of the last `days` (all if `None`) of `series`.
#[must_use]
pub fn first_day(series: &[Series], days: Option<u32>) -> i64 {
    let last = series.iter().filter_map(|series| series.samples.last()).map(Sample::day).max();
    let start = days.zip(last).map(|(days, last)| last - i64::from(days) + 1);
    first_judged_day(series).max(start.unwrap_or(i64::MIN))
}

/// A change of speed as people read it: everything since it, against the window before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first day after the change.
    pub day: i64,
    /// The median of the 35 days before it, without earlier slowdowns.
    pub before: f64,
    /// The median since.
    pub after: f64,
    /// The number of races before it.
    pub count_before: usize,
    /// The number of races since.
    pub count_after: usize,
}

/// A judged series of speeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary<'a> {
    /// The series.
    pub series: &'a Series,
    /// The quartiles of all its speeds; `None` without samples.
    pub usual: Option<Quartiles>,
    /// The verdict.
    pub verdict: Verdict,
    /// The state at the end.
    pub state: State,
    /// The cause of the open incident, where providers are known.
    pub cause: Option<Cause>,
    /// The incidents of the series that the service recorded, oldest first.
    pub recorded: Vec<Incident>,
}

impl<'a> Summary<'a> {
    /// Judges all `series` from `first_day` on and compares them, to find the causes of open incidents.
    #[must_use]
    pub fn all(series: &'a [Series], first_day: i64) -> Vec<Self> {
        let mut summaries: Vec<_> = series.iter().map(|series| Self::of(series, first_day)).collect();
        for summary in &mut summaries {
            let day = summary.verdict.open().map(|incident| incident.opened.day);
            summary.cause = day.and_then(|day| cause_at(day, summary.series, series));
        }
        summaries
    }

    /// Judges a series of speeds from `first_day` on.
    #[must_use]
    pub fn of(series: &'a Series, first_day: i64) -> Self {
        let verdict = judge(&series.samples, Rule::SPEED, first_day);
        let usual = Quartiles::of(&mut values(&series.samples));
        let state = if verdict.open().is_some() { State::Suspected } else { State::Steady };
        Self { series, usual, verdict, state, cause: None, recorded: vec![] }
    }

    /// Takes over those of the `incidents` that were confirmed and are about this series.
    pub fn record(&mut self, incidents: &[Incident]) {
        let Some(origin) = &self.series.origin else { return };
        let is_mine = |incident: &&Incident| {
            let mut members = incident.details.members.iter();
            incident.was_confirmed() && members.any(|member| member.model == origin.model)
        };
        self.recorded = incidents.iter().filter(is_mine).cloned().collect();
        let is_slower = |incident: &Incident| {
            incident.kind == IncidentKind::Speed
                && incident.state == IncidentState::Confirmed
                && !incident.details.is_unprobed
        };
        if self.state == State::Suspected && self.recorded.iter().any(is_slower) {
            self.state = State::Slower;
        }
    }

    /// The one of `summaries` that lost most of its speed, an open incident before a closed one; `None` if there are
    /// none.
    #[must_use]
    pub fn worst(summaries: &[Self]) -> Option<&Self> {
        let order = |summary: &Self| {
            let change = summary.verdict.incidents.last().and_then(|incident| summary.change(incident));
            (summary.verdict.open().is_none(), change.map_or(1.0, |change| change.after / change.before))
        };
        summaries.iter().min_by(|a, b| {
            let (a, b) = (order(a), order(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
    }

    /// The change that opened `incident`, with all samples until its end.
    #[must_use]
    pub fn change(&self, incident: &Slowdown) -> Option<Change> {
        let samples = &self.series.samples;
        let index = |time: i64| samples.partition_point(|sample| sample.at_ms < time);
        let (from, at) = (index(incident.since.at_ms - WINDOW_DAYS * DAY_MS), index(incident.since.at_ms));
        let end = incident.recovery.map_or(samples.len(), |recovery| index(recovery.at_ms));
        // as in its judgement, slowdowns that were over do not count as usual
        let is_usual = |sample: &&Sample| !self.verdict.incidents.iter().any(|other| other.covers(sample));
        let before: Vec<Sample> = samples[from..at].iter().filter(is_usual).copied().collect();
        let after = &samples[at..end.max(at + 1)];
        Some(Change {
            day: incident.since.day(),
            before: median(&mut values(&before))?,
            after: median(&mut values(after))?,
            count_before: before.len(),
            count_after: after.len(),
        })
    }

    /// One line about the series, with its name.
    #[must_use]
    pub fn sentence(&self, calendar: Calendar) -> String {
        format!("{}: {}", self.series.name, self.words(calendar))
    }

    /// The open incident in words, or the usual speed.
    #[must_use]
    pub fn words(&self, calendar: Calendar) -> String {
        let state = if self.verdict.last.is_some() { self.state.words() } else { "too few races to judge" };
        match (self.verdict.open().and_then(|incident| self.change(incident)), self.usual) {
            (Some(change), _) => {
                let words = change_words(&change, calendar);
                let cause = self.cause.as_ref().map(|cause| format!(" ({}).", cause.words()));
                cause.map_or_else(|| words.clone(), |cause| format!("{}{cause}", words.trim_end_matches('.')))
            }
            (None, Some(usual)) => format!("{state}, {}", usual_words(&usual)),
            (None, None) => "no usable samples".into(),
        }
    }
}

/// The cause of a slowdown of `subject` on `day`; series of the same model say nothing of others.
fn cause_at(day: i64, subject: &Series, all: &[Series]) -> Option<Cause> {
    fn peer(series: &Series, day: i64) -> Option<Peer<'_>> {
        let origin = series.origin.as_ref()?;
        let ratio = ratio(&series.samples, day);
        Some(Peer { contender: &origin.model, provider: &origin.provider, ratio })
    }
    let peers: Vec<_> = all.iter().filter_map(|series| peer(series, day)).collect();
    Some(cause(&peer(subject, day)?, &peers, Rule::SPEED))
}

/// A change in words: "214 → 148 tok/s (−31 %) since Tue 24 Nov; 37 races before, 12 after."
#[must_use]
pub fn change_words(change: &Change, calendar: Calendar) -> String {
    format!(
        "{} → {} tok/s ({}) since {}; {} before, {} after.",
        speed(change.before),
        speed(change.after),
        percent(change.after / change.before),
        calendar.day(change.day),
        races(change.count_before),
        figures::thousands(change.count_after as u64),
    )
}

/// A ratio in words: "−31 %".
pub(super) fn percent(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let sign = if percent < 0.0 { "−" } else { "+" };
    format!("{sign}{:.0} %", percent.abs())
}

/// The usual speed of a model in words: "usual here: 96 tok/s (88 to 104, 41 races)".
#[must_use]
pub fn usual_words(usual: &Quartiles) -> String {
    let [lower, median, upper] = [usual.lower, usual.median, usual.upper].map(speed);
    format!("usual here: {median} tok/s ({lower} to {upper}, {})", races(usual.count))
}

fn speed(tokens_per_second: f64) -> String {
    figures::speed(Some(tokens_per_second), TokenCount::Usage)
}

fn races(count: usize) -> String {
    let noun = if count == 1 { "race" } else { "races" };
    format!("{} {noun}", figures::thousands(count as u64))
}

/// The judged series as JSON for scripts.
#[derive(Debug, Serialize)]
pub struct HistoryJson<'a> {
    series: Vec<SeriesJson<'a>>,
    /// The incidents that the service recorded; none of a file.
    incidents: Vec<RecordedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct RecordedJson<'a> {
    id: String,
    kind: &'static str,
    cause: &'static str,
    provider: Option<&'a str>,
    models: Vec<&'a str>,
    state: &'static str,
    probed: bool,
    since_day: Option<i64>,
    opened_at_ms: i64,
    closed_at_ms: Option<i64>,
    baseline: Option<f64>,
    recent: Option<f64>,
    p: Option<f64>,
}

impl<'a> RecordedJson<'a> {
    fn of(incident: &'a Incident) -> Self {
        let members = &incident.details.members;
        let first = members.first();
        Self {
            id: incident.id.to_string(),
            kind: incident.kind.as_str(),
            cause: incident.cause.kind(),
            provider: first.filter(|_| incident.cause != Cause::Line).map(|member| member.provider.as_str()),
            models: members.iter().map(|member| member.model.as_str()).collect(),
            state: incident.state.as_str(),
            probed: !incident.details.is_unprobed,
            since_day: members.iter().map(|member| member.since_ms.div_euclid(DAY_MS)).min(),
            opened_at_ms: incident.opened_at,
            closed_at_ms: incident.closed_at,
            baseline: first.map(|member| member.before),
            recent: first.map(|member| member.after),
            p: first.map(|member| member.p),
        }
    }
}

/// One series. Where it has an incident, `since_day` to `p` describe the day that opened the first one; else
/// `baseline` to `p` are those of the last day that had enough samples. `state` is the one at the end.
#[derive(Debug, Serialize)]
struct SeriesJson<'a> {
    series: &'a str,
    samples: usize,
    median: Option<f64>,
    quartiles: [Option<f64>; 2],
    state: State,
    since_day: Option<i64>,
    alert_day: Option<i64>,
    baseline: Option<f64>,
    recent: Option<f64>,
    p: Option<f64>,
    /// Of the incident that is open at the end: model, provider or line.
    cause: Option<&'static str>,
    incidents: Vec<IncidentJson>,
}

#[derive(Debug, Serialize)]
struct IncidentJson {
    since_day: i64,
    alert_day: i64,
    recovered_day: Option<i64>,
    baseline: f64,
    recent: f64,
    p: f64,
}

impl<'a> HistoryJson<'a> {
    /// The JSON of all `summaries`, and of the incidents that the service recorded.
    #[must_use]
    pub fn of(summaries: &[Summary<'a>], incidents: &'a [Incident]) -> Self {
        let confirmed = incidents.iter().filter(|incident| incident.was_confirmed());
        Self {
            series: summaries.iter().map(SeriesJson::of).collect(),
            incidents: confirmed.map(RecordedJson::of).collect(),
        }
    }
}

impl<'a> SeriesJson<'a> {
    fn of(summary: &Summary<'a>) -> Self {
        let first = summary.verdict.incidents.first();
        let judgement: Option<Judgement> = first.map(|incident| incident.opened).or(summary.verdict.last);
        Self {
            series: &summary.series.name,
            samples: summary.series.samples.len(),
            median: summary.usual.map(|usual| usual.median),
            quartiles: [summary.usual.map(|usual| usual.lower), summary.usual.map(|usual| usual.upper)],
            state: summary.state,
            since_day: first.map(|incident| incident.since.day()),
            alert_day: first.map(|incident| incident.opened.day),
            baseline: judgement.map(|judgement| judgement.baseline),
            recent: judgement.map(|judgement| judgement.recent),
            p: judgement.map(|judgement| judgement.p),
            cause: summary.cause.as_ref().map(Cause::kind),
            incidents: summary.verdict.incidents.iter().map(IncidentJson::of).collect(),
        }
    }
}

impl IncidentJson {
    fn of(incident: &Slowdown) -> Self {
        let Judgement { day, baseline, recent, p } = incident.opened;
        let (since_day, recovered_day) =
            (incident.since.day(), incident.recovery.map(|recovery| recovery.day));
        Self { since_day, alert_day: day, recovered_day, baseline, recent, p }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Origin;

    #[test]
    fn a_change_and_the_usual_speed_are_sentences() {
        let change = Change { day: 20_781, before: 214.2, after: 147.9, count_before: 37, count_after: 12 };
        assert_eq!(
            change_words(&change, Calendar::Dates),
            "214 → 148 tok/s (−31 %) since Tue 24 Nov; 37 races before, 12 after."
        );
        let usual = Quartiles { count: 41, lower: 88.4, median: 96.0, upper: 103.9 };
        assert_eq!(usual_words(&usual), "usual here: 96 tok/s (88 to 104, 41 races)");
        assert_eq!(usual_words(&Quartiles { count: 1, ..usual }), "usual here: 96 tok/s (88 to 104, 1 race)");
        assert_eq!(Calendar::Numbers.day(35), "day 35");
        assert_eq!(Calendar::Dates.day(i64::MAX), format!("day {}", i64::MAX));
    }

    fn series(days: impl IntoIterator<Item = i64>) -> Series {
        let samples = days.into_iter().map(|day| Sample { at_ms: day * DAY_MS + 1, value: 50.0 }).collect();
        Series { name: "a".into(), origin: None, samples }
    }

    #[test]
    fn days_count_from_hour_0_where_the_samples_begin_near_it() {
        assert_eq!(first_judged_day(&[]), 28);
        assert_eq!(first_judged_day(&[series([3, 9]), series([1])]), 28);
        assert_eq!(first_judged_day(&[series([-10, 30])]), 18);
        assert_eq!(first_judged_day(&[series([20_000])]), 20_028);
    }

    #[test]
    fn a_series_without_samples_has_its_place_in_the_json() {
        let empty = series([]);
        let summary = Summary::of(&empty, 28);
        assert_eq!(summary.sentence(Calendar::Numbers), "a: no usable samples");
        let json = serde_json::to_value(HistoryJson::of(&[summary], &[])).expect("JSON");
        let expected = serde_json::json!({"series": [{"series": "a", "samples": 0, "median": null,
            "quartiles": [null, null], "state": "steady", "since_day": null, "alert_day": null, "baseline": null,
            "recent": null, "p": null, "cause": null, "incidents": []}], "incidents": []});
        assert_eq!(json, expected);
    }

    #[test]
    fn the_cause_is_found_beside_other_series() {
        let of = |model: &str, provider: &str, slow: f64| {
            let value =
                |n: i64| if n < 160 { 100.0 } else { slow } + f64::from(i32::try_from(n % 7).unwrap_or(0));
            let samples = (0..208).map(|n| Sample { at_ms: n * DAY_MS / 4 + 1, value: value(n) }).collect();
            let origin = Some(Origin { model: model.into(), provider: provider.into() });
            Series { name: model.into(), origin, samples }
        };
        let causes = |series: &[Series]| {
            let of = |summary: &Summary<'_>| summary.cause.as_ref().map(Cause::words);
            Summary::all(series, WARM_UP_DAYS).iter().map(of).collect::<Vec<_>>()
        };
        let one = [of("a", "p", 70.0), of("a", "p", 71.0), of("b", "p", 100.0), of("c", "q", 100.0)];
        assert_eq!(causes(&one)[0].as_deref(), Some("only this model"));
        assert_eq!(causes(&one)[2], None);
        let provider = [of("a", "p", 70.0), of("b", "p", 60.0), of("c", "q", 100.0)];
        assert_eq!(causes(&provider)[0].as_deref(), Some("all of provider p"));
        let summaries = Summary::all(&provider, WARM_UP_DAYS);
        let sentence = summaries[0].sentence(Calendar::Numbers);
        assert!(sentence.ends_with("140 races before, 48 after (all of provider p)."), "{sentence}");
        let line = [of("a", "p", 70.0), of("b", "p", 60.0), of("c", "q", 80.0)];
        assert_eq!(causes(&line)[0].as_deref(), Some("everything: look at our own line"));
    }
}
