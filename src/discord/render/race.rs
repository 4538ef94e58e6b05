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
    body::{
        Attachment, Body, ButtonDto, COLOR, Component, DESCRIPTION, Embed, Footer, Image, Menu, MenuOption,
        OPTION_TEXT, OPTIONS, TOTAL, length,
    },
    escape::{bare, between, bold, byline, clipped, color, escape, icon, short},
    markdown::{Answer, Discord},
    vote,
};
use crate::{
    button::{self, Button, Page},
    race::{RaceId, figures::SPEED_DEFINITION},
    view::{
        LaneState, LaneView, Progress, View, VoteView,
        fit::pages,
        scoreboard::{self, Excerpt, excerpts_within, headline},
        text::fitting,
        vote::sentence,
        words::{self, model_name},
    },
};

/// The chart's name among the files of the message.
pub(crate) const CHART_FILE: &str = "race.png";

/// The option of the file with all answers.
const ALL_ANSWERS: &str = "📄 All answers, as a file";

/// Cells of a full bar: a line of bar, name and state is at most 40 columns wide, as many as a phone shows.
const BAR_CELLS: u16 = 6;
/// Characters of all the lanes' lines.
const LINES: usize = 1_800;
/// Characters of the prompt in a title and in a quote.
const TITLE_PROMPT: usize = 120;
const QUOTED_PROMPT: usize = 160;
/// Characters and lines of the prompt above a single answer.
const PROMPT: (usize, usize) = (300, 4);
/// Characters of the words and of the text in an excerpt.
const EXCERPT: usize = 160;
/// Characters of the lesson, more than any has.
const LESSON: usize = 600;
/// Characters of the votes.
const VOTES: usize = 900;
/// Characters of the small lines at the end.
const SMALL: usize = 500;
/// Columns of two lines beside the name of a model on a phone.
const EXCERPT_COLUMNS: usize = 72;
/// The excerpts of a live message with a blank line between them.
const SPACED_EXCERPTS: usize = 5;
/// Characters of the names of the attached files, and of the models that cannot see them.
const ATTACHED: usize = 300;
/// Characters of a sentence beside an answer.
const SENTENCE: usize = 160;
/// Characters of the asker, the time and the notes.
const BYLINE: usize = 240;
/// Lines of a single answer while it is being written.
const LIVE_LINES: usize = 24;

/// The message of `race`, live or final. With the alternative text of its chart, the picture is in the first embed, and the
/// first file of the request must be [`CHART_FILE`].
pub(crate) fn live(view: &View, race: RaceId, chart: Option<&str>) -> Body {
    if let Some(body) = vote::unseen(view, race) {
        return body;
    }
    let (mut embeds, is_cut) = match view.lanes.as_slice() {
        [lane] => single(view, lane, race),
        _ if view.is_final() => (scoreboard(view, race), true),
        _ => (vec![running(view, race)], false),
    };
    let mut attachments = vec![];
    if let (Some(alt), Some(first)) = (chart, embeds.first_mut()) {
        first.image = Some(Image { url: format!("attachment://{CHART_FILE}") });
        attachments.push(Attachment::of(CHART_FILE, alt));
    }
    Body { embeds, components: controls(view, race, is_cut), attachments, ..Body::default() }
}

/// The live message of several models.
fn running(view: &View, race: RaceId) -> Embed {
    let (icon, prompt) = headline(view);
    let title = format!("{icon} {}", short(&prompt, TITLE_PROMPT));
    let notice = view.notice.as_ref().map(|notice| between("-# ", notice, 120, ""));
    let standings = format!("-# {}\n{}{}", byline(view, BYLINE), attached(view), lines(view));
    let (excerpts, _) = excerpts_within(view, EXCERPT_COLUMNS);
    let gap = if excerpts.len() > SPACED_EXCERPTS { "" } else { "\n" };
    let excerpts = excerpts.iter().map(|(lane, excerpt)| excerpt_line(&icon_of(lane), excerpt) + gap);
    let parts = [standings + "\n"].into_iter().chain(excerpts).chain(notice);
    let description = fitting(parts, String::new(), DESCRIPTION, length);
    let footer = Some(Footer { text: words::notes(view, race) });
    Embed { title, footer, ..Embed::text(description.trim_end().to_owned()) }
}

