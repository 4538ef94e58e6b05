//! One lane's row in words.

use std::time::Duration;

use super::{
    content::{Award, RankedLane},
    sanitize::{self, ERROR_CHARS, NAME_CHARS, Speed},
    text::Fonts,
};
use crate::{
    model::Color,
    race::{
        arrivals::SpeedNote,
        event::StopCause,
        figures,
        report::{LaneReport, Status},
    },
};

/// One lane.
pub(super) struct Row {
    /// Its name, in any script.
    pub(super) name: String,
    /// The first of name, id and position that the fonts can draw.
    pub(super) label: String,
    /// Its emoji, or any other text.
    pub(super) icon: String,
    /// The model's own colour.
    pub(super) color: Color,
    pub(super) is_simulated: bool,
    pub(super) award: Option<Award>,
    /// The wait for the first token: "0.62 s".
    pub(super) first_token: Option<String>,
    /// The time spent on reasoning before the answer: "12.3 s".
    pub(super) thought: Option<String>,
    /// The time to the last token: "3.41 s".
    pub(super) total: Option<String>,
    /// Output tokens: "≈680".
    pub(super) tokens: Option<String>,
    /// The small line under the name; empty if nothing is known.
    pub(super) detail: String,
    pub(super) outcome: Outcome,
}

/// The result of a lane.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It has a decode speed.
    Speed {
        /// "214", "≈9.4".
        figure: String,
        /// The bar's length as a share of the leader's, 0 to 1.
        share: f32,
        /// A note on the answer ("cut off"), if there is one.
        note: Option<&'static str>,
        /// False if the answer was cut off or stopped.
        is_complete: bool,
    },
    /// It has no decode speed, for this reason.
    NoSpeed(String),
    /// It failed, for this reason.
    Failed(String),
}

impl Row {
    /// Returns the row of a lane; `leader` is the speed of a full bar in tokens per second.
    pub(super) fn new(ranked: &RankedLane<'_>, award: Option<Award>, leader: f64, fonts: &Fonts) -> Self {
        let RankedLane { lane, index, .. } = ranked;
        let name = sanitize::line(&lane.card.name, NAME_CHARS);
        let first_token = sanitize::time(lane.metrics.ttft).map(figures::seconds);
        let thought = thought(lane).map(figures::seconds);
        let has_tokens = lane.metrics.output_tokens > 0;
        Self {
            label: label(lane, &name, *index, fonts),
            name: if name.is_empty() { format!("Model {}", index + 1) } else { name },
            icon: sanitize::line(&lane.card.icon, NAME_CHARS),
            color: lane.card.color,
            is_simulated: lane.simulated,
            award,
            detail: detail(lane, first_token.as_deref(), thought.as_deref()),
            first_token,
            thought,
            total: sanitize::time(lane.metrics.total).map(figures::seconds),
            tokens: has_tokens.then(|| figures::tokens(lane.metrics.output_tokens, lane.metrics.token_count)),
            outcome: outcome(ranked, leader),
        }
    }

