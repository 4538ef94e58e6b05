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
use slack_morphism::blocks::{SlackActionBlockElement, SlackBlock};

use super::{
    blocks::{Body, Inline, actions, bold, context, paragraph, quote_of, rich, room, section, text},
    buttons::{button, reading},
    escape::{bare, mrkdwn},
    race::{Extras, MAX_READ, attached, containers, with_byline},
};
use crate::{
    button::Button,
    race::{RaceId, vote::AnswerKey},
    view::{
        LaneView, View, VoteView,
        limits::{MAX_QUOTE, MAX_SENTENCE},
        scoreboard::{MAX_EXCERPTS, beginning, byline, headline},
        vote::{labels, sentence},
        words::{self, model_name},
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
    let stop = button(Button::Stop(race), "🛑", "Stop", "Stop this race");
    let mut blocks = vec![paragraph([bold(&format!("{icon} {}", bare(&prompt, MAX_QUOTE)))])];
    blocks.extend(attached(view));
    blocks.push(paragraph([text(&sentence(view).unwrap_or_default())]));
    blocks.push(context(&words::joined([bare(&byline(view), MAX_SENTENCE), words::notes(view, race)])));
    blocks.extend(actions([stop]));
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
    let best = labels(view).map(|label| {
        button(Button::Best(race, label), "", &label.to_string(), &format!("Vote: answer {label} is best"))
    });
    let notes = context(&words::notes(view, race));
    let below = [Some(state), actions(best), controls(view, race), Some(notes)].into_iter().flatten();
    let below: Vec<SlackBlock> = below.collect();
    let spoken = spoken(view, &format!("{question} {prompt}"));
    if extras.containers {
        let left = room(&[blocks.as_slice(), &below].concat()).saturating_sub(spoken.len());
        blocks.extend(containers(view, left, |lane| excerpt(view, lane, SUBTITLE_COLUMNS)));
    } else if view.lanes.len() <= MAX_EXCERPTS {
        let beginnings = labels(view).zip(&view.lanes).map(|(label, lane)| {
            let excerpt = excerpt(view, lane, BEGINNING_COLUMNS);
            section([bold(&label.to_string()), text(&format!("  {excerpt}"))])
        });
        blocks.push(rich(beginnings.collect()));
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

/// The other ballot, the ways to read, and the end of the vote.
fn controls(view: &View, race: RaceId) -> Option<SlackBlock> {
    let read = labels(view).take(MAX_READ).map(|label| (AnswerKey::Label(label), format!("Answer {label}")));
    let none = button(Button::NoneGood(race), "", "None is good", "Vote: no answer is good");
    let full = button(Button::Answers(race), "📄", "Full answers", "Show the full answers in the thread");
    let close = button(Button::CloseVote(race), "🔒", "Close vote", "Close the vote and show the names");
    let menu = reading(race, read).map(SlackActionBlockElement::from);
    actions([none.into()].into_iter().chain(menu).chain([full.into(), close.into()]))
}

/// The beginning of an answer in at most `columns` with its name; empty if there are too many answers.
fn excerpt(view: &View, lane: &LaneView, columns: usize) -> String {
    let room = columns.saturating_sub(model_name(&lane.card).len());
    if view.lanes.len() > MAX_EXCERPTS {
        String::new()
    } else {
        bare(&beginning(&lane.answer, room), columns)
    }
}

/// The state of the vote and the beginning of each answer in sentences.
fn spoken(view: &View, what: &str) -> String {
    let said = [format!("{} {what}", headline(view).0), byline(view), sentence(view).unwrap_or_default()];
    let answers = labels(view).zip(&view.lanes).filter(|_| view.lanes.len() <= MAX_EXCERPTS);
    let answers = answers.map(|(label, lane)| format!("{label}: {}", excerpt(view, lane, SPOKEN_COLUMNS)));
    mrkdwn(&said.into_iter().chain(answers).collect::<Vec<_>>().join(" · "), MAX_SPOKEN)
}
