//! The board in words: the verdict, a sentence per model, a table for a terminal or a chat message.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{
    Aside, Board, Counts, LengthEffect, Standing,
    fit::count,
    verdict::{LEADER_CONFIDENCE, MIN_BALLOTS, MIN_LEADER_VOTERS, MIN_RACES, MIN_VOTERS, Verdict},
};

const NUMBERS: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// The narrowest table, in columns.
const MIN_COLUMNS: usize = 28;
/// The columns from which on the table shows the measurements and the probability of being best.
const WIDE_COLUMNS: usize = 56;

/// Returns the verdict as a sentence without a full stop.
#[must_use]
pub fn verdict(board: &Board) -> String {
    match (board.verdict, board.standings.as_slice()) {
        (Verdict::Leader, [leader, ..]) => {
            format!("{} leads for this team ({} likely the best)", leader.name, probability(leader.p_best))
        }
        (Verdict::TooClose, _) if board.counts.none_good == board.counts.ballots => {
            "No model leads for this team: every ballot says that none is good".into()
        }
        (Verdict::TooClose, [first, second, ..]) => {
            format!("Too close to call between {} and {} for this team", first.name, second.name)
        }
        (_, standings) => too_early(&board.counts, standings.len()),
    }
}

fn too_early(counts: &Counts, models: usize) -> String {
    let missing: Vec<String> = progress(counts)
        .into_iter()
        .filter(|(have, need, _)| have < need)
        .map(|(have, need, what)| format!("{have} of {need} {what}"))
        .collect();
    match missing.as_slice() {
        [] => format!("Too early: {models} of 2 models"),
        missing => format!("Too early: {}", missing.join(", ")),
    }
}

/// Returns how many ballots, voters and races there are and must be, and their names.
#[must_use]
pub fn progress(counts: &Counts) -> [(usize, usize, &'static str); 3] {
    [
        (counts.ballots, MIN_BALLOTS, "ballots"),
        (counts.voters, MIN_VOTERS, "voters"),
        (counts.races, MIN_RACES, "races"),
    ]
}

/// Returns the numbers behind the board: "81 ballots by 6 voters in 30 races".
#[must_use]
pub fn counts(board: &Board) -> String {
    let Counts { ballots, voters, races, .. } = board.counts;
    format!("{} by {} in {}", plural(ballots, "ballot"), plural(voters, "voter"), plural(races, "race"))
}

/// Returns the kind of race that the pick rates are about: "five-way races".
#[must_use]
pub fn races(board: &Board) -> String {
    let n = board.standings.len();
    match n.checked_sub(2).and_then(|at| NUMBERS.get(at)) {
        Some(number) => format!("{number}-way races"),
        None => format!("{n}-way races"),
    }
}

/// Returns the number shown for a model: "would be picked best in 34 % of five-way races (24 to 46)".
#[must_use]
pub fn sentence(board: &Board, standing: &Standing) -> String {
    let (rate, races) = (percent(standing.pick_rate), races(board));
    format!("would be picked best in {rate} of {races} ({})", interval(standing, " to "))
}

/// Returns the share of ballots that find no answer good; `None` without ballots.
#[must_use]
pub fn satisfaction(board: &Board) -> Option<String> {
    let Counts { none_good, ballots, .. } = board.counts;
    let share = 1.0 - board.satisfaction()?;
    Some(format!("None is good on {none_good} of {} ({})", plural(ballots, "ballot"), percent(share)))
}

/// Returns the effect of an answer's length: "The longest answer won 31 % of ballots; by luck 20 %".
#[must_use]
pub fn length(board: &Board) -> Option<String> {
    let LengthEffect { longest_won, by_luck } = board.length?;
    Some(format!("The longest answer won {} of ballots; by luck {}", percent(longest_won), percent(by_luck)))
}

/// Returns the whole board as lines of at most `columns`, at least [`MIN_COLUMNS`]: the verdict, the counts, and where it is
/// not too early the table and how to read it.
#[must_use]
pub fn text(board: &Board, columns: usize) -> Vec<String> {
    let columns = columns.max(MIN_COLUMNS);
    let wrapped = |sentence: String| {
        // a number and its sign stay on one line
        let sentence = format!("{sentence}.").replace(" %", "\u{a0}%");
        let lines = textwrap::wrap(&sentence, columns);
        lines.iter().map(|line| line.replace('\u{a0}', " ")).collect::<Vec<_>>()
    };
    let mut lines = wrapped(verdict(board));
    lines.extend(wrapped(counts(board)));
    if board.verdict != Verdict::TooEarly {
        lines.push(String::new());
        lines.extend(table(board, columns));
        lines.push(String::new());
        lines.extend(notes(board).into_iter().flat_map(wrapped));
    }
    lines
}

/// Returns the sentences below the table.
#[must_use]
pub fn notes(board: &Board) -> Vec<String> {
    let reading = board.standings.first().map(|first| {
        let sentence = sentence(board, first);
        format!("Read: {} {sentence}, its 95 % interval", first.name)
    });
    let has_tiers = board.standings.last().is_some_and(|last| last.tier > 1);
    let tiers =
        if has_tiers { "Models of different tiers clearly differ" } else { "No model clearly stands out" };
    let is_ahead = board.standings.first().is_some_and(|first| first.p_best >= LEADER_CONFIDENCE);
    let few_voters = (is_ahead && board.counts.voters < MIN_LEADER_VOTERS).then(|| {
        format!("A leader is named from {MIN_LEADER_VOTERS} voters on; {} have voted", board.counts.voters)
    });
    [few_voters, reading, Some(tiers.into()), satisfaction(board), length(board)]
        .into_iter()
        .flatten()
        .collect()
}

/// A cell of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// The number in it, by which its column is sorted.
    pub value: Option<f64>,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), value: None }
    }

    fn number(text: impl Into<String>, value: f64) -> Self {
        Self { text: text.into(), value: Some(value) }
    }
}

