//! One lane's row in words.
//!
//! Must not know its place or its height.

use std::time::Duration;

use super::{
    super::{
        sanitize::{self, ERROR_CHARS, NAME_CHARS, Speed},
        text::Fonts,
    },
    Entry, Honour,
};
use crate::{
    model::Color,
    race::{
        event::StopCause,
        figures,
        report::{LaneReport, Status},
    },
};

/// One lane.
pub(in crate::chart) struct Row {
    /// Its name, in any script.
    pub(in crate::chart) name: String,
    /// The name that can be drawn.
    pub(in crate::chart) label: String,
    /// Its emoji, or anything else.
    pub(in crate::chart) icon: String,
    /// The model's own colour.
    pub(in crate::chart) color: Color,
    /// True when no language model stands behind it.
    pub(in crate::chart) simulated: bool,
    /// What it won.
    pub(in crate::chart) honour: Option<Honour>,
    /// The wait for the first token: "0.62 s".
    pub(in crate::chart) first_token: Option<String>,
    /// How long it thought before it answered: "12.3 s".
    pub(in crate::chart) thought: Option<String>,
    /// The time to the last token: "3.41 s".
    pub(in crate::chart) total: Option<String>,
    /// Output tokens: "≈680".
    pub(in crate::chart) tokens: Option<String>,
    /// The small line under the name; empty where nothing is known.
    pub(in crate::chart) detail: String,
    /// How it went.
    pub(in crate::chart) outcome: Outcome,
}

/// How a lane went.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::chart) enum Outcome {
    /// It has a decode speed.
    Speed {
        /// "214", "≈9.4".
        figure: String,
        /// The bar's length as a share of the leader's, 0 to 1.
        share: f32,
        /// What is to be known of it ("cut off"), if anything.
        mark: Option<&'static str>,
        /// True when the answer is whole.
        whole: bool,
    },
    /// It has none, and why.
    NoSpeed(String),
    /// It failed, and why.
    Failed(String),
}

impl Row {
    /// The row of an entry; `leader` is the speed of a full bar in tokens per second.
    pub(super) fn of(entry: &Entry<'_>, leader: f64, fonts: &Fonts) -> Self {
        let Entry { lane, place, .. } = entry;
        let name = sanitize::line(&lane.card.name, NAME_CHARS);
        let first_token = sanitize::time(lane.metrics.ttft).map(figures::seconds);
        let thought = thought(lane).map(figures::seconds);
        let has_tokens = lane.metrics.output_tokens > 0;
        Self {
            label: label(lane, &name, *place, fonts),
            name: if name.is_empty() { format!("Model {}", place + 1) } else { name },
            icon: sanitize::line(&lane.card.icon, NAME_CHARS),
            color: lane.card.color,
            simulated: lane.simulated,
            honour: None,
            detail: detail(lane, first_token.as_deref(), thought.as_deref()),
            first_token,
            thought,
            total: sanitize::time(lane.metrics.total).map(figures::seconds),
            tokens: has_tokens.then(|| figures::tokens(lane.metrics.output_tokens, lane.metrics.token_count)),
            outcome: outcome(entry, leader),
        }
    }

    /// Its numbers one by one, for a chart with a single row; none where it failed.
    pub(in crate::chart) fn tiles(&self) -> Vec<(&'static str, String)> {
        if matches!(self.outcome, Outcome::Failed(_)) {
            return Vec::new();
        }
        let all = [
            ("first token", &self.first_token),
            ("thought", &self.thought),
            ("total", &self.total),
            ("output tokens", &self.tokens),
        ];
        all.into_iter().filter_map(|(what, figure)| Some((what, figure.clone()?))).collect()
    }
}

/// "first token 0.88 s · thought 12.3 s".
fn detail(lane: &LaneReport, first_token: Option<&str>, thought: Option<&str>) -> String {
    if lane.status == Status::Failed {
        return String::new();
    }
    let first = first_token.map(|time| format!("first token {time}"));
    let thought = thought.map(|time| format!("thought {time}"));
    first.into_iter().chain(thought).collect::<Vec<_>>().join(" · ")
}

/// The first of name, id and place that the fonts can draw.
fn label(lane: &LaneReport, name: &str, place: usize, fonts: &Fonts) -> String {
    let id = sanitize::line(lane.card.id.as_str(), NAME_CHARS);
    let drawable = |text: &&str| !text.is_empty() && fonts.covers(text);
    [name, &id].into_iter().find(drawable).map_or_else(|| format!("Model {}", place + 1), str::to_owned)
}

