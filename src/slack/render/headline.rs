//! What stands above and below the answers: who asks what, how the lanes stand, what the race shows.
//!
//! Must not know the answers.

use serde_json::Value;

use super::{
    body::{bold, code, context, preformatted, quote, rich, section, text},
    chart,
    escape::{bare, between, lines, mrkdwn},
    limits::{length, weight},
    name,
};
use crate::{
    race::RaceId,
    view::{LaneView, Numbers, Progress, View, results, text::fitting, words},
};

/// Cells of a full bar: what a phone shows beside a name and a speed.
const CELLS: u16 = 8;
/// The most that the lines of the lanes take; the answers need the rest.
const LINES: usize = 3_600;
/// With more lanes than these, names are not bold: each style costs as much as a name.
const STYLED: usize = 8;
/// Characters of the prompt, and lines of it.
const PROMPT: (usize, usize) = (300, 4);
/// Characters of one status; longer ones stand with the answer.
const STATUS: usize = 90;
/// Columns of the final table: what a code block on a narrow phone shows without wrapping.
const COLUMNS: usize = 36;

/// The asker's name, escaped by `escape`; never empty.
fn asker(name: &str, escape: impl Fn(&str, usize) -> String) -> String {
    let name = escape(name, 40);
    if name.is_empty() { "somebody".to_owned() } else { name }
}

/// Who asks, and the prompt as a quote; `what` stands behind the name.
pub(super) fn asked(who: &str, what: &str, prompt: &str) -> Value {
    let mut parts = vec![section([text("⚔️ "), bold(&asker(who, bare)), text(what)])];
    let prompt = lines(&words::excerpt(prompt, PROMPT.1), PROMPT.0);
    if !prompt.is_empty() {
        parts.push(quote(&prompt));
    }
    rich(parts)
}

/// The fallback text of a first post.
pub(super) fn asks(who: &str, models: usize) -> String {
    format!("⚔️ {} asks {}", asker(who, mrkdwn), words::models(models))
}

/// The fallback text of a race.
pub(super) fn fallback(view: &View) -> String {
    let (who, models) = (asker(&view.asker, mrkdwn), words::models(view.lanes.len()));
    match view.progress {
        Progress::Live if view.lanes.len() == 1 => format!("⚔️ {who} asks: {models} answers"),
        Progress::Live => format!("⚔️ {who} asks: {models} race"),
        Progress::Done => format!("🏁 {who} asked: {models}, done"),
        Progress::Stopped => format!("🛑 {who} asked: {models}, stopped"),
        Progress::Interrupted => format!("🔌 {who} asked: {models}, interrupted by a restart"),
    }
}

/// What stands above the answers.
pub(super) fn above(view: &View, native_chart: bool) -> Vec<Value> {
    let mut blocks = vec![asked(&view.asker, &format!(" asks{}", words::simulated(view)), &view.prompt)];
    blocks.extend(words::ending(view.progress).map(|words| rich(vec![section([text(words)])])));
    let alone = view.lanes.len() < 2;
    if !view.is_final() {
        blocks.extend(standings(view));
    } else if !alone {
        blocks.push(rich(vec![preformatted(&figures(view))]));
    }
    let lesson = view.lesson.as_ref().map(|lesson| between("💡 ", lesson, 300, ""));
    let lesson = lesson.filter(|lesson| !lesson.is_empty());
    blocks.extend(lesson.map(|lesson| rich(vec![section([text(&lesson)])])));
    if native_chart && view.is_final() {
        blocks.extend(chart::block(view));
    }
    blocks
}

/// What stands below the answers, before the buttons.
pub(super) fn below(view: &View, race: RaceId, shortened: bool) -> Vec<Value> {
    let notice = view.notice.as_ref().map(|notice| bare(notice, 150)).filter(|notice| !notice.is_empty());
    let mut parts = vec![];
    if view.is_final() {
        let alone = view.lanes.first().filter(|_| view.lanes.len() == 1);
        parts.extend(alone.and_then(|lane| lane.numbers.as_ref()).map(numbers));
        parts.push(words::SPEED_DEFINITION.to_owned());
        parts.extend(words::is_mixed(view).then(|| "* simulated".to_owned()));
        parts.extend(shortened.then(|| words::SHORTENED.to_owned()));
        parts.extend(view.cost.clone());
    }
    parts.push(format!("race {}", race.brief()));
    notice.into_iter().chain([parts.join(" · ")]).map(|line| context(&line)).collect()
}

fn numbers(numbers: &Numbers) -> String {
    let [first, total, tokens, speed] =
        [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed].map(|figure| bare(figure, 16));
    format!("first token {first} · total {total} · {tokens} tokens · {speed} tok/s")
}

/// One line a lane in the order of the standings, as many as there is room for.
fn standings(view: &View) -> Option<Value> {
    let all: Vec<&LaneView> = view.standings.iter().filter_map(|&i| view.lanes.get(i)).collect();
    let (mut texts, mut room, mut said) = (vec![], LINES, 0);
    for lane in &all {
        let line = line(lane, all.len());
        let takes: usize = line.iter().map(weight).sum();
        if takes > room {
            break;
        }
        room -= takes;
        said += 1;
        texts.extend(line);
        texts.push(text("\n"));
    }
    texts.pop();
    if said < all.len() {
        texts.push(text(&format!("\n… and {} more", all.len() - said)));
    }
    (!texts.is_empty()).then(|| rich(vec![section(texts)]))
}

fn line(lane: &LaneView, lanes: usize) -> Vec<Value> {
    let words = [lane.speed.clone().unwrap_or_default(), bare(&lane.status, STATUS)];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let words = words.join(" · ");
    let label = if lane.simulated { " (simulated)" } else { "" };
    let (icon, short) = (name::icon(&lane.card), name::short(&lane.card));
    if lanes == 1 {
        return vec![text(&icon), bold(&short), text(&format!("{label} · {words}"))];
    }
    let bar = code(&words::bar(lane.bar, CELLS));
    if lanes > STYLED {
        return vec![bar, text(&format!(" {icon}{short}{label} {words}"))];
    }
    vec![bar, text(&format!(" {icon}")), bold(&short), text(&format!("{label} {words}"))]
}

/// The numbers in the order of the standings, in letters of one width.
///
/// Not a `table` block: its columns scroll on a phone, one wrong cell refuses the message, and there may be but one.
fn figures(view: &View) -> String {
    let (heads, lanes) = results::table(view, COLUMNS, ["first", "total", "tok", "tok/s"]);
    let lanes = lanes.into_iter().map(|line| lines(&line, 80));
    fitting(lanes, heads, LINES / 2, length)
}
