//! One lane's curve: tokens over seconds since its request was sent.

use super::super::{
    palette::{self, BACKGROUND, TEXT},
    row::Row,
};
use crate::{
    model::Color,
    race::{figures, metrics::TokenCount, report::LaneReport},
};

/// A gap between two points that is longer than this share of the race is a stall: the curve is flat, then rises.
const STALL: f64 = 0.05;
/// The contrast that a curve needs; see [`palette::contrast`].
const MIN_CONTRAST: f64 = 3.0;
/// The tokens and the seconds that a speed so far needs.
const MIN_EVIDENCE: (f64, f64) = (5.0, 0.25);

/// A moment of a lane: seconds, and the tokens by then.
pub(super) type Moment = (f64, f64);

/// A lane of the replay.
pub(super) struct Track {
    pub(super) row: Row,
    /// The model's colour, lighter if it could not be seen on the background.
    pub(super) color: Color,
    points: Vec<Moment>,
    /// The end of the reasoning, in seconds.
    thought_until: Option<f64>,
    /// The time to the first token of the answer, if the lane won by it.
    pub(super) first_answer: Option<String>,
    count: TokenCount,
}

/// The phase of a lane at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Thinking,
    Writing,
    Over,
}

impl Track {
    /// Returns the curve of a lane in a race that takes `race` seconds.
    #[expect(clippy::cast_precision_loss, reason = "tokens are far below 2^52")]
    pub(super) fn new(row: Row, lane: &LaneReport, race: f64) -> Self {
        let mut points: Vec<Moment> = Vec::new();
        for (at, tokens) in lane.timeline.points() {
            let (at, tokens) = (at.as_secs_f64(), tokens as f64);
            match points.last() {
                None => points.push((at, 0.0)),
                Some((before, held)) if at - before > STALL * race => points.push((at, *held)),
                Some(_) => {}
            }
            points.push((at, tokens));
        }
        let until = lane.metrics.ttfa.map_or(f64::INFINITY, |time| time.as_secs_f64());
        Self {
            color: visible(row.color),
            thought_until: (!lane.reasoning.is_empty() || row.thought.is_some()).then_some(until),
            first_answer: lane.metrics.ttfa.map(figures::seconds),
            count: lane.metrics.token_count,
            row,
            points,
        }
    }

    /// The time of the first token; `None` if there is none.
    pub(super) fn start(&self) -> Option<f64> {
        Some(self.points.first()?.0)
    }

    /// The last moment; `None` if there is no token.
    pub(super) fn end(&self) -> Option<Moment> {
        self.points.last().copied()
    }

    /// Returns the phase at `now` seconds.
    pub(super) fn phase(&self, now: f64) -> Phase {
        match (self.start(), self.end()) {
            (Some(start), _) if now < start => Phase::Waiting,
            (_, Some((end, _))) if now < end => {
                if self.thought_until.is_some_and(|until| now < until) {
                    Phase::Thinking
                } else {
                    Phase::Writing
                }
            }
            _ => Phase::Over,
        }
    }

    /// Returns the moment of the curve at `now` seconds, between two points if need be.
    pub(super) fn moment(&self, now: f64) -> Option<Moment> {
        let next = self.points.iter().position(|(at, _)| *at > now).unwrap_or(self.points.len());
        let before = *self.points.get(next.checked_sub(1)?)?;
        let Some(after) = self.points.get(next) else { return Some(before) };
        let share = (now - before.0) / (after.0 - before.0);
        Some((now, before.1 + share * (after.1 - before.1)))
    }

    /// Returns the new parts of the curve between two times: each with true if it is reasoning.
    pub(super) fn between(&self, from: f64, to: f64) -> Vec<(bool, Vec<Moment>)> {
        let turn = self.thought_until.filter(|turn| from < *turn && *turn < to);
        let mut parts = Vec::new();
        let mut begin = from;
        for end in turn.into_iter().chain([to]) {
            let is_thought = self.thought_until.is_some_and(|until| end <= until);
            // points at `from` itself belong to the first frame alone
            let inner = self
                .points
                .iter()
                .filter(|(at, _)| (*at > begin || (*at == 0.0 && begin == 0.0)) && *at <= end);
            let path: Vec<Moment> =
                self.moment(begin).into_iter().chain(inner.copied()).chain(self.moment(end)).collect();
            if path.len() > 1 && path.first() != path.last() {
                parts.push((is_thought, path));
            }
            begin = end;
        }
        parts
    }

    /// Returns the decode speed up to `now`, once there is enough to tell it.
    pub(super) fn speed_so_far(&self, now: f64) -> Option<String> {
        let (start, first) = *self.points.get(1)?;
        let (at, tokens) = self.moment(now)?;
        let (tokens, seconds) = (tokens - first, at - start);
        let is_evident = tokens >= MIN_EVIDENCE.0 && seconds >= MIN_EVIDENCE.1;
        is_evident.then(|| figures::speed(Some(tokens / seconds), self.count))
    }
}

/// Lightens a colour until it can be seen on the background.
fn visible(color: Color) -> Color {
    let lighter = [1.0, 0.85, 0.7, 0.55, 0.4].map(|share| palette::mix(color, TEXT, share));
    lighter.into_iter().find(|color| palette::contrast(*color, BACKGROUND) >= MIN_CONTRAST).unwrap_or(TEXT)
}
