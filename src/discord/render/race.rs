//! A race as one message, live and final.
//!
//! ```text
//! several models   live   prompt, one line per model, the newest end of each answer        Stop
//!                  final  result, prompt, chart | table, lesson, the beginning of each answer
//!                         menu of the answers, buttons
//! one model        the answer itself, as much as an embed takes, and its numbers
//! blind            until the vote closes as `vote` shows it, then like several models, with the votes
//! ```

use super::{
    body::{Body, COLOR, Component, DESCRIPTION, Embed, MenuOption, OPTION_TEXT, OPTIONS, TOTAL, length},
    escape::{bare, between, bold, byline, clipped, color, escape, icon, short, title},
    markdown::{Answer, Discord},
    vote,
};
use crate::{
    button::{Button, Page},
    race::RaceId,
    view::{
        LaneState, LaneView, Progress, View, VoteView,
        limits::{
            BAR_CELLS, MAX_ATTACHED, MAX_BRIEF, MAX_HEADLINE, MAX_NAME, MAX_PROMPT, MAX_QUOTE, MAX_SENTENCE,
        },
        page::pages,
        scoreboard::{self, Excerpt, excerpts_within, headline},
        text::fitting,
        vote::sentence,
        words::{self, model_name},
    },
};

/// The chart's name among the files of the message.
pub(crate) const CHART_FILE: &str = "race.png";

/// Characters of all the lanes' lines.
const MAX_LINES: usize = 1_800;
/// Characters of the lesson, more than any has, and of the votes.
const MAX_LESSON: usize = 600;
const MAX_VOTES: usize = 900;
/// Characters of a notice about the message itself, and of all small lines at the end.
const MAX_SMALL_LINE: usize = 120;
const MAX_SMALL: usize = 500;
/// Characters of the asker, the time and the notes.
const MAX_BYLINE: usize = 240;
/// Columns of two lines beside the name of a model on a phone.
const EXCERPT_COLUMNS: usize = 72;
/// The excerpts of a live message with a blank line between them.
const SPACED_EXCERPTS: usize = 5;
/// Lines of a single answer while it is being written.
const LIVE_LINES: usize = 24;

/// The message of `race`, live or final. With the alternative text of its chart, the picture is in the first embed, and the
/// first file of the request must be [`CHART_FILE`].
pub(crate) fn live(view: &View, race: RaceId, chart: Option<&str>) -> Body {
    if let Some(body) = vote::unseen(view, race) {
        return body;
    }
    let (embeds, is_cut) = match view.lanes.as_slice() {
        [lane] => single(view, lane, race),
        _ if view.is_final() => (scoreboard(view, race), true),
        _ => (vec![running(view, race)], false),
    };
    let components = controls(view, race, is_cut);
    Body { embeds, components, ..Body::default() }.with_picture(CHART_FILE, chart)
}

/// The live message of several models.
fn running(view: &View, race: RaceId) -> Embed {
    let (icon, prompt) = headline(view);
    let title = format!("{icon} {}", short(&prompt, MAX_HEADLINE));
    let notice = view.notice.as_ref().map(|notice| between("-# ", notice, MAX_SMALL_LINE, ""));
    let standings = format!("-# {}\n{}{}", byline(view, MAX_BYLINE), attached(view), lines(view));
    let (excerpts, _) = excerpts_within(view, EXCERPT_COLUMNS);
    let gap = if excerpts.len() > SPACED_EXCERPTS { "" } else { "\n" };
    let excerpts = excerpts.iter().map(|(lane, excerpt)| excerpt_line(&icon_of(lane), excerpt) + gap);
    let parts = [standings + "\n"].into_iter().chain(excerpts).chain(notice);
    let description = fitting(parts, String::new(), DESCRIPTION, length);
    Embed { title, footer: words::notes(view, race), ..Embed::text(description.trim_end().to_owned()) }
}

/// The final message of several models: an embed that ends with the chart, and one with everything else.
fn scoreboard(view: &View, race: RaceId) -> Vec<Embed> {
    let (icon, result) = headline(view);
    let color = winner(view).map_or(COLOR, |lane| color(&lane.card));
    let votes = sentence(view).map(|votes| between("\n", &votes, MAX_VOTES, "")).unwrap_or_default();
    let prompt = short(&words::excerpt(&view.prompt, 1), MAX_QUOTE);
    let attached = attached(view);
    let attached = if attached.is_empty() { attached } else { format!("\n{}", attached.trim_end()) };
    let first = Embed {
        title: format!("{icon} {}", short(&result, MAX_HEADLINE)),
        color,
        ..Embed::text(format!("> {prompt} — {}{attached}{votes}", byline(view, MAX_BYLINE)))
    };
    let footer = words::notes(view, race);
    match details(view) {
        text if text.is_empty() => vec![Embed { footer, ..first }],
        text => vec![first, Embed { color, footer, ..Embed::text(text) }],
    }
}

