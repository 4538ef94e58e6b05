//! What the chart says, as words and shares: the picture and its alternative text are both made from a [`Card`].
//!
//! Must not know places, sizes or colours other than the models' own.

mod honours;
mod row;

pub(super) use honours::Honour;
pub(super) use row::{Outcome, Row};

use super::{
    sanitize::{self, PROMPT_CHARS, Speed},
    text::Fonts,
};
use crate::race::{
    metrics::TokenCount,
    report::{LaneReport, Report, Status},
};

/// The most rows of a chart; further lanes are counted.
pub(super) const MAX_ROWS: usize = 8;

/// Everything that a chart says.
pub(super) struct Card {
    /// The prompt in quotation marks, or a plain line where it cannot be drawn.
    pub(super) title: String,
    /// What the header says of simulated models, if there are any.
    pub(super) simulated: Option<&'static str>,
    /// True when some but not all models are simulated.
    pub(super) mixed: bool,
    /// The best lanes, the best first.
    pub(super) rows: Vec<Row>,
    /// The numbers of a single row, each by itself and no longer in its small line.
    pub(super) tiles: Vec<(&'static str, String)>,
    /// What is not drawn: "+ 11 more in the message, 3 of them failed".
    pub(super) more: Option<String>,
    /// True when a figure in a row is an estimate.
    pub(super) estimated: bool,
}

/// A lane with what is needed to compare it.
struct Entry<'a> {
    lane: &'a LaneReport,
    place: usize,
    speed: Speed,
}

impl Entry<'_> {
    /// The speed, where it can be drawn.
    fn drawn_speed(&self) -> Option<f64> {
        match (&self.lane.status, self.speed) {
            (Status::Failed, _) => None,
            (_, Speed::Known(speed)) => Some(speed),
            _ => None,
        }
    }

    /// Smaller is better: finished with a speed, finished, cut off or stopped, failed.
    fn class(&self) -> u8 {
        match (&self.lane.status, self.drawn_speed()) {
            (Status::Finished(_), Some(_)) => 0,
            (Status::Finished(_), None) => 1,
            (Status::Truncated | Status::Stopped(_), _) => 2,
            (Status::Failed, _) => 3,
        }
    }
}

impl Card {
    /// What there is to say of a race. Any report gives a card; what cannot be measured or drawn is said so.
    pub(super) fn of(report: &Report, fonts: &Fonts) -> Self {
        let entries = ordered(report);
        let honours = honours::of(&entries);
        let (drawn, rest) = entries.split_at(entries.len().min(MAX_ROWS));
        let leader = drawn.iter().filter_map(Entry::drawn_speed).fold(0.0, f64::max);
        let row = |entry| Row::of(entry, leader, fonts);
        let mut rows: Vec<Row> = drawn.iter().map(row).collect();
        let tiles = match &mut rows[..] {
            [only] => {
                only.detail.clear();
                only.tiles()
            }
            _ => Vec::new(),
        };
        for (row, honour) in rows.iter_mut().zip(honours) {
            row.honour = honour;
        }
        Self {
            title: title(report, fonts),
            simulated: simulated(report),
            mixed: report.simulated() && !report.lanes.iter().all(|lane| lane.simulated),
            rows,
            tiles,
            more: more(rest),
            estimated: drawn.iter().any(|entry| {
                entry.drawn_speed().is_some() && entry.lane.metrics.token_count == TokenCount::Estimated
            }),
        }
    }
}

/// The lanes, the best first, by the numbers that can be trusted.
fn ordered(report: &Report) -> Vec<Entry<'_>> {
    let entry = |place: usize| {
        let lane = &report.lanes[place];
        Entry { lane, place, speed: sanitize::speed(lane.metrics.tokens_per_second) }
    };
    let mut entries: Vec<Entry<'_>> = report.order().into_iter().map(entry).collect();
    entries.sort_by_key(Entry::class);
    entries
}

fn title(report: &Report, fonts: &Fonts) -> String {
    let prompt = sanitize::line(&report.prompt, PROMPT_CHARS);
    if !prompt.is_empty() && fonts.covers(&prompt) {
        return format!("“{prompt}”");
    }
    match report.lanes.len() {
        0 => "No models".into(),
        1 => "One model, one prompt".into(),
        n => format!("{} models, one prompt", capitalised(n)),
    }
}

fn capitalised(n: usize) -> String {
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

fn more(rest: &[Entry<'_>]) -> Option<String> {
    let failed = rest.iter().filter(|entry| entry.lane.status == Status::Failed).count();
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
    use super::{super::samples::*, *};

    fn card(report: &Report) -> Card {
        Card::of(report, Fonts::embedded().expect("the embedded fonts are whole"))
    }

    #[test]
    fn the_prompt_is_the_title_where_it_can_be_drawn() {
        let titled = |prompt: &str| card(&Report { prompt: prompt.into(), ..line_up() }).title;
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
        let names: Vec<String> = card(&report).rows.into_iter().map(|row| row.name).collect();
        assert_eq!(names[0], "DeepSeek R1");
        assert_eq!(names[4], "Qwen Coder", "the failed one is last");
    }

    #[test]
    fn eight_rows_are_drawn_and_the_rest_is_counted() {
        let card = card(&crowd(19));
        assert_eq!(card.rows.len(), MAX_ROWS);
        assert_eq!(card.more.as_deref(), Some("+ 11 more in the message, 3 of them failed"));
    }

    #[test]
    fn simulated_models_are_named() {
        let note = |of: &Report| (card(of).simulated, card(of).mixed);
        let mut report = line_up();
        assert_eq!(note(&report), (None, false));
        report.lanes[1].simulated = true;
        assert_eq!(note(&report), (Some("some models simulated"), true));
        report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
        assert_eq!(note(&report), (Some("simulated models"), false));
    }
}
