//! The end of a change for the worse: the rule for the watch and for the history alike.

use super::{
    judge::{Rule, suspect},
    sample::{Sample, median, values},
};

/// The samples that must be back.
const BACK_SAMPLES: usize = 10;
/// Their change is less likely than this by chance. Its time is the best one of many, hence less than for a finding.
const MAX_P_BACK: f64 = 0.001;

/// A change for the worse that may be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worse {
    /// The time of the first sample after it.
    pub(super) since_ms: i64,
    /// The median before it.
    pub(super) before: f64,
    /// The median after it as a share of the one before.
    pub(super) ratio: f64,
    /// True for the samples of canaries, which one judged day is enough for.
    pub(super) is_canary: bool,
}

/// Returns the time from which on sorted `samples` are as good as before they became `worse`, as seen at the end of
/// `last_day`; `None` if they are not. Either the last ten are near the old level, or the rule turned round is met.
pub(super) fn recovered_at(samples: &[Sample], worse: Worse, rule: Rule, last_day: i64) -> Option<i64> {
    let from = samples.partition_point(|sample| sample.at_ms < worse.since_ms);
    let to = samples.partition_point(|sample| sample.judged_on() <= last_day);
    newest_back(&samples[from..to.max(from)], worse, rule)
        .or_else(|| suspect(samples, rule.reversed(), last_day).map(|(_, back)| back.at_ms))
        .filter(|at| *at > worse.since_ms)
}

/// The time of the change within `samples` if it is clear and the last ten are as good as before; those of people also at
/// the end of the judged day before.
fn newest_back(samples: &[Sample], worse: Worse, rule: Rule) -> Option<i64> {
    let is_back = |samples: &[Sample]| {
        let newest = samples.len().checked_sub(BACK_SAMPLES).map(|at| &samples[at..]);
        let median = newest.and_then(|newest| median(&mut values(newest)));
        median.is_some_and(|median| rule.is_back(median / worse.before, worse.ratio))
    };
    let today = samples.last()?.judged_on();
    let earlier = &samples[..samples.partition_point(|sample| sample.judged_on() < today)];
    if !is_back(samples) || !(worse.is_canary || is_back(earlier)) {
        return None;
    }
    let back = rule.reversed().split(samples)?;
    let (slow, usual) = samples.split_at(samples.partition_point(|sample| sample.at_ms < back.at_ms));
    (rule.p(&values(slow), &values(usual)) < MAX_P_BACK).then_some(back.at_ms)
}
