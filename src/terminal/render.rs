//! A view as lines for a terminal or a pipe: pure, and safe to print whatever models and users wrote.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::markdown;
use crate::{
    model::Color,
    view::{
        LaneState, LaneView, View, VoteView,
        scoreboard::{byline, headline, names},
        text::{one_line, plain},
        vote, words,
    },
};

/// The size and abilities of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The number of columns.
    pub columns: usize,
    /// The number of rows.
    pub rows: usize,
    /// True if colours and other styles are wanted.
    pub color: bool,
}

/// The layout of a summary in a pipe.
pub(crate) const PIPE: Screen = Screen { columns: 80, rows: usize::MAX, color: false };

/// The columns from which the table has units and the standings have sentences.
const WIDE: usize = 72;
/// The columns of the figures in the table: first token, total, tokens, tokens per second.
const WIDE_FIGURES: [usize; 4] = [13, 10, 8, 8];
/// The columns of the figures on a narrow screen: first token, tokens, tokens per second.
const NARROW_FIGURES: [usize; 3] = [5, 5, 6];
/// The longest name that is not clipped, if there is room.
const MAX_NAME_COLUMNS: usize = 40;
/// The columns for the state of a running lane on a narrow screen.
const BRIEF_COLUMNS: usize = 18;

/// Returns a live frame: the standings, then the latest lines of each answer. It never exceeds the screen, since lines
/// that scrolled away cannot be painted again.
#[must_use]
pub fn live(view: &View, screen: Screen) -> Vec<String> {
    let mut lines = vec![prompt(view, screen)];
    lines.extend(attached(view, screen));
    lines.extend([fit(&byline(view), screen.columns), String::new()]);
    lines.extend(vote::sentence(view).iter().flat_map(|sentence| wrap(sentence, screen.columns)));
    lines.extend(standings(view, screen));
    let room = screen.rows.saturating_sub(lines.len() + 1);
    let answering: Vec<&LaneView> = view.lanes.iter().filter(|lane| !lane.answer.trim().is_empty()).collect();
    let share = room.checked_div(answering.len()).unwrap_or(0);
    for lane in answering.iter().filter(|_| share >= 3) {
        lines.push(String::new());
        lines.push(title(lane, screen));
        let answer = markdown::lines(&lane.answer, screen.columns, screen.color);
        lines.extend(answer[answer.len().saturating_sub(share - 2)..].iter().cloned());
    }
    lines.truncate(screen.rows.saturating_sub(1));
    lines
}

/// Returns a finished race: every answer of the view, then the summary.
#[must_use]
pub fn last(view: &View, screen: Screen) -> Vec<String> {
    let answers: Vec<&str> = view.lanes.iter().map(|lane| lane.answer.as_str()).collect();
    result(view, &answers, screen)
}

/// Returns a finished race for a terminal: the whole `answers` in the order of the lanes, then the summary, so that the
/// summary is what remains on the screen.
#[must_use]
pub fn result(view: &View, answers: &[&str], screen: Screen) -> Vec<String> {
    let mut lines = self::answers(view, answers, screen);
    lines.extend(summary(view, screen));
    lines
}

/// Returns the prompt and the whole `answers` in the order of the lanes.
#[must_use]
pub fn answers(view: &View, answers: &[&str], screen: Screen) -> Vec<String> {
    let mut lines = vec![prompt(view, screen)];
    lines.extend(words::attached(view).first().map(|files| fit(files, screen.columns)));
    lines.push(String::new());
    for (lane, answer) in view.lanes.iter().zip(answers) {
        lines.push(title(lane, screen));
        lines.extend(remarks(lane).iter().flat_map(|remark| wrap(remark, screen.columns)));
        lines.extend(markdown::lines(answer, screen.columns, screen.color));
        lines.push(String::new());
    }
    lines
}

/// Returns a finished race for a pipe: the `answers` as the models wrote them, then the summary.
#[must_use]
pub fn piped(view: &View, answers: &[&str]) -> Vec<String> {
    let mut lines = vec![];
    for (lane, answer) in view.lanes.iter().zip(answers) {
        lines.push(title(lane, PIPE));
        lines.extend(remarks(lane));
        lines.extend(plain(answer).lines().map(|line| line.trim_end().to_owned()));
        lines.push(String::new());
    }
    lines.extend(summary(view, PIPE));
    lines
}

