use std::{convert::Infallible, fmt::Write as _, fs, path::Path};

use futures::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;

use super::*;
use crate::model::Usage;

/// The deltas of a stream cut into `reads`, those without content left out, and its error.
fn decode<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Delta>, Option<String>) {
    let (mut decoder, mut deltas, mut error) = (Decoder::default(), Vec::new(), None);
    let mut take = |item: Result<Delta, ModelError>| match item {
        Ok(Delta::Alive) => {}
        Ok(delta) => deltas.push(delta),
        Err(found) => assert!(error.replace(found.public()).is_none(), "two errors"),
    };
    for read in reads {
        decoder.push(Bytes::copy_from_slice(read)).for_each(&mut take);
    }
    decoder.finish().for_each(&mut take);
    assert!(decoder.is_over());
    (deltas, error)
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(format!("tests/fixtures/sse/{name}")).expect("a fixture")
}

/// The recorded streams.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir("tests/fixtures/sse")
        .expect("the fixtures")
        .map(|file| file.expect("a file").file_name());
    let mut names: Vec<String> = files.map(|name| name.into_string().expect("UTF-8")).collect();
    names.retain(|name| Path::new(name).extension().is_some_and(|kind| kind == "sse"));
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    names.into_iter().map(|name| (name.clone(), fixture(&name))).collect()
}

/// A transcript that a person can check: neighbouring texts joined, with their number.
fn transcript(stream: &[u8]) -> String {
    let (deltas, error) = decode([stream]);
    let mut lines = String::new();
    for same in deltas.chunk_by(|a, b| matches!((a, b), (Delta::Text(_), Delta::Text(_)))) {
        let _ = match &same[0] {
            Delta::Text(_) => writeln!(lines, "{} x text {:?}", same.len(), joined(same)),
            other => writeln!(lines, "{other:?}"),
        };
    }
    let _ = writeln!(lines, "error: {error:?}");
    lines
}

fn joined(deltas: &[Delta]) -> String {
    let text = |delta: &Delta| if let Delta::Text(text) = delta { text.clone() } else { String::new() };
    deltas.iter().map(text).collect()
}

#[test]
fn recorded_streams_are_read_as_written_down() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, stream) in recorded() {
            insta::assert_snapshot!(name, transcript(&stream));
        }
    });
}

#[test]
fn every_way_of_cutting_line_ends_and_marks_gives_the_same() {
    for (name, stream) in recorded() {
        let want = decode([&*stream]);
        assert_eq!(decode(stream.chunks(1)), want, "{name}: one byte a read");
        let text = String::from_utf8(stream).expect("UTF-8");
        for changed in [text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")] {
            assert_eq!(decode([changed.as_bytes()]), want, "{name}: whole");
            assert_eq!(decode(changed.as_bytes().chunks(1)), want, "{name}: one byte a read");
        }
    }
}

/// A stream with a bit of everything: two- to four-byte characters, comments, all line ends, an error field.
const MIXED: &str = "\u{feff}: hello\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"<think>hm 🤔</think>é\"}}]}\n\n\
    event: message\rdata: {\"choices\":[{\"delta\":\rdata: {\"content\":\"漢字\"}}]}\r\r:\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n\n\
    data: {\"choices\":[],\"usage\":{\"completion_tokens\":9}}\n\nerror: {\"code\":503}\n\n";

proptest! {
    #[test]
    fn cuts_make_no_difference(cuts in prop::collection::vec(0..MIXED.len(), 0..40)) {
        let (mut reads, mut begin, mut cuts) = (Vec::new(), 0, cuts);
        cuts.sort_unstable();
        for cut in cuts {
            reads.push(&MIXED.as_bytes()[begin..cut]);
            begin = cut;
        }
        reads.push(&MIXED.as_bytes()[begin..]);
        prop_assert_eq!(decode(reads), decode([MIXED.as_bytes()]));
    }

    #[test]
    fn no_bytes_make_it_panic_or_depend_on_cuts(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
        let (head, tail) = bytes.split_at(at.min(bytes.len()));
        prop_assert_eq!(decode([head, tail]), decode([&*bytes]));
        let framed = [b"data: \"".as_slice(), &bytes, b"\"\n\ndata: [DONE]\n\n"].concat();
        prop_assert_eq!(decode(framed.chunks(3)), decode([&*framed]));
    }

    #[test]
    fn garbled_streams_do_not_depend_on_cuts(at in 0..MIXED.len(), byte in any::<u8>(), size in 1usize..60) {
        let mut garbled = MIXED.as_bytes().to_vec();
        garbled[at] = byte;
        prop_assert_eq!(decode(garbled.chunks(size)), decode([&*garbled]));
    }
}

