//! One text of an answer, as it arrives: halves of characters are joined, text that is sent twice is dropped, and other
//! alternatives than the first are left out.

use std::{borrow::Cow, mem};

use super::{
    cumulative::{Cumulative, New},
    repair::{Halves, has_halves},
};

/// A text of the answer: its content or its reasoning.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) cumulative: Cumulative,
    pub(super) halves: Halves,
    /// The index of the choice whose text this is: the first that spoke.
    pub(super) choice: Option<u64>,
    /// Another choice spoke as well, which was logged.
    has_alternatives: bool,
}

impl Field {
    /// Returns the new text in a delta of the choice with this index, and counts its bytes as arrived. `None` if there
    /// is none yet, or if the delta belongs to another alternative.
    pub(super) fn new_text<'t>(
        &mut self,
        text: &'t str,
        index: u64,
        arrived: &mut usize,
    ) -> Option<Cow<'t, str>> {
        if *self.choice.get_or_insert(index) != index {
            if !mem::replace(&mut self.has_alternatives, true) {
                tracing::warn!(
                    choice = index,
                    "the server sends several alternatives; the first one is read"
                );
            }
            return None;
        }
        let text: Cow<'t, str> = if self.halves.is_pending() || has_halves(text) {
            self.halves.join(text).into()
        } else {
            text.into()
        };
        if text.is_empty() {
            *arrived += 1; // half a character
            return None;
        }
        let new = match text {
            Cow::Borrowed(text) => match self.cumulative.push(text) {
                New::Borrowed(new) => Ok(Cow::Borrowed(new)),
                New::Released(new) => Ok(Cow::Owned(new)),
                New::Held => Err(text.len()),
                New::Nothing => Err(0),
            },
            Cow::Owned(text) => match self.cumulative.push(&text) {
                New::Borrowed(new) => Ok(Cow::Owned(new.to_owned())),
                New::Released(new) => Ok(Cow::Owned(new)),
                New::Held => Err(text.len()),
                New::Nothing => Err(0),
            },
        };
        *arrived += new.as_ref().map_or_else(|held| *held, |new| new.len());
        new.ok()
    }
}
