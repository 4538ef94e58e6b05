//! The reference series, and laws that hold for every series.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Expectations {
    shift_day: i64,
    series: Vec<Expectation>,
}

#[derive(Deserialize)]
struct Expectation {
    series: String,
    samples: usize,
    alert_day: Option<i64>,
}

fn reference() -> (Table, Expectations) {
    let table =
        Table::parse(include_bytes!("../../tests/fixtures/history/speed_series.csv")).expect("a table");
    let expected = include_str!("../../tests/fixtures/history/speed_expect.json");
    (table, serde_json::from_str(expected).expect("expectations"))
}

#[test]
fn the_reference_series_are_judged_as_expected() {
    let (table, expected) = reference();
    let first_day = first_judged_day(&table.series);
    let summaries: HashMap<&str, Summary<'_>> =
        table.series.iter().map(|series| (series.name.as_str(), Summary::of(series, first_day))).collect();
    assert_eq!((summaries.len(), expected.series.len()), (60, 60));
    for expected in &expected.series {
        let summary = &summaries[expected.series.as_str()];
        let first = summary.verdict.incidents.first();
        let alert_day = first.map(|incident| incident.opened.day);
        assert_eq!(
            (summary.series.samples.len(), alert_day),
            (expected.samples, expected.alert_day),
            "{}",
            expected.series
        );
        if let Some(incident) = first {
            assert!(incident.opened.p < MAX_P && incident.opened.recent < 0.86 * incident.opened.baseline);
        }
    }
    let alerts = |kind: &str| {
        let of_kind = summaries.values().filter(|summary| summary.series.name.starts_with(kind));
        of_kind.filter_map(|summary| summary.verdict.incidents.first()).collect::<Vec<_>>()
    };
    let in_time = alerts("minus31").into_iter().filter(|alert| alert.opened.day <= expected.shift_day + 10);
    assert!(in_time.count() >= 19);
    assert!(alerts("minus20").len() >= 15);
    assert!(alerts("steady").len() <= 2);
    // all slower ones are so until the end
    let open = |kind: &str| alerts(kind).iter().filter(|alert| alert.recovery.is_none()).count();
    assert!(open("minus31") >= 19 && open("minus20") >= 14, "{}, {}", open("minus31"), open("minus20"));
    let near =
        alerts("minus31").into_iter().filter(|alert| (alert.since.day() - expected.shift_day).abs() <= 2);
    assert!(near.count() >= 17, "the change is dated");
}

/// Daily speeds: `per_day` samples around 100 tok/s on each of `days`, times the factor of its day.
fn made(days: std::ops::Range<i64>, per_day: i64, factor: impl Fn(i64) -> f64) -> Vec<Sample> {
    let noise = |i: i64| 1.0 + 0.08 * f64::from(i32::try_from((i * 7_919) % 101 - 50).unwrap_or(0)) / 50.0;
    let sample = |(day, n): (i64, i64)| Sample {
        at_ms: day * DAY_MS + (n + 1) * DAY_MS / (per_day + 2),
        value: 100.0 * factor(day) * noise(day * per_day + n),
    };
    days.flat_map(|day| (0..per_day).map(move |n| (day, n))).map(sample).collect()
}

fn slower_from(day: i64) -> impl Fn(i64) -> f64 {
    move |at| if at < day { 1.0 } else { 0.7 }
}

#[test]
fn an_incident_closes_when_the_speed_returns() {
    let samples = made(0..90, 4, |day| if (40..60).contains(&day) { 0.7 } else { 1.0 });
    let series = Series { name: "GPT-OSS 120B".into(), origin: None, samples };
    let summary = Summary::of(&series, WARM_UP_DAYS);
    let [incident] = summary.verdict.incidents[..] else { panic!("{:?}", summary.verdict) };
    assert_eq!(incident.since.day(), 40);
    assert!((42..=46).contains(&incident.opened.day), "{incident:?}");
    assert!(incident.recovery.is_some_and(|recovery| (61..=66).contains(&recovery.day)), "{incident:?}");
    assert_eq!(summary.state, State::Steady);
    let change = summary.change(&incident).expect("a change");
    assert!((change.before - 100.0).abs() < 3.0 && (change.after - 70.0).abs() < 3.0, "{change:?}");
}