/// The small lines of the attached files, and of the models that cannot see them.
pub(super) fn attached(view: &View) -> String {
    words::attached(view).iter().map(|line| between("-# ", line, MAX_ATTACHED, "\n")).collect()
}

/// The lane that gives the final message its colour: that of the most votes after a vote, else the fastest.
fn winner(view: &View) -> Option<&LaneView> {
    if let Some(VoteView::Closed { picks, none_good, .. }) = &view.vote {
        let first = picks.first().filter(|pick| pick.best > *none_good)?;
        let is_tied = picks.iter().skip(1).any(|pick| pick.best == first.best);
        return view.lanes.get(first.lane).filter(|_| !is_tied);
    }
    let fastest = view.ranked().next().map(|(_, lane)| lane);
    fastest.filter(|lane| lane.state == LaneState::Finished && lane.speed.is_some())
}

/// The table, the lesson and the beginning of each answer; of a race in which all failed, only the failures, unless
/// they are all that of the title.
fn details(view: &View) -> String {
    let all_failed = view.lanes.iter().all(|lane| lane.state == LaneState::Failed);
    let is_one_failure = view.lanes.windows(2).all(|pair| pair[0].status == pair[1].status);
    let (excerpts, others) = excerpts_within(view, EXCERPT_COLUMNS);
    let mut text = String::new();
    if !all_failed {
        text = table(view);
        text.extend(view.shown_lesson().map(|lesson| between("💡 ", lesson, MAX_LESSON, "\n")));
        text = text.trim_end().to_owned() + "\n";
    }
    if !(all_failed && is_one_failure) {
        let lines = excerpts.iter();
        let lines =
            lines.map(|(lane, excerpt)| excerpt_line(&format!("{} ", bold(&lane.card, false)), excerpt));
        text = fitting(lines, text, DESCRIPTION - MAX_SMALL, length);
        let others = (others > 0).then(|| format!("{others} more in the menu below"));
        for small in others.iter().chain(&view.notice) {
            text.push_str(&between("\n-# ", small, MAX_SMALL_LINE, ""));
        }
    }
    text.trim().to_owned()
}

/// The numbers in the order of the standings, as a code block.
fn table(view: &View) -> String {
    let (heads, lanes) = scoreboard::table(view);
    format!("```\n{}\n```\n", fitting(lanes.into_iter(), heads, MAX_LINES, length))
}

fn excerpt_line(name: &str, excerpt: &Excerpt) -> String {
    let words = between("*", &excerpt.words, MAX_SENTENCE, "* ");
    format!("{name}{words}{}", short(&excerpt.answer, MAX_SENTENCE))
}

fn icon_of(lane: &LaneView) -> String {
    let icon = icon(&lane.card);
    if icon.is_empty() { between("**", &model_name(&lane.card), MAX_NAME, "** ") } else { icon }
}

/// One line for each lane in the order of the standings, as many as fit.
fn lines(view: &View) -> String {
    let line = |(_, lane): (usize, &LaneView)| {
        let (bar, name) = (words::bar(lane.bar, BAR_CELLS), bold(&lane.card, false));
        format!("`{bar}` {name} {}", short(&lane.brief, MAX_BRIEF))
    };
    fitting(view.ranked().map(line), String::new(), MAX_LINES, length)
}