#[test]
fn the_mixed_stream_says_what_was_put_into_it() {
    let (deltas, error) = decode([MIXED.as_bytes()]);
    let usage = Usage { output_tokens: Some(9), ..Usage::default() };
    assert_eq!(deltas[0], Delta::Reasoning("hm 🤔".into()));
    assert_eq!(joined(&deltas), "é漢字");
    assert_eq!(deltas.last(), Some(&Delta::Usage(usage)));
    assert_eq!(error, Some(ModelError::Overloaded(0).public()));
}

#[test]
fn another_parser_finds_the_same_events() {
    for (name, stream) in recorded().into_iter().filter(|(name, _)| !name.starts_with("aimock_malformed")) {
        let source = stream::iter([Ok::<_, Infallible>(Bytes::from(stream.clone()))]);
        let theirs =
            sse_stream::SseStream::from_bytes_stream(source).map(|event| event.expect("an event").data);
        let theirs: Vec<String> =
            theirs.filter_map(async |data| data).collect().now_or_never().expect("in memory");
        let mut guard = Guard::default();
        guard.push(stream.into());
        let pieces = std::iter::from_fn(|| guard.event()).map(|piece| piece.expect("no flaw"));
        let ours: Vec<String> = pieces.flat_map(sse::events).map(|event| event.data).collect();
        assert_eq!(ours, theirs, "{name}");
        assert!(!ours.is_empty(), "{name}");
    }
}

#[test]
fn a_read_without_content_is_a_sign_of_life() {
    let mut decoder = Decoder::default();
    let mut deltas =
        |read: &'static str| decoder.push(read.into()).map(|d| d.expect("no error")).collect::<Vec<_>>();
    for read in [
        ":\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
        "data: {\"choices\":[{\"del",
    ] {
        assert_eq!(deltas(read), [Delta::Alive], "{read}");
    }
    assert_eq!(
        deltas("ta\":{\"content\":\"a\"}}]}\n\n:\n\n"),
        [Delta::Text("a".into())],
        "content is sign enough"
    );
    assert_eq!(deltas("data: [DONE]\n\n"), []);
    assert_eq!(
        deltas("data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"),
        [],
        "nothing after the end"
    );
    assert!(decoder.is_over());
}

#[test]
fn a_stream_cut_within_an_event_has_no_error_of_its_own() {
    let whole = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"é\"}}]}";
    let (deltas, error) = decode([whole.as_bytes()]);
    assert_eq!((joined(&deltas).as_str(), error), ("aé", None), "only its line end is missing");
    for cut in 48..whole.len() - 1 {
        let (deltas, error) = decode([&whole.as_bytes()[..cut]]);
        assert_eq!((joined(&deltas).as_str(), error), ("a", None), "cut at {cut}");
    }
}

#[test]
fn text_before_a_flaw_is_kept() {
    let good = "data: {\"choices\":[{\"delta\":{\"content\":\"kept\"}}]}\n\n";
    let mut giant = format!("{good}data: {{\"x\":\"").into_bytes();
    giant.resize(4 << 20, b'x');
    giant.extend_from_slice(b"\"}\n\n");
    let rows: [(&[u8], &str); 3] = [
        (&giant, "the provider sent a broken stream (an event above 1 MiB)"),
        (
            &[good.as_bytes(), b"data: \xff\n\n"].concat(),
            "the provider sent a broken stream (bytes that are not UTF-8)",
        ),
        (
            &[good.as_bytes(), b"data: {]\n\n"].concat(),
            "the provider sent a broken stream (an event that is not valid JSON)",
        ),
    ];
    for (stream, want) in rows {
        let (deltas, error) = decode(stream.chunks(16 << 10));
        assert_eq!((joined(&deltas).as_str(), error.as_deref()), ("kept", Some(want)));
    }
}

#[test]
fn a_failure_outside_comes_after_the_text_that_was_held_back() {
    let mut decoder = Decoder::default();
    let held = "data: {\"choices\":[{\"delta\":{\"content\":\"<thi\"}}]}\n\n";
    assert_eq!(decoder.push(held.into()).map(Result::ok).collect::<Vec<_>>(), [Some(Delta::Alive)]);
    decoder.fail(ModelError::Truncated);
    assert_eq!(decoder.pull().map(Result::ok), Some(Some(Delta::Text("<thi".into()))));
    assert!(matches!(decoder.pull(), Some(Err(ModelError::Truncated))));
    assert!(decoder.pull().is_none());
}