/// The final message of several models: an embed that ends with the chart, and one with everything else.
fn scoreboard(view: &View, race: RaceId) -> Vec<Embed> {
    let (icon, result) = headline(view);
    let color = winner(view).map_or(COLOR, |lane| color(&lane.card));
    let votes = sentence(view).map(|votes| between("\n", &votes, VOTES, "")).unwrap_or_default();
    let prompt = short(&words::excerpt(&view.prompt, 1), QUOTED_PROMPT);
    let attached = attached(view);
    let attached = if attached.is_empty() { attached } else { format!("\n{}", attached.trim_end()) };
    let first = Embed {
        title: format!("{icon} {}", short(&result, TITLE_PROMPT)),
        color,
        ..Embed::text(format!("> {prompt} — {}{attached}{votes}", byline(view, BYLINE)))
    };
    let footer = Some(Footer { text: notes(view, race) });
    match details(view) {
        text if text.is_empty() => vec![Embed { footer, ..first }],
        text => vec![first, Embed { color, footer, ..Embed::text(text) }],
    }
}

/// The small lines of the attached files, and of the models that cannot see them.
pub(super) fn attached(view: &View) -> String {
    words::attached(view).iter().map(|line| between("-# ", line, ATTACHED, "\n")).collect()
}

/// The lane that gives the final message its colour: that of the most votes after a vote, else the fastest.
fn winner(view: &View) -> Option<&LaneView> {
    if let Some(VoteView::Closed { picks, none_good, .. }) = &view.vote {
        let first = picks.first().filter(|pick| pick.best > *none_good)?;
        let is_tied = picks.iter().skip(1).any(|pick| pick.best == first.best);
        return view.lanes.get(first.lane).filter(|_| !is_tied);
    }
    let fastest = view.standings.first().and_then(|&i| view.lanes.get(i));
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
        // the votes take the lesson's place
        let lesson = view.lesson.as_ref().filter(|_| view.vote.is_none());
        text.extend(lesson.map(|lesson| between("💡 ", lesson, LESSON, "\n")));
        text = text.trim_end().to_owned() + "\n";
    }
    if !(all_failed && is_one_failure) {
        let lines = excerpts.iter();
        let lines =
            lines.map(|(lane, excerpt)| excerpt_line(&format!("{} ", bold(&lane.card, false)), excerpt));
        text = fitting(lines, text, DESCRIPTION - SMALL, length);
        let others = (others > 0).then(|| format!("{others} more in the menu below"));
        for small in others.iter().chain(&view.notice) {
            text.push_str(&between("\n-# ", small, 120, ""));
        }
    }
    text.trim().to_owned()
}

/// The notes below a race, with the definition of the speed in fewer words: the chart has it in full.
fn notes(view: &View, race: RaceId) -> String {
    let has_speed = view.lanes.iter().any(|lane| lane.speed.is_some());
    let definition = if has_speed { "tok/s: speed after the first token" } else { "" };
    words::notes(view, race).replace(SPEED_DEFINITION, definition).trim_start_matches(" · ").to_owned()
}

/// The numbers in the order of the standings, as a code block.
fn table(view: &View) -> String {
    let (heads, lanes) = scoreboard::table(view);
    format!("```\n{}\n```\n", fitting(lanes.into_iter(), heads, LINES, length))
}

fn excerpt_line(name: &str, excerpt: &Excerpt) -> String {
    let words = between("*", &excerpt.words, EXCERPT, "* ");
    format!("{name}{words}{}", short(&excerpt.answer, EXCERPT))
}

fn icon_of(lane: &LaneView) -> String {
    let icon = icon(&lane.card);
    if icon.is_empty() { between("**", &model_name(&lane.card), 40, "** ") } else { icon }
}

/// One line for each lane in the order of the standings, as many as fit.
fn lines(view: &View) -> String {
    let all = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    let line = |lane: &LaneView| {
        let (bar, name) = (words::bar(lane.bar, BAR_CELLS), bold(&lane.card, false));
        format!("`{bar}` {name} {}", short(&lane.brief, 40))
    };
    fitting(all.map(line), String::new(), LINES, length)
}

