//! A blind race until its vote closes: the number of answers that are ready, then the answers under their letters.
//!
//! Nothing here depends on a model: every answer has the same room, the same colour and no icon. The notices about the
//! pace are left out too, so that the message changes only with the numbers of answers and of voters.

use super::{
    body::{Body, Component, Embed, ROWS},
    escape::{byline, color, escape, short},
    race::{answers_menu, attached},
};
use crate::{
    button::Button,
    race::{RaceId, vote::MAX_LABELS},
    view::{
        View, VoteView,
        limits::{MAX_HEADLINE, MAX_NAME, MAX_QUOTE, MAX_SENTENCE},
        scoreboard::{beginning, headline},
        vote::{labels, sentence},
        words,
    },
};

/// Columns of all answers together: with five of them the message is about one phone screen high.
const COLUMNS: usize = 600;
/// The least and the most columns of one answer.
const ANSWER_COLUMNS: (usize, usize) = (40, 240);
/// The answers with a blank line between them.
const SPACED_ANSWERS: usize = 8;

/// The message of a blind race whose vote is not closed; `None` for every other race.
pub(super) fn unseen(view: &View, race: RaceId) -> Option<Body> {
    let (embed, components) = match view.vote.as_ref()? {
        VoteView::Writing { .. } => {
            (writing(view), Component::controls([(Button::Stop(race), "🛑", "Stop")]))
        }
        VoteView::Open { closes_at, .. } => (open(view, closes_at.as_second()), ballots(view, race)),
        VoteView::Closed { .. } => return None,
    };
    let footer = words::notes(view, race);
    Some(Body { embeds: vec![Embed { footer, ..embed }], components, ..Body::default() })
}

fn writing(view: &View) -> Embed {
    let (icon, prompt) = headline(view);
    let byline = format!("-# {}\n", byline(view, MAX_SENTENCE));
    let state = sentence(view).map(|words| escape(&words)).unwrap_or_default();
    Embed {
        title: format!("{icon} {}", short(&prompt, MAX_HEADLINE)),
        ..Embed::text(byline + &attached(view) + &state)
    }
}

/// The answers and the state of the vote, with its end as Discord's relative time.
fn open(view: &View, closes_at: i64) -> Embed {
    let (icon, question) = headline(view);
    let prompt = short(&words::excerpt(&view.prompt, 1), MAX_QUOTE);
    let (least, most) = ANSWER_COLUMNS;
    let columns = (COLUMNS / view.lanes.len().max(1)).clamp(least, most);
    let gap = if view.lanes.len() > SPACED_ANSWERS { "\n" } else { "\n\n" };
    let answers = view.lanes.iter().take(MAX_LABELS).map(|lane| {
        let name = short(&words::model_name(&lane.card), MAX_NAME);
        format!("**{name}** {}", short(&beginning(&lane.answer, columns), columns))
    });
    let answers = answers.collect::<Vec<_>>().join(gap);
    let state = sentence(view).map(|words| escape(&words)).unwrap_or_default();
    let text = format!(
        "> {prompt} — {}\n{}\n{answers}\n\n{state} The vote closes <t:{closes_at}:R>.",
        byline(view, MAX_SENTENCE),
        attached(view)
    );
    let neutral = view.lanes.first().map(|lane| color(&lane.card));
    let embed = Embed::text(text);
    Embed { title: format!("{icon} {question}"), color: neutral.unwrap_or(embed.color), ..embed }
}

/// The ballot buttons, what else can be done with the vote, and the menu of the answers where a row is left for it.
fn ballots(view: &View, race: RaceId) -> Vec<Component> {
    let best = labels(view)
        .map(|label| Component::button(Button::Best(race, label), "", &format!("Best: {label}")))
        .collect::<Vec<_>>();
    let mut rows: Vec<Component> = Component::rows(&best).collect();
    rows.extend(Component::controls([
        (Button::NoneGood(race), "🚫", "None is good"),
        (Button::Answers(race), "📄", "Full answers"),
        (Button::CloseVote(race), "🔒", "Close vote"),
    ]));
    rows.extend(answers_menu(view, race, "📖 Read an answer …", None).filter(|_| rows.len() < ROWS));
    rows
}
