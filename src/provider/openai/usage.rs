//! The token counts of a stream: one at the end, a running count in every event, or increments that must be added.

use super::{
    chunk::{Chunk, TimingsBody, UsageBody},
    lenient::Object,
};
use crate::model::Usage;

/// Events with text and an unchanged count, from which on the counts are increments: a running count grows.
const MIN_UNCHANGED: u32 = 3;

/// Reads the usage of each event of a stream.
#[derive(Debug, Default)]
pub(super) struct UsageCounter {
    /// Usage with output tokens arrived, which takes precedence over llama.cpp's timings.
    is_counted: bool,
    /// Events with text and an output count.
    counts: u32,
    first: u64,
    newest: u64,
    sum: u64,
    /// A count was lower than the one before.
    has_fallen: bool,
}

impl UsageCounter {
    /// Returns the usage so far according to this chunk, if it has any. `has_text` if text arrived with it.
    pub(super) fn count(&mut self, chunk: &Chunk<'_>, has_text: bool) -> Option<Usage> {
        let groq = chunk.x_groq.0.as_ref().map(|groq| &groq.usage);
        let choices = chunk.choices.0.iter().map(|choice| &choice.usage);
        let bodies = choices
            .chain([&chunk.usage])
            .chain(groq)
            .filter_map(|body: &Object<UsageBody<'_>>| body.0.as_ref());
        let mut usage = bodies.map(UsageBody::usage).reduce(Usage::merged);
        if let Some(usage) = &mut usage {
            usage.output_tokens = usage.output_tokens.map(|tokens| self.output(tokens, has_text));
        }
        let mut timings = chunk.timings.0.as_ref().map(TimingsBody::usage);
        if let Some(timings) = timings.as_mut().filter(|_| self.is_counted) {
            timings.output_tokens = None;
        }
        let usage = timings.unwrap_or_default().merged(usage.unwrap_or_default());
        (usage != Usage::default()).then_some(usage)
    }

    /// The output tokens so far, from the count in one event.
    fn output(&mut self, tokens: u64, has_text: bool) -> u64 {
        self.is_counted = true;
        if has_text {
            self.counts += 1;
            if self.counts == 1 {
                self.first = tokens;
            }
            self.has_fallen |= tokens < self.newest;
            self.newest = tokens;
        }
        let is_total = !has_text && tokens >= self.sum;
        self.sum = self.sum.saturating_add(tokens);
        let unchanged = self.counts >= MIN_UNCHANGED && self.newest == self.first;
        if (self.has_fallen || unchanged) && !is_total { self.sum } else { tokens }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output tokens at the end of a stream of events, each with its count and whether text came with it.
    fn counted(events: impl IntoIterator<Item = (u64, bool)>) -> u64 {
        let mut counter = UsageCounter::default();
        events.into_iter().fold(0, |_, (tokens, has_text)| counter.output(tokens, has_text))
    }

    #[test]
    fn running_counts_and_increments_are_told_apart() {
        let texts = |counts: &[u64]| counts.iter().map(|count| (*count, true)).collect::<Vec<_>>();
        assert_eq!(counted([(17, false)]), 17, "one count");
        assert_eq!(counted([(1, true), (17, false)]), 17, "an early count, then the true one");
        assert_eq!(counted(texts(&[1, 2, 3, 4])), 4, "running");
        assert_eq!(counted(texts(&[4, 4, 4, 4, 8, 8, 8, 8])), 8, "running, in steps");
        assert_eq!(counted(texts(&[1; 40])), 40, "increments");
        assert_eq!(counted(texts(&[4, 5, 3, 6])), 18, "increments of several tokens");
        assert_eq!(counted(texts(&[1; 40]).into_iter().chain([(1, false)])), 41, "with the end token");
        assert_eq!(counted(texts(&[1; 40]).into_iter().chain([(40, false)])), 40, "then the total");
    }
}