    /// Returns label and figure of each known number, for a chart with a single row; none if the lane failed.
    pub(super) fn tiles(&self) -> Vec<(&'static str, String)> {
        if self.has_failed() {
            return Vec::new();
        }
        let all = [
            ("first token", &self.first_token),
            ("thought", &self.thought),
            ("total", &self.total),
            ("output tokens", &self.tokens),
        ];
        all.into_iter().filter_map(|(label, figure)| Some((label, figure.clone()?))).collect()
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

/// Returns "first token 0.88 s · thought 12.3 s".
fn detail(lane: &LaneReport, first_token: Option<&str>, thought: Option<&str>) -> String {
    if lane.status == Status::Failed {
        return String::new();
    }
    let first = first_token.map(|time| format!("first token {time}"));
    let thought = thought.map(|time| format!("thought {time}"));
    first.into_iter().chain(thought).collect::<Vec<_>>().join(" · ")
}

fn label(lane: &LaneReport, name: &str, index: usize, fonts: &Fonts) -> String {
    let id = sanitize::line(lane.card.id.as_str(), NAME_CHARS);
    let drawable = |text: &&str| !text.is_empty() && fonts.covers(text);
    [name, &id].into_iter().find(drawable).map_or_else(|| format!("Model {}", index + 1), str::to_owned)
}

/// Returns the time from the first token to the first answer token, or to the end if there was no answer.
fn thought(lane: &LaneReport) -> Option<Duration> {
    if lane.reasoning.is_empty() {
        return None;
    }
    let until = sanitize::time(lane.metrics.ttfa.or(lane.metrics.total))?;
    until.checked_sub(lane.metrics.ttft?).filter(|time| !time.is_zero())
}

fn outcome(ranked: &RankedLane<'_>, leader: f64) -> Outcome {
    let lane = ranked.lane;
    if lane.status == Status::Failed {
        return Outcome::Failed(reason(lane).unwrap_or_else(|| "no reason given".into()));
    }
    match ranked.speed {
        Speed::Known(speed) => Outcome::Speed {
            figure: figures::speed(Some(speed), lane.metrics.token_count),
            share: share(speed, leader),
            note: note(lane),
            is_complete: lane.status.is_finished(),
        },
        Speed::Unusable => Outcome::NoSpeed("no usable timing".into()),
        Speed::Undefined => Outcome::NoSpeed(why_no_speed(lane)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share")]
fn share(speed: f64, leader: f64) -> f32 {
    (speed / leader).clamp(0.0, 1.0) as f32
}

/// Returns the note on an answer that is incomplete or empty.
fn note(lane: &LaneReport) -> Option<&'static str> {
    match lane.status {
        Status::Truncated => Some("cut off"),
        Status::Stopped(StopCause::Restart) => Some("interrupted"),
        Status::Stopped(_) => Some("stopped"),
        _ if lane.spent_on_thinking() => Some("spent its cap on thinking"),
        _ => None,
    }
}

fn why_no_speed(lane: &LaneReport) -> String {
    let tokens = lane.metrics.output_tokens;
    match &lane.status {
        Status::Finished(_) if lane.spent_on_thinking() => "spent its cap on thinking".into(),
        Status::Finished(_) if tokens == 0 => "empty answer".into(),
        Status::Finished(_) => lane.metrics.speed_note.unwrap_or(SpeedNote::TooShort).public().into(),
        _ => reason(lane).unwrap_or_else(|| note(lane).unwrap_or("no answer").to_owned()),
    }
}

fn reason(lane: &LaneReport) -> Option<String> {
    let error = sanitize::line(lane.error.as_deref()?, ERROR_CHARS);
    let error = error.trim_end_matches(['.', ' ']);
    (!error.is_empty()).then(|| error.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{content::Content, tests::*},
        *,
    };
    use crate::{model::FinishReason, race::report::Report};

    fn first_row(lane: LaneReport) -> Row {
        let report = Report { prompt: "why?".into(), lanes: vec![lane], ..Report::default() };
        let fonts = Fonts::embedded().expect("the embedded fonts are whole");
        Content::new(&report, fonts).rows.remove(0)
    }

    fn no_speed(tokens: u64, answer: &str) -> LaneReport {
        let mut lane = line_up().lanes.remove(0);
        lane.metrics.tokens_per_second = None;
        lane.metrics.output_tokens = tokens;
        answer.clone_into(&mut lane.answer);
        lane
    }

    #[test]
    fn a_missing_speed_has_its_reason() {
        let reason = |lane| match first_row(lane).outcome {
            Outcome::NoSpeed(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(no_speed(1, "42")), "too short for a speed");
        assert_eq!(reason(no_speed(0, "")), "empty answer");
        let mut whole = no_speed(90, "all");
        whole.metrics.speed_note = Some(SpeedNote::OnePiece);
        assert_eq!(reason(whole), "arrived in one piece");
        let mut thinker = no_speed(4_000, "");
        thinker.reasoning = "hm".into();
        thinker.status = Status::Finished(Some(FinishReason::new("length")));
        assert_eq!(reason(thinker), "spent its cap on thinking");
        let mut stopped = no_speed(0, "");
        stopped.status = Status::Stopped(StopCause::Asked);
        stopped.error = Some("stopped before it finished.".into());
        assert_eq!(reason(stopped), "stopped before it finished");
    }

    #[test]
    fn an_incomplete_answer_keeps_its_speed_and_has_a_note() {
        let mut lane = line_up().lanes.remove(0);
        lane.status = Status::Truncated;
        let Outcome::Speed { figure, note, is_complete, .. } = first_row(lane).outcome else {
            panic!("a speed")
        };
        assert_eq!((figure.as_str(), note, is_complete), ("143", Some("cut off"), false));
    }

    #[test]
    fn reasoning_is_timed_from_the_first_token_to_the_first_answer_token() {
        let row = first_row(line_up().lanes.remove(4));
        assert_eq!(row.thought.as_deref(), Some("12.3 s"));
        assert_eq!(first_row(line_up().lanes.remove(0)).thought, None);
        let rows = Content::new(&line_up(), Fonts::embedded().expect("the embedded fonts are whole")).rows;
        assert_eq!(rows[3].detail, "first token 0.88 s · thought 12.3 s");
        assert_eq!(rows[4].detail, "", "a failed lane has none");
    }

    #[test]
    fn a_name_that_cannot_be_drawn_is_replaced_by_the_id() {
        let mut lane = line_up().lanes.remove(1);
        let card = std::sync::Arc::make_mut(&mut lane.card);
        card.name = "通义千问".into();
        let row = first_row(lane.clone());
        assert_eq!((row.name.as_str(), row.label.as_str()), ("通义千问", "qwen-7b"));
        std::sync::Arc::make_mut(&mut lane.card).id = crate::model::ModelId::new("千问");
        assert_eq!(first_row(lane).label, "Model 1");
    }
}
