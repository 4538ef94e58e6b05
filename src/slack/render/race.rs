//! A race as one message: its first post, live, and final.
//!
//! ```text
//! asked, ending, standings or figures, lesson, chart   (above)
//! one markdown block per lane                          (answers)
//! notice, definitions, cost, race id                   (below)
//! buttons
//! ```

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

use serde_json::Number;
use slack_morphism::blocks::{
    SlackBlock, SlackChart, SlackChartAxisConfig, SlackChartDataPoint, SlackChartDataSeries,
    SlackDataVisualizationBlock, SlackSeriesChart,
};

use super::{
    answer::Answer,
    blocks::{
        self, Body, Inline, actions, bold, code, context, length, markdown, paragraph, preformatted, quote,
        rich, room, section, text, weight,
    },
    escape::{self, bare, between, full_name, icon, lines, mrkdwn, plain_name, short_name, tight},
};
use crate::{
    button,
    model::ModelCard,
    race::RaceId,
    view::{
        LaneView, View,
        fit::{heights, shares},
        results,
        text::fitting,
        words,
    },
};

/// Cells of a full bar: as many as a phone shows beside a name and a speed.
const BAR_CELLS: u16 = 8;
/// Bytes of the lines of all lanes; the answers need the rest.
const MAX_STANDINGS: usize = 3_600;
/// With more lanes than these, names are not bold: each style weighs as much as a name.
const MAX_STYLED: usize = 8;
/// Characters and lines of the prompt.
const MAX_PROMPT: (usize, usize) = (300, 4);
/// Characters of one status; longer ones are shown with the answer.
const MAX_STATUS: usize = 90;
/// Characters of the numbers of a lane.
const MAX_NUMBERS: usize = 160;
/// Columns of the final table: a code block on a narrow phone shows as many without wrapping.
const TABLE_COLUMNS: usize = 36;
/// Bytes that the answers have at the least beside a chart.
const MIN_ANSWERS: usize = 4_000;
/// Lanes with a block of their own; the others are in the standings only.
const MAX_ANSWERED_LANES: usize = 20;
/// Bytes of the heads of all answers together.
const MAX_HEADS: usize = 3_400;
/// Characters of a sentence beside an answer.
const MAX_SENTENCE: usize = 160;
/// Between a head and its answer.
const GAP: &str = "\n\n";
/// Characters of a chart's label.
const MAX_CHART_LABEL: usize = 20;
/// Bars of a chart.
const BARS: RangeInclusive<usize> = 2..=20;

/// The first post, which stays true if nothing follows: it names the asker, the prompt and the models. It pings no one:
/// the asker is `name` (or the `user` id without one) as text.
pub(crate) fn opening(asker: &str, user: &str, prompt: &str, cards: &[Arc<ModelCard>]) -> Body {
    let who = if asker.trim().is_empty() { user } else { asker };
    let models = words::models(cards.len());
    let mut names: Vec<String> = cards.iter().take(20).map(|card| full_name(card, card.simulated)).collect();
    names.extend((cards.len() > names.len()).then(|| format!("{} more", cards.len() - names.len())));
    let mut blocks = vec![asked(who, &format!(" asks {models}"), prompt)];
    if !names.is_empty() {
        blocks.push(paragraph([text(&names.join(", "))]));
    }
    Body { text: format!("⚔️ {} asks {models}", asker_name(who, mrkdwn)), blocks }
}

/// The message of `race`, live or final; `native_chart` adds Slack's own chart to a final one.
pub(crate) fn live(view: &View, race: RaceId, native_chart: bool) -> Body {
    // weighed with the note that an answer was shortened, which may be needed
    let weighed =
        |above: &[SlackBlock]| room(&[above, &below(view, race, true), &[buttons(view, race)]].concat());
    let mut blocks = above(view, native_chart);
    if native_chart && weighed(&blocks) < MIN_ANSWERS {
        blocks = above(view, false);
    }
    let (answers, shortened) = answers(&view.lanes, weighed(&blocks));
    blocks.extend(answers);
    blocks.extend(below(view, race, shortened));
    blocks.push(buttons(view, race));
    Body { text: fallback(view), blocks }
}

fn buttons(view: &View, race: RaceId) -> SlackBlock {
    let buttons = button::below(race, view.is_final(), view.lanes.len()).into_iter();
    actions(buttons.map(|(button, emoji, label)| blocks::button(button, emoji, label, "")).collect())
}

