//! Messages about many races: the board and the history of speeds, the canaries, incidents and the digest.

use slack_morphism::blocks::SlackBlock;

use super::{
    blocks::{Body, actions, bold, context, data_table, fill, paragraph, preformatted, text},
    buttons::button,
    cards::{card, heading},
    escape::{bare, lines, mrkdwn},
    race::Extras,
};
use crate::{
    alert::Notice,
    arena::{CanaryStatus, Overview, OverviewCell, OverviewRow, OverviewTable},
    button::incident_emoji,
    platform::handlers::WatchReply,
    view::limits::{
        MAX_ABOUT_CANARY, MAX_ALERT_BUTTONS, MAX_ALERT_SENTENCE, MAX_ALERT_TITLE, MAX_CANARY,
        MAX_CANARY_SENTENCE, MAX_FINE_PRINT, MAX_OVERVIEW_NAME, MAX_OVERVIEW_SENTENCE,
    },
};

/// Characters of a table, whose escape may add two thirds: a text takes 3,000.
const MAX_TABLE: usize = 1_800;
/// Rows of a table that readers sort.
const MAX_ROWS: usize = 40;
/// Characters of the fallback text.
const MAX_SPOKEN: usize = 200;
/// Bytes for the fine print and the buttons of an alert.
const ALERT_RESERVE: usize = 2_600;

/// The message of an overview, without its picture. Its table is one that readers sort where `extras` allow it.
pub(crate) fn overview(overview: &Overview, extras: Extras) -> Body {
    let Overview { icon, title, lead, models, table, notes, .. } = overview;
    let mut blocks = vec![heading(icon, &format!("Arena · {title}"))];
    let lead_texts = lead.iter().enumerate().map(|(at, sentence)| {
        let sentence = bare(sentence, MAX_OVERVIEW_SENTENCE);
        if at == 0 { bold(&sentence) } else { text(&format!("\n{sentence}")) }
    });
    let table = table.as_ref().map(|table| match sortable(title, table).filter(|_| extras.tables) {
        Some(table) => table,
        None => preformatted(&lines(&table.lines.join("\n"), MAX_TABLE)),
    });
    let models = models.iter().map(|(name, words)| {
        let words = format!(" · {}", bare(words, MAX_OVERVIEW_SENTENCE));
        paragraph([bold(&bare(name, MAX_OVERVIEW_NAME)), text(&words)])
    });
    let notes = notes.iter().map(|note| context(&bare(note, MAX_OVERVIEW_SENTENCE)));
    let parts = [paragraph(lead_texts)].into_iter().chain(table).chain(models).chain(notes);
    let _left_out = fill(&mut blocks, parts.map(Some), 0);
    let spoken = lead.first().map(|first| mrkdwn(first, MAX_SPOKEN)).unwrap_or_default();
    Body { text: format!("{icon} Arena · {title}: {spoken}"), blocks }
}

/// Returns `table` as one that readers sort. A sorted table has no lines between tiers, so they are a column.
fn sortable(title: &str, table: &OverviewTable) -> Option<SlackBlock> {
    let OverviewTable { headings, rows, .. } = table;
    let has_tiers = rows.iter().any(|row| row.tier > 1);
    let cell = |OverviewCell { text, value }: &OverviewCell| {
        let text = Some(bare(text, MAX_OVERVIEW_NAME)).filter(|text| !text.is_empty());
        (text.unwrap_or_else(|| "–".into()), *value)
    };
    let tier = |row: &OverviewRow| (row.tier.to_string(), u32::try_from(row.tier).ok().map(f64::from));
    let row = |row: &OverviewRow| {
        row.cells.iter().map(cell).chain(has_tiers.then(|| tier(row))).collect::<Vec<_>>()
    };
    let headings: Vec<&str> = headings.iter().copied().chain(has_tiers.then_some("tier")).collect();
    let rows: Vec<_> = rows.iter().take(MAX_ROWS).map(row).collect();
    (!rows.is_empty()).then(|| data_table(title, &headings, &rows))
}

/// The canaries with their states, each with its buttons; as many as a message holds.
pub(crate) fn watch(reply: &WatchReply) -> Body {
    let note = (!reply.may_change).then(|| vec![context(&bare(&reply.note, MAX_CANARY_SENTENCE))]);
    let canaries = reply.canaries.iter().map(|canary| about(reply, canary));
    card("🐤", "Canaries", note.into_iter().chain(canaries), "")
}

fn about(reply: &WatchReply, canary: &CanaryStatus) -> Vec<SlackBlock> {
    let mark = if canary.is_paused { "⏸️ " } else { "🟢 " };
    let (id, about) = (bare(&canary.id, MAX_CANARY), bare(&canary.about, MAX_ABOUT_CANARY));
    let lines = [Some(&canary.state), Some(&canary.last_run), canary.next_run.as_ref()];
    let lines = lines.into_iter().flatten().map(|line| bare(line, MAX_CANARY_SENTENCE));
    let words = format!("\n{}\n{about}", lines.collect::<Vec<_>>().join("\n"));
    let buttons = reply.buttons(canary).into_iter();
    let buttons =
        buttons.map(|(meaning, emoji, label)| button(meaning, emoji, label, &format!("{label}: {id}")));
    [paragraph([text(mark), bold(&id), text(&words)])].into_iter().chain(actions(buttons)).collect()
}

/// The message of `notice`. Its fallback text is the title and the first sentence.
pub(crate) fn alert(notice: &Notice) -> Body {
    let Notice { icon, title, lines, footer, buttons } = notice;
    let shown = bare(title, MAX_ALERT_TITLE);
    let mut blocks = vec![heading(icon, if shown.is_empty() { "…" } else { &shown })];
    let sentences = lines.iter().map(|line| bare(line, MAX_ALERT_SENTENCE)).filter(|line| !line.is_empty());
    let left_out = fill(&mut blocks, sentences.map(|line| [paragraph([text(&line)])]), ALERT_RESERVE);
    blocks.extend((left_out > 0).then(|| paragraph([text(&format!("… and {left_out} more"))])));
    let footer = footer.as_ref().map(|footer| bare(footer, MAX_FINE_PRINT));
    blocks.extend(footer.filter(|footer| !footer.is_empty()).map(|footer| context(&footer)));
    blocks.extend(actions(buttons.iter().take(MAX_ALERT_BUTTONS).map(|(meaning, label)| {
        button(*meaning, incident_emoji(*meaning), label, &format!("{label}: {title}"))
    })));
    let first = lines.first().map(|line| format!(": {}", mrkdwn(line, MAX_ALERT_TITLE))).unwrap_or_default();
    Body { text: format!("{icon} {}{first}", mrkdwn(title, MAX_ALERT_TITLE)), blocks }
}
