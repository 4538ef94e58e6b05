//! A model's name, icon and colour on Discord. Names come from the configuration and are escaped all the same.
//!
//! Must not know what the model does.

use super::escape::{between, short};
use crate::model::{Color, ModelCard};
pub(super) use crate::view::words::model_name as plain;

/// The icon with a space behind it, or nothing.
pub(super) fn icon(card: &ModelCard) -> String {
    between("", &card.icon, 12, " ")
}

/// For a line of text: icon and bold name.
pub(super) fn bold(card: &ModelCard, simulated: bool) -> String {
    let label = if simulated { " (simulated)" } else { "" };
    format!("{}**{}**{label}", icon(card), short(&plain(card), 40))
}

/// For a title: icon, name and size.
pub(super) fn title(card: &ModelCard, simulated: bool) -> String {
    let size = between(" · ", &card.size, 24, "");
    let simulated = if simulated { " · simulated" } else { "" };
    format!("{}{}{size}{simulated}", icon(card), short(&plain(card), 48))
}

/// The colour as an embed takes it: `0xRRGGBB`.
pub(super) fn color(card: &ModelCard) -> u32 {
    let Color { r, g, b } = card.color;
    u32::from_be_bytes([0, r, g, b])
}
