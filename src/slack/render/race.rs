//! A race as one message: its first post, live, and final.
//!
//! ```text
//! several models   live   prompt, one line per model, the newest end of each answer       Stop
//!                  final  result, prompt, chart, table, lesson
//!                         one container per model with its answer (or the beginnings of all), buttons
//! one model        the answer itself and its numbers
//! blind            see vote, until the names are shown
//! ```

use std::sync::Arc;

use slack_morphism::blocks::{SlackActionBlockElement, SlackBlock, SlackBlockButtonElement};

use super::{
    answer::Answer,
    blocks::{
        Body, Inline, actions, bold, code, container, context, italic, length, link, markdown, paragraph,
        preformatted, quote, quote_of, rich, room, section, text, weight,
    },
    buttons::{MAX_LABEL, button, reading},
    chart::chart,
    escape::{self, bare, between, full_name, icon, lines, mrkdwn, short_name, tight},
    mrkdwn::{MAX_SECTION, Section},
    vote,
};
use crate::{
    button::{Button, Page},
    model::ModelCard,
    race::{Circumstances, RaceId, vote::RaceKind},
    view::{
        LaneState, LaneView, View,
        fit::shares,
        limits::{
            BAR_CELLS, MAX_ATTACHED, MAX_BRIEF, MAX_HEADLINE, MAX_NAME, MAX_PROMPT, MAX_QUOTE, MAX_SENTENCE,
        },
        scoreboard::{self, byline, excerpts, headline},
        text::fitting,
        vote::sentence,
        words,
    },
};

/// Bytes of the lines of all lanes; the answers need the rest.
const MAX_STANDINGS: usize = 3_600;
/// With more lanes than these, names are not bold: each style weighs as much as a name.
const MAX_STYLED: usize = 8;
/// Characters of a line of the table.
const MAX_FIGURES: usize = 80;
/// Characters of the fallback text, which screen readers read.
const MAX_SPOKEN: [usize; 6] = [3_000, 2_000, 1_200, 700, 300, 100];
/// Bytes of it beside a single answer.
const MAX_SINGLE_SPOKEN: usize = 1_000;
/// Characters of it with its entities.
const MAX_FALLBACK: usize = 4_000;
/// Characters of the line about the asker, of the lesson, and of the votes.
const MAX_BYLINE: usize = 160;
const MAX_LESSON: usize = 300;
const MAX_VOTES: usize = 800;
/// Models named in the first post.
const MAX_NAMED: usize = 20;
/// Lines of a single answer.
const MAX_LINES: usize = 160;
/// Models in the menu of answers, and columns of their names.
pub(super) const MAX_READ: usize = 25;
const MAX_OPTION: usize = 40;
/// Answers with a container; the others are in the full answers only.
const MAX_CONTAINERS: usize = 12;
/// Below an answer that is not whole.
const MORE: &str = "\n_Read the rest with the menu below._";
const GAP: &str = "\n\n";

/// The first post, which stays true if nothing follows: it names the asker, the prompt and, unless the race is blind, the
/// models. It pings no one: the asker is `name` (or the `user` id without one) as text.
pub(crate) fn opening(
    kind: RaceKind,
    asker: &str,
    user: &str,
    (prompt, circumstances): (&str, &Circumstances),
    cards: &[Arc<ModelCard>],
) -> Body {
    let who = if asker.trim().is_empty() { user } else { asker };
    let is_blind = kind == RaceKind::Blind;
    let (icon, hidden) =
        if is_blind { ("🙈", "; names stay hidden until a vote closes") } else { ("⚔️", "") };
    let what = format!(" asks {}{hidden}", words::models(cards.len()));
    let mut names: Vec<String> = cards.iter().take(MAX_NAMED).map(|card| full_name(card)).collect();
    names.extend((cards.len() > names.len()).then(|| format!("{} more", cards.len() - names.len())));
    let names = (!is_blind && !names.is_empty()).then(|| paragraph([text(&names.join(", "))]));
    let blocks = [asked(icon, who, &what, circumstances, prompt)].into_iter().chain(names).collect();
    Body { text: format!("{icon} {}{what}", asker_name(who, mrkdwn)), blocks }
}

/// Blocks that not every workspace takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extras {
    /// Slack's own chart.
    pub(crate) chart: bool,
    /// Containers that are unfolded to read an answer.
    pub(crate) containers: bool,
    /// Tables that readers sort.
    pub(crate) tables: bool,
}

impl Extras {
    /// Returns them in the order of [`EXTRA_BLOCKS`](crate::slack::api::EXTRA_BLOCKS).
    pub(crate) fn all(self) -> [bool; 3] {
        [self.chart, self.containers, self.tables]
    }
}

