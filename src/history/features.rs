//! Cheap features of an answer, without its text.

use serde::{Deserialize, Serialize};

use crate::fnv;

/// The buckets of the hashes of three characters each.
const BUCKETS: usize = 16;
/// The features before the buckets.
const SINGLE: usize = 6;

/// Words by which models refuse.
const REFUSALS: [&str; 10] = [
    "i can't",
    "i can’t",
    "i cannot",
    "i'm sorry",
    "i’m sorry",
    "i am sorry",
    "unable to",
    "not able to",
    "as an ai",
    "i won't",
];

/// The features of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// The number of characters.
    characters: u32,
    /// The number of lines.
    lines: u32,
    /// The number of code fences.
    fences: u32,
    /// True if the answer is JSON, fenced or not.
    is_json: bool,
    /// The number of different words of refusal.
    refusals: u32,
    /// A hash of the whole answer.
    pub(super) fingerprint: u64,
    /// The shares of the groups of three characters in each bucket.
    buckets: [f64; BUCKETS],
}

impl Features {
    /// The features of `answer`.
    #[must_use]
    pub fn of(answer: &str) -> Self {
        let text = answer.trim();
        let lower = text.to_lowercase();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            characters: count(text.chars().count()),
            lines: count(text.lines().count()),
            fences: count(text.lines().filter(|line| line.trim_start().starts_with("```")).count()),
            is_json: is_json(text),
            refusals: count(REFUSALS.iter().filter(|refusal| lower.contains(**refusal)).count()),
            fingerprint: hash(text.bytes()),
            buckets: buckets(&lower),
        }
    }

    /// The features as numbers, where `most_common` is the fingerprint of most answers.
    pub(super) fn vector(&self, most_common: u64) -> Vec<f64> {
        let truth = |is_true: bool| f64::from(u8::from(is_true));
        let single: [f64; SINGLE] = [
            f64::from(self.characters).ln_1p(),
            f64::from(self.lines).ln_1p(),
            f64::from(self.fences),
            truth(self.is_json),
            f64::from(self.refusals),
            truth(self.fingerprint == most_common),
        ];
        single.into_iter().chain(self.buckets).collect()
    }

    /// The weight of a component of [`Features::vector`]: all buckets together count as four features.
    pub(super) fn weight(component: usize) -> f64 {
        if component < SINGLE { 1.0 } else { 0.5 }
    }
}

fn is_json(text: &str) -> bool {
    let inside = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    let inside = inside.and_then(|rest| rest.strip_suffix("```")).unwrap_or(text).trim();
    inside.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(inside).is_ok()
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder below the number of buckets")]
fn buckets(text: &str) -> [f64; BUCKETS] {
    let mut buckets = [0.0; BUCKETS];
    let characters: Vec<char> = text.chars().collect();
    for group in characters.windows(3) {
        let bytes = group.iter().flat_map(|c| u32::from(*c).to_le_bytes());
        buckets[(hash(bytes) % BUCKETS as u64) as usize] += 1.0;
    }
    let all = buckets.iter().sum::<f64>().max(1.0);
    buckets.map(|count| count / all)
}

/// A hash whose values may be stored, with its bits mixed.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = fnv::hash(bytes);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_differ_in_what_is_counted() {
        let plain = Features::of("Yes.\nIt is.");
        assert_eq!((plain.characters, plain.lines, plain.fences, plain.is_json), (11, 2, 0, false));
        let fenced = Features::of("```json\n{\"a\": 1}\n```");
        assert_eq!((fenced.fences, fenced.is_json), (2, true));
        assert!(Features::of("[1, 2]").is_json && !Features::of("12").is_json);
        assert_eq!(Features::of("I'm sorry, I cannot do that.").refusals, 2);
        assert_eq!(Features::of(" a ").fingerprint, Features::of("a").fingerprint);
    }

    #[test]
    fn buckets_are_shares() {
        for text in ["", "ab", "日本語のテキスト", "the quick brown fox jumps over the lazy dog"] {
            let sum: f64 = Features::of(text).buckets.iter().sum();
            assert!(sum == 0.0 || (sum - 1.0).abs() < 1e-9, "{text}: {sum}");
            assert_eq!(Features::of(text).vector(0).len(), SINGLE + BUCKETS);
        }
    }
}
