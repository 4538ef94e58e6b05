//! The board and the history of speeds.

use super::{
    blocks::{Body, bold, context, fill, paragraph, preformatted, text},
    cards::heading,
    escape::{bare, lines, mrkdwn},
};
use crate::arena::Overview;

/// Characters of a sentence, and of a model's name.
const MAX_SENTENCE: usize = 300;
const MAX_NAME: usize = 48;
/// Characters of a table, whose escape may add two thirds: a text takes 3,000.
const MAX_TABLE: usize = 1_800;
/// Characters of the fallback text.
const MAX_SPOKEN: usize = 200;

/// The message of an overview, without its picture.
pub(crate) fn overview(overview: &Overview) -> Body {
    let Overview { icon, title, lead, models, table, notes, .. } = overview;
    let mut blocks = vec![heading(icon, &format!("Arena · {title}"))];
    let lead_texts = lead.iter().enumerate().map(|(at, sentence)| {
        let sentence = bare(sentence, MAX_SENTENCE);
        if at == 0 { bold(&sentence) } else { text(&format!("\n{sentence}")) }
    });
    let table = table.as_ref().map(|table| lines(&table.lines.join("\n"), MAX_TABLE));
    let model = |(name, words): &(String, String)| {
        let words = format!(" · {}", bare(words, MAX_SENTENCE));
        vec![paragraph([bold(&bare(name, MAX_NAME)), text(&words)])]
    };
    let note = |note: &String| vec![context(&bare(note, MAX_SENTENCE))];
    let parts = [vec![paragraph(lead_texts)]]
        .into_iter()
        .chain(table.map(|table| vec![preformatted(&table)]))
        .chain(models.iter().map(model))
        .chain(notes.iter().map(note));
    let _left_out = fill(&mut blocks, parts.collect(), 0);
    let spoken = lead.first().map(|first| mrkdwn(first, MAX_SPOKEN)).unwrap_or_default();
    Body { text: format!("{icon} Arena · {title}: {spoken}"), blocks }
}
