//! The words and shares of a chart. The picture and its alternative text are both made from a [`Content`].

use super::{
    row::Row,
    sanitize::{self, PROMPT_CHARS, Speed},
    text::Fonts,
};
use crate::race::{
    figures,
    metrics::TokenCount,
    report::{LaneReport, Report, Status},
};

/// The most rows of a chart; further lanes are counted.
pub(super) const MAX_ROWS: usize = 8;

/// Everything that a chart says.
pub(super) struct Content {
    /// The prompt in quotation marks, or a plain line if it cannot be drawn.
    pub(super) title: String,
    /// The header's note on simulated models, if there are any.
    pub(super) simulated: Option<&'static str>,
    /// True if some but not all models are simulated.
    pub(super) is_mixed: bool,
    /// The best lanes, the best first.
    pub(super) rows: Vec<Row>,
    /// Label and figure of each tile. A single row shows its numbers in tiles instead of its detail line.
    pub(super) tiles: Vec<(&'static str, String)>,
    /// The count of lanes that have no row: "+ 11 more in the message, 3 of them failed".
    pub(super) more: Option<String>,
    /// True if a speed in a row is an estimate.
    pub(super) is_estimated: bool,
}

/// A lane with its checked speed.
pub(super) struct RankedLane<'a> {
    pub(super) lane: &'a LaneReport,
    /// The lane's index in the line-up.
    pub(super) index: usize,
    pub(super) speed: Speed,
}

impl RankedLane<'_> {
    /// Returns the speed if the chart shows a bar for it.
    fn bar_speed(&self) -> Option<f64> {
        match (&self.lane.status, self.speed) {
            (Status::Failed, _) => None,
            (_, Speed::Known(speed)) => Some(speed),
            _ => None,
        }
    }

    /// Returns the sort key: finished with a speed, finished, cut off or stopped, failed.
    fn class(&self) -> u8 {
        match (&self.lane.status, self.bar_speed()) {
            (Status::Finished(_), Some(_)) => 0,
            (Status::Finished(_), None) => 1,
            (Status::Truncated | Status::Stopped(_), _) => 2,
            (Status::Failed, _) => 3,
        }
    }
}

impl Content {
    /// Returns what the chart of `report` says. Values that cannot be measured or drawn are replaced by a reason.
    pub(super) fn new(report: &Report, fonts: &Fonts) -> Self {
        let lanes = ranked(report);
        let (drawn, rest) = lanes.split_at(lanes.len().min(MAX_ROWS));
        let leader = drawn.iter().filter_map(RankedLane::bar_speed).fold(0.0, f64::max);
        let awarded = drawn.iter().zip(awards(&lanes));
        let mut rows: Vec<Row> = awarded.map(|(lane, award)| Row::new(lane, award, leader, fonts)).collect();
        let tiles = match &mut rows[..] {
            [only] => {
                only.detail.clear();
                only.tiles()
            }
            _ => Vec::new(),
        };
        Self {
            title: title(report, fonts),
            simulated: simulated(report),
            is_mixed: report.simulated() && !report.lanes.iter().all(|lane| lane.simulated),
            rows,
            tiles,
            more: more(rest),
            is_estimated: drawn.iter().any(|ranked| {
                ranked.bar_speed().is_some() && ranked.lane.metrics.token_count == TokenCount::Estimated
            }),
        }
    }
}

/// Returns the lanes, the best first, by the numbers that can be trusted.
pub(super) fn ranked(report: &Report) -> Vec<RankedLane<'_>> {
    let ranked = |index: usize| {
        let lane = &report.lanes[index];
        RankedLane { lane, index, speed: sanitize::speed(lane.metrics.tokens_per_second) }
    };
    let mut lanes: Vec<RankedLane<'_>> = report.order().into_iter().map(ranked).collect();
    lanes.sort_by_key(RankedLane::class);
    lanes
}

/// An award of a lane. Two different winners show throughput and latency in one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Award {
    /// The highest decode speed.
    Fastest,
    /// The first answer token.
    First,
    Both,
}

impl Award {
    /// Returns the words in the bar.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Fastest => "fastest stream",
            Self::First => "first to answer",
            Self::Both => "first and fastest",
        }
    }
}

