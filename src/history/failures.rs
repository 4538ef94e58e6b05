//! The share of failed answers: the last 24 hours against the 28 days before, by Fisher's exact test.

use statrs::distribution::{DiscreteCDF as _, Hypergeometric};

use super::{
    judge::{MAX_P, WARM_UP_DAYS},
    sample::DAY_MS,
};

/// The fewest failures that are worth a word.
const MIN_FAILURES: u64 = 3;
/// The judged days running that open or close an incident.
const MIN_DAYS: u32 = 2;

/// One answer of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its time, as in [`super::Sample`].
    pub at_ms: i64,
    /// True if it failed.
    pub has_failed: bool,
}

/// The answers of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The failed answers.
    pub failed: u64,
    /// All answers.
    pub all: u64,
}

impl Counts {
    pub(super) fn of(attempts: &[Attempt]) -> Self {
        let failed = attempts.iter().filter(|attempt| attempt.has_failed).count();
        Self { failed: failed as u64, all: attempts.len() as u64 }
    }

    /// The counts of `all` answers of which this share failed.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of answers are far below 2^52"
    )]
    pub(super) fn of_share(share: f64, all: u64) -> Self {
        Self { failed: (share * all as f64).round() as u64, all }
    }

    /// The share of the failed ones.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of answers are far below 2^52")]
    pub fn share(self) -> f64 {
        self.failed as f64 / self.all.max(1) as f64
    }
}

/// A period in which more answers failed than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureIncident {
    /// The time of its first failure.
    pub since_ms: i64,
    /// The day at whose end it was opened.
    pub opened_on: i64,
    /// The last 24 hours of that day.
    pub recent: Counts,
    /// The 28 days before the first day of the incident.
    pub baseline: Counts,
    /// The day that closed it; `None` while it is open.
    pub closed_on: Option<i64>,
}

/// The probability of at least as many failures among the recent answers by chance.
#[must_use]
fn p_more_failures(recent: Counts, baseline: Counts) -> f64 {
    if recent.failed == 0 {
        return 1.0;
    }
    let (all, failed) = (recent.all + baseline.all, recent.failed + baseline.failed);
    Hypergeometric::new(all, failed, recent.all).map_or(1.0, |chance| chance.sf(recent.failed - 1))
}

/// Returns true if the recent failures are no coincidence.
fn is_finding(recent: Counts, baseline: Counts) -> bool {
    recent.failed >= MIN_FAILURES && baseline.all > 0 && p_more_failures(recent, baseline) < MAX_P
}

/// The days up to `last_day` with answers, newest first, each with its answers.
fn days(attempts: &[Attempt], last_day: i64) -> impl Iterator<Item = (i64, &[Attempt])> {
    let to = attempts.partition_point(|attempt| day(attempt) <= last_day);
    attempts[..to].chunk_by(|a, b| day(a) == day(b)).rev().map(|new| (day(&new[0]), new))
}

/// The incident that the last two days with answers up to `last_day` open, and its probability by chance.
#[must_use]
pub fn suspect_failures(attempts: &[Attempt], last_day: i64) -> Option<(FailureIncident, f64)> {
    let (newest, _) = days(attempts, last_day).next().filter(|(newest, _)| *newest == last_day)?;
    let (before, _) = days(attempts, last_day).nth(1)?;
    let to = attempts.partition_point(|attempt| day(attempt) <= newest);
    let opened = *judge_failures(&attempts[..to], before).last()?;
    Some((opened, p_more_failures(opened.recent, opened.baseline)))
}

/// The time from which on answers fail no more often than in `baseline`: the begin of the first of the last two days with
/// answers, if both are later than `since_ms` and no worse.
pub(super) fn failures_ended(
    attempts: &[Attempt],
    baseline: Counts,
    since_ms: i64,
    last_day: i64,
) -> Option<i64> {
    let good = days(attempts, last_day).take(MIN_DAYS as usize);
    let good = good.filter(|(_, new)| new[0].at_ms > since_ms && !is_finding(Counts::of(new), baseline));
    let good: Vec<_> = good.collect();
    (good.len() == MIN_DAYS as usize).then(|| good[good.len() - 1].1[0].at_ms)
}

/// The share of failures on `last_day` against the 28 days before, as a ratio; `None` without answers.
pub(super) fn failure_ratio(attempts: &[Attempt], last_day: i64) -> Option<f64> {
    let (_, new) = days(attempts, last_day).next().filter(|(newest, _)| *newest == last_day)?;
    let from = attempts.partition_point(|attempt| day(attempt) < last_day - WARM_UP_DAYS);
    let to = attempts.partition_point(|attempt| day(attempt) < last_day);
    let baseline = Counts::of(&attempts[from..to]);
    (baseline.all > 0).then(|| {
        let recent = Counts::of(new).share();
        if recent == 0.0 { 0.0 } else { recent / baseline.share() }
    })
}