/// The message of `race`, live or final; `extras` are only in a final one and in an open vote.
pub(crate) fn live(view: &View, race: RaceId, extras: Extras) -> Body {
    if let Some(body) = vote::pending(view, race, extras) {
        return body;
    }
    match view.lanes.as_slice() {
        [lane] => {
            let spoken = spoken(view, MAX_SINGLE_SPOKEN);
            Body { blocks: single(view, lane, race, spoken.len()), text: spoken }
        }
        _ if view.is_final() => scoreboard(view, race, extras),
        _ => {
            let blocks = running(view, race);
            Body { text: spoken(view, room(&blocks)), blocks }
        }
    }
}

/// The whole race in words, in at most `bytes`.
fn spoken(view: &View, bytes: usize) -> String {
    let words = scoreboard::spoken(view);
    let fits = |text: &String| text.len() <= bytes && text.chars().count() <= MAX_FALLBACK;
    MAX_SPOKEN.into_iter().map(|limit| mrkdwn(&words, limit)).find(fits).unwrap_or_default()
}

/// The live message of several models.
fn running(view: &View, race: RaceId) -> Vec<SlackBlock> {
    let (icon, prompt) = headline(view);
    let mut blocks = vec![paragraph([bold(&format!("{icon} {}", bare(&prompt, MAX_HEADLINE)))])];
    blocks.push(match view.circumstances.quote {
        // small text has no links
        Some(_) => paragraph(with_byline(view, "")),
        None => context(&bare(&byline(view), MAX_BYLINE)),
    });
    blocks.extend(attached(view));
    blocks.extend(standings(view));
    blocks.extend(beginnings(view));
    let notice = view.notice.as_ref().map(|notice| bare(notice, MAX_SENTENCE)).unwrap_or_default();
    blocks.push(context(&words::joined([notice, words::notes(view, race)])));
    blocks.extend(actions(buttons(view, race)));
    blocks
}

/// The final message of several models.
fn scoreboard(view: &View, race: RaceId, extras: Extras) -> Body {
    let (icon, result) = headline(view);
    let prompt = bare(&words::excerpt(&view.prompt, 1), MAX_QUOTE);
    let mut blocks = vec![rich(vec![
        section([bold(&format!("{icon} {}", bare(&result, MAX_HEADLINE)))]),
        quote_of(with_byline(view, &prompt)),
    ])];
    blocks.extend(attached(view));
    blocks.extend(sentence(view).map(|votes| paragraph([text(&bare(&votes, MAX_VOTES))])));
    blocks.extend(chart(view).filter(|_| extras.chart));
    blocks.push(preformatted(&figures(view)));
    let lesson = view.shown_lesson().map(|lesson| between("💡 ", lesson, MAX_LESSON, ""));
    blocks.extend(lesson.filter(|lesson| !lesson.is_empty()).map(|lesson| paragraph([text(&lesson)])));
    let notes = context(&words::notes(view, race));
    let below: Vec<SlackBlock> = controls(view, race).into_iter().chain([notes]).collect();
    let shown = beginnings(view).filter(|_| !extras.containers);
    let taken = [blocks.as_slice(), shown.as_slice(), &below].concat();
    let spoken = spoken(view, room(&taken));
    if extras.containers {
        blocks.extend(containers(view, room(&taken).saturating_sub(spoken.len()), subtitle));
    }
    blocks.extend(shown);
    blocks.extend(below);
    Body { text: spoken, blocks }
}

/// The names of the attached files, and the models that cannot see them.
pub(super) fn attached(view: &View) -> Option<SlackBlock> {
    let lines = words::attached(view).iter().map(|line| bare(line, MAX_ATTACHED)).collect::<Vec<_>>();
    let lines = lines.join("\n");
    (!lines.is_empty()).then(|| context(&lines))
}