/// Returns the award of each lane. Only finished lanes win, only against another one, and only by figures that read
/// differently. Reasoning is not an answer, so the first token outside reasoning counts.
fn awards(lanes: &[RankedLane<'_>]) -> Vec<Option<Award>> {
    let finished = || lanes.iter().enumerate().filter(|(_, ranked)| ranked.lane.status.is_finished());
    let speeds = finished().filter_map(|(i, ranked)| {
        let speed = ranked.bar_speed()?;
        Some((i, -speed, figures::speed(Some(speed), ranked.lane.metrics.token_count)))
    });
    let waits = finished().filter_map(|(i, ranked)| {
        let wait = sanitize::time(ranked.lane.metrics.ttfa)?;
        Some((i, wait.as_secs_f64(), figures::seconds(wait)))
    });
    let (fastest, first) = (winner(speeds), winner(waits));
    let award = |i| match (fastest == Some(i), first == Some(i)) {
        (true, true) => Some(Award::Both),
        (true, false) => Some(Award::Fastest),
        (false, true) => Some(Award::First),
        (false, false) => None,
    };
    (0..lanes.len()).map(award).collect()
}

/// Returns the index with the smallest key, unless it is the only one or the second reads the same.
fn winner(candidates: impl Iterator<Item = (usize, f64, String)>) -> Option<usize> {
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort_by(|a, b| a.1.total_cmp(&b.1));
    match &candidates[..] {
        [best, second, ..] if best.2 != second.2 => Some(best.0),
        _ => None,
    }
}

fn title(report: &Report, fonts: &Fonts) -> String {
    let prompt = sanitize::line(&report.prompt, PROMPT_CHARS);
    if !prompt.is_empty() && fonts.covers(&prompt) {
        return format!("“{prompt}”");
    }
    match report.lanes.len() {
        0 => "No models".into(),
        1 => "One model, one prompt".into(),
        n => format!("{} models, one prompt", number_word(n)),
    }
}

fn number_word(n: usize) -> String {
    const WORDS: [&str; 11] =
        ["Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];
    n.checked_sub(2).and_then(|i| WORDS.get(i)).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

fn simulated(report: &Report) -> Option<&'static str> {
    match (report.lanes.len(), report.lanes.iter().filter(|lane| lane.simulated).count()) {
        (_, 0) => None,
        (1, _) => Some("simulated model"),
        (all, some) if all == some => Some("simulated models"),
        _ => Some("some models simulated"),
    }
}

fn more(rest: &[RankedLane<'_>]) -> Option<String> {
    let failed = rest.iter().filter(|ranked| ranked.lane.status == Status::Failed).count();
    match (rest.len(), failed) {
        (0, _) => None,
        (n, 0) => Some(format!("+ {n} more in the message")),
        (1, 1) => Some("+ 1 more in the message, it failed".into()),
        (n, failed) if n == failed => Some(format!("+ {n} more in the message, all failed")),
        (n, failed) => Some(format!("+ {n} more in the message, {failed} of them failed")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::*, *};

    fn content(report: &Report) -> Content {
        Content::new(report, Fonts::embedded().expect("the embedded fonts are whole"))
    }

    #[test]
    fn the_prompt_is_the_title_where_it_can_be_drawn() {
        let titled = |prompt: &str| content(&Report { prompt: prompt.into(), ..line_up() }).title;
        assert_eq!(titled("Why is\nthe sky blue?"), "“Why is the sky blue?”");
        for prompt in ["天空为什么是蓝色的?", "لماذا السماء زرقاء؟", "sky 🌌?", "", "\u{200B}"]
        {
            assert_eq!(titled(prompt), "Five models, one prompt", "{prompt}");
        }
    }

    #[test]
    fn unusable_speeds_fall_behind_those_that_were_measured() {
        let mut report = line_up();
        for (place, wild) in [(0, f64::NAN), (1, f64::INFINITY), (2, 1e300)] {
            report.lanes[place].metrics.tokens_per_second = Some(wild);
        }
        let names: Vec<String> = content(&report).rows.into_iter().map(|row| row.name).collect();
        assert_eq!(names[0], "DeepSeek R1");
        assert_eq!(names[4], "Qwen Coder", "the failed one is last");
    }

    #[test]
    fn eight_rows_are_drawn_and_the_rest_is_counted() {
        let content = content(&crowd(19));
        assert_eq!(content.rows.len(), MAX_ROWS);
        assert_eq!(content.more.as_deref(), Some("+ 11 more in the message, 3 of them failed"));
    }

    #[test]
    fn simulated_models_are_named() {
        let note = |of: &Report| (content(of).simulated, content(of).is_mixed);
        let mut report = line_up();
        assert_eq!(note(&report), (None, false));
        report.lanes[1].simulated = true;
        assert_eq!(note(&report), (Some("some models simulated"), true));
        report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
        assert_eq!(note(&report), (Some("simulated models"), false));
    }

    fn winners(report: &Report) -> Vec<(String, Award)> {
        let lanes = ranked(report);
        let named = lanes.iter().zip(awards(&lanes));
        named.filter_map(|(ranked, award)| Some((ranked.lane.card.name.clone(), award?))).collect()
    }

    #[test]
    fn latency_and_throughput_have_different_winners() {
        let expected = [("GPT-OSS 120B".into(), Award::Fastest), ("Gemma 2B".into(), Award::First)];
        assert_eq!(winners(&line_up()), expected);
    }

    #[test]
    fn one_lane_may_win_both() {
        let mut report = line_up();
        report.lanes[2].metrics.ttfa = Some(ms(90));
        assert_eq!(winners(&report), [("GPT-OSS 120B".into(), Award::Both)]);
    }

    #[test]
    fn a_tie_and_a_single_lane_have_no_winner() {
        let mut report = line_up();
        for lane in &mut report.lanes {
            lane.metrics.tokens_per_second = Some(143.2);
            lane.metrics.ttfa = Some(ms(210));
        }
        assert_eq!(winners(&report), []);
        report = line_up();
        report.lanes.truncate(1);
        assert_eq!(winners(&report), []);
    }

    #[test]
    fn reasoning_early_is_not_answering_first() {
        let mut report = line_up();
        report.lanes[4].metrics.ttft = Some(ms(1));
        assert_eq!(winners(&report)[1], ("Gemma 2B".into(), Award::First));
    }
}
