//! Token counts where a server reports none: the o200k vocabulary, exact for GPT-OSS and some per cent
//! off for the others, hence always marked "≈".
//!
//! `bpe_openai` has tables for it that are 32 MB of the binary and 50 MB of memory, or a second of work from the
//! list of tokens. That list is one, packed, and a map made of it is enough to count; the crate only cuts.

use std::{collections::HashMap, sync::LazyLock};

use bpe_openai::{Tokenizer, byte_pair_encoding::BytePairEncoding};
use miniz_oxide::inflate::decompress_to_vec_zlib;

/// The tokens in the order of their numbers: the length of each, a zero, the bytes of all; packed with zlib.
const PACKED: &[u8] = include_bytes!("../../assets/vocabulary/o200k.zz");

/// The longest run of letters, in bytes, that is merged as one: merging takes the square of its length. Longer
/// ones are counted in parts.
const LONGEST: usize = 512;

/// What a text is cut into before it is counted, and whether the last character is only looked at.
const PIECES: [(&str, bool); 3] = [
    (
        concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"|\s*[\r\n]+",
            r"|\s+$",
        ),
        false,
    ),
    (r"\s+\s", true),
    (r"\s+", false),
];

static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| decompress_to_vec_zlib(PACKED).expect("an asset of ours"));

/// The number of each token, by its bytes.
static NUMBERS: LazyLock<HashMap<&[u8], u32>> = LazyLock::new(|| unpack(&LIST).zip(0..).collect());

/// Cuts as o200k does; what it would merge is only the single bytes.
static KNIFE: LazyLock<Tokenizer> = LazyLock::new(|| {
    let bytes = BytePairEncoding::from_dictionary((0..=u8::MAX).map(|byte| vec![byte]), None);
    Tokenizer::new_lookahead(bytes, &PIECES, false).expect("patterns of ours")
});

/// The number of o200k tokens in `text`. Linear in its length; the first call in a process makes the map
/// (some 20 ms), so a race calls [`load`] before its start.
#[must_use]
pub fn tokens(text: &str) -> u64 {
    KNIFE.split(text).flat_map(|piece| piece.as_bytes().chunks(LONGEST)).map(count).sum()
}

/// Makes the map, so that no measurement pays for it.
pub fn load() {
    let _ = tokens("load");
}

fn unpack(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let zero = list.iter().position(|length| *length == 0).unwrap_or(list.len());
    let mut start = zero + 1;
    list[..zero].iter().map(move |length| {
        let from = start;
        start += usize::from(*length);
        &list[from..start]
    })
}

/// The tokens of a piece: neighbours that are a token together are merged, the lowest number first.
fn count(piece: &[u8]) -> u64 {
    if NUMBERS.contains_key(piece) {
        return 1;
    }
    let number = |from: usize, to: usize| NUMBERS.get(&piece[from..to]).copied().unwrap_or(u32::MAX);
    let mut starts: Vec<usize> = (0..=piece.len()).collect();
    // of each two neighbours, together
    let mut numbers: Vec<u32> = starts.windows(3).map(|three| number(three[0], three[2])).collect();
    while let Some((at, lowest)) = numbers.iter().copied().enumerate().min_by_key(|(_, number)| *number)
        && lowest != u32::MAX
    {
        starts.remove(at + 1);
        numbers.remove(at);
        if at > 0 {
            numbers[at - 1] = number(starts[at - 1], starts[at + 1]);
        }
        if at < numbers.len() {
            numbers[at] = number(starts[at], starts[at + 2]);
        }
    }
    starts.len() as u64 - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_words_and_nothing() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("hello world"), 2);
    }

    #[test]
    fn counts_what_is_no_text_in_parts() {
        assert_eq!(tokens(&"a".repeat(200_000)), 25_000);
    }

    /// When this fails after a new version of `bpe_openai`, take what it writes for the asset.
    #[test]
    fn the_list_is_that_of_the_crate() {
        let theirs = &bpe_openai::o200k_base().bpe;
        let count = u32::try_from(theirs.num_tokens()).unwrap();
        let tokens: Vec<&[u8]> = (0..count).map(|number| theirs.token_bytes(number)).collect();
        let lengths = tokens.iter().map(|token| u8::try_from(token.len()).unwrap());
        let list: Vec<u8> = lengths.chain([0]).chain(tokens.iter().copied().flatten().copied()).collect();
        if decompress_to_vec_zlib(PACKED).is_ok_and(|ours| ours == list) {
            return;
        }
        let path = std::env::temp_dir().join("o200k.zz");
        std::fs::write(&path, miniz_oxide::deflate::compress_to_vec_zlib(&list, 10)).unwrap();
        panic!("the vocabulary is another one; it is in {}", path.display());
    }

    proptest! {
        #[test]
        fn counts_what_the_crate_counts(text in "\\PC{0,200}", spaced in "[ a-zA-Z0-9'\r\n\t/.,é中🙂]{0,200}") {
            for text in [text, spaced] {
                prop_assert_eq!(tokens(&text), bpe_openai::o200k_base().count(text.as_str()) as u64);
            }
        }
    }
}
