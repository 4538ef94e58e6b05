//! Discord's limits on a message, and how room is shared within them.
//!
//! <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>; lengths are counted in UTF-16,
//! the strictest reading, and after trimming. Must not know what the texts say.

use super::body::Embed;
pub(super) use crate::view::fit::shares;
use crate::view::text::Measure;

/// Embeds of a message.
pub(super) const EMBEDS: usize = 10;
/// Characters summed over all embeds of a message.
pub(super) const TOTAL: usize = 6_000;
/// Characters of an embed's description.
pub(super) const DESCRIPTION: usize = 4_096;
/// Characters of a field's value.
pub(super) const FIELD_VALUE: usize = 1_024;
/// Characters of an attachment's alternative text.
pub(super) const ALT: usize = 1_024;
/// Rows of a message.
pub(super) const ROWS: usize = 5;
/// Buttons of a row.
pub(super) const BUTTONS: usize = 5;
/// Characters of a button's label.
pub(super) const LABEL: usize = 80;

/// The length of `text` as Discord counts it.
pub(super) fn length(text: &str) -> usize {
    Measure::Utf16.of(text.trim())
}

/// As many of `parts` as a description holds, the rest counted; `nothing` where there are none.
pub(super) fn fitting(parts: impl ExactSizeIterator<Item = String>, between: &str, nothing: &str) -> String {
    let (all, mut said) = (parts.len(), 0);
    let mut out = String::new();
    for part in parts {
        if length(&out) + length(&part) + between.len() + 24 > DESCRIPTION {
            break;
        }
        out.push_str(if out.is_empty() { "" } else { between });
        out.push_str(&part);
        said += 1;
    }
    match all - said {
        0 if all == 0 => nothing.to_owned(),
        0 => out,
        unsaid => format!("{out}{between}… and {unsaid} more"),
    }
}

/// What an embed takes of [`TOTAL`].
pub(super) fn weight(embed: &Embed) -> usize {
    let fields: usize = embed.fields.iter().map(|field| length(&field.name) + length(&field.value)).sum();
    let footer = embed.footer.as_ref().map_or(0, |footer| length(&footer.text));
    length(&embed.title) + length(&embed.description) + fields + footer
}
