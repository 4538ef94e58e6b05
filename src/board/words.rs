//! The board in words: the verdict, a sentence per model, a table for a terminal or a chat message.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{
    Aside, Board, Counts, LengthEffect, Standing,
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
            format!("{} leads for this team ({} likely the best)", leader.name, percent(leader.p_best))
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
        textwrap::wrap(&format!("{sentence}."), columns).into_iter().map(String::from).collect::<Vec<_>>()
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
    let reading = format!(
        "The percentage says how often this team would pick a model best in {}, with its 95 % interval; \
         a line separates tiers that clearly differ",
        races(board)
    );
    let is_ahead = board.standings.first().is_some_and(|first| first.p_best >= LEADER_CONFIDENCE);
    let few_voters = (is_ahead && board.counts.voters < MIN_LEADER_VOTERS).then(|| {
        format!("A leader is named from {MIN_LEADER_VOTERS} voters on; {} have voted", board.counts.voters)
    });
    [few_voters, Some(reading), satisfaction(board), length(board)].into_iter().flatten().collect()
}

/// A column of the table: a heading and a cell per model.
struct Column {
    heading: &'static str,
    cells: Vec<String>,
    is_left: bool,
}

/// Returns the models with their pick rates as a table of at most `columns`, with a line between tiers. Where there is
/// room, it also shows the probability of being best and the measurements.
#[must_use]
pub fn table(board: &Board, columns: usize) -> Vec<String> {
    let columns = columns.max(MIN_COLUMNS);
    let all = table_columns(board, columns >= WIDE_COLUMNS);
    let width = |column: &Column| {
        column.cells.iter().map(|cell| cell.width()).fold(column.heading.width(), usize::max)
    };
    let mut widths: Vec<usize> = all.iter().map(width).collect();
    let fixed: usize = widths.iter().sum::<usize>() - widths[1] + 2 * (widths.len() - 1);
    widths[1] = widths[1].min(columns.saturating_sub(fixed)).max(4);
    let line = |cell: &dyn Fn(&Column) -> String| {
        let cells =
            all.iter().zip(&widths).map(|(column, width)| padded(&cell(column), *width, column.is_left));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&|column| column.heading.into())];
    for (i, standing) in board.standings.iter().enumerate() {
        if i > 0 && board.standings[i - 1].tier != standing.tier {
            lines.push("─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        }
        lines.push(line(&|column| column.cells[i].clone()));
    }
    lines
}

fn table_columns(board: &Board, is_wide: bool) -> Vec<Column> {
    let standings = &board.standings;
    let column = |heading, is_left, cell: &dyn Fn(usize, &Standing) -> String| Column {
        heading,
        is_left,
        cells: standings.iter().enumerate().map(|(i, standing)| cell(i, standing)).collect(),
    };
    let mut columns = vec![
        column("", false, &|i, _| (i + 1).to_string()),
        column("", true, &|_, standing| standing.name.clone()),
        column("pick", false, &|_, standing| percent(standing.pick_rate)),
        column("95 %", true, &|_, standing| interval(standing, "–")),
    ];
    if is_wide {
        columns.push(column("best", false, &|_, standing| percent(standing.p_best)));
        let aside = |cell: fn(&Aside) -> Option<String>| {
            move |_: usize, standing: &Standing| {
                standing.aside.as_ref().and_then(cell).unwrap_or_else(|| "–".into())
            }
        };
        let asides = [
            column("failed", false, &aside(|aside| Some(format!("{}/{}", aside.failures, aside.answers)))),
            column("tok/s", false, &aside(|aside| Some(format!("{:.0}", aside.median_speed?)))),
            column("$/answer", false, &aside(|aside| Some(format!("{:.5}", aside.cost?.dollars())))),
        ];
        columns.extend(asides.into_iter().filter(|column| column.cells.iter().any(|cell| cell != "–")));
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
    let percent = 100.0 * share;
    match percent {
        _ if percent > 0.0 && percent < 0.5 => "< 1 %".into(),
        _ if percent < 100.0 && percent >= 99.5 => "> 99 %".into(),
        _ => format!("{percent:.0} %"),
    }
}

fn plural(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
