//! A lane's timeline: how many tokens had arrived by when, in at most [`MAX_POINTS`] points, for the replay of a race.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;

/// The most points of a timeline.
pub const MAX_POINTS: usize = 100;

/// The points of a lane, each as its difference from the one before: milliseconds since the request was sent, and output
/// tokens. Both only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline(Vec<(u32, u32)>);

impl Timeline {
    /// Returns the timeline through `points`: the time since the request was sent, and the tokens by then. A point before
    /// the previous one is moved to it, and points beyond [`MAX_POINTS`] are dropped.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (Duration, u64)>) -> Self {
        let (mut at, mut tokens) = (0, 0);
        let deltas = points.into_iter().take(MAX_POINTS).map(|(time, count)| {
            let (time, count) = (saturated(time.as_millis()).max(at), saturated(count.into()).max(tokens));
            let delta = (time - at, count - tokens);
            (at, tokens) = (time, count);
            delta
        });
        Self(deltas.collect())
    }

    /// Returns true if nothing arrived, or the race is older than timelines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time since the request was sent and the tokens by then, in order.
    pub fn points(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.0.iter().scan((0_u64, 0_u64), |(at, tokens), (time, count)| {
            *at += u64::from(*time);
            *tokens += u64::from(*count);
            Some((Duration::from_millis(*at), *tokens))
        })
    }

    /// The tokens that had arrived by `time`.
    #[must_use]
    pub fn tokens_at(&self, time: Duration) -> u64 {
        self.points().take_while(|(at, _)| *at <= time).last().map_or(0, |(_, tokens)| tokens)
    }

    /// The time of the first and of the last point.
    #[must_use]
    pub fn span(&self) -> Option<(Duration, Duration)> {
        let times = || self.points().map(|(at, _)| at);
        Some((times().next()?, times().last()?))
    }
}

fn saturated(n: u128) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The arrivals of a running lane, in constant memory: where they become too many, every second one is dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    points: Vec<(Elapsed, u64)>,
    newest: (Elapsed, u64),
    /// The arrivals since the newest of `points`.
    since_point: u64,
    /// The arrivals between two points are 2 to the power of this.
    halvings: u32,
}

impl Recording {
    /// Records that `tokens` tokens had arrived at `at`.
    pub(super) fn add(&mut self, at: Elapsed, tokens: u64) {
        self.newest = (at, tokens);
        self.since_point += 1;
        if !self.points.is_empty() && self.since_point < 1 << self.halvings {
            return;
        }
        self.since_point = 0;
        if self.points.len() + 1 == MAX_POINTS {
            let mut kept = 0..;
            self.points.retain(|_| kept.next().is_some_and(|index: usize| index.is_multiple_of(2)));
            self.halvings += 1;
        }
        self.points.push(self.newest);
    }

    /// Returns the timeline of a request that was sent at `sent`, scaled so that it ends with `tokens`: while text
    /// arrives its tokens are estimated, and the server counts them in the end.
    pub(super) fn timeline(&self, sent: Option<Elapsed>, tokens: u64) -> Timeline {
        let (Some(sent), (_, total)) = (sent, self.newest) else { return Timeline::default() };
        let is_point = self.points.last() == Some(&self.newest);
        let points = &self.points[..self.points.len() - usize::from(is_point)];
        let scaled = |count: u64| u128::from(count) * u128::from(tokens) / u128::from(total.max(1));
        let earlier = points.iter().map(|(at, count)| (*at, u64::try_from(scaled(*count)).unwrap_or(tokens)));
        let last = (!self.points.is_empty()).then_some((self.newest.0, tokens));
        Timeline::new(earlier.chain(last).map(|(at, count)| (at.since(sent), count)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recording(arrivals: &[(u64, u64)]) -> Recording {
        let mut recording = Recording::default();
        for (at, tokens) in arrivals {
            recording.add(Elapsed::from_millis(*at), *tokens);
        }
        recording
    }

    fn points(timeline: &Timeline) -> Vec<(u64, u64)> {
        let ms = |at: Duration| u64::try_from(at.as_millis()).unwrap();
        timeline.points().map(|(at, tokens)| (ms(at), tokens)).collect()
    }

    #[test]
    fn few_arrivals_are_all_kept_with_their_times_since_the_request() {
        let recording = recording(&[(310, 1), (330, 2), (400, 4)]);
        let timeline = recording.timeline(Some(Elapsed::from_millis(100)), 4);
        assert_eq!(points(&timeline), [(210, 1), (230, 2), (300, 4)]);
        assert_eq!(serde_json::to_string(&timeline).unwrap(), "[[210,1],[20,1],[70,2]]");
    }

    #[test]
    fn the_counts_are_scaled_to_the_final_count() {
        let recording = recording(&[(10, 10), (20, 20), (30, 40)]);
        let of = |tokens| points(&recording.timeline(Some(Elapsed::default()), tokens));
        assert_eq!(of(80), [(10, 20), (20, 40), (30, 80)]);
        assert_eq!(of(2), [(10, 0), (20, 1), (30, 2)]);
    }

    #[test]
    fn nothing_arrived_without_a_request_or_a_token() {
        assert!(Recording::default().timeline(Some(Elapsed::default()), 7).is_empty());
        assert!(recording(&[(10, 1)]).timeline(None, 1).is_empty());
        assert_eq!(Timeline::default().tokens_at(Duration::MAX), 0);
    }

    #[test]
    fn tokens_are_looked_up_by_time() {
        let timeline = Timeline::new([(5, 1), (10, 4)].map(|(at, n)| (Duration::from_millis(at), n)));
        let at = |ms| timeline.tokens_at(Duration::from_millis(ms));
        assert_eq!([at(0), at(5), at(9), at(10), at(99)], [0, 1, 1, 4, 4]);
        assert_eq!(timeline.span(), Some((Duration::from_millis(5), Duration::from_millis(10))));
    }

    proptest! {
        #[test]
        fn a_timeline_is_short_and_grows_to_the_final_count_at_the_last_arrival(
            steps in prop::collection::vec((0_u64..500, 0_u64..9), 1..1_500),
            tokens in 0_u64..100_000,
        ) {
            let arrivals: Vec<_> = steps.iter().scan((0, 0), |(at, sum), (wait, count)| {
                (*at, *sum) = (*at + wait, *sum + count);
                Some((*at, *sum))
            }).collect();
            let recording = recording(&arrivals);
            prop_assert!(recording.points.len() < MAX_POINTS && recording.points.capacity() <= 2 * MAX_POINTS);
            let points = points(&recording.timeline(Some(Elapsed::default()), tokens));
            prop_assert!(points.len() <= MAX_POINTS);
            prop_assert!(points.len() >= arrivals.len().min(MAX_POINTS / 2 - 1), "{} of {}", points.len(), arrivals.len());
            prop_assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
            prop_assert_eq!(points.first().map(|(at, _)| *at), arrivals.first().map(|(at, _)| *at));
            prop_assert_eq!(points.last().copied(), arrivals.last().map(|(at, _)| (*at, tokens)));
        }

        #[test]
        fn a_stored_timeline_is_read_back(steps in prop::collection::vec(any::<(u32, u32)>(), 0..100)) {
            let timeline = Timeline(steps);
            let json = serde_json::to_string(&timeline).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), timeline);
        }
    }
}
