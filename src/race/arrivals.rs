//! The arrivals of a lane: how its tokens came in, and whether that shows the speed at which they were written.
//!
//! A server, a proxy or a kernel may hold tokens back and send many at once. The speed of such a lane is the speed of
//! a buffer, so a speed needs evidence: tokens that were seen to stream.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;

/// Reads within this time of the first read of an arrival belong to it: one write may arrive in several reads.
const ARRIVAL_SPAN: Duration = Duration::from_millis(5);
/// The arrivals that a speed needs.
const MIN_ARRIVALS: u32 = 5;
/// The time that a speed needs between the first and the last read.
const MIN_STREAMING: Duration = Duration::from_millis(40);
/// Events and tokens that differ by less than this share are counted as one token an event.
const MAX_EVENT_DEVIATION: f64 = 0.1;

/// The reason for which a lane has no speed of its own, or why the server's speed is shown in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpeedNote {
    /// The answer has too few tokens.
    TooShort,
    /// All tokens arrived at once.
    OnePiece,
    /// The tokens arrived in too few pieces, or most of them in a single one.
    FewPieces,
    /// The server's own speed is much lower than the measured one, so it is shown.
    ServerIsSlower,
    /// The server's token count cannot be true, so the speed is of an estimate.
    CountRejected,
}

impl SpeedNote {
    /// A clause for users.
    #[must_use]
    pub fn public(self) -> &'static str {
        match self {
            Self::TooShort => "too short for a speed",
            Self::OnePiece => "arrived in one piece",
            Self::FewPieces => "arrived in too few pieces for a speed",
            Self::ServerIsSlower => "the server's own speed, lower than the one measured here",
            Self::CountRejected => "the provider's token count can't be right, so it's estimated here",
        }
    }
}

/// The arrivals so far, in constant memory. An *arrival* is a read with content, reasoning or tool text, together with
/// the reads within 5 ms of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    first: Arrival,
    newest: Arrival,
    count: u32,
    /// The reads with text, and the text of the first one.
    reads: u32,
    first_read: Size,
    /// The largest arrival after the first, by its events and by its bytes.
    largest: Size,
    total: Size,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Arrival {
    begun: Elapsed,
    ended: Elapsed,
    reads: u32,
    size: Size,
}

/// An amount of text: the events and the bytes that carried it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    events: u64,
    bytes: u64,
}

impl Size {
    fn add(&mut self, bytes: u64) {
        self.events += 1;
        self.bytes += bytes;
    }

    fn max(self, other: Self) -> Self {
        Self { events: self.events.max(other.events), bytes: self.bytes.max(other.bytes) }
    }

    /// The tokens in this part of `total`, which holds `tokens`: one for each event where that agrees with the count,
    /// else by its share of the bytes.
    #[expect(clippy::cast_precision_loss, reason = "events and bytes are far below 2^52")]
    fn tokens(self, total: Self, tokens: f64) -> f64 {
        if (total.events as f64 - tokens).abs() <= tokens * MAX_EVENT_DEVIATION {
            self.events as f64
        } else {
            tokens * self.bytes as f64 / total.bytes.max(1) as f64
        }
    }
}

impl Arrivals {
    /// Adds an event with `bytes` of text, read at `at`.
    pub fn add(&mut self, at: Elapsed, bytes: usize) {
        let bytes = bytes as u64;
        let is_new_read = self.count == 0 || at > self.newest.ended;
        self.total.add(bytes);
        self.reads += u32::from(is_new_read);
        if self.count == 0 || at.since(self.newest.begun) > ARRIVAL_SPAN {
            self.count += 1;
            self.newest = Arrival { begun: at, ..Arrival::default() };
        }
        self.newest.ended = at;
        self.newest.reads += u32::from(is_new_read);
        self.newest.size.add(bytes);
        if self.reads == 1 {
            self.first_read.add(bytes);
        }
        if self.count == 1 {
            self.first = self.newest;
        } else {
            self.largest = self.largest.max(self.newest.size);
        }
    }

    /// The bytes of text so far.
    pub(super) fn bytes(&self) -> u64 {
        self.total.bytes
    }

    /// The events so far.
    pub(super) fn events(&self) -> u64 {
        self.total.events
    }

