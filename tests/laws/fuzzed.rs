//! The laws of the fuzz targets, on their corpora and on random changes of these.

#[path = "../../fuzz/laws.rs"]
mod laws;

use std::{fs, path::Path, sync::LazyLock};

use proptest::{collection::vec, prelude::*, sample::Index};

/// The inputs in the corpus of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).expect("a corpus").map(|file| file.expect("a file").path());
    files.map(|file| fs::read(file).expect("readable")).collect()
}

static WEBHOOK: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("webhook"));
static COMMAND: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("command"));
static TEXT: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus("text"));

/// Pieces that parsers and renderers act on.
const PIECES: [&str; 32] = [
    "",
    "\0",
    "\n",
    "\n\n\n\n",
    " ",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "-1",
    "1e99",
    "18446744073709551616",
    "&",
    "%",
    "%00",
    "=",
    "`",
    "```",
    "~~~",
    "*",
    "_",
    "<",
    ">",
    "\\",
    "\u{202e}",
    "\u{301}\u{301}\u{301}",
    "\u{e0041}",
    "é",
];

/// An input of the corpus with a few ranges replaced by pieces of the list or of another input.
fn changed(corpus: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4),
        (prop::sample::select(corpus), any::<Index>(), any::<Index>())
            .prop_map(|(other, a, b)| range(&other, a, b).1),
    ];
    let changes = vec((any::<Index>(), any::<Index>(), piece), 0..4);
    (prop::sample::select(corpus), changes).prop_map(|(mut input, changes)| {
        for (a, b, piece) in changes {
            let (at, part) = range(&input, a, b);
            input.splice(at..at + part.len(), piece);
        }
        input
    })
}

/// A short part of `input` and its start.
fn range(input: &[u8], start: Index, length: Index) -> (usize, Vec<u8>) {
    let start = start.index(input.len() + 1);
    let length = length.index((input.len() - start).min(40) + 1);
    (start, input[start..start + length].to_vec())
}

#[test]
fn the_corpora_of_the_fuzz_targets_obey_their_laws() {
    WEBHOOK.iter().for_each(|input| laws::webhook(input));
    COMMAND.iter().for_each(|input| laws::command(input));
    TEXT.iter().for_each(|input| laws::text(input));
}

proptest! {
    #[test]
    fn changed_deliveries_are_read_or_refused(input in changed(&WEBHOOK)) {
        laws::webhook(&input);
    }

    #[test]
    fn changed_lines_are_commands_or_short_errors(input in changed(&COMMAND)) {
        laws::command(&input);
    }

    #[test]
    fn changed_text_is_cleaned_and_fits(input in changed(&TEXT)) {
        laws::text(&input);
    }
}