#[test]
fn a_slowdown_of_any_length_is_over_once_it_recovers() {
    for (days, per_day) in [(8, 4), (10, 2), (10, 4), (10, 20), (14, 4), (20, 4), (30, 4)] {
        let samples = made(0..100, per_day, |day| if (40..40 + days).contains(&day) { 0.7 } else { 1.0 });
        let series = Series { name: "GPT-OSS 120B".into(), origin: None, samples };
        let summary = Summary::of(&series, WARM_UP_DAYS);
        let [incident] = summary.verdict.incidents[..] else { panic!("{days}: {:?}", summary.verdict) };
        let recovery = incident.recovery.unwrap_or_else(|| panic!("{days} days: {incident:?}"));
        assert!((40 + days..48 + days).contains(&recovery.day), "{days} days: {incident:?}");
        assert_eq!(recovery.at_ms.div_euclid(DAY_MS), 40 + days, "{days} days, {per_day} a day");
        assert_eq!(summary.state, State::Steady, "{days} days");
        let sentence = summary.sentence(Calendar::Numbers);
        assert!(!sentence.contains("since"), "{days} days: {sentence}");
    }
}

#[test]
fn a_slowdown_is_compared_with_the_usual_speed_before_an_earlier_one() {
    let is_slow = |day: i64| (40..60).contains(&day) || day >= 70;
    let samples = made(0..80, 4, |day| if is_slow(day) { 0.7 } else { 1.0 });
    let series = Series { name: "a".into(), origin: None, samples };
    let sentence = Summary::of(&series, WARM_UP_DAYS).sentence(Calendar::Numbers);
    assert!(sentence.starts_with("a: 100 → 70 tok/s (−30 %) since day 70; 60 races before"), "{sentence}");
}

#[test]
fn an_open_incident_is_a_sentence() {
    let series =
        Series { name: "GPT-OSS 120B".into(), origin: None, samples: made(0..50, 4, slower_from(40)) };
    let summary = Summary::of(&series, WARM_UP_DAYS);
    assert_eq!(summary.state, State::Suspected);
    let sentence = summary.sentence(Calendar::Numbers);
    assert!(sentence.starts_with("GPT-OSS 120B: 100 → 7"), "{sentence}");
    assert!(sentence.ends_with("since day 40; 140 races before, 40 after."), "{sentence}");
}

#[test]
fn a_slower_first_token_is_found_by_the_rule_turned_round() {
    let samples = made(0..50, 4, |day| if day < 40 { 0.01 } else { 0.014 });
    let verdict = judge(&samples, Rule::FIRST_TOKEN, WARM_UP_DAYS);
    assert_eq!(verdict.open().expect("an incident").since.day(), 40);
    assert_eq!(judge(&samples, Rule::SPEED, WARM_UP_DAYS).incidents, []);
}

#[test]
fn days_without_enough_samples_are_skipped() {
    let mut samples = made(0..60, 4, slower_from(40));
    samples.retain(|sample| sample.day() < 44 || sample.day() > 46);
    let gap = judge(&samples, Rule::SPEED, WARM_UP_DAYS);
    assert_eq!(gap.incidents.len(), 1);
    // a week of samples after a gap of 40 days has no baseline
    let mut samples = made(0..110, 4, slower_from(90));
    samples.retain(|sample| sample.day() < 50 || sample.day() > 89);
    assert_eq!(judge(&samples, Rule::SPEED, WARM_UP_DAYS).incidents, []);
    // all samples of two days are not enough days
    let two_days = made(45..47, 50, |_| 0.5);
    let samples = [made(0..40, 4, |_| 1.0), two_days].concat();
    assert_eq!(judge(&samples, Rule::SPEED, WARM_UP_DAYS).incidents, []);
    assert_eq!(judge(&[], Rule::SPEED, WARM_UP_DAYS), Verdict::default());
}