/// The day at whose end an answer is new.
fn day(attempt: &Attempt) -> i64 {
    (attempt.at_ms - 1).div_euclid(DAY_MS)
}

/// Judges sorted `attempts` at the end of each day from `first_day` on, as [`super::judge()`] judges speeds. An open
/// incident is compared with the baseline from before it, and closed on the second judged day running that is no worse.
#[must_use]
pub fn judge_failures(attempts: &[Attempt], first_day: i64) -> Vec<FailureIncident> {
    let mut incidents: Vec<FailureIncident> = vec![];
    let mut running: Option<(u32, FailureIncident)> = None;
    let mut good_days = 0;
    let mut to = attempts.partition_point(|attempt| day(attempt) < first_day);
    for new in attempts[to..].chunk_by(|a, b| day(a) == day(b)) {
        let (today, from) = (day(&new[0]), to);
        to += new.len();
        let recent = Counts::of(new);
        if let Some(open) = incidents.last_mut().filter(|incident| incident.closed_on.is_none()) {
            good_days = if is_finding(recent, open.baseline) { 0 } else { good_days + 1 };
            if good_days == MIN_DAYS {
                (open.closed_on, good_days) = (Some(today), 0);
            }
            continue;
        }
        let start = attempts.partition_point(|attempt| day(attempt) < today - WARM_UP_DAYS);
        let baseline =
            running.map_or_else(|| Counts::of(&attempts[start..from]), |(_, incident)| incident.baseline);
        if !is_finding(recent, baseline) {
            running = None;
            continue;
        }
        let since_ms = new.iter().find(|attempt| attempt.has_failed).map_or(0, |attempt| attempt.at_ms);
        let first = FailureIncident { since_ms, opened_on: today, recent, baseline, closed_on: None };
        let (days, incident) = running.map_or((1, first), |(days, incident)| (days + 1, incident));
        running = Some((days, incident));
        if days == MIN_DAYS {
            incidents.push(FailureIncident { opened_on: today, recent, ..incident });
            running = None;
        }
    }
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(failed: u64, all: u64) -> Counts {
        Counts { failed, all }
    }

    #[test]
    fn fishers_probability_is_exact() {
        // 3 of 5 against 1 of 20: 126 of 12,650 choices of 4 failures among 25 answers
        let ways = |n: f64, k: i32| (0..k).map(|i| (n - f64::from(i)) / f64::from(i + 1)).product::<f64>();
        let expected = (ways(5.0, 3) * 20.0 + ways(5.0, 4)) / ways(25.0, 4);
        assert!((p_more_failures(counts(3, 5), counts(1, 20)) - expected).abs() < 1e-12);
        assert!((p_more_failures(counts(0, 5), counts(9, 20)) - 1.0).abs() < 1e-9);
        assert!((p_more_failures(counts(5, 5), counts(20, 20)) - 1.0).abs() < 1e-9);
        assert!(p_more_failures(counts(500, 1_000), counts(100, 100_000)) < 1e-100);
    }

    /// Ten answers a day; on the days of `bad`, half of them fail.
    fn attempts(bad: std::ops::Range<i64>, days: i64) -> Vec<Attempt> {
        let at = |i: i64| Attempt { at_ms: i * DAY_MS / 10 + 1, has_failed: false };
        let fails = |attempt: Attempt| {
            let (day, tenth) = (attempt.at_ms / DAY_MS, attempt.at_ms * 10 / DAY_MS);
            Attempt { has_failed: tenth % 2 == 0 && bad.contains(&day), ..attempt }
        };
        (0..days * 10).map(at).map(fails).collect()
    }

    #[test]
    fn failures_on_two_days_open_an_incident_and_two_good_days_close_it() {
        let incidents = judge_failures(&attempts(35..40, 60), WARM_UP_DAYS);
        let [incident] = incidents[..] else { panic!("{incidents:?}") };
        assert_eq!((incident.opened_on, incident.closed_on), (36, Some(41)));
        assert_eq!(incident.since_ms / DAY_MS, 35);
        assert_eq!((incident.recent, incident.baseline), (counts(5, 10), counts(0, 280)));
        let open = judge_failures(&attempts(50..60, 60), WARM_UP_DAYS);
        assert_eq!(open.last().expect("open").closed_on, None);
    }

    #[test]
    fn a_single_bad_day_and_constant_failures_open_none() {
        assert_eq!(judge_failures(&attempts(35..36, 60), WARM_UP_DAYS), []);
        assert_eq!(judge_failures(&attempts(0..60, 60), WARM_UP_DAYS), []);
        assert_eq!(judge_failures(&[], WARM_UP_DAYS), []);
    }
}