/// The message of one model, and true if it does not hold the whole answer.
fn single(view: &View, lane: &LaneView, race: RaceId) -> (Vec<Embed>, bool) {
    let (chars, max_lines) = MAX_PROMPT;
    let prompt = clipped(&words::excerpt(&view.prompt, max_lines), chars);
    let quote = prompt.lines().fold(String::new(), |quote, line| quote + "> " + &escape(line) + "\n");
    let status = between("", &lane.status, MAX_SENTENCE, "");
    let status = match words::mark(lane) {
        Some(mark) => format!("{mark}*{status}*\n"),
        None if view.is_final() => String::new(),
        None => format!("-# {status}\n"),
    };
    let note = lane.note.as_ref().map(|note| between("-# ", note, MAX_SENTENCE, "\n")).unwrap_or_default();
    let ended = if view.is_final() && lane.state == LaneState::Stopped {
        between("", &headline(view).1, MAX_SENTENCE, "\n")
    } else {
        String::new()
    };
    let mut above =
        format!("{quote}{}-# {}\n{ended}{status}{note}", attached(view), byline(view, MAX_BYLINE));
    above.extend(view.notice.as_ref().map(|notice| between("-# ", notice, MAX_SMALL_LINE, "\n")));
    let numbers = lane.numbers.as_ref().map(words::numbers);
    let footer = words::joined(numbers.into_iter().chain([words::notes(view, race)]));
    let title = title(&lane.card);
    let fixed = length(&above) + length(&title) + length(&footer) + 2;
    let (texts, is_cut) = answer(lane, view.is_final(), length(&above) + 2, fixed);
    let mut texts = texts.into_iter();
    let description = above + &texts.next().unwrap_or_default();
    let embed = |description| Embed { color: color(&lane.card), ..Embed::text(description) };
    let mut embeds = vec![Embed { title, ..embed(description.trim().to_owned()) }];
    embeds.extend(texts.map(embed));
    if let Some(last) = embeds.last_mut() {
        last.footer = footer;
    }
    (embeds, is_cut)
}

/// The text of one answer for one or two embeds, and true if some of it is left out: `above` characters precede it in the
/// first one, `fixed` ones are taken in all of the message.
fn answer(lane: &LaneView, is_final: bool, above: usize, fixed: usize) -> (Vec<String>, bool) {
    let first = (DESCRIPTION - above).min(TOTAL - fixed);
    if !is_final {
        let answer = Answer::of(lane, LIVE_LINES);
        let (text, is_cut) = answer.map(|answer| answer.within(first)).unwrap_or_default();
        return (vec![text], is_cut);
    }
    let second = TOTAL.saturating_sub(fixed + first);
    let mut pages = pages::<Discord>(&lane.answer, |index| if index == 0 { first } else { second });
    let is_cut = lane.clipped || pages.len() > 2;
    pages.truncate(2);
    (pages, is_cut)
}

/// The menu of the answers and the buttons.
fn controls(view: &View, race: RaceId, is_cut: bool) -> Vec<Component> {
    let has_answer = view.lanes.iter().any(has_text);
    let mut controls = view.controls(race, has_answer);
    let mut menu = None;
    if view.lanes.len() > 1 {
        // a row has five buttons: several models have the file in their menu
        controls.retain(|(button, ..)| !(has_answer && matches!(button, Button::Answers(_))));
        menu = answers_menu(view, race, "📖 Read an answer …", None).filter(|_| view.is_final());
    } else if view.is_final() && is_cut && has_answer {
        controls.push((Button::Read(Page::first(race, view.key_of(0))), "📖", "Read it all"));
    }
    menu.into_iter().chain(Component::controls(controls)).collect()
}

/// The menu of the models that wrote something, but for the lane `without`; with all of them, it ends with the file of all
/// answers. While a vote is open, it says nothing but the letters of the answers.
pub(super) fn answers_menu(
    view: &View,
    race: RaceId,
    placeholder: &str,
    without: Option<usize>,
) -> Option<Component> {
    let is_blind = view.progress == Progress::Voting;
    let lanes = view.ranked().filter(|(i, lane)| (is_blind || has_text(lane)) && Some(*i) != without);
    let ends_with_file = without.is_none() && !is_blind;
    let options = lanes.take(OPTIONS - usize::from(ends_with_file)).map(|(i, lane)| MenuOption {
        label: bare(&format!("{} {}", lane.card.icon, model_name(&lane.card)), OPTION_TEXT),
        value: Button::Read(Page::first(race, view.key_of(i))).to_string(),
        description: if is_blind { String::new() } else { bare(&lane.status, OPTION_TEXT) },
    });
    let mut options: Vec<MenuOption> = options.collect();
    options.extend((ends_with_file && !options.is_empty()).then(|| MenuOption {
        label: "📄 All answers, as a file".to_owned(),
        value: Button::Answers(race).to_string(),
        description: String::new(),
    }));
    let (custom_id, placeholder) = (format!("arena:menu:{race}"), placeholder.to_owned());
    (!options.is_empty()).then(|| Component::Row(vec![Component::Menu { custom_id, placeholder, options }]))
}

/// Returns true if there is something to read.
fn has_text(lane: &LaneView) -> bool {
    !lane.answer.trim().is_empty()
}
