//! Scripted writers of texts. `ARENA_SEED` repeats a run.

#[path = "../../../benches/shared/writer.rs"]
mod writer;

use super::*;
use crate::history::DAY_MS;
use writer::{LISTS, OTHER, USUAL, Writer};

fn seed() -> u64 {
    let seed = crate::config::Env::process().text("ARENA_SEED").expect("text");
    seed.map_or(2_026, |seed| seed.parse().expect("a number"))
}

/// Answers at this many runs a day, the first of them the `first` of day 0.
fn runs(per_day: usize, first: usize, texts: impl Iterator<Item = String>) -> Vec<Answer> {
    let interval_ms = DAY_MS / i64::try_from(per_day).expect("few");
    let answer = |(run, text): (usize, String)| Answer {
        at_ms: i64::try_from(run).expect("few") * interval_ms,
        features: Features::of(&text),
    };
    (first..).zip(texts).map(answer).collect()
}

fn exchanged(new: Writer, at: usize, count: usize, random: &mut fastrand::Rng) -> Vec<String> {
    (0..count).map(|run| if run < at { USUAL } else { new }.write(random)).collect()
}

#[test]
fn an_exchanged_model_is_reported_within_twelve_runs_whenever_it_happens() {
    let mut random = fastrand::Rng::with_seed(seed());
    for per_day in [1, 2, 4, 8] {
        for (first, new) in (0..per_day).flat_map(|first| [(first, OTHER), (first, LISTS)]) {
            let answers = runs(per_day, first, exchanged(new, 80, 92, &mut random).into_iter());
            let changes = judge_behaviour(&answers, 1);
            let is_one = changes.len() == 1 && changes[0].index >= 80;
            assert!(is_one, "ARENA_SEED={}: {per_day} a day, from {first}: {changes:?}", seed());
        }
    }
}

/// 20 runs in a row are enough for a canary that runs more often than that in ten hours.
#[test]
fn an_exchanged_model_is_reported_by_a_canary_of_every_five_minutes() {
    let mut random = fastrand::Rng::with_seed(seed());
    let answers = runs(24 * 12, 0, exchanged(OTHER, 80, 110, &mut random).into_iter());
    let changes = judge_behaviour(&answers, 1);
    assert!(changes.len() == 1 && changes[0].index >= 80, "ARENA_SEED={}: {changes:?}", seed());
}

#[test]
fn the_newest_change_is_found_after_each_run_and_shown_by_typical_answers() {
    let mut random = fastrand::Rng::with_seed(seed());
    for first in 0..8 {
        let at = 120;
        let answers = runs(8, first, exchanged(OTHER, at, at + 40, &mut random).into_iter());
        let look = |end: usize| Some((end, newest_change(&answers[..=end], 1)?));
        let found = (at..at + 12).find_map(look);
        let (end, found) = found.unwrap_or_else(|| panic!("ARENA_SEED={}: no report from {first}", seed()));
        assert_eq!(end, found.change.index);
        assert!(found.before < at && (at..=end).contains(&found.now), "ARENA_SEED={}: {found:?}", seed());
        assert!(found.first.abs_diff(at) <= 3, "ARENA_SEED={}: {found:?}", seed());
        let later = newest_change(&answers[..end + RECENT], 1);
        assert_eq!(later, Some(found), "ARENA_SEED={}: it stays the same change", seed());
        assert_eq!(newest_change(&answers[..=end + RECENT], 1), None, "ARENA_SEED={}: for 20 runs", seed());
    }
}

#[test]
fn a_difference_that_passes_within_ten_hours_is_not_reported() {
    let times = |hours: &[i64]| -> Vec<Answer> {
        let features = Features::of("Paris.");
        hours.iter().map(|hour| Answer { at_ms: hour * DAY_MS / 24, features: features.clone() }).collect()
    };
    assert!(!lasts(&times(&[0])) && !lasts(&times(&[0, 24, 48])), "too few runs");
    assert!(!lasts(&times(&[0, 3, 6, 9])) && lasts(&times(&[0, 3, 6, 9, 12])), "ten hours");
    assert!(lasts(&times(&[0, 24, 48, 72])) && lasts(&times(&[0; 20])) && !lasts(&times(&[0; 19])));
}

#[test]
fn a_fixed_answer_that_changes_is_reported() {
    let texts = (0..100).map(|run| if run < 80 { "Paris." } else { "The capital is Paris." }.to_owned());
    let changes = judge_behaviour(&runs(4, 0, texts), 1);
    assert!(changes[0].index < 92, "{changes:?}");
    assert_eq!(judge_behaviour(&runs(4, 0, (0..200).map(|_| "Paris.".to_owned())), 1), []);
}

/// 14 days, one answer every three hours.
#[test]
fn unchanged_models_are_hardly_ever_reported() {
    let mut random = fastrand::Rng::with_seed(seed());
    let unchanged = |random: &mut fastrand::Rng| {
        let answers = runs(8, 0, (0..112).map(|_| USUAL.write(random)));
        judge_behaviour(&answers, random.u64(..)).len()
    };
    let reports: usize = (0..20).map(|_| unchanged(&mut random)).sum();
    assert!(reports <= 1, "ARENA_SEED={}: {reports} reports", seed());
}

#[test]
fn too_few_answers_say_nothing() {
    let mut random = fastrand::Rng::with_seed(seed());
    assert_eq!(judge_behaviour(&[], 1), []);
    assert_eq!(judge_behaviour(&runs(4, 0, (0..59).map(|_| USUAL.write(&mut random))), 1), []);
}
