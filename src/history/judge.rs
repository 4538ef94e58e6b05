//! The judgement of a series: is it slower than it used to be?
//!
//! Each day with a new sample is judged at its end: the recent seven days against the 28 before. A finding on two judged
//! days running opens an incident, and `recovery` closes it. From then on its samples are left out of both windows.

use std::borrow::Cow;

use super::{
    rank_sum::p_less,
    recovery::{Worse, recovered_at},
    sample::{Sample, median, values},
    since::{Split, split},
};

/// The recent window in days.
pub const RECENT_DAYS: i64 = 7;
/// Both windows together, in days.
pub const WINDOW_DAYS: i64 = 35;
/// The days before the first judgement.
pub const WARM_UP_DAYS: i64 = 28;
/// The fewest samples of the recent window.
const MIN_RECENT: usize = 5;
/// The fewest samples of the baseline.
const MIN_BASELINE: usize = 10;
/// The fewest different days of the recent samples.
const MIN_DAYS: usize = 3;
/// The judged days running with a finding that open an incident.
const MIN_FINDINGS: u32 = 2;
/// Findings are less likely than this by chance.
pub const MAX_P: f64 = 0.01;
/// Probes confirm an incident if their median is at most this share of the baseline.
const CONFIRMING_SHARE: f64 = 0.90;

/// The direction of a change and the size that matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// True if lower values are worse, as with speeds.
    lower_is_worse: bool,
    /// The ratio of the medians, recent to baseline, from which on a change matters.
    ratio: f64,
}

impl Rule {
    /// Decode speeds: a fall by 15 %.
    pub const SPEED: Self = Self { lower_is_worse: true, ratio: 0.85 };
    /// Times to first token: a rise by 30 %.
    pub const FIRST_TOKEN: Self = Self { lower_is_worse: false, ratio: 1.30 };
    /// Shares of failures: three times as many.
    pub const FAILURES: Self = Self { lower_is_worse: false, ratio: 3.0 };

    /// Returns true if probes with these ratios to the baseline confirm a suspicion; without probes nothing is confirmed.
    #[must_use]
    pub fn is_confirmed_by(self, ratios: &[f64]) -> bool {
        let size = |ratio: f64| if self.lower_is_worse { ratio } else { 1.0 / ratio };
        median(&mut ratios.to_vec()).is_some_and(|ratio| size(ratio) <= CONFIRMING_SHARE)
    }

    /// Returns true if values with the median `ratio`, as a share of the baseline, are nearer to it than those of a
    /// slowdown to `worst` of the baseline.
    pub(super) fn is_back(self, ratio: f64, worst: f64) -> bool {
        let (ratio, worst) = if self.lower_is_worse { (ratio, worst) } else { (1.0 / ratio, 1.0 / worst) };
        ratio > worst.sqrt().max(CONFIRMING_SHARE)
    }

    /// The rule turned round, for changes for the better.
    pub(super) fn reversed(self) -> Self {
        Self { lower_is_worse: !self.lower_is_worse, ratio: 1.0 / self.ratio }
    }

    /// The change within `samples`, as by [`split`].
    pub(super) fn split(self, samples: &[Sample]) -> Option<Split> {
        split(samples, self.lower_is_worse)
    }

    pub(super) fn is_met_by(self, ratio: f64) -> bool {
        if self.lower_is_worse { ratio <= self.ratio } else { ratio >= self.ratio }
    }

    /// The one-sided probability of `recent` values this much worse than `baseline` by chance.
    pub(super) fn p(self, recent: &[f64], baseline: &[f64]) -> f64 {
        if self.lower_is_worse { p_less(recent, baseline) } else { p_less(baseline, recent) }
    }
}

/// The two windows of a judged day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The day, at whose end it was judged.
    pub day: i64,
    /// The median of the 28 days before the recent ones.
    pub baseline: f64,
    /// The median of the recent seven days.
    pub recent: f64,
    /// The one-sided probability of such a recent window by chance.
    pub p: f64,
}

/// A period in which a series was slower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    /// The judgement of the day that opened it.
    pub opened: Judgement,
    /// The change within the window of that day.
    pub since: Split,
    /// Its end; `None` while it is open.
    pub recovery: Option<Recovery>,
}

/// The end of a slowdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The judged day at whose end it was noticed.
    pub day: i64,
    /// The time of the first sample that was as fast as before.
    pub at_ms: i64,
}

/// The verdict on a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The incidents in order; only the last may be open.
    pub incidents: Vec<Slowdown>,
    /// The last day with enough samples; `None` if there was none.
    pub last: Option<Judgement>,
}

impl Verdict {
    /// The incident that is open at the end.
    #[must_use]
    pub fn open(&self) -> Option<&Slowdown> {
        self.incidents.last().filter(|incident| incident.recovery.is_none())
    }
}

