//! The board and the history of speeds.

use slack_morphism::blocks::SlackBlock;

use super::{
    blocks::{Body, bold, context, data_table, fill, paragraph, preformatted, text},
    cards::heading,
    escape::{bare, lines, mrkdwn},
    race::Extras,
};
use crate::arena::{Overview, OverviewCell, OverviewRow, OverviewTable};

/// Characters of a sentence, and of a model's name.
const MAX_SENTENCE: usize = 300;
const MAX_NAME: usize = 48;
/// Characters of a table, whose escape may add two thirds: a text takes 3,000.
const MAX_TABLE: usize = 1_800;
/// Rows of a table that readers sort.
const MAX_ROWS: usize = 40;
/// Characters of the fallback text.
const MAX_SPOKEN: usize = 200;

/// The message of an overview, without its picture. Its table is one that readers sort where `extras` allow it.
pub(crate) fn overview(overview: &Overview, extras: Extras) -> Body {
    let Overview { icon, title, lead, models, table, notes, .. } = overview;
    let mut blocks = vec![heading(icon, &format!("Arena · {title}"))];
    let lead_texts = lead.iter().enumerate().map(|(at, sentence)| {
        let sentence = bare(sentence, MAX_SENTENCE);
        if at == 0 { bold(&sentence) } else { text(&format!("\n{sentence}")) }
    });
    let table = table.as_ref().map(|table| match sortable(title, table).filter(|_| extras.tables) {
        Some(table) => table,
        None => preformatted(&lines(&table.lines.join("\n"), MAX_TABLE)),
    });
    let model = |(name, words): &(String, String)| {
        let words = format!(" · {}", bare(words, MAX_SENTENCE));
        vec![paragraph([bold(&bare(name, MAX_NAME)), text(&words)])]
    };
    let note = |note: &String| vec![context(&bare(note, MAX_SENTENCE))];
    let parts = [vec![paragraph(lead_texts)]]
        .into_iter()
        .chain(table.map(|table| vec![table]))
        .chain(models.iter().map(model))
        .chain(notes.iter().map(note));
    let _left_out = fill(&mut blocks, parts.collect(), 0);
    let spoken = lead.first().map(|first| mrkdwn(first, MAX_SPOKEN)).unwrap_or_default();
    Body { text: format!("{icon} Arena · {title}: {spoken}"), blocks }
}

/// Returns `table` as one that readers sort. A sorted table has no lines between tiers, so they are a column.
fn sortable(title: &str, table: &OverviewTable) -> Option<SlackBlock> {
    let OverviewTable { headings, rows, .. } = table;
    let has_tiers = rows.iter().any(|row| row.tier > 1);
    let cell = |OverviewCell { text, value }: &OverviewCell| {
        let text = Some(bare(text, MAX_NAME)).filter(|text| !text.is_empty()).unwrap_or_else(|| "–".into());
        (text, *value)
    };
    let tier = |row: &OverviewRow| (row.tier.to_string(), u32::try_from(row.tier).ok().map(f64::from));
    let row = |row: &OverviewRow| {
        row.cells.iter().map(cell).chain(has_tiers.then(|| tier(row))).collect::<Vec<_>>()
    };
    let headings: Vec<&str> = headings.iter().copied().chain(has_tiers.then_some("tier")).collect();
    let rows: Vec<_> = rows.iter().take(MAX_ROWS).map(row).collect();
    (!rows.is_empty()).then(|| data_table(title, &headings, &rows))
}