/// The message of one model: its answer, as much as a message takes beside `spoken` bytes of fallback text.
fn single(view: &View, lane: &LaneView, race: RaceId, spoken: usize) -> Vec<SlackBlock> {
    let what = format!(" asks{}", words::simulated(view));
    let mut above = vec![asked("⚔️", &view.asker, &what, &view.circumstances, &view.prompt)];
    above.extend(attached(view));
    let is_stopped = view.is_final() && lane.state == LaneState::Stopped;
    above.extend(is_stopped.then(|| paragraph([text(&bare(&headline(view).1, MAX_SENTENCE))])));
    let numbers = lane.numbers.as_ref().filter(|_| view.is_final()).map(words::numbers).unwrap_or_default();
    let notice = view.notice.as_ref().map(|notice| bare(notice, MAX_SENTENCE)).unwrap_or_default();
    let turn = bare(&words::joined(view.notes.clone()), MAX_SENTENCE);
    let notes = words::joined([notice, turn, bare(&numbers, MAX_SENTENCE), words::notes(view, race)]);
    let below = |is_cut| [Some(context(&notes)), single_controls(view, race, is_cut)].into_iter().flatten();
    let sentence = |text: &str| Some(escape::markdown(text, MAX_SENTENCE)).filter(|text| !text.is_empty());
    let status = match words::mark(lane) {
        Some(mark) => sentence(&lane.status).map(|status| format!(" · {mark}_{status}_")),
        None if view.is_final() => None,
        None => sentence(&lane.status).map(|status| format!(" · {status}")),
    };
    let note = lane.note.as_deref().and_then(sentence).map(|note| format!("{GAP}_{note}_"));
    let head: String = [Some(escape::title(&lane.card)), status, note].into_iter().flatten().collect();
    let others: Vec<SlackBlock> = above.iter().cloned().chain(below(true)).collect();
    let room = room(&others).saturating_sub(weight(&markdown(&head)) + length(GAP) + spoken);
    let (kept, is_cut) = Answer::of(lane, MAX_LINES).map(|answer| answer.within(room)).unwrap_or_default();
    let text = if kept.is_empty() { head } else { format!("{head}{GAP}{kept}") };
    above.push(markdown(&text));
    above.extend(below(is_cut));
    above
}

/// The beginning of each answer, or its newest end while the race is live.
fn beginnings(view: &View) -> Option<SlackBlock> {
    let (excerpts, others) = excerpts(view);
    let mut parts: Vec<_> = excerpts
        .iter()
        .map(|(lane, excerpt)| {
            let name = if view.is_final() { short_name(&lane.card) } else { String::new() };
            let name = format!("{}{name}", icon(&lane.card));
            let name = if name.trim().is_empty() { short_name(&lane.card) } else { name };
            let words = bare(&excerpt.words, MAX_SENTENCE);
            let gap = if words.is_empty() { "" } else { " " };
            let answer = bare(&excerpt.answer, MAX_SENTENCE);
            section([bold(name.trim()), text(" "), italic(&words), text(&format!("{gap}{answer}"))])
        })
        .collect();
    parts.extend((others > 0).then(|| section([text(&format!("… {others} more in Full answers"))])));
    (!parts.is_empty()).then(|| rich(parts))
}

/// A container for each answer, as many as there is room for, which they share.
pub(super) fn containers(
    view: &View,
    room: usize,
    subtitle: impl Fn(&LaneView) -> String,
) -> Vec<SlackBlock> {
    let subtitle = |lane: &LaneView| tight(&subtitle(lane), MAX_LABEL);
    let mut left = room;
    let mut parts: Vec<(&LaneView, String, Option<Section>)> = vec![];
    for (_, lane) in view.ranked().take(MAX_CONTAINERS) {
        let section = Section::of(lane, MAX_LINES);
        let said = if section.is_some() { lane.note.as_deref().unwrap_or_default() } else { &lane.status };
        let said = escape::entities(&between("_", said, MAX_SENTENCE, "_\n"));
        let takes = weight(&container(&container_title(lane), &subtitle(lane), &[format!("{said}{MORE}")]));
        let Some(rest) = left.checked_sub(takes) else { break };
        left = rest;
        parts.push((lane, said, section));
    }
    // entities make an answer longer than it was measured
    let demand = |(_, said, section): &(&LaneView, String, Option<Section>)| {
        let most = MAX_SECTION.saturating_sub(said.len() + MORE.len());
        section.as_ref().map_or(0, Section::demand).min(most)
    };
    let rooms = shares(&parts.iter().map(demand).collect::<Vec<_>>(), left);
    let blocks = parts.into_iter().zip(rooms).map(|((lane, said, section), room)| {
        let (kept, is_cut) = section.map(|section| section.within(room)).unwrap_or_default();
        let text = format!("{said}{kept}{}", if is_cut { MORE } else { "" });
        let text = if text.trim().is_empty() { "(no answer)" } else { text.trim() };
        container(&container_title(lane), &subtitle(lane), &[text.to_owned()])
    });
    blocks.collect()
}

fn container_title(lane: &LaneView) -> String {
    tight(&format!("{}{}", icon(&lane.card), short_name(&lane.card)), MAX_LABEL)
}

/// The tokens of an answer, or why it is not whole.
fn subtitle(lane: &LaneView) -> String {
    match (&lane.numbers, lane.state) {
        (Some(numbers), LaneState::Finished) => format!("{} tokens", numbers.tokens),
        _ => lane.brief.clone(),
    }
}

fn buttons(view: &View, race: RaceId) -> impl Iterator<Item = SlackBlockButtonElement> {
    let controls = view.controls(race, view.lanes.iter().any(has_text)).into_iter();
    controls.map(|(meaning, emoji, label)| {
        let spoken = if matches!(meaning, Button::Continue(_)) { "Continue in its thread" } else { "" };
        button(meaning, emoji, label, spoken)
    })
}