    /// The speed of `tokens` tokens in tokens per second. What arrived first is left out, in tokens and in time, since
    /// it is not known when it was written: the first read of a steady stream, else the first arrival.
    ///
    /// # Errors
    /// The reason if the tokens were not seen to stream.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn speed(&self, tokens: u64) -> Result<f64, SpeedNote> {
        let tokens = tokens as f64;
        let (first, begun) = self.beginning();
        let streamed = tokens - first.tokens(self.total, tokens);
        let streaming = self.newest.ended.since(self.first.begun);
        match self.count {
            _ if tokens < f64::from(MIN_ARRIVALS) || self.total.bytes == 0 => Err(SpeedNote::TooShort),
            1 => Err(SpeedNote::OnePiece),
            2..MIN_ARRIVALS => Err(SpeedNote::FewPieces),
            _ if streaming < MIN_STREAMING || streamed <= 0.0 => Err(SpeedNote::FewPieces),
            _ if self.largest.tokens(self.total, tokens) > streamed / 2.0 => Err(SpeedNote::FewPieces),
            _ => {
                let after_first = self.newest.ended.since(begun).as_secs_f64();
                Ok((streamed / after_first).min(tokens / streaming.as_secs_f64()))
            }
        }
    }

    /// The text that arrived first, and the time from which the rest counts. The reads of the first arrival are one write
    /// that was split, unless they are as far apart as all reads are: then several tokens of a fast model came within
    /// 5 ms.
    fn beginning(&self) -> (Size, Elapsed) {
        let gap = self.newest.ended.since(self.first.begun) / self.reads.saturating_sub(1).max(1);
        let is_steady =
            self.first.ended.since(self.first.begun) * 2 >= gap * self.first.reads.saturating_sub(1);
        if is_steady { (self.first_read, self.first.begun) } else { (self.first.size, self.first.ended) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The arrivals of events, each with its time in microseconds and its bytes.
    fn arrivals(events: impl IntoIterator<Item = (u64, usize)>) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (at, bytes) in events {
            arrivals.add(Elapsed::new(Duration::from_micros(at)), bytes);
        }
        arrivals
    }

    fn is_close(speed: Result<f64, SpeedNote>, truth: f64) -> bool {
        speed.is_ok_and(|speed| (speed / truth - 1.0).abs() < 1e-9)
    }

    #[test]
    fn a_server_that_sends_token_by_token_has_its_true_speed() {
        for gap in [500_u32, 2_000, 3_300, 10_000, 50_000] {
            let lane = arrivals((0..200).map(|i| (i * u64::from(gap), 4)));
            assert!(
                is_close(lane.speed(200), 1e6 / f64::from(gap)),
                "a token every {gap} µs: {:?}",
                lane.speed(200)
            );
        }
    }

    #[test]
    fn a_server_that_bundles_tokens_has_its_true_speed() {
        // four tokens in each event, every 40 ms, each event in two reads
        let bundles = arrivals((0..50).map(|i| (i * 40_000, 16)));
        assert!(is_close(bundles.speed(200), 100.0), "{:?}", bundles.speed(200));
        let split = arrivals((0..50).flat_map(|i| [(i * 40_000, 8), (i * 40_000 + 900, 8)]));
        assert!(is_close(split.speed(200), 100.0), "{:?}", split.speed(200));
    }

    #[test]
    fn a_first_bundle_of_thoughts_raises_no_speed() {
        let thoughts = std::iter::once((2_000_000, 800));
        let lane = arrivals(thoughts.chain((1..=60).map(|i| (2_000_000 + i * 16_000, 4))));
        assert!(is_close(lane.speed(260), 1e6 / 16_000.0), "{:?}", lane.speed(260));
    }

    #[test]
    fn a_burst_shows_no_speed() {
        let rows = [
            (arrivals((0..300).map(|_| (2_000_000, 5))), 300, SpeedNote::OnePiece),
            (arrivals((0..3).map(|i| (i * 1_000, 500))), 300, SpeedNote::OnePiece),
            (arrivals((0..4).map(|i| (i * 20_000, 500))), 300, SpeedNote::FewPieces),
            (arrivals((0..6).map(|i| (i * 6_000, 4))), 6, SpeedNote::FewPieces),
            (arrivals((0..20).map(|i| (i * 6_000, 4)).chain([(200_000, 400)])), 120, SpeedNote::FewPieces),
            (arrivals((0..3).map(|i| (i * 50_000, 4))), 3, SpeedNote::TooShort),
            (arrivals([]), 40, SpeedNote::TooShort),
        ];
        for (row, (lane, tokens, why)) in rows.into_iter().enumerate() {
            assert_eq!(lane.speed(tokens), Err(why), "row {row}");
        }
    }

    proptest! {
        #[test]
        fn no_speed_exceeds_the_tokens_over_the_time_of_their_reads(
            gaps in prop::collection::vec((0_u64..60_000, 1_usize..40), 2..80),
            tokens in 1_u32..2_000,
        ) {
            let mut at = 0;
            let events: Vec<_> = gaps.iter().map(|(gap, bytes)| { at += gap; (at, *bytes) }).collect();
            let span = Duration::from_micros(at - events[0].0).as_secs_f64();
            if let Ok(speed) = arrivals(events).speed(tokens.into()) {
                prop_assert!(speed <= f64::from(tokens) / span * (1.0 + 1e-9));
            }
        }
    }
}