#[test]
fn five_probes_confirm_or_clear() {
    assert!(Rule::SPEED.is_confirmed_by(&[0.7, 0.9, 0.6, 1.1, 0.8]));
    assert!(!Rule::SPEED.is_confirmed_by(&[0.95, 0.901, 0.6, 1.1, 0.99]));
    assert!(!Rule::SPEED.is_confirmed_by(&[]));
    assert!(Rule::FIRST_TOKEN.is_confirmed_by(&[1.5, 1.2, 0.9]));
    assert!(!Rule::FIRST_TOKEN.is_confirmed_by(&[1.1, 1.0, 2.0]));
}

/// 300,000 samples in one series, slower at the end; generous for a machine under load and a build without optimisation.
#[test]
fn a_huge_series_is_judged_fast() {
    let samples = made(0..100, 3_000, slower_from(80));
    let verdict = judge(&samples, Rule::SPEED, WARM_UP_DAYS);
    assert_eq!(verdict.incidents.len(), 1);
}

fn any_series() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (0_i64..70 * 24, 20_u32..200);
    (proptest::collection::vec(sample, 20..400), 0.5_f64..1.1, 30_i64..60).prop_map(
        |(samples, factor, day)| {
            let sample = |(hour, value): (i64, u32)| {
                let factor = if hour / 24 < day { 1.0 } else { factor };
                Sample { at_ms: hour * DAY_MS / 24, value: (100.0 + f64::from(value % 30)) * factor }
            };
            let mut samples: Vec<Sample> = samples.into_iter().map(sample).collect();
            sort(&mut samples);
            samples
        },
    )
}

fn days(verdict: &Verdict) -> Vec<(i64, i64, Option<i64>)> {
    let days = |incident: &Slowdown| {
        let recovered = incident.recovery.map(|recovery| recovery.day);
        (incident.since.day(), incident.opened.day, recovered)
    };
    verdict.incidents.iter().map(days).collect()
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(samples in any_series(), seed in any::<u64>()) {
        let row = |sample: &Sample| format!("a,{},{}\n", sample.at_ms / 3_600_000, sample.value);
        let mut rows: Vec<String> = samples.iter().map(row).collect();
        let table = |rows: &[String]| {
            Table::parse(format!("series,at_hours,tokens_per_second\n{}", rows.concat()).as_bytes()).expect("a table")
        };
        let sorted = table(&rows);
        fastrand::Rng::with_seed(seed).shuffle(&mut rows);
        let shuffled = table(&rows);
        prop_assert_eq!(Summary::of(&sorted.series[0], 28), Summary::of(&shuffled.series[0], 28));
    }

    #[test]
    fn scaled_speeds_have_the_same_verdict(samples in any_series(), exponent in -3_i32..4) {
        // powers of two scale without rounding, so that no ratio crosses its limit by that
        let factor = 2_f64.powi(exponent);
        let scaled: Vec<_> = samples.iter().map(|s| Sample { value: s.value * factor, ..*s }).collect();
        let (verdict, of_scaled) = (judge(&samples, Rule::SPEED, 28), judge(&scaled, Rule::SPEED, 28));
        prop_assert_eq!(days(&verdict), days(&of_scaled));
        prop_assert_eq!(verdict.last.map(|last| last.p), of_scaled.last.map(|last| last.p));
    }

    #[test]
    fn whole_days_shift_days_only(samples in any_series(), by in -20_000_i64..20_000) {
        let moved: Vec<_> = samples.iter().map(|s| Sample { at_ms: s.at_ms + by * DAY_MS, ..*s }).collect();
        let (verdict, later) = (judge(&samples, Rule::SPEED, 28), judge(&moved, Rule::SPEED, 28 + by));
        let shifted = days(&verdict).into_iter().map(|(since, opened, closed)| {
            (since + by, opened + by, closed.map(|closed| closed + by))
        });
        prop_assert_eq!(shifted.collect::<Vec<_>>(), days(&later));
        prop_assert_eq!(verdict.last.map(|last| last.p), later.last.map(|last| last.p));
    }
}