/// Returns true if there is an answer to read, even where the message does not show it.
fn has_text(lane: &LaneView) -> bool {
    !lane.answer.trim().is_empty() || lane.numbers.is_some()
}

/// A menu of the answers and the buttons of a final race.
fn controls(view: &View, race: RaceId) -> Option<SlackBlock> {
    let names = scoreboard::names(view, MAX_OPTION);
    let read =
        view.ranked().filter(|(_, lane)| has_text(lane)).take(MAX_READ).map(|(i, lane)| {
            (view.key_of(i), tight(&format!("{}{}", icon(&lane.card), names[i]), MAX_LABEL))
        });
    let menu = reading(race, read).map(SlackActionBlockElement::from);
    actions(menu.into_iter().chain(buttons(view, race).map(Into::into)))
}

/// The buttons of a race of one model, with one more if the message does not hold all of a final answer.
fn single_controls(view: &View, race: RaceId, is_cut: bool) -> Option<SlackBlock> {
    let read = || button(Button::Read(Page::first(race, view.key_of(0))), "📖", "Read all of it", "");
    actions((is_cut && view.is_final()).then(read).into_iter().chain(buttons(view, race)))
}

/// A link to the quoted message, after a separator; nothing if there is none.
fn message_link(circumstances: &Circumstances) -> Vec<Inline> {
    let url = circumstances.quote.as_ref().and_then(words::quoted_url);
    url.map(|url| vec![text(" · "), link(url, "message")]).unwrap_or_default()
}

/// `words` and the line about the asker, with a link to the quoted message.
pub(super) fn with_byline(view: &View, words: &str) -> Vec<Inline> {
    let line = words::joined([words.to_owned(), bare(&byline(view), MAX_BYLINE)]);
    [vec![text(&line)], message_link(&view.circumstances)].concat()
}

/// The asker's name, escaped by `escape`; never empty.
fn asker_name(name: &str, escape: impl Fn(&str, usize) -> String) -> String {
    let name = escape(name, MAX_NAME);
    if name.is_empty() { "someone".to_owned() } else { name }
}

/// The asker's name after an icon, followed by `what` and the author of the quoted message, and the prompt as a quote.
fn asked(icon: &str, who: &str, what: &str, circumstances: &Circumstances, prompt: &str) -> SlackBlock {
    let mut head = vec![text(&format!("{icon} ")), bold(&asker_name(who, bare)), text(what)];
    let quoting = |quote| text(&format!(" · {}", bare(&words::quoting(quote), MAX_SENTENCE)));
    head.extend(circumstances.quote.as_ref().map(quoting));
    head.extend(message_link(circumstances));
    let mut parts = vec![section(head)];
    let (chars, max_lines) = MAX_PROMPT;
    let prompt = lines(&words::excerpt(prompt, max_lines), chars);
    if !prompt.is_empty() {
        parts.push(quote(&prompt));
    }
    rich(parts)
}

/// One line for each lane in the order of the standings, as many as there is room for.
fn standings(view: &View) -> Option<SlackBlock> {
    let all: Vec<&LaneView> = view.ranked().map(|(_, lane)| lane).collect();
    let (mut texts, mut room, mut kept) = (vec![], MAX_STANDINGS, 0);
    for lane in &all {
        let line = standing(lane, all.len());
        let Some(rest) = room.checked_sub(line.iter().map(weight).sum()) else { break };
        (room, kept) = (rest, kept + 1);
        texts.extend(line);
        texts.push(text("\n"));
    }
    texts.pop();
    texts.extend((kept < all.len()).then(|| text(&format!("\n… and {} more", all.len() - kept))));
    (!texts.is_empty()).then(|| paragraph(texts))
}

fn standing(lane: &LaneView, lanes: usize) -> Vec<Inline> {
    let bar = code(&words::bar(lane.bar, BAR_CELLS));
    let (icon, name, words) = (icon(&lane.card), short_name(&lane.card), bare(&lane.brief, MAX_BRIEF));
    if lanes > MAX_STYLED {
        return vec![bar, text(&format!(" {icon}{name} {words}"))];
    }
    vec![bar, text(&format!(" {icon}")), bold(&name), text(&format!(" {words}"))]
}

/// The numbers in the order of the standings.
///
/// Not a `table` block: its columns scroll on a phone, one wrong cell refuses the message, and a message may have only
/// one.
fn figures(view: &View) -> String {
    let (heads, lanes) = scoreboard::table(view);
    let lanes = lanes.into_iter().map(|line| lines(&line, MAX_FIGURES));
    fitting(lanes, heads, MAX_STANDINGS / 2, length)
}