/// A column of the table: a heading and a cell per model.
struct Column {
    heading: &'static str,
    cells: Vec<Cell>,
    is_left: bool,
}

/// Returns the models with their pick rates as a table of at most `columns`, with a line between tiers. Where there is
/// room, it also shows the probability of being best and the measurements.
#[must_use]
pub fn table(board: &Board, columns: usize) -> Vec<String> {
    let columns = columns.max(MIN_COLUMNS);
    let is_wide = columns >= WIDE_COLUMNS;
    let (all, gap) = (table_columns(board, is_wide), if is_wide { 2 } else { 1 });
    let width = |column: &Column| {
        column.cells.iter().map(|cell| cell.text.width()).fold(column.heading.width(), usize::max)
    };
    let mut widths: Vec<usize> = all.iter().map(width).collect();
    let fixed: usize = widths.iter().sum::<usize>() - widths[1] + gap * (widths.len() - 1);
    widths[1] = widths[1].min(columns.saturating_sub(fixed)).max(4);
    let line = |cell: &dyn Fn(&Column) -> String| {
        let cells =
            all.iter().zip(&widths).map(|(column, width)| padded(&cell(column), *width, column.is_left));
        cells.collect::<Vec<_>>().join(&" ".repeat(gap)).trim_end().to_owned()
    };
    let mut lines = vec![line(&|column| column.heading.into())];
    for (i, standing) in board.standings.iter().enumerate() {
        if i > 0 && board.standings[i - 1].tier != standing.tier {
            let label = format!("─ tier {} ", standing.tier);
            let width = widths.iter().sum::<usize>() + gap * (widths.len() - 1);
            lines.push(format!("{label}{}", "─".repeat(width.saturating_sub(label.width()))));
        }
        lines.push(line(&|column| column.cells[i].text.clone()));
    }
    lines
}

/// Returns the headings of the table and a row of cells per model, with everything that it can show.
#[must_use]
pub fn cells(board: &Board) -> (Vec<&'static str>, Vec<Vec<Cell>>) {
    let columns = table_columns(board, true);
    let row = |i: usize| columns.iter().map(|column| column.cells[i].clone()).collect();
    (columns.iter().map(|column| column.heading).collect(), (0..board.standings.len()).map(row).collect())
}

fn table_columns(board: &Board, is_wide: bool) -> Vec<Column> {
    let standings = &board.standings;
    let column = |heading, is_left, cell: &dyn Fn(usize, &Standing) -> Cell| Column {
        heading,
        is_left,
        cells: standings.iter().enumerate().map(|(i, standing)| cell(i, standing)).collect(),
    };
    let share = |text: String, share: f64| Cell::number(text, 100.0 * share);
    let mut columns = vec![
        column("#", false, &|i, _| Cell::number((i + 1).to_string(), count(i + 1))),
        column("model", true, &|_, standing| Cell::text(&*standing.name)),
        column("picked", false, &|_, standing| share(percent(standing.pick_rate), standing.pick_rate)),
        column("95 %", true, &|_, standing| Cell::text(interval(standing, "–"))),
    ];
    if is_wide {
        columns.push(column("P(best)", false, &|_, standing| {
            share(probability(standing.p_best), standing.p_best)
        }));
        let aside = |cell: fn(&Aside) -> Option<Cell>| {
            move |_: usize, standing: &Standing| {
                standing.aside.as_ref().and_then(cell).unwrap_or_else(|| Cell::text("–"))
            }
        };
        let failed = |aside: &Aside| Some(Cell::text(format!("{}/{}", aside.failures, aside.answers)));
        let speed =
            |aside: &Aside| aside.median_speed.map(|speed| Cell::number(format!("{speed:.0}"), speed));
        let cost = |aside: &Aside| {
            aside.cost.map(|cost| Cell::number(format!("{:.5}", cost.dollars()), cost.dollars()))
        };
        let asides = [
            column("failed", false, &aside(failed)),
            column("tok/s", false, &aside(speed)),
            column("$/answer", false, &aside(cost)),
        ];
        columns.extend(asides.into_iter().filter(|column| column.cells.iter().any(|cell| cell.text != "–")));
    }
    columns
}