/// The message of one model, and true if it does not hold the whole answer.
fn single(view: &View, lane: &LaneView, race: RaceId) -> (Vec<Embed>, bool) {
    let (chars, max_lines) = PROMPT;
    let prompt = clipped(&words::excerpt(&view.prompt, max_lines), chars);
    let quote = prompt.lines().fold(String::new(), |quote, line| quote + "> " + &escape(line) + "\n");
    let status = between("", &lane.status, SENTENCE, "");
    let status = match words::mark(lane) {
        Some(mark) => format!("{mark}*{status}*\n"),
        None if view.is_final() => String::new(),
        None => format!("-# {status}\n"),
    };
    let note = lane.note.as_ref().map(|note| between("-# ", note, SENTENCE, "\n")).unwrap_or_default();
    let ended = if view.is_final() && lane.state == LaneState::Stopped {
        between("", &headline(view).1, SENTENCE, "\n")
    } else {
        String::new()
    };
    let mut above = format!("{quote}{}-# {}\n{ended}{status}{note}", attached(view), byline(view, BYLINE));
    above.extend(view.notice.as_ref().map(|notice| between("-# ", notice, 120, "\n")));
    let numbers = lane.numbers.as_ref().map(words::numbers);
    let footer = Footer { text: words::joined(numbers.into_iter().chain([words::notes(view, race)])) };
    let title = format!("{}{}", icon(&lane.card), short(&model_name(&lane.card), 48));
    let fixed = length(&above) + length(&title) + length(&footer.text) + 2;
    let (texts, is_cut) = answer(lane, view.is_final(), length(&above) + 2, fixed);
    let mut texts = texts.into_iter();
    let description = above + &texts.next().unwrap_or_default();
    let embed = |description| Embed { color: color(&lane.card), ..Embed::text(description) };
    let mut embeds = vec![Embed { title, ..embed(description.trim().to_owned()) }];
    embeds.extend(texts.map(embed));
    if let Some(last) = embeds.last_mut() {
        last.footer = Some(footer);
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
    let lanes = view.lanes.len();
    // a row has five buttons: several models have the file in their menu
    let is_in_menu = |button: Button| matches!(button, Button::Answers(_)) && lanes > 1 && has_answer;
    let mut buttons: Vec<ButtonDto> =
        button::below(race, view.is_final(), lanes, view.is_replayable(), has_answer)
            .into_iter()
            .filter(|(button, ..)| !is_in_menu(*button))
            .map(|(button, emoji, label)| ButtonDto::new(button, emoji, label))
            .collect();
    let mut rows = vec![];
    if view.is_final() && view.lanes.len() == 1 {
        let read = ButtonDto::new(Button::Read(Page::first(race, view.key_of(0))), "📖", "Read it all");
        buttons.extend((is_cut && has_text(&view.lanes[0])).then_some(read));
    } else if view.is_final() {
        rows.extend(menu(view, race, "📖 Read an answer …", None));
    }
    rows.push(Component::buttons(buttons));
    rows
}

/// The menu of the models that wrote something, but for the lane `without`; with all of them, it ends with the file of all
/// answers. While a vote is open, it says nothing but the letters of the answers.
pub(super) fn menu(
    view: &View,
    race: RaceId,
    placeholder: &str,
    without: Option<usize>,
) -> Option<Component> {
    let lanes = view.standings.iter().filter_map(|&i| Some((i, view.lanes.get(i)?)));
    let is_blind = view.progress == Progress::Voting;
    let lanes = lanes.filter(|(i, lane)| (is_blind || has_text(lane)) && Some(*i) != without);
    let ends_with_file = without.is_none() && !is_blind;
    let options = lanes.take(OPTIONS - usize::from(ends_with_file)).map(|(i, lane)| MenuOption {
        label: bare(&format!("{} {}", lane.card.icon, model_name(&lane.card)), OPTION_TEXT),
        value: Button::Read(Page::first(race, view.key_of(i))).to_string(),
        description: if is_blind { String::new() } else { bare(&lane.status, OPTION_TEXT) },
    });
    let mut options: Vec<MenuOption> = options.collect();
    options.extend((ends_with_file && !options.is_empty()).then(|| MenuOption {
        label: ALL_ANSWERS.to_owned(),
        value: Button::Answers(race).to_string(),
        description: String::new(),
    }));
    let custom_id = format!("arena:menu:{race}");
    (!options.is_empty()).then(|| Component::menu(Menu::new(custom_id, placeholder, options)))
}

/// Returns true if there is something to read.
fn has_text(lane: &LaneView) -> bool {
    !lane.answer.trim().is_empty()
}
