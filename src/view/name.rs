//! A model's name on every platform. Names come from the configuration; platforms escape them all the same.
//!
//! Must not know what the model does.

use super::text::one_line;
use crate::model::ModelCard;

/// The name, unescaped; never empty.
pub(crate) fn plain(card: &ModelCard) -> String {
    let known = [card.name.as_str(), card.id.as_str(), "model"];
    known.map(one_line).into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}
