//! Text that a server sends more than once: every delta with the whole text so far, or one delta that repeats it.

use crate::fnv;

/// A stream is cumulative once this many deltas, each beginning with the one before, have come...
const MIN_GROWING: usize = 3;
/// ... and the newest has this many characters: "ha", "haha" may be meant. Likewise for a delta that repeats all text.
const MIN_CHARS: usize = 20;

/// The text of one field so far, in constant memory unless the stream is cumulative.
#[derive(Debug)]
pub(super) struct Cumulative {
    mode: Mode,
    /// Length and hash of the text so far.
    len: usize,
    hash: u64,
    deltas: usize,
}

impl Default for Cumulative {
    fn default() -> Self {
        Self { mode: Mode::default(), len: 0, hash: fnv::EMPTY, deltas: 0 }
    }
}

#[derive(Debug, Default)]
enum Mode {
    /// No delta has arrived.
    #[default]
    First,
    /// Each delta so far began with the one before.
    Suspected { first: usize, newest: String, held: String, growing: usize, repeated: bool },
    /// Every delta is the whole text so far.
    Cumulative { newest: String },
    /// Every delta is a piece.
    Pieces,
}

/// The new text in a delta.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum New<'t> {
    /// The delta, or its end.
    Borrowed(&'t str),
    /// Text that was held back, with this delta.
    Released(String),
    /// It is not decided yet whether the delta is a piece.
    Held,
    /// The delta repeats the text so far.
    Nothing,
}

impl Cumulative {
    /// Accepts a delta of at least one byte and returns its new text.
    pub(super) fn push<'t>(&mut self, delta: &'t str) -> New<'t> {
        self.deltas += 1;
        let new = match std::mem::take(&mut self.mode) {
            Mode::First => {
                self.mode = Mode::Suspected {
                    first: delta.len(),
                    newest: delta.to_owned(),
                    held: String::new(),
                    growing: 1,
                    repeated: false,
                };
                New::Borrowed(delta)
            }
            Mode::Pieces => {
                self.mode = Mode::Pieces;
                if self.is_repetition(delta) { New::Nothing } else { New::Borrowed(delta) }
            }
            Mode::Suspected { first, newest, mut held, growing, repeated } => {
                let is_longer = delta.len() > newest.len();
                if !delta.starts_with(&newest) || (repeated && !is_longer) {
                    self.mode = Mode::Pieces;
                    if held.is_empty() { New::Borrowed(delta) } else { New::Released(held + delta) }
                } else if is_longer
                    && growing + 1 >= MIN_GROWING
                    && delta.chars().nth(MIN_CHARS - 1).is_some()
                {
                    self.mode = Mode::Cumulative { newest: delta.to_owned() };
                    New::Borrowed(&delta[first..])
                } else {
                    held.push_str(delta);
                    let growing = growing + usize::from(is_longer);
                    let newest = delta.to_owned();
                    self.mode = Mode::Suspected { first, newest, held, growing, repeated: !is_longer };
                    New::Held
                }
            }
            Mode::Cumulative { newest } => {
                self.mode = Mode::Cumulative { newest: delta.to_owned() };
                match delta.strip_prefix(&*newest) {
                    Some("") => New::Nothing,
                    Some(rest) => New::Borrowed(rest),
                    None => New::Borrowed(delta),
                }
            }
        };
        match &new {
            New::Borrowed(text) => self.count(text),
            New::Released(text) => self.count(text),
            New::Held | New::Nothing => {}
        }
        new
    }

    /// Accepts the whole text, as a server repeats it at the end; returns what is new in it, if it begins with the text
    /// so far.
    pub(super) fn push_whole<'t>(&mut self, whole: &'t str) -> Option<&'t str> {
        let (so_far, rest) = whole.split_at_checked(self.len)?;
        if fnv::hash(so_far.bytes()) != self.hash {
            return None;
        }
        self.count(rest);
        Some(rest)
    }

    /// Returns true before the first text.
    pub(super) fn is_empty(&self) -> bool {
        self.deltas == 0
    }

    /// Ends the text and returns what was held back.
    pub(super) fn finish(&mut self) -> Option<String> {
        let Mode::Suspected { held, .. } = std::mem::replace(&mut self.mode, Mode::Pieces) else {
            return None;
        };
        self.count(&held);
        (!held.is_empty()).then_some(held)
    }

    fn count(&mut self, text: &str) {
        self.len += text.len();
        self.hash = fnv::extend(self.hash, text.bytes());
    }

    fn is_repetition(&self, delta: &str) -> bool {
        delta.len() == self.len
            && self.deltas > MIN_GROWING
            && delta.chars().nth(MIN_CHARS - 1).is_some()
            && fnv::hash(delta.bytes()) == self.hash
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text of `deltas`.
    fn read<'t>(deltas: impl IntoIterator<Item = &'t str>) -> String {
        let (mut cumulative, mut text) = (Cumulative::default(), String::new());
        for delta in deltas {
            match cumulative.push(delta) {
                New::Borrowed(new) => text.push_str(new),
                New::Released(new) => text.push_str(&new),
                New::Held | New::Nothing => {}
            }
        }
        text.extend(cumulative.finish());
        text
    }

    #[test]
    fn cumulative_text_is_shown_once() {
        let rows: [(&[&str], &str); 9] = [
            (
                &["Air", "Air scatters", "Air scatters short waves", "Air scatters short waves most."],
                "Air scatters short waves most.",
            ),
            (
                &["Air", "Air scatters", "Air scatters", "Air scatters short waves"],
                "Air scatters short waves",
            ),
            (
                &["Air scatters", " short waves", " most.", "Air scatters short waves most."],
                "Air scatters short waves most.",
            ),
            (&["ha", "haha"], "hahaha"),
            (&["ha", "haha", "hahaha"], "hahahahahaha"),
            (&["The", "There", " is"], "TheThere is"),
            (&["\n", "\n", "\n", "Hi"], "\n\n\nHi"),
            (&["0", "0", "0", "0", "0"], "00000"),
            (&["one", " two", "one two"], "one twoone two"),
        ];
        for (deltas, want) in rows {
            assert_eq!(read(deltas.iter().copied()), want, "{deltas:?}");
        }
    }

    #[test]
    fn a_whole_text_adds_what_is_new() {
        let mut cumulative = Cumulative::default();
        for delta in ["Air", " scatters"] {
            cumulative.push(delta);
        }
        assert_eq!(cumulative.push_whole("Air scatters light"), Some(" light"));
        assert_eq!(cumulative.push_whole("Air scatters light"), Some(""));
        assert_eq!(cumulative.push_whole("Water"), None);
    }

    proptest! {
        #[test]
        fn pieces_that_do_not_grow_are_kept(words in prop::collection::vec("[a-z]{1,6} ", 2..40)) {
            prop_assume!(!words.windows(2).any(|pair| pair[1].starts_with(&pair[0])));
            prop_assert_eq!(read(words.iter().map(String::as_str)), words.concat());
        }

        #[test]
        fn every_prefix_of_a_text_is_shown_once(text in "[a-z ]{30,80}", cuts in prop::collection::vec(1_usize..30, 2..20)) {
            let mut ends: Vec<usize> = cuts.iter().copied().chain([text.len()]).collect();
            ends.sort_unstable();
            ends.dedup();
            prop_assume!(ends.len() >= 3);
            prop_assert_eq!(read(ends.iter().map(|end| &text[..*end])), text);
        }
    }
}
