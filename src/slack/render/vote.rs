//! A blind race until its vote is closed: how many answers are ready, then the answers under their letters.
//!
//! ```text
//! writing   prompt, how many are ready                                            Stop
//! open      prompt, one container per answer (or the beginnings of all), voters   A B C ..., None is good, menu, Close vote
//! closed    as any other race, with the votes: see race
//! ```
//!
//! Nothing here names a model, and nothing moves but the two counts: a pace that changes makes no new frame.

use jiff::Timestamp;
use serde_json::json;
use slack_morphism::blocks::{SlackActionBlockElement, SlackBlock, SlackBlockButtonElement};

use super::{
    blocks::{self, Body, Inline, actions, bold, context, paragraph, quote_of, rich, room, section, text},
    byline::with_byline,
    escape::{bare, mrkdwn},
    race::{Extras, MAX_QUOTE, MAX_READ, MAX_SENTENCE, attached, containers},
};
use crate::{
    button::Button,
    race::{
        RaceId,
        vote::{AnswerKey, Label},
    },
    view::{
        LaneView, View, VoteView,
        scoreboard::{byline, excerpts_within, headline},
        vote::sentence,
        words,
    },
};

/// Columns of an answer's beginning: the subtitle of a container, or three lines of a phone.
const SUBTITLE_COLUMNS: usize = 80;
const BEGINNING_COLUMNS: usize = 128;
/// Columns of an answer's beginning in the fallback text.
const SPOKEN_COLUMNS: usize = 80;
/// Characters of the fallback text.
const MAX_SPOKEN: usize = 1_200;

/// The message of `race` before its vote is closed; `None` if it has no vote or its vote is closed.
pub(super) fn pending(view: &View, race: RaceId, extras: Extras) -> Option<Body> {
    match view.vote.as_ref()? {
        VoteView::Writing { .. } => Some(writing(view, race)),
        VoteView::Open { closes_at, .. } => Some(open(view, race, *closes_at, extras)),
        VoteView::Closed { .. } => None,
    }
}

fn writing(view: &View, race: RaceId) -> Body {
    let (icon, prompt) = headline(view);
    let said = sentence(view).unwrap_or_default();
    let stop = blocks::button(Button::Stop(race), "🛑", "Stop", "Stop this race");
    let mut blocks = vec![paragraph([bold(&format!("{icon} {}", bare(&prompt, MAX_QUOTE)))])];
    blocks.extend(attached(view));
    blocks.extend([
        paragraph([text(&said)]),
        context(&words::joined([bare(&byline(view), MAX_SENTENCE), words::notes(view, race)])),
        actions(vec![stop]),
    ]);
    Body { text: spoken(view, &prompt), blocks }
}

fn open(view: &View, race: RaceId, closes_at: Timestamp, extras: Extras) -> Body {
    let (icon, question) = headline(view);
    let prompt = words::excerpt(&view.prompt, 1);
    let mut blocks = vec![rich(vec![
        section([bold(&format!("{icon} {}", bare(&question, MAX_SENTENCE)))]),
        quote_of(with_byline(view, &bare(&prompt, MAX_QUOTE))),
    ])];
    blocks.extend(attached(view));
    let state = paragraph([
        text(&format!("{} It closes ", sentence(view).unwrap_or_default())),
        date(closes_at),
        text("."),
    ]);
    let below = [
        state,
        actions(labels(view).map(|label| best(race, label)).collect()),
        controls(view, race),
        context(&words::notes(view, race)),
    ];
    let spoken = spoken(view, &format!("{question} {prompt}"));
    if extras.containers {
        let left = room(&[blocks.as_slice(), &below].concat()).saturating_sub(spoken.len());
        blocks.extend(containers(view, left, subtitles(view)));
    } else {
        blocks.extend(beginnings(view));
    }
    blocks.extend(below);
    Body { text: spoken, blocks }
}

/// A time, which Slack shows in the reader's zone
/// (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block#date-element-type>).
fn date(time: Timestamp) -> Inline {
    let fallback = time.strftime("at %H:%M UTC").to_string();
    let date = json!({
        "type": "date",
        "timestamp": time.as_second(),
        "format": "{date_short_pretty} at {time}",
        "fallback": fallback,
    });
    // its type wants a time of the library's own
    serde_json::from_value(date).unwrap_or_else(|_| text(&fallback))
}

fn labels(view: &View) -> impl Iterator<Item = Label> + '_ {
    (0..view.lanes.len()).filter_map(Label::at)
}

fn best(race: RaceId, label: Label) -> SlackActionBlockElement {
    let spoken = format!("Vote: answer {label} is best");
    blocks::button(Button::Best(race, label), "", &label.to_string(), &spoken).into()
}

/// The other ballot, the ways to read, and the end of the vote.
fn controls(view: &View, race: RaceId) -> SlackBlock {
    let read: Vec<_> = labels(view)
        .take(MAX_READ)
        .map(|label| (AnswerKey::Label(label), format!("Answer {label}")))
        .collect();
    let button = |meaning, emoji: &str, label: &str, spoken: &str| -> SlackBlockButtonElement {
        blocks::button(meaning, emoji, label, spoken)
    };
    actions::<SlackActionBlockElement>(vec![
        button(Button::NoneGood(race), "", "None is good", "Vote: no answer is good").into(),
        blocks::reading(race, read).into(),
        button(Button::Answers(race), "📄", "Full answers", "Show the full answers in the thread").into(),
        button(Button::CloseVote(race), "🔒", "Close vote", "Close the vote and show the names").into(),
    ])
}

/// The beginnings of all answers, in equal room; none if there is not one for each.
fn excerpts(view: &View, columns: usize) -> Vec<(&LaneView, String)> {
    let (excerpts, others) = excerpts_within(view, columns);
    if others > 0 {
        return vec![];
    }
    excerpts.into_iter().map(|(lane, excerpt)| (lane, bare(&excerpt.answer, columns))).collect()
}

/// Returns the subtitle of a container: the beginning of its answer.
fn subtitles(view: &View) -> impl Fn(&LaneView) -> String {
    let all: Vec<_> = excerpts(view, SUBTITLE_COLUMNS)
        .into_iter()
        .map(|(lane, excerpt)| (lane.card.id.clone(), excerpt))
        .collect();
    move |lane| {
        let known = all.iter().find(|(id, _)| *id == lane.card.id);
        known.map(|(_, excerpt)| excerpt.clone()).unwrap_or_default()
    }
}

fn beginnings(view: &View) -> Option<SlackBlock> {
    let parts: Vec<_> = labels(view)
        .zip(excerpts(view, BEGINNING_COLUMNS))
        .map(|(label, (_, excerpt))| section([bold(&label.to_string()), text(&format!("  {excerpt}"))]))
        .collect();
    (!parts.is_empty()).then(|| rich(parts))
}

/// The state of the vote and the beginning of each answer in sentences.
fn spoken(view: &View, what: &str) -> String {
    let answers = labels(view).zip(excerpts(view, SPOKEN_COLUMNS));
    let answers = answers.map(|(label, (_, excerpt))| format!("{label}: {excerpt}"));
    let said = [format!("{} {what}", headline(view).0), byline(view), sentence(view).unwrap_or_default()];
    mrkdwn(&said.into_iter().chain(answers).collect::<Vec<_>>().join(" · "), MAX_SPOKEN)
}