/// Fills `cell` with spaces to `width` columns, or clips it.
fn padded(cell: &str, width: usize, is_left: bool) -> String {
    let clipped = clipped(cell, width);
    let space = " ".repeat(width - clipped.width());
    if is_left { clipped + &space } else { space + &clipped }
}

fn clipped(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut kept = String::new();
    for grapheme in cell.graphemes(true) {
        if kept.width() + grapheme.width() + 1 > width {
            break;
        }
        kept.push_str(grapheme);
    }
    kept + "…"
}

/// Returns the interval of a pick rate in percent: "24 to 46".
#[must_use]
pub fn interval(standing: &Standing, separator: &str) -> String {
    let [low, high] = [standing.pick_rate_low, standing.pick_rate_high].map(|share| 100.0 * share);
    format!("{low:.0}{separator}{high:.0}")
}

/// Returns a share in whole percent. A share that is neither nothing nor all never looks like it.
#[must_use]
pub fn percent(share: f64) -> String {
    match share {
        0.0 | 1.0 => format!("{:.0} %", 100.0 * share),
        share => probability(share),
    }
}

/// Returns a probability in whole percent, which is never zero or one.
#[must_use]
pub fn probability(p: f64) -> String {
    match 100.0 * p {
        percent if percent <= 0.5 => "< 1 %".into(),
        percent if percent >= 99.5 => "> 99 %".into(),
        percent => format!("{percent:.0} %"),
    }
}

fn plural(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        board::{Ballot, read},
        race::cost::Cost,
    };

    fn team() -> Board {
        Board::of(&read(&include_bytes!("../../tests/fixtures/board/team_ballots.csv")[..]).unwrap()).unwrap()
    }

    /// Ballots of `voters` in twenty races between two models, of whom `best` picks one in each race.
    fn board(voters: usize, models: [&str; 2], best: impl Fn(usize) -> Option<usize>) -> Board {
        let ballots = (0..20).flat_map(|race| (0..voters).map(move |voter| (race, voter)));
        let ballots: Vec<Ballot> = ballots
            .map(|(race, voter)| {
                let best = best(race).map(|at| models[at]);
                let lanes = models.map(Into::into).to_vec();
                Ballot::new(race.to_string(), voter.to_string(), lanes, (best, None), best.is_none()).unwrap()
            })
            .collect();
        Board::of(&ballots).unwrap()
    }

    #[test]
    fn the_whole_board_in_a_terminal() {
        insta::assert_snapshot!(text(&team(), 80).join("\n"));
    }

    #[test]
    fn the_whole_board_on_a_phone() {
        let text = text(&team(), 28);
        assert!(text.iter().all(|line| line.width() <= 28), "{text:?}");
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn measurements_stand_beside_the_votes() {
        let aside =
            Aside { answers: 30, failures: 2, median_speed: Some(97.4), cost: Some(Cost::from_micros(410)) };
        let asides =
            HashMap::from([("gpt-oss-120b".to_owned(), aside), ("qwen-7b".to_owned(), Aside::default())]);
        insta::assert_snapshot!(table(&team().beside(&asides), 80).join("\n"));
    }

    #[test]
    fn a_verdict_is_about_this_team() {
        let early = verdict(&board(1, ["a", "b"], |_| Some(0)));
        assert_eq!(early, "Too early: 1 of 3 voters");
        let close = verdict(&board(5, ["a", "b"], |race| Some(race % 2)));
        assert_eq!(close, "Too close to call between a and b for this team");
        let leader = board(5, ["a", "b"], |_| Some(1));
        assert_eq!(verdict(&leader), "b leads for this team (> 99 % likely the best)");
        let none = verdict(&board(5, ["a", "b"], |_| None));
        assert_eq!(none, "No model leads for this team: every ballot says that none is good");
        let few = board(4, ["a", "b"], |_| Some(1));
        assert_eq!(verdict(&few), "Too close to call between b and a for this team");
        assert_eq!(notes(&few)[0], "A leader is named from 5 voters on; 4 have voted");
    }

    #[test]
    fn the_number_shown_is_a_pick_rate() {
        let board = team();
        let sentence = sentence(&board, &board.standings[0]);
        assert_eq!(sentence, "would be picked best in 31 % of five-way races (21 to 43)");
    }

    #[test]
    fn long_and_wide_names_are_clipped_to_the_table() {
        let models = ["模型".repeat(20), "m".repeat(80)];
        let board = board(5, [&models[0], &models[1]], |race| Some(race % 2));
        for columns in [28, 40, 80] {
            let lines = table(&board, columns);
            assert!(lines.iter().all(|line| line.width() <= columns), "{lines:?}");
            assert!(lines[1].contains('…'), "{lines:?}");
        }
    }

    #[test]
    fn a_share_never_looks_like_all_or_nothing() {
        let shares = [0.0, 0.001, 0.005, 0.344, 0.9949, 0.996, 1.0].map(percent);
        assert_eq!(shares, ["0 %", "< 1 %", "< 1 %", "34 %", "99 %", "> 99 %", "100 %"]);
        assert_eq!([0.0, 1.0].map(probability), ["< 1 %", "> 99 %"]);
    }
}
