//! A model's name and icon on Slack. Names come from the configuration and are escaped all the same.
//!
//! Must not know what the model does.

use super::escape::{bare, between, markdown};
use crate::model::ModelCard;
pub(super) use crate::view::words::model_name as plain;

/// The icon with a space behind it, or nothing.
pub(super) fn icon(card: &ModelCard) -> String {
    between("", &card.icon, 12, " ")
}

/// The name for places without markup.
pub(super) fn short(card: &ModelCard) -> String {
    bare(&plain(card), 40)
}

/// Icon and name for places without markup, with a label where it is simulated.
pub(super) fn full(card: &ModelCard, simulated: bool) -> String {
    format!("{}{}{}", icon(card), short(card), if simulated { " (simulated)" } else { "" })
}

/// For a `markdown` block: icon and name in bold, and the size.
pub(super) fn title(card: &ModelCard, simulated: bool) -> String {
    let icon = markdown(&card.icon, 12);
    let gap = if icon.is_empty() { "" } else { " " };
    let size = markdown(&card.size, 24);
    let size = if size.is_empty() { size } else { format!(" · {size}") };
    let simulated = if simulated { " · simulated" } else { "" };
    format!("**{icon}{gap}{}**{size}{simulated}", markdown(&plain(card), 48))
}
