//! Scripted writers of texts. `ARENA_SEED` repeats a run.

use super::*;

fn seed() -> u64 {
    let seed = crate::config::Env::process().text("ARENA_SEED").expect("text");
    seed.map_or(2_026, |seed| seed.parse().expect("a number"))
}

/// A model that writes about a lighthouse, in its own words, length and form.
#[derive(Clone, Copy)]
struct Writer {
    words: [&'static str; 12],
    sentences: (usize, usize),
    lines: bool,
}

const USUAL: Writer = Writer {
    words: [
        "the lighthouse",
        "a keeper",
        "the storm",
        "light",
        "turned",
        "watched",
        "over the sea",
        "slowly",
        "at night",
        "while ships",
        "passed",
        "in silence",
    ],
    sentences: (4, 7),
    lines: false,
};

/// A similar model: other favourite words, somewhat longer answers.
const OTHER: Writer = Writer {
    words: [
        "the tower",
        "an old man",
        "the waves",
        "a beam",
        "swept",
        "guarded",
        "across the bay",
        "steadily",
        "until dawn",
        "as boats",
        "sailed",
        "without a sound",
    ],
    sentences: (5, 9),
    lines: false,
};

/// Like the usual one, in lists.
const LISTS: Writer = Writer { lines: true, ..USUAL };

impl Writer {
    fn write(self, random: &mut fastrand::Rng) -> String {
        let sentences = random.usize(self.sentences.0..=self.sentences.1);
        let sentence = |random: &mut fastrand::Rng| {
            let words: Vec<_> = (0..random.usize(5..9)).map(|_| self.words[random.usize(0..12)]).collect();
            format!("{}.", words.join(" "))
        };
        let sentences: Vec<_> = (0..sentences).map(|_| sentence(random)).collect();
        if self.lines { format!("- {}", sentences.join("\n- ")) } else { sentences.join(" ") }
    }
}

/// One answer every six hours, from the fourth hour of day 0 on.
fn runs(texts: impl Iterator<Item = String>) -> Vec<Answer> {
    let answer = |(run, text): (i64, String)| Answer {
        at_ms: run * DAY_MS / 4 + DAY_MS / 6,
        features: Features::of(&text),
    };
    (0_i64..).zip(texts).map(answer).collect()
}

fn exchanged(new: Writer, at: usize, random: &mut fastrand::Rng) -> Vec<Answer> {
    runs((0..at + 40).map(|run| if run < at { USUAL } else { new }.write(random)))
}

#[test]
fn an_exchanged_model_is_reported_within_twelve_runs() {
    let mut random = fastrand::Rng::with_seed(seed());
    for new in [OTHER, LISTS] {
        for at in 80..88 {
            let changes = judge_behaviour(&exchanged(new, at, &mut random), 1);
            let first = changes.first().expect("a report").index;
            assert!(
                (at..at + 12).contains(&first),
                "ARENA_SEED={}: exchanged at {at}, reported at {first}",
                seed()
            );
            assert_eq!(changes.len(), 1, "reported once");
        }
    }
}

/// A canary every three hours has eight answers a day, and the difference must last until the next one: twelve runs are
/// enough unless it shows with the first answers of a day.
#[test]
fn the_newest_change_is_found_after_each_run_and_shown_by_typical_answers() {
    let mut random = fastrand::Rng::with_seed(seed());
    for at in 80..88 {
        let mut answers = exchanged(OTHER, at, &mut random);
        for answer in &mut answers {
            answer.at_ms /= 2;
        }
        let look = |end: usize| Some((end, newest_change(&answers[..=end], 1)?));
        let found = (at..at + 14).find_map(look);
        let (end, found) = found.unwrap_or_else(|| panic!("ARENA_SEED={}: no report at {at}", seed()));
        assert_eq!(end, found.change.index);
        assert!(found.before < at && (at..=end).contains(&found.now), "ARENA_SEED={}: {found:?}", seed());
        assert!(found.first.abs_diff(at) <= 3, "ARENA_SEED={}: exchanged at {at}: {found:?}", seed());
        let later = newest_change(&answers[..end + RECENT], 1);
        assert_eq!(later, Some(found), "ARENA_SEED={}: it stays the same change", seed());
        assert_eq!(newest_change(&answers[..=end + RECENT], 1), None, "ARENA_SEED={}: for 20 runs", seed());
    }
}

#[test]
fn a_fixed_answer_that_changes_is_reported() {
    let texts = (0..100).map(|run| if run < 80 { "Paris." } else { "The capital is Paris." }.to_owned());
    let changes = judge_behaviour(&runs(texts), 1);
    assert!(changes[0].index < 92, "{changes:?}");
    assert_eq!(judge_behaviour(&runs((0..200).map(|_| "Paris.".to_owned())), 1), []);
}

/// 14 days, one answer every three hours.
#[test]
fn unchanged_models_are_hardly_ever_reported() {
    let mut random = fastrand::Rng::with_seed(seed());
    let unchanged = |random: &mut fastrand::Rng| {
        let mut answers = runs((0..112).map(|_| USUAL.write(random)));
        for answer in &mut answers {
            answer.at_ms /= 2;
        }
        judge_behaviour(&answers, random.u64(..)).len()
    };
    let reports: usize = (0..20).map(|_| unchanged(&mut random)).sum();
    assert!(reports <= 1, "ARENA_SEED={}: {reports} reports", seed());
}

#[test]
fn too_few_answers_say_nothing() {
    let mut random = fastrand::Rng::with_seed(seed());
    assert_eq!(judge_behaviour(&[], 1), []);
    assert_eq!(judge_behaviour(&runs((0..59).map(|_| USUAL.write(&mut random))), 1), []);
}