/// Judges sorted `samples` at the end of each day from `first_day` on.
#[must_use]
pub fn judge(samples: &[Sample], rule: Rule, first_day: i64) -> Verdict {
    let mut incidents: Vec<Slowdown> = vec![];
    // without those of incidents that are over
    let mut usual = Cow::Borrowed(samples);
    let mut findings = 0;
    let from = samples.partition_point(|sample| sample.judged_on() < first_day);
    let days = samples[from..].chunk_by(|a, b| a.judged_on() == b.judged_on()).map(|new| new[0].judged_on());
    for day in days.clone() {
        if let Some(open) = incidents.last_mut().filter(|incident| incident.recovery.is_none()) {
            open.recovery = open.recovery_on(day, &usual, rule);
            if open.recovery.is_some() {
                usual.to_mut().retain(|sample| !open.covers(sample));
            }
            continue;
        }
        let Some(windows) = Windows::at(&usual, day) else { continue };
        let finding = windows.finding(rule);
        findings = if finding.is_some() { findings + 1 } else { 0 };
        if let Some(opened) = finding.filter(|_| findings == MIN_FINDINGS) {
            findings = 0;
            let since = rule.split(windows.both(&usual));
            incidents.extend(since.map(|since| Slowdown { opened, since, recovery: None }));
        }
    }
    let last = days.rev().find_map(|day| Windows::at(samples, day));
    Verdict { incidents, last: last.map(|windows| windows.judgement(rule)) }
}

impl Slowdown {
    /// Returns true if it is over and `sample` was measured in it.
    pub(super) fn covers(&self, sample: &Sample) -> bool {
        self.recovery.is_some_and(|recovery| (self.since.at_ms..recovery.at_ms).contains(&sample.at_ms))
    }

    fn recovery_on(&self, day: i64, samples: &[Sample], rule: Rule) -> Option<Recovery> {
        let Split { at_ms: since_ms, before, after, .. } = self.since;
        let worse = Worse { since_ms, before, ratio: after / before, is_canary: false };
        recovered_at(samples, worse, rule, day).map(|at_ms| Recovery { day, at_ms })
    }
}

/// The recent samples of a day and the baseline before them.
#[derive(Clone, Copy)]
struct Windows<'a> {
    day: i64,
    recent: &'a [Sample],
    baseline: &'a [Sample],
    medians: (f64, f64),
}

impl<'a> Windows<'a> {
    /// The windows at the end of `day`; `None` if they hold too few samples.
    fn at(samples: &'a [Sample], day: i64) -> Option<Self> {
        let (recent, baseline) = windows(samples, day)?;
        let medians = (median(&mut values(recent))?, median(&mut values(baseline))?);
        Some(Self { day, recent, baseline, medians })
    }

    fn ratio(&self) -> f64 {
        self.medians.0 / self.medians.1
    }

    /// The judgement if it meets the rule. The size is tested first, since that is cheap.
    fn finding(&self, rule: Rule) -> Option<Judgement> {
        rule.is_met_by(self.ratio()).then(|| self.judgement(rule)).filter(|judgement| judgement.p < MAX_P)
    }

    fn judgement(&self, rule: Rule) -> Judgement {
        let (recent, baseline) = self.medians;
        let p = rule.p(&values(self.recent), &values(self.baseline));
        Judgement { day: self.day, baseline, recent, p }
    }

    /// Both windows, which are adjacent.
    fn both(&self, samples: &'a [Sample]) -> &'a [Sample] {
        within(samples, self.day, WINDOW_DAYS)
    }
}

/// The samples of the last `days` at the end of `day`; the midnight before them is left out.
pub(super) fn within(samples: &[Sample], day: i64, days: i64) -> &[Sample] {
    let from = samples.partition_point(|sample| sample.judged_on() <= day - days);
    let to = samples.partition_point(|sample| sample.judged_on() <= day);
    &samples[from..to.max(from)]
}

/// The recent samples and the baseline at the end of `day`; `None` if they are too few.
pub(super) fn windows(samples: &[Sample], day: i64) -> Option<(&[Sample], &[Sample])> {
    let both = within(samples, day, WINDOW_DAYS);
    let (baseline, recent) =
        both.split_at(both.partition_point(|sample| sample.judged_on() <= day - RECENT_DAYS));
    let days = recent.chunk_by(|a, b| a.day() == b.day()).take(MIN_DAYS).count();
    let is_enough = recent.len() >= MIN_RECENT && baseline.len() >= MIN_BASELINE && days == MIN_DAYS;
    is_enough.then_some((recent, baseline))
}

/// The finding on the last judged day up to `last_day`, if the judged day before it has one too; with the change within
/// its window.
#[must_use]
pub fn suspect(samples: &[Sample], rule: Rule, last_day: i64) -> Option<(Judgement, Split)> {
    let samples = &samples[..samples.partition_point(|sample| sample.judged_on() <= last_day)];
    let days = samples.chunk_by(|a, b| a.judged_on() == b.judged_on()).rev();
    let mut judged = days.filter_map(|new| Windows::at(samples, new[0].judged_on()));
    let newest = judged.next().filter(|newest| newest.day > last_day - RECENT_DAYS)?;
    let finding = newest.finding(rule)?;
    judged.next()?.finding(rule)?;
    Some((finding, rule.split(newest.both(samples))?))
}