/// Returns the summary of a finished race: the result, a table with bars, the lesson, the cost.
#[must_use]
pub fn summary(view: &View, screen: Screen) -> Vec<String> {
    let (icon, result) = headline(view);
    let mut lines = wrap(&one_line(&format!("{icon} {result}")), screen.columns);
    lines.push(fit(&byline(view), screen.columns));
    lines.extend(attached(view, screen));
    lines.extend(votes(view, screen));
    lines.push(String::new());
    lines.extend(table(view, screen));
    if let Some(lesson) = &view.lesson {
        lines.push(String::new());
        lines.extend(wrap(&one_line(lesson), screen.columns));
    }
    lines.extend(view.cost.iter().map(|cost| fit(&format!("cost: {cost}"), screen.columns)));
    lines
}

/// Returns the votes on a blind race, each on a line of its own.
fn votes(view: &View, screen: Screen) -> Vec<String> {
    let Some(VoteView::Closed { uncounted, .. }) = &view.vote else { return vec![] };
    let counts = vote::counts(view).into_iter().map(|count| fit(&one_line(&count), screen.columns));
    let mut lines = vec![String::new(), "votes".to_owned()];
    lines.extend(counts);
    lines.extend(uncounted.iter().flat_map(|reason| wrap(reason.public(), screen.columns)));
    lines
}

/// Returns the first line of the progress in a pipe: the prompt, and whether models are simulated.
#[must_use]
pub fn opening(view: &View) -> String {
    let parts = [words::excerpt(&view.prompt, 1)].into_iter().chain(words::attached(view));
    format!("⚔️ {}{}", words::joined(parts), words::simulated(view))
}

/// Returns one line with the state of a lane, without its running clock, for output that is not a terminal.
#[must_use]
pub fn progress(lane: &LaneView) -> String {
    let state = match lane.state {
        LaneState::Waiting => "waiting".to_owned(),
        LaneState::Reasoning => "reasoning".to_owned(),
        LaneState::Writing => "writing".to_owned(),
        _ => lane.status.clone(),
    };
    format!("{}: {}", words::model_name(&lane.card), one_line(&state))
}

fn prompt(view: &View, screen: Screen) -> String {
    fit(&format!("⚔️ {}", words::excerpt(&view.prompt, 1)), screen.columns)
}

/// Returns the names of the files, and the models that cannot see them.
fn attached(view: &View, screen: Screen) -> Vec<String> {
    words::attached(view).iter().map(|line| fit(line, screen.columns)).collect()
}

fn title(lane: &LaneView, screen: Screen) -> String {
    let icon = one_line(&lane.card.icon);
    let name = words::model_name(&lane.card);
    let text = if icon.is_empty() { name } else { format!("{icon} {name}") };
    paint(&fit(&text, screen.columns), lane.card.color, screen.color)
}

/// Returns the lines beside an answer: a failure or another incomplete state, and a note about the provider.
fn remarks(lane: &LaneView) -> Vec<String> {
    let status = words::mark(lane).map(|mark| format!("{mark}{}", one_line(&lane.status)));
    status.into_iter().chain(lane.note.iter().map(|note| one_line(note))).collect()
}

/// The widths of a lane's row.
struct Row {
    bar: u16,
    icon: usize,
    name: usize,
}

impl Row {
    /// Returns the widths that leave `others` columns to the rest of the row. Bars stay on every screen; names are clipped.
    fn new(view: &View, screen: Screen, others: usize) -> Self {
        let bar: u16 = match screen.columns {
            0..16 => 1,
            16..WIDE => 6,
            WIDE..110 => 16,
            _ => 24,
        };
        let icon = if view.lanes.iter().any(|lane| !lane.card.icon.is_empty()) { 3 } else { 0 };
        let room = screen.columns.saturating_sub(usize::from(bar) + 1 + icon + others);
        let longest = names(view, MAX_NAME_COLUMNS).iter().map(|name| name.width()).max().unwrap_or(0);
        Self { bar, icon, name: longest.min(room) }
    }

