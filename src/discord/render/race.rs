//! A race as one message, live and final: the headline with the standings, an embed for each answer, the buttons.

use super::{
    body::{ALT, Attachment, Body, ButtonDto, DESCRIPTION, EMBEDS, Embed, Footer, Image, Row, TOTAL, length},
    escape::{between, bold, clipped, color, escape, short, title},
    markdown::Answer,
};
use crate::{
    button,
    race::RaceId,
    view::{
        LaneView, View,
        fit::{heights, shares},
        results,
        text::{fitting, plain},
        words,
    },
};

/// The chart's name among the files of the message.
pub(crate) const CHART_FILE: &str = "race.png";

/// Cells of a full bar: as many as a phone shows beside a name and a speed.
const BAR_CELLS: u16 = 10;
/// Characters of all the lanes' lines in the headline; the answers need the rest.
const LINES: usize = 1_800;
/// Characters and lines of the prompt.
const PROMPT: (usize, usize) = (300, 4);
/// Characters of one status; longer ones are shown with the answer.
const STATUS: usize = 90;
/// Columns of the final table: as wide as a code block on a phone.
const COLUMNS: usize = 40;
/// Embeds for lanes: the first is the headline's, the last the chart's.
const LANES: usize = EMBEDS - 2;
/// Characters of the names in the embed that lanes share.
const NAMES: usize = 800;
/// Characters of a sentence beside an answer.
const SENTENCE: usize = 160;

/// The message of `race`, live or final. With the alternative text of its chart, the picture is the last embed,
/// and the first file of the request must be [`CHART_FILE`].
pub(crate) fn live(view: &View, race: RaceId, chart: Option<&str>) -> Body {
    // weighed with the footer for shortened answers, so that there is room for it if it is needed
    let room = TOTAL.saturating_sub(headline(view, race, true).weight());
    let (answers, shortened) = answers(&view.lanes, room);
    let mut embeds = vec![headline(view, race, shortened)];
    embeds.extend(answers);
    let mut attachments = vec![];
    if let Some(alt) = chart {
        let image = Some(Image { url: format!("attachment://{CHART_FILE}") });
        embeds.push(Embed { image, ..Embed::text(String::new()) });
        let description = clipped(&plain(alt), ALT);
        attachments.push(Attachment { id: 0, filename: CHART_FILE.to_owned(), description });
    }
    let components = vec![buttons(view, race)];
    Body { content: content(view), embeds, components, attachments, ..Body::default() }
}

/// The text outside the embeds, which a notification shows: only our own words.
fn content(view: &View) -> String {
    let (icon, words) = words::summary(view);
    format!("{icon} **Arena** · {words}")
}

fn buttons(view: &View, race: RaceId) -> Row {
    let buttons = button::below(race, view.is_final(), view.lanes.len()).into_iter();
    Row::of(buttons.map(|(button, emoji, label)| ButtonDto::new(button, emoji, label)).collect())
}

/// The first embed: the asker and the prompt, the standings, the lesson.
fn headline(view: &View, race: RaceId, shortened: bool) -> Embed {
    let mut parts = vec![asked(view)];
    parts.extend(words::ending(view.progress).map(str::to_owned));
    match view.is_final() {
        true if view.lanes.len() == 1 => {}
        true => parts.push(final_table(view)),
        false => parts.push(lines(view)),
    }
    parts.extend(view.lesson.as_ref().map(|lesson| between("💡 ", lesson, 300, "")));
    parts.extend(view.notice.as_ref().map(|notice| between("-# ", notice, 120, "")));
    // a code block has its own margins
    parts.retain(|part| !part.is_empty());
    let description = parts.join("\n\n").replace("\n\n```", "\n```").replace("```\n\n", "```\n");
    let footer = Some(Footer { text: words::notes(view, race, shortened) });
    Embed { footer, ..Embed::text(description) }
}

fn asked(view: &View) -> String {
    let asker = short(&view.asker, 40);
    let asker = if asker.is_empty() { "someone" } else { &asker };
    let prompt = clipped(&words::excerpt(&view.prompt, PROMPT.1), PROMPT.0);
    let quote = prompt.lines().map(|line| format!("> {}", escape(line))).collect::<Vec<_>>().join("\n");
    format!("**{asker}** asks{}\n{quote}", words::simulated(view))
}

/// One line for each lane in the order of the standings, as many as fit.
fn lines(view: &View) -> String {
    let all = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    fitting(all.map(|lane| line(lane, view.lanes.len() == 1)), String::new(), LINES, length)
}

