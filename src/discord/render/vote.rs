//! A blind race until its vote closes: the number of answers that are ready, then the answers under their letters.
//!
//! Nothing here depends on a model: every answer has the same room, the same colour and no icon. The notices about the
//! pace are left out too, so that the message changes only with the numbers of answers and of voters.

use super::{
    body::{Attachment, Body, ButtonDto, Component, Embed, Footer},
    cards::cut_to,
    escape::{byline, color, escape, short},
    race::{attached, menu},
};
use crate::{
    button::Button,
    race::{
        RaceId, Record,
        report::LaneReport,
        vote::{Label, MAX_LABELS},
    },
    view::{
        View, VoteView,
        scoreboard::{beginning, headline},
        text::{open_fence, plain},
        vote::sentence,
        words,
    },
};

/// Columns of all answers together: with five of them the message is about one phone screen high.
const COLUMNS: usize = 600;
/// The least and the most columns of one answer.
const ANSWER_COLUMNS: (usize, usize) = (40, 240);
/// The answers with a blank line between them.
const SPACED_ANSWERS: usize = 8;
/// Characters of the prompt in a title and in a quote.
const TITLE_PROMPT: usize = 120;
const QUOTED_PROMPT: usize = 160;
/// Characters of a line of our own words.
const LINE: usize = 160;
/// Buttons in a row, and rows of a message.
const BUTTONS: usize = 5;
const ROWS: usize = 5;
/// Files of a message.
const FILES: usize = 10;
/// Bytes of one file: so many of them fit into one request.
const FILE: usize = 2 << 20;

/// The message of a blind race whose vote is not closed; `None` for every other race.
pub(super) fn unseen(view: &View, race: RaceId) -> Option<Body> {
    let (embed, components) = match view.vote.as_ref()? {
        VoteView::Writing { .. } => {
            (writing(view), vec![Component::buttons(vec![ButtonDto::new(Button::Stop(race), "🛑", "Stop")])])
        }
        VoteView::Open { closes_at, .. } => (open(view, closes_at.as_second()), ballots(view, race)),
        VoteView::Closed { .. } => return None,
    };
    let footer = Some(Footer { text: words::notes(view, race) });
    Some(Body { embeds: vec![Embed { footer, ..embed }], components, ..Body::default() })
}

fn writing(view: &View) -> Embed {
    let (icon, prompt) = headline(view);
    let byline = format!("-# {}\n", byline(view, LINE));
    let state = sentence(view).map(|words| escape(&words)).unwrap_or_default();
    Embed {
        title: format!("{icon} {}", short(&prompt, TITLE_PROMPT)),
        ..Embed::text(byline + &attached(view) + &state)
    }
}

/// The answers and the state of the vote, with its end as Discord's relative time.
fn open(view: &View, closes_at: i64) -> Embed {
    let (icon, question) = headline(view);
    let prompt = short(&words::excerpt(&view.prompt, 1), QUOTED_PROMPT);
    let (least, most) = ANSWER_COLUMNS;
    let columns = (COLUMNS / view.lanes.len().max(1)).clamp(least, most);
    let gap = if view.lanes.len() > SPACED_ANSWERS { "\n" } else { "\n\n" };
    let answers = view.lanes.iter().take(MAX_LABELS).map(|lane| {
        let name = short(&words::model_name(&lane.card), 40);
        format!("**{name}** {}", short(&beginning(&lane.answer, columns), columns))
    });
    let answers = answers.collect::<Vec<_>>().join(gap);
    let state = sentence(view).map(|words| escape(&words)).unwrap_or_default();
    let text = format!(
        "> {prompt} — {}\n{}\n{answers}\n\n{state} The vote closes <t:{closes_at}:R>.",
        byline(view, LINE),
        attached(view)
    );
    let neutral = view.lanes.first().map(|lane| color(&lane.card));
    let embed = Embed::text(text);
    Embed { title: format!("{icon} {question}"), color: neutral.unwrap_or(embed.color), ..embed }
}

/// The ballot buttons, what else can be done with the vote, and the menu of the answers where a row is left for it.
fn ballots(view: &View, race: RaceId) -> Vec<Component> {
    let labels = (0..view.lanes.len()).filter_map(Label::at);
    let best: Vec<ButtonDto> =
        labels.map(|label| ButtonDto::new(Button::Best(race, label), "", format!("Best: {label}"))).collect();
    let mut rows: Vec<Component> = best.chunks(BUTTONS).map(|row| Component::buttons(row.to_vec())).collect();
    rows.push(Component::buttons(vec![
        ButtonDto::new(Button::NoneGood(race), "🚫", "None is good"),
        ButtonDto::new(Button::Answers(race), "📄", "Full answers"),
        ButtonDto::new(Button::CloseVote(race), "🔒", "Close vote"),
    ]));
    rows.extend(menu(view, race, "📖 Read an answer …", None).filter(|_| rows.len() < ROWS));
    rows
}

/// The full answers of a race whose vote is open, with the names and bytes of their files in the order of the request: a
/// file for each answer, or one for all where a message does not take so many. Each has at most `file_limit` bytes.
pub(crate) fn unnamed_answers(record: &Record, file_limit: usize) -> (Body, Vec<(String, Vec<u8>)>) {
    let lanes = &record.report.lanes;
    let texts: Vec<(String, String, String)> = if lanes.len() > FILES {
        let all = (0..).map_while(Label::at).zip(lanes).map(|(label, lane)| answer_text(label, lane));
        let all = all.collect::<Vec<_>>().join("\n");
        vec![("answers.md".to_owned(), "All answers as Markdown".to_owned(), all)]
    } else {
        let each = (0..).map_while(Label::at).zip(lanes).map(|(label, lane)| {
            let name = format!("answer-{}.md", label.to_string().to_lowercase());
            (name, format!("Answer {label} as Markdown"), answer_text(label, lane))
        });
        each.collect()
    };
    let limit = file_limit.min(FILE);
    let (mut attachments, mut files, mut is_cut) = (vec![], vec![], false);
    for (id, (filename, description, mut text)) in (0..).zip(texts) {
        is_cut |= cut_to(&mut text, limit);
        files.push((filename.clone(), text.into_bytes()));
        attachments.push(Attachment { id, filename, description });
    }
    let mut words = "Every answer in full. Names and numbers are shown once the vote is closed.".to_owned();
    if is_cut {
        words.push_str("\n⚠️ A file is larger than this chat allows, so its end is missing.");
    }
    (Body { attachments, ..Body::text("📄 **Arena** · the answers of this vote", words) }, files)
}

fn answer_text(label: Label, lane: &LaneReport) -> String {
    let answer = plain(&lane.answer);
    let answer = answer.trim();
    let fence = open_fence(answer).map(|fence| format!("{}\n", fence.marker())).unwrap_or_default();
    format!("# Answer {label}\n\n{answer}\n{fence}")
}