/// The asker's name, escaped by `escape`; never empty.
fn asker_name(name: &str, escape: impl Fn(&str, usize) -> String) -> String {
    let name = escape(name, 40);
    if name.is_empty() { "someone".to_owned() } else { name }
}

/// The asker's name followed by `what`, and the prompt as a quote.
fn asked(who: &str, what: &str, prompt: &str) -> SlackBlock {
    let mut parts = vec![section([text("⚔️ "), bold(&asker_name(who, bare)), text(what)])];
    let (chars, max_lines) = MAX_PROMPT;
    let prompt = lines(&words::excerpt(prompt, max_lines), chars);
    if !prompt.is_empty() {
        parts.push(quote(&prompt));
    }
    rich(parts)
}

/// The fallback text of a race.
fn fallback(view: &View) -> String {
    let (icon, words) = words::summary(view);
    let (who, verb) = (asker_name(&view.asker, mrkdwn), if view.is_final() { "asked" } else { "asks" });
    format!("{icon} {who} {verb}: {words}")
}

fn above(view: &View, native_chart: bool) -> Vec<SlackBlock> {
    let mut blocks = vec![asked(&view.asker, &format!(" asks{}", words::simulated(view)), &view.prompt)];
    blocks.extend(words::ending(view.progress).map(|words| paragraph([text(words)])));
    if !view.is_final() {
        blocks.extend(standings(view));
    } else if view.lanes.len() > 1 {
        blocks.push(preformatted(&figures(view)));
    }
    let lesson = view.lesson.as_ref().map(|lesson| between("💡 ", lesson, 300, ""));
    let lesson = lesson.filter(|lesson| !lesson.is_empty());
    blocks.extend(lesson.map(|lesson| paragraph([text(&lesson)])));
    if native_chart && view.is_final() {
        blocks.extend(chart(view));
    }
    blocks
}

fn below(view: &View, race: RaceId, shortened: bool) -> Vec<SlackBlock> {
    let notice = view.notice.as_ref().map(|notice| bare(notice, 150)).filter(|notice| !notice.is_empty());
    let alone = view.lanes.first().filter(|_| view.is_final() && view.lanes.len() == 1);
    let numbers = alone.and_then(|lane| lane.numbers.as_ref()).map(words::numbers).unwrap_or_default();
    let notes = words::joined([bare(&numbers, MAX_NUMBERS), words::notes(view, race, shortened)]);
    notice.into_iter().chain([notes]).map(|line| context(&line)).collect()
}

/// One line for each lane in the order of the standings, as many as there is room for.
fn standings(view: &View) -> Option<SlackBlock> {
    let all: Vec<&LaneView> = view.standings.iter().filter_map(|&i| view.lanes.get(i)).collect();
    let (mut texts, mut room, mut kept) = (vec![], MAX_STANDINGS, 0);
    for lane in &all {
        let line = standing(lane, all.len());
        let takes: usize = line.iter().map(weight).sum();
        if takes > room {
            break;
        }
        room -= takes;
        kept += 1;
        texts.extend(line);
        texts.push(text("\n"));
    }
    texts.pop();
    if kept < all.len() {
        texts.push(text(&format!("\n… and {} more", all.len() - kept)));
    }
    (!texts.is_empty()).then(|| paragraph(texts))
}

fn standing(lane: &LaneView, lanes: usize) -> Vec<Inline> {
    let words = words::joined([lane.speed.clone().unwrap_or_default(), bare(&lane.status, MAX_STATUS)]);
    let label = if lane.simulated { " (simulated)" } else { "" };
    let (icon, short) = (icon(&lane.card), short_name(&lane.card));
    if lanes == 1 {
        return vec![text(&icon), bold(&short), text(&format!("{label} · {words}"))];
    }
    let bar = code(&words::bar(lane.bar, BAR_CELLS));
    if lanes > MAX_STYLED {
        return vec![bar, text(&format!(" {icon}{short}{label} {words}"))];
    }
    vec![bar, text(&format!(" {icon}")), bold(&short), text(&format!("{label} {words}"))]
}

