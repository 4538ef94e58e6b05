//! The line about the asker of a race, with a link to the message that the race quotes.

use super::{
    blocks::{self, Inline, text},
    escape::bare,
};
use crate::{
    race::Circumstances,
    view::{View, scoreboard::byline, words},
};

/// Characters of the line about the asker.
pub(super) const MAX_BYLINE: usize = 160;

/// A link to the quoted message, after a separator; nothing if there is none.
pub(super) fn message_link(circumstances: &Circumstances) -> Vec<Inline> {
    let url = circumstances.quote.as_ref().and_then(words::quoted_url);
    url.map(|url| vec![text(" · "), blocks::link(url, "message")]).unwrap_or_default()
}

/// `words` and the line about the asker, with a link to the quoted message.
pub(super) fn with_byline(view: &View, words: &str) -> Vec<Inline> {
    let line = words::joined([words.to_owned(), bare(&byline(view), MAX_BYLINE)]);
    [vec![text(&line)], message_link(&view.circumstances)].concat()
}
