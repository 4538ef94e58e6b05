//! How answers are written and counted on Discord.
//!
//! Must not know whose answer it is.

use super::{
    limits::{DESCRIPTION, length},
    markdown::defused,
};
use crate::view::{
    fit::{self, Dialect},
    text::Measure,
};

/// Discord's way; no answer is longer than an embed.
pub(super) struct Discord;

impl Dialect for Discord {
    const MEASURE: Measure = Measure::Utf16;
    const MAX_LENGTH: usize = DESCRIPTION;

    fn length(text: &str) -> usize {
        length(text)
    }

    fn escape(piece: &str) -> String {
        defused(piece)
    }
}

/// An answer in UTF-16 units.
pub(super) type Answer = fit::AnswerText<Discord>;