    /// Returns the row of each lane, best first; `rest` returns what follows the name.
    fn lines(&self, view: &View, screen: Screen, rest: impl Fn(&LaneView) -> String) -> Vec<String> {
        let names = names(view, self.name);
        let line = |index: &usize| {
            let lane = view.lanes.get(*index)?;
            let icon = fit(&one_line(&lane.card.icon), self.icon.saturating_sub(1));
            let name = fit(names.get(*index)?, self.name);
            let text = format!(" {}{}{}", pad(&icon, self.icon), pad(&name, self.name), rest(lane));
            let bar = paint(&words::bar(lane.bar, self.bar), lane.card.color, screen.color);
            let room = screen.columns.saturating_sub(self.bar.into());
            Some(format!("{bar}{}", fit(text.trim_end(), room)))
        };
        view.standings.iter().filter_map(line).collect()
    }

    fn width(&self) -> usize {
        usize::from(self.bar) + 1 + self.icon + self.name
    }
}

fn standings(view: &View, screen: Screen) -> Vec<String> {
    let is_wide = screen.columns >= WIDE;
    let row = Row::new(view, screen, if is_wide { screen.columns / 2 } else { BRIEF_COLUMNS + 1 });
    let mut lines = row.lines(view, screen, |lane| {
        if is_wide {
            format!("  {:>11}  {}", lane.speed.as_deref().unwrap_or(""), one_line(&lane.status))
        } else {
            format!(" {}", one_line(&lane.brief))
        }
    });
    let notes = view.lanes.iter().filter_map(|lane| {
        let note = lane.note.as_ref()?;
        Some(format!("{}: {}", words::model_name(&lane.card), one_line(note)))
    });
    lines.extend(notes.chain(view.notice.clone()).map(|note| fit(&note, screen.columns)));
    lines
}

/// Returns the table of the numbers, with a header: four figures with their units on a wide screen, else three.
fn table(view: &View, screen: Screen) -> Vec<String> {
    let is_wide = screen.columns >= WIDE;
    let widths: &[usize] = if is_wide { &WIDE_FIGURES } else { &NARROW_FIGURES };
    let row = Row::new(view, screen, widths.iter().sum());
    let right = |cells: &[&str]| {
        let cells = cells.iter().zip(widths);
        cells
            .flat_map(|(cell, width)| [gap(width.saturating_sub(cell.width())), (*cell).to_owned()])
            .collect::<String>()
    };
    let head = if is_wide {
        right(&["first token", "total", "tokens", "tok/s"])
    } else {
        right(&["1st", "tok", "tok/s"])
    };
    let mut lines = vec![fit(&format!("{}{head}", gap(row.width())), screen.columns)];
    lines.extend(row.lines(view, screen, |lane| match &lane.numbers {
        Some(numbers) if lane.state != LaneState::Failed => {
            let [first, tokens, speed] = &numbers.columns;
            if is_wide {
                right(&[&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed])
            } else {
                right(&[first, tokens, speed])
            }
        }
        _ if is_wide => format!("  {}", one_line(&lane.status)),
        _ => format!("  {}", one_line(&lane.brief)),
    }));
    lines
}

fn paint(text: &str, Color { r, g, b }: Color, color: bool) -> String {
    if color { format!("\x1b[38;2;{r};{g};{b}m{text}\x1b[0m") } else { text.to_owned() }
}

fn gap(width: usize) -> String {
    " ".repeat(width)
}

/// Pads `text` to `width` cells.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", gap(width.saturating_sub(text.width())))
}

/// Clips `text` to `columns` cells, with an ellipsis where it was longer.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        if kept.width() + grapheme.width() + 1 > columns {
            break;
        }
        kept.push_str(grapheme);
    }
    kept + "…"
}

/// Wraps `text`, in which a terminal acts on nothing but our own styles, to lines of at most `columns` cells, at word
/// boundaries where possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let text = text.replace('\t', "    ");
    let columns = columns.max(4);
    let clip = |line: &str| {
        // textwrap adds up the widths of characters, which is too little for some emoji
        if line.contains('\x1b') { line.to_owned() } else { fit(line, columns) }
    };
    textwrap::wrap(&text, columns).into_iter().map(|line| clip(line.trim_end())).collect()
}
