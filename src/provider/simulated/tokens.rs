//! Tokens of about the size that real vocabularies have.

/// The longest token in characters, including a leading space.
const MAX_CHARS: usize = 8;

/// Cuts `text` into tokens of one to eight characters: a word or the beginning of one with the space
/// before it, up to three digits, or a run of one punctuation mark or of newlines. Their concatenation is
/// `text`.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let (mut class, mut length) = (Class::Start, 0);
    for c in text.chars() {
        let next = Class::of(c);
        match tokens.last_mut() {
            Some(token) if length < next.max_chars() && class.can_continue_with(next) => {
                token.push(c);
                length += 1;
            }
            _ => {
                tokens.push(c.into());
                length = 1;
            }
        }
        class = next;
    }
    tokens
}

/// Estimates the tokens of a prompt: 1.3 per word, rounded up.
pub(super) fn count_prompt(text: &str) -> u64 {
    (text.split_whitespace().count() as u64 * 13).div_ceil(10)
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Start,
    Letter,
    Digit,
    Space,
    Newline,
    Mark(char),
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '\n' => Self::Newline,
            c if c.is_whitespace() => Self::Space,
            c if c.is_numeric() => Self::Digit,
            c if c.is_alphabetic() => Self::Letter,
            c => Self::Mark(c),
        }
    }

    fn max_chars(self) -> usize {
        if self == Self::Digit { 3 } else { MAX_CHARS }
    }

    /// Returns true if a token that ends in this class can continue with `next`.
    fn can_continue_with(self, next: Self) -> bool {
        self == next || (self == Self::Space && !matches!(next, Self::Newline | Self::Digit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sentence_is_cut_into_words_with_their_space() {
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
    fn english_has_about_four_characters_per_token() {
        let text =
            "Sunlight is a mix of all colours, and the air scatters the short waves far more than the long.";
        let tokens = split(text).len();
        assert!((text.len() * 2 / 11..=text.len() * 2 / 7).contains(&tokens), "{tokens} of {}", text.len());
    }

    #[test]
    fn a_prompt_is_counted_by_its_words() {
        assert_eq!(["", "why", "why is the sky blue?"].map(count_prompt), [0, 2, 7]);
    }

    proptest! {
        #[test]
        fn tokens_concatenate_to_the_text(text in "\\PC{0,200}|[ \n\t a-z0-9`*]{0,200}") {
            let tokens = split(&text);
            prop_assert_eq!(tokens.concat(), text);
            prop_assert!(tokens.iter().all(|token| (1..=MAX_CHARS).contains(&token.chars().count())));
        }
    }
}
