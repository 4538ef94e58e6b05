//! Text into token-like pieces, about as large as those of real vocabularies.
//!
//! Pure; must not know what the text means.

/// The longest piece in characters, its leading space included.
const LONGEST: usize = 8;

/// Cuts `text` into pieces of one to eight characters: a word or the beginning of one with the space
/// before it, up to three digits, a run of one punctuation mark or of line ends. Their concatenation is
/// `text`.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let (mut class, mut length) = (Class::Start, 0);
    for c in text.chars() {
        let next = Class::of(c);
        match pieces.last_mut() {
            Some(piece) if length < next.longest() && class.takes(next) => {
                piece.push(c);
                length += 1;
            }
            _ => {
                pieces.push(c.into());
                length = 1;
            }
        }
        class = next;
    }
    pieces
}

/// Tokens of a prompt: 1.3 a word, rounded up.
pub(super) fn prompt_tokens(text: &str) -> u64 {
    (text.split_whitespace().count() as u64 * 13).div_ceil(10)
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Start,
    Letter,
    Digit,
    Space,
    LineEnd,
    Mark(char),
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '\n' => Self::LineEnd,
            c if c.is_whitespace() => Self::Space,
            c if c.is_numeric() => Self::Digit,
            c if c.is_alphabetic() => Self::Letter,
            c => Self::Mark(c),
        }
    }

    fn longest(self) -> usize {
        if self == Self::Digit { 3 } else { LONGEST }
    }

    /// True when a piece that ends in this class may go on with `next`.
    fn takes(self, next: Self) -> bool {
        self == next || (self == Self::Space && !matches!(next, Self::LineEnd | Self::Digit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sentence_falls_into_words_with_their_space() {
        assert_eq!(
            split("The sky is 12345 km, uninterestingly:\n\n```rust"),
            ["The", " sky", " is", " ", "123", "45", " km", ",", " uninter", "estingly"]
                .into_iter()
                .chain([":", "\n\n", "```", "rust"])
                .map(str::to_owned)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn english_has_about_four_characters_a_piece() {
        let text =
            "Sunlight is a mix of all colours, and the air scatters the short waves far more than the long.";
        let pieces = split(text).len();
        assert!((text.len() * 2 / 11..=text.len() * 2 / 7).contains(&pieces), "{pieces} of {}", text.len());
    }

    #[test]
    fn a_prompt_counts_by_its_words() {
        assert_eq!(
            [prompt_tokens(""), prompt_tokens("why"), prompt_tokens("why is the sky blue?")],
            [0, 2, 7]
        );
    }

    proptest! {
        #[test]
        fn concatenation_is_exact(text in "\\PC{0,200}|[ \n\t a-z0-9`*]{0,200}") {
            let pieces = split(&text);
            prop_assert_eq!(pieces.concat(), text);
            prop_assert!(pieces.iter().all(|piece| (1..=LONGEST).contains(&piece.chars().count())));
        }
    }
}
