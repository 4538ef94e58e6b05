//! The board and the history of speeds.

use super::{
    body::{ALT, Attachment, Body, DESCRIPTION, Embed, Image, length},
    escape::{between, clipped, short},
};
use crate::{
    arena::Overview,
    view::text::{fitting, plain},
};

/// Characters of a sentence, and of a model's name.
const SENTENCE: usize = 300;
const NAME: usize = 48;
/// Characters of all models with their sentences.
const MODELS: usize = 2_400;
/// Characters of the sentences below the table or the models.
const NOTES: usize = 900;

/// The message of an overview, with its picture where `alt` describes one. The picture must be the only file of the
/// request, under its name.
pub(crate) fn overview(overview: &Overview, alt: Option<&str>) -> Body {
    let lead = overview.lead.iter().enumerate().map(|(at, sentence)| {
        if at == 0 { between("**", sentence, SENTENCE, "**") } else { short(sentence, SENTENCE) }
    });
    let lead = lead.collect::<Vec<_>>().join("\n");
    let notes: Vec<String> = overview.notes.iter().map(|note| between("-# ", note, SENTENCE, "")).collect();
    let notes = clipped(&notes.join("\n"), NOTES);
    let table = overview.table.as_ref().map(|table| code(&table.lines));
    let models = overview
        .models
        .iter()
        .map(|(name, words)| format!("{}{}", between("**", name, NAME, "** · "), short(words, SENTENCE)));
    let models = fitting(models, String::new(), MODELS, length).trim_end().to_owned();
    let mut description = lead;
    for part in [table.unwrap_or_default(), models, notes] {
        if !part.is_empty() && length(&description) + length(&part) + 2 <= DESCRIPTION {
            description.push_str("\n\n");
            description.push_str(&part);
        }
    }
    let filename = overview.chart_file.to_owned();
    let attachments = alt.map(|alt| Attachment {
        id: 0,
        filename: filename.clone(),
        description: clipped(&plain(alt), ALT),
    });
    let image = alt.map(|_| Image { url: format!("attachment://{filename}") });
    let embed = Embed { image, ..Embed::text(description) };
    let content = format!("{} **Arena** · {}", overview.icon, overview.title.to_lowercase());
    Body { content, embeds: vec![embed], attachments: attachments.into_iter().collect(), ..Body::default() }
}

/// A block in a fixed-width font.
fn code(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| plain(line).replace(['`', '\n'], "'")).collect();
    format!("```\n{}\n```", lines.join("\n"))
}