fn line(lane: &LaneView, alone: bool) -> String {
    let name = bold(&lane.card, lane.simulated);
    let words = words::joined([lane.speed.clone().unwrap_or_default(), short(&lane.status, STATUS)]);
    if alone {
        format!("{name} · {words}")
    } else {
        format!("`{}` {name} {words}", words::bar(lane.bar, BAR_CELLS))
    }
}

/// The numbers in the order of the standings, as a code block.
fn final_table(view: &View) -> String {
    let (heads, lanes) = results::table(view, COLUMNS, ["first", "total", "tokens", "tok/s"]);
    format!("```\n{}\n```", fitting(lanes.into_iter(), heads, LINES, length))
}

/// The answers: one embed for each lane in the colour of its model, the last ones in a common embed if there are more
/// lanes than embeds; all of them weigh at most `room`. The second value is true if an answer was shortened.
fn answers(lanes: &[LaneView], room: usize) -> (Vec<Embed>, bool) {
    let own = if lanes.len() > LANES { LANES - 1 } else { lanes.len() };
    let parts: Vec<Part> =
        lanes.iter().zip(heights(lanes)).map(|(lane, height)| Part::of(lane, height)).collect();
    let (apart, together) = parts.split_at(own);
    let mut embeds: Vec<Embed> = apart.iter().map(|part| part.frame(lanes.len() == 1)).collect();
    let mut heads: Vec<String> = together.iter().map(Part::head).collect();
    let names = |heads: &[String]| heads.iter().map(|head| length(head) + 3).sum::<usize>();
    // the names of more lanes than an embed holds are in the headline only
    while names(&heads) > NAMES {
        heads.pop();
    }
    let names = names(&heads);
    let parts = || apart.iter().chain(&together[..heads.len()]);
    let fixed = embeds.iter().map(Embed::weight).sum::<usize>() + names;
    let mut rooms = shares(&parts().map(Part::demand).collect::<Vec<_>>(), room.saturating_sub(fixed));
    let common = rooms.split_off(own);
    rooms.extend(shares(&common, common.iter().sum::<usize>().min(DESCRIPTION - names)));
    let (texts, cuts): (Vec<_>, Vec<_>) = parts().zip(rooms).map(|(part, room)| part.text(room)).unzip();
    let mut texts = texts.into_iter();
    for (embed, text) in embeds.iter_mut().zip(texts.by_ref()) {
        embed.description = text;
    }
    if !heads.is_empty() {
        let all: Vec<String> = heads.iter().zip(texts).map(|(head, text)| format!("{head}{text}")).collect();
        embeds.push(Embed::text(all.join("\n\n")));
    }
    (embeds, cuts.contains(&true))
}

/// The text of one lane: its words and its answer.
struct Part<'a> {
    lane: &'a LaneView,
    /// Above the answer, ending in a line break; may be empty.
    above: String,
    answer: Option<Answer>,
}

impl<'a> Part<'a> {
    fn of(lane: &'a LaneView, lines: usize) -> Self {
        let status = |mark: &str| between(&format!("{mark}*"), &lane.status, SENTENCE, "*\n");
        let status = words::mark(lane).map(status).unwrap_or_default();
        let note = lane.note.as_ref().map(|note| between("-# ", note, SENTENCE, "\n"));
        Self { lane, above: status + &note.unwrap_or_default(), answer: Answer::of(lane, lines) }
    }

    /// The embed without its text. A lane alone has its numbers here, others in the headline.
    fn frame(&self, alone: bool) -> Embed {
        let (card, simulated) = (&self.lane.card, self.lane.simulated);
        let numbers = self.lane.numbers.as_ref().filter(|_| alone);
        let footer = numbers.map(|numbers| Footer { text: words::numbers(numbers) });
        Embed { title: title(card, simulated), color: color(card), footer, ..Embed::text(String::new()) }
    }

    /// The name above the text in an embed that lanes share.
    fn head(&self) -> String {
        bold(&self.lane.card, self.lane.simulated) + "\n"
    }

    /// The room that all of the text takes, at most what an embed holds.
    fn demand(&self) -> usize {
        (length(&self.above) + 1 + self.answer.as_ref().map_or(0, Answer::demand)).min(DESCRIPTION)
    }

    /// The words (if there is room for all of them: half of them could leave a mark open) and as much of the answer as
    /// fits; true if something is left out.
    fn text(&self, limit: usize) -> (String, bool) {
        let mut text = if length(&self.above) < limit { self.above.clone() } else { String::new() };
        let left = limit.saturating_sub(length(&text) + 1);
        let (kept, cut) = self.answer.as_ref().map(|answer| answer.within(left)).unwrap_or_default();
        text.push_str(&kept);
        (text.trim().to_owned(), cut)
    }
}
