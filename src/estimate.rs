//! Token counts for servers that report none: by the o200k vocabulary, which is exact for GPT-OSS and a few per cent
//! off for other models. Estimates are always marked "≈".
//!
//! While an answer streams, [`rough`] counts without the vocabulary, since most servers report a count in the end: the
//! vocabulary takes some 20 MB once it is loaded, and splitting a text takes most of the time of reading it.
//!
//! The tables of `bpe_openai` would take 32 MB of the binary and 50 MB of memory, or a second to build from the list
//! of tokens. Counting only needs a map of that list, which we pack ourselves; the crate only splits the text.

use std::{collections::HashMap, sync::LazyLock};

use bpe_openai::{Tokenizer, byte_pair_encoding::BytePairEncoding};
use miniz_oxide::inflate::decompress_to_vec_zlib;

/// The tokens in the order of their ranks, packed with zlib: the length of each, a zero, the bytes of all.
const PACKED_VOCABULARY: &[u8] = include_bytes!("../assets/vocabulary/o200k.zz");

/// The longest piece, in bytes, that is merged as a whole: merging takes time quadratic in its length. Longer pieces
/// are counted in chunks.
const MAX_PIECE_BYTES: usize = 512;

/// The patterns of the pieces that a text is split into, each with whether its last character is only a lookahead.
const PIECE_PATTERNS: [(&str, bool); 3] = [
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

static VOCABULARY: LazyLock<Vec<u8>> =
    LazyLock::new(|| decompress_to_vec_zlib(PACKED_VOCABULARY).expect("a valid asset"));

/// The rank of each token, by its bytes.
static RANKS: LazyLock<HashMap<&[u8], u32>> = LazyLock::new(|| unpack(&VOCABULARY).zip(0..).collect());

/// Splits text as o200k does. Its own vocabulary holds only single bytes, since it never merges.
static SPLITTER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let bytes = BytePairEncoding::from_dictionary((0..=u8::MAX).map(|byte| vec![byte]), None);
    Tokenizer::new_lookahead(bytes, &PIECE_PATTERNS, false).expect("valid patterns")
});

/// The number of o200k tokens in `text`, in time linear in its length. The first call in a process builds the map
/// (about 20 ms), so a race calls [`load`] in the background first.
#[must_use]
pub fn tokens(text: &str) -> u64 {
    SPLITTER.split(text).flat_map(|piece| piece.as_bytes().chunks(MAX_PIECE_BYTES)).map(count).sum()
}

/// Letters of a word, and characters of a run of punctuation, that one token holds about.
const LETTERS: u32 = 8;
const MARKS: u32 = 4;
const DIGITS: u32 = 3;

/// The number of tokens in `text` by its words, numbers and marks: within 40 % of [`tokens`] for prose and code, and at
/// least 1 for each piece that is not empty.
#[must_use]
pub fn rough(text: &str) -> u64 {
    #[derive(Clone, Copy, PartialEq)]
    enum Run {
        Space,
        Letters,
        Digits,
        Marks,
        Wide,
    }
    let (mut tokens, mut run, mut length) = (0, Run::Space, 0);
    for c in text.chars() {
        let (kind, most) = match c {
            c if c.is_whitespace() => (Run::Space, u32::MAX),
            c if c >= '\u{2E80}' => (Run::Wide, 1),
            c if c.is_alphabetic() => (Run::Letters, LETTERS),
            c if c.is_numeric() => (Run::Digits, DIGITS),
            _ => (Run::Marks, MARKS),
        };
        length = if kind == run { length + 1 } else { 0 };
        run = kind;
        // a space belongs to the word after it, a line break does not
        let begins = if kind == Run::Space { c == '\n' && length == 0 } else { length % most == 0 };
        tokens += u64::from(begins);
    }
    if text.is_empty() { 0 } else { tokens.max(1) }
}

/// Builds the map, so that it delays no measurement.
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

/// Counts the tokens of a piece by byte-pair encoding: merges the neighbours with the lowest rank until none are left.
fn count(piece: &[u8]) -> u64 {
    if RANKS.contains_key(piece) {
        return 1;
    }
    let rank = |from: usize, to: usize| RANKS.get(&piece[from..to]).copied().unwrap_or(u32::MAX);
    let mut starts: Vec<usize> = (0..=piece.len()).collect();
    // the rank of each pair of neighbours
    let mut ranks: Vec<u32> = starts.windows(3).map(|three| rank(three[0], three[2])).collect();
    while let Some((at, lowest)) = ranks.iter().copied().enumerate().min_by_key(|(_, rank)| *rank)
        && lowest != u32::MAX
    {
        starts.remove(at + 1);
        ranks.remove(at);
        if at > 0 {
            ranks[at - 1] = rank(starts[at - 1], starts[at + 1]);
        }
        if at < ranks.len() {
            ranks[at] = rank(starts[at], starts[at + 2]);
        }
    }
    starts.len() as u64 - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_words_and_the_empty_text() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("hello world"), 2);
    }

    #[test]
    fn counts_very_long_pieces_in_chunks() {
        assert_eq!(tokens(&"a".repeat(200_000)), 25_000);
    }

    #[test]
    fn a_rough_count_is_near_the_true_one() {
        let prose = "Sunlight holds every colour. Air scatters short waves much more than long ones, so blue comes from \
                     all sides; in 1871, Lord Rayleigh worked it out (I ~ 1/λ^4).\n\nThat is why sunsets look red.";
        let code = "fn scattered(nm: f64) -> f64 {\n    (550.0 / nm).powi(4)\n}\n\nfor color in [\"blue\", \"red\"] {\n    println!(\"{color}\");\n}";
        let chinese = "天空为什么是蓝色的?因为空气散射蓝光。";
        for text in [prose, code, chinese] {
            let (rough, exact) = (rough(text), tokens(text));
            assert!(rough.abs_diff(exact) * 10 < exact * 4, "{rough} for {exact}: {text}");
        }
        assert_eq!([rough(""), rough(" "), rough(" the"), rough("\n")], [0, 1, 1, 1]);
    }

    /// If this fails after an update of `bpe_openai`, replace the asset with the file that it writes.
    #[test]
    fn the_vocabulary_matches_the_crate() {
        let theirs = &bpe_openai::o200k_base().bpe;
        let count = u32::try_from(theirs.num_tokens()).unwrap();
        let tokens: Vec<&[u8]> = (0..count).map(|rank| theirs.token_bytes(rank)).collect();
        let lengths = tokens.iter().map(|token| u8::try_from(token.len()).unwrap());
        let packed: Vec<u8> = lengths.chain([0]).chain(tokens.iter().copied().flatten().copied()).collect();
        if decompress_to_vec_zlib(PACKED_VOCABULARY).is_ok_and(|ours| ours == packed) {
            return;
        }
        let path = std::env::temp_dir().join("o200k.zz");
        std::fs::write(&path, miniz_oxide::deflate::compress_to_vec_zlib(&packed, 10)).unwrap();
        panic!("the vocabulary has changed; the new one is in {}", path.display());
    }

    proptest! {
        #[test]
        fn counts_match_the_crate(text in "\\PC{0,200}", spaced in "[ a-zA-Z0-9'\r\n\t/.,é中🙂]{0,200}") {
            for text in [text, spaced] {
                prop_assert_eq!(tokens(&text), bpe_openai::o200k_base().count(text.as_str()) as u64);
            }
        }
    }
}
