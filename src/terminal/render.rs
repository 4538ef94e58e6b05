//! A view as lines for a terminal: pure, and safe to print whatever models and users wrote.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    model::Color,
    view::{
        BAR_EIGHTHS, LaneState, LaneView, Progress, View,
        text::{bar, one_line, plain},
    },
};

/// The size and abilities of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The number of columns.
    pub columns: usize,
    /// The number of rows.
    pub rows: usize,
    /// True if colours are wanted.
    pub color: bool,
}

/// Returns a live frame: the standings, then the latest lines of each answer. It never exceeds the screen, since lines
/// that scrolled away cannot be painted again.
#[must_use]
pub fn live(view: &View, screen: Screen) -> Vec<String> {
    let mut lines = head(view, screen);
    lines.extend(standings(view, screen));
    let room = screen.rows.saturating_sub(lines.len() + 1);
    let answering: Vec<&LaneView> = view.lanes.iter().filter(|lane| !lane.answer.trim().is_empty()).collect();
    let share = room.checked_div(answering.len()).unwrap_or(0);
    for lane in answering.iter().filter(|_| share >= 3) {
        lines.push(String::new());
        lines.push(title(lane, screen));
        let answer = wrap(&lane.answer, screen.columns);
        lines.extend(answer[answer.len().saturating_sub(share - 2)..].iter().cloned());
    }
    lines.truncate(screen.rows.saturating_sub(1));
    lines
}

/// Returns the last frame: the standings with their numbers, the lesson, every answer.
#[must_use]
pub fn last(view: &View, screen: Screen) -> Vec<String> {
    let mut lines = head(view, screen);
    lines.extend(standings(view, screen));
    lines.push(String::new());
    lines.extend(table(view));
    if let Some(lesson) = &view.lesson {
        lines.push(String::new());
        lines.extend(wrap(lesson, screen.columns));
    }
    if let Some(cost) = &view.cost {
        lines.push(format!("cost: {cost}"));
    }
    for lane in &view.lanes {
        lines.push(String::new());
        lines.push(title(lane, screen));
        lines.extend(wrap(if lane.answer.is_empty() { "(no answer)" } else { &lane.answer }, screen.columns));
    }
    lines
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
    format!("{}: {}", name(lane), one_line(&state))
}

/// Returns the line that names the race.
#[must_use]
pub fn headline(view: &View) -> String {
    let state = match view.progress {
        Progress::Live | Progress::Done => "",
        Progress::Stopped => " · stopped",
        Progress::Interrupted => " · interrupted by a restart",
    };
    let simulated = if view.simulated { " · simulated models" } else { "" };
    let asks = if view.asker == "you" { "ask" } else { "asks" };
    format!("⚔️  Arena · {} {asks}{simulated}{state}", one_line(&view.asker))
}

fn head(view: &View, screen: Screen) -> Vec<String> {
    let prompt = fit(&format!("> {}", one_line(&view.prompt)), screen.columns);
    vec![fit(&headline(view), screen.columns), prompt, String::new()]
}

fn name(lane: &LaneView) -> String {
    let label = if lane.simulated { " (simulated)" } else { "" };
    let icon = if lane.card.icon.is_empty() { String::new() } else { format!("{} ", lane.card.icon) };
    one_line(&format!("{icon}{}{label}", lane.card.name))
}

fn title(lane: &LaneView, screen: Screen) -> String {
    paint(&fit(&name(lane), screen.columns), lane.card.color, screen.color)
}

fn standings(view: &View, screen: Screen) -> Vec<String> {
    let names: Vec<String> = view.lanes.iter().map(name).collect();
    let longest = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let width = longest.min(screen.columns * 2 / 5);
    let cells = bar_cells(screen.columns);
    let mut lines = vec![];
    for &index in &view.standings {
        let lane = &view.lanes[index];
        let name = pad(&fit(&names[index], width), width);
        let speed = lane.speed.as_deref().unwrap_or("");
        let rest = fit(
            &format!("  {speed:>11}  {}", one_line(&lane.status)),
            screen.columns.saturating_sub(width + 2 + usize::from(cells)),
        );
        let eighths = lane.bar * cells * 8 / BAR_EIGHTHS;
        let bar = paint(&pad(&bar(eighths), cells.into()), lane.card.color, screen.color);
        lines.push(format!("{name}  {bar}{rest}"));
        lines.extend(lane.note.iter().map(|note| fit(&format!("  {}", one_line(note)), screen.columns)));
    }
    lines.extend(view.notice.iter().map(|notice| fit(notice, screen.columns)));
    lines
}

/// The width of a full bar on a screen of so many columns: words take precedence over bars.
fn bar_cells(columns: usize) -> u16 {
    match columns {
        0..50 => 0,
        50..80 => 8,
        _ => 16,
    }
}

fn table(view: &View) -> Vec<String> {
    let names: Vec<String> = view.lanes.iter().map(name).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let row = |name: &str, cells: [&str; 4]| {
        let [first, total, tokens, speed] = cells;
        format!("{}  {first:>11}  {total:>11}  {tokens:>8}  {speed:>8}", pad(name, width))
    };
    let mut lines = vec![row("", ["first token", "total", "tokens", "tok/s"])];
    for &index in &view.standings {
        if let Some(numbers) = &view.lanes[index].numbers {
            lines.push(row(&names[index], [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed]));
        }
    }
    lines
}

fn paint(text: &str, Color { r, g, b }: Color, color: bool) -> String {
    if color { format!("\x1b[38;2;{r};{g};{b}m{text}\x1b[0m") } else { text.to_owned() }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Clips `text` to `columns` cells, with an ellipsis where it was longer.
fn fit(text: &str, columns: usize) -> String {
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

/// Wraps `text` to lines of at most `columns` cells, at word boundaries where possible.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let text = plain(text).replace('\t', "    ");
    textwrap::wrap(&text, columns.max(8)).into_iter().map(|line| line.trim_end().to_owned()).collect()
}