/// The numbers in the order of the standings.
///
/// Not a `table` block: its columns scroll on a phone, one wrong cell refuses the message, and a message may have only
/// one.
fn figures(view: &View) -> String {
    let (heads, lanes) = results::table(view, TABLE_COLUMNS, ["first", "total", "tok", "tok/s"]);
    let lanes = lanes.into_iter().map(|line| lines(&line, 80));
    fitting(lanes, heads, MAX_STANDINGS / 2, length)
}

/// Slack's own chart of the lanes that have a speed, in the order of the standings.
///
/// One wrong detail in it would refuse the whole message, so there is none unless everything fits.
/// <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>
fn chart(view: &View) -> Option<SlackBlock> {
    let lanes = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    let bars: Vec<SlackChartDataPoint> = lanes.filter_map(bar).collect();
    let labels: Vec<String> = bars.iter().map(|bar| bar.label.clone()).collect();
    let unique: HashSet<&String> = labels.iter().collect();
    if !BARS.contains(&bars.len()) || unique.len() < bars.len() {
        return None;
    }
    let title = if view.simulated { "Speed, some of it simulated" } else { "Speed" };
    let unit = || "tokens per second".to_owned();
    let axis = SlackChartAxisConfig::new(labels).with_y_label(unit());
    let chart = SlackSeriesChart::new(vec![SlackChartDataSeries::new(unit(), bars)], axis);
    Some(SlackDataVisualizationBlock::new(title.into(), SlackChart::Bar(chart)).into())
}

/// A lane's label and its speed as the rest of the message shows it.
fn bar(lane: &LaneView) -> Option<SlackChartDataPoint> {
    let shown = lane.speed.as_ref()?.split_whitespace().next()?;
    let speed: f64 = shown.trim_start_matches('≈').replace(',', "").parse().ok()?;
    let label = tight(&plain_name(&lane.card), MAX_CHART_LABEL);
    let value = Number::from_f64(speed).filter(|_| speed > 0.0)?;
    Some(SlackChartDataPoint::new(label, value))
}

/// The blocks of the answers, at most `room` bytes of JSON together, and true if an answer was shortened.
fn answers(lanes: &[LaneView], room: usize) -> (Vec<SlackBlock>, bool) {
    let mut parts: Vec<Part> =
        lanes.iter().zip(heights(lanes)).map(|(lane, height)| Part::of(lane, height)).collect();
    parts.truncate(MAX_ANSWERED_LANES);
    while parts.iter().map(Part::fixed).sum::<usize>() > MAX_HEADS.min(room) {
        parts.pop();
    }
    let fixed: usize = parts.iter().map(Part::fixed).sum();
    let demands: Vec<usize> = parts.iter().map(Part::demand).collect();
    let rooms = shares(&demands, room - fixed);
    let mut shortened = parts.len() < lanes.len();
    let blocks = parts.iter().zip(rooms).map(|(part, room)| {
        let (text, cut) = part.text(room);
        shortened |= cut;
        markdown(&text)
    });
    (blocks.collect(), shortened)
}

/// One lane's head and answer.
struct Part {
    head: String,
    answer: Option<Answer>,
}

impl Part {
    fn of(lane: &LaneView, lines: usize) -> Self {
        let sentence =
            |text: &str| Some(escape::markdown(text, MAX_SENTENCE)).filter(|text| !text.is_empty());
        let mark = words::mark(lane);
        let status = mark.and_then(|mark| Some(format!(" · {mark}_{}_", sentence(&lane.status)?)));
        let note = lane.note.as_deref().and_then(sentence).map(|note| format!("{GAP}_{note}_"));
        let title = escape::title(&lane.card, lane.simulated);
        let head = [Some(title), status, note].into_iter().flatten().collect();
        Self { head, answer: Answer::of(lane, lines) }
    }

    /// The bytes without the answer.
    fn fixed(&self) -> usize {
        weight(&markdown(&self.head)) + length(GAP)
    }

    fn demand(&self) -> usize {
        self.answer.as_ref().map_or(0, Answer::demand)
    }

    /// The head and as much of the answer as fits, and true if something is left out.
    fn text(&self, room: usize) -> (String, bool) {
        let Some(answer) = &self.answer else { return (self.head.clone(), false) };
        let (kept, cut) = answer.within(room);
        (if kept.is_empty() { self.head.clone() } else { format!("{}{GAP}{kept}", self.head) }, cut)
    }
}