/// From the first token to the first answer token, or to the end where no answer came.
fn thought(lane: &LaneReport) -> Option<Duration> {
    if lane.reasoning.is_empty() {
        return None;
    }
    let until = sanitize::time(lane.metrics.ttfa.or(lane.metrics.total))?;
    until.checked_sub(lane.metrics.ttft?).filter(|time| !time.is_zero())
}

fn outcome(entry: &Entry<'_>, leader: f64) -> Outcome {
    let lane = entry.lane;
    if lane.status == Status::Failed {
        return Outcome::Failed(reason(lane).unwrap_or_else(|| "no reason given".into()));
    }
    match entry.speed {
        Speed::Known(speed) => Outcome::Speed {
            figure: figures::speed(Some(speed), lane.metrics.token_count),
            share: share(speed, leader),
            mark: mark(lane),
            whole: lane.status.is_finished(),
        },
        Speed::Unusable => Outcome::NoSpeed("no usable timing".into()),
        Speed::Undefined => Outcome::NoSpeed(why_no_speed(lane)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share")]
fn share(speed: f64, leader: f64) -> f32 {
    (speed / leader).clamp(0.0, 1.0) as f32
}

/// What stands beside a bar that does not tell the whole story.
fn mark(lane: &LaneReport) -> Option<&'static str> {
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
        Status::Finished(_) if tokens == 1 => "one token: no speed".into(),
        Status::Finished(_) => "all in one read: no speed".into(),
        _ => reason(lane).unwrap_or_else(|| mark(lane).unwrap_or("no answer").to_owned()),
    }
}

fn reason(lane: &LaneReport) -> Option<String> {
    let said = sanitize::line(lane.error.as_deref()?, ERROR_CHARS);
    let said = said.trim_end_matches(['.', ' ']);
    (!said.is_empty()).then(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::samples::*, Card},
        *,
    };
    use crate::{model::FinishReason, race::report::Report};

    fn first_row(lane: LaneReport) -> Row {
        let report = Report { prompt: "why?".into(), lanes: vec![lane] };
        let fonts = Fonts::embedded().expect("the embedded fonts are whole");
        Card::of(&report, fonts).rows.remove(0)
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
        let said = |lane| match first_row(lane).outcome {
            Outcome::NoSpeed(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(no_speed(1, "42")), "one token: no speed");
        assert_eq!(said(no_speed(0, "")), "empty answer");
        assert_eq!(said(no_speed(90, "all")), "all in one read: no speed");
        let mut thinker = no_speed(4_000, "");
        thinker.reasoning = "hm".into();
        thinker.status = Status::Finished(FinishReason::new("length"));
        assert_eq!(said(thinker), "spent its cap on thinking");
        let mut stopped = no_speed(0, "");
        stopped.status = Status::Stopped(StopCause::Asked);
        stopped.error = Some("stopped before it finished.".into());
        assert_eq!(said(stopped), "stopped before it finished");
    }

    #[test]
    fn an_unfinished_answer_keeps_its_speed_and_is_marked() {
        let mut lane = line_up().lanes.remove(0);
        lane.status = Status::Truncated;
        let Outcome::Speed { figure, mark, whole, .. } = first_row(lane).outcome else { panic!("a speed") };
        assert_eq!((figure.as_str(), mark, whole), ("143", Some("cut off"), false));
    }

    #[test]
    fn thinking_is_timed_from_the_first_token_to_the_first_answer_token() {
        let row = first_row(line_up().lanes.remove(4));
        assert_eq!(row.thought.as_deref(), Some("12.3 s"));
        assert_eq!(first_row(line_up().lanes.remove(0)).thought, None);
        let rows = Card::of(&line_up(), Fonts::embedded().expect("the embedded fonts are whole")).rows;
        assert_eq!(rows[3].detail, "first token 0.88 s · thought 12.3 s");
        assert_eq!(rows[4].detail, "", "nothing of a failed lane");
    }

    #[test]
    fn a_name_that_cannot_be_drawn_gives_way_to_the_id() {
        let mut lane = line_up().lanes.remove(1);
        let card = std::sync::Arc::make_mut(&mut lane.card);
        card.name = "通义千问".into();
        let row = first_row(lane.clone());
        assert_eq!((row.name.as_str(), row.label.as_str()), ("通义千问", "qwen-7b"));
        std::sync::Arc::make_mut(&mut lane.card).id = crate::model::ModelId::new("千问");
        assert_eq!(first_row(lane).label, "Model 1");
    }
}
