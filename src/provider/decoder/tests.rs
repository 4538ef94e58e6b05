use std::{convert::Infallible, fmt::Write as _, fs, path::Path};

use futures::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;

use super::*;
use crate::model::Usage;

/// Feeds `read` and returns the deltas it completes.
fn push(decoder: &mut Decoder, read: Bytes) -> impl Iterator<Item = Result<Delta, ModelError>> {
    decoder.feed(read);
    std::iter::from_fn(|| decoder.pull()).map(|item| item.map(|decoded| decoded.delta))
}

/// Returns the deltas of a stream split into `reads`, without [`Delta::Alive`], and its error.
fn decode<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Delta>, Option<String>) {
    let (mut decoder, mut deltas, mut error) = (Decoder::default(), Vec::new(), None);
    let mut take = |item: Result<Delta, ModelError>| match item {
        Ok(Delta::Alive | Delta::Held | Delta::Served(_) | Delta::Done | Delta::ProviderMessage(_)) => {}
        Ok(delta) => deltas.push(delta),
        Err(found) => assert!(error.replace(found.public()).is_none(), "two errors"),
    };
    for read in reads {
        push(&mut decoder, Bytes::copy_from_slice(read)).for_each(&mut take);
    }
    decoder.end();
    std::iter::from_fn(|| decoder.pull()).map(|item| item.map(|decoded| decoded.delta)).for_each(&mut take);
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

/// A readable transcript: consecutive texts are joined and counted.
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
fn recorded_streams_match_their_snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, stream) in recorded() {
            insta::assert_snapshot!(name, transcript(&stream));
        }
    });
}

#[test]
fn line_ends_byte_order_marks_and_read_sizes_make_no_difference() {
    for (name, stream) in recorded() {
        let want = decode([&*stream]);
        assert_eq!(decode(stream.chunks(1)), want, "{name}: one byte per read");
        let text = String::from_utf8(stream).expect("UTF-8");
        for changed in [text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")] {
            assert_eq!(decode([changed.as_bytes()]), want, "{name}: whole");
            assert_eq!(decode(changed.as_bytes().chunks(1)), want, "{name}: one byte per read");
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
    fn read_boundaries_make_no_difference(cuts in prop::collection::vec(0..MIXED.len(), 0..40)) {
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
    fn arbitrary_bytes_never_panic_or_depend_on_read_boundaries(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
        let (head, tail) = bytes.split_at(at.min(bytes.len()));
        prop_assert_eq!(decode([head, tail]), decode([&*bytes]));
        let framed = [b"data: \"".as_slice(), &bytes, b"\"\n\ndata: [DONE]\n\n"].concat();
        prop_assert_eq!(decode(framed.chunks(3)), decode([&*framed]));
    }

    #[test]
    fn garbled_streams_do_not_depend_on_read_boundaries(at in 0..MIXED.len(), byte in any::<u8>(), size in 1usize..60) {
        let mut garbled = MIXED.as_bytes().to_vec();
        garbled[at] = byte;
        prop_assert_eq!(decode(garbled.chunks(size)), decode([&*garbled]));
    }
}

#[test]
fn the_mixed_stream_is_decoded_completely() {
    let (deltas, error) = decode([MIXED.as_bytes()]);
    let usage = Usage { output_tokens: Some(9), ..Usage::default() };
    assert_eq!(deltas[0], Delta::Reasoning("hm 🤔".into()));
    assert_eq!(joined(&deltas), "é漢字");
    assert_eq!(deltas.last(), Some(&Delta::Usage(usage)));
    assert_eq!(error, Some(ModelError::Overloaded(0).public()));
}

#[test]
fn an_independent_parser_finds_identical_events() {
    for (name, stream) in recorded().into_iter().filter(|(name, _)| !name.starts_with("aimock_malformed")) {
        let source = stream::iter([Ok::<_, Infallible>(Bytes::from(stream.clone()))]);
        let theirs =
            sse_stream::SseStream::from_bytes_stream(source).map(|event| event.expect("an event").data);
        let theirs: Vec<String> =
            theirs.filter_map(async |data| data).collect().now_or_never().expect("in memory");
        let mut splitter = EventSplitter::default();
        splitter.push(stream.into());
        let pieces = std::iter::from_fn(|| splitter.next_event()).map(|piece| piece.expect("a valid stream"));
        let data = |event| match event {
            Event::Data(data) => vec![String::from_utf8(data.into()).expect("UTF-8").trim().to_owned()],
            Event::Block(block) => sse::events(block).map(|event| event.data).collect(),
        };
        let ours: Vec<String> = pieces.flat_map(data).collect();
        assert_eq!(ours, theirs, "{name}");
        assert!(!ours.is_empty(), "{name}");
    }
}

#[test]
fn a_read_without_content_yields_alive() {
    let mut decoder = Decoder::default();
    let mut deltas = |read: &'static str| {
        push(&mut decoder, read.into()).map(|d| d.expect("no error")).collect::<Vec<_>>()
    };
    for read in [
        ":\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
        "data: {\"choices\":[{\"del",
    ] {
        assert_eq!(deltas(read), [Delta::Alive], "{read}");
    }
    assert_eq!(
        deltas("ta\":{\"content\":\"b\"}}]}\n\n:\n\n"),
        [Delta::Text("b".into())],
        "content needs no Alive"
    );
    assert_eq!(deltas("data: [DONE]\n\n"), [Delta::Done]);
    assert_eq!(
        deltas("data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"),
        [],
        "nothing after [DONE]"
    );
    assert!(decoder.is_over());
}

#[test]
fn a_stream_cut_within_an_event_drops_that_event_without_an_error() {
    let whole = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"é\"}}]}";
    let (deltas, error) = decode([whole.as_bytes()]);
    assert_eq!((joined(&deltas).as_str(), error), ("aé", None), "only the line end is missing");
    for cut in 48..whole.len() - 1 {
        let (deltas, error) = decode([&whole.as_bytes()[..cut]]);
        assert_eq!((joined(&deltas).as_str(), error), ("a", None), "cut at {cut}");
    }
}

#[test]
fn text_before_an_error_is_kept() {
    let good = "data: {\"choices\":[{\"delta\":{\"content\":\"kept\"}}]}\n\n";
    let mut giant = format!("{good}data: {{\"x\":\"").into_bytes();
    giant.resize(4 << 20, b'x');
    giant.extend_from_slice(b"\"}\n\n");
    let rows: [(&[u8], &str); 3] = [
        (&giant, "the provider sent a broken stream (an event larger than 1 MiB)"),
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
fn an_outside_failure_comes_after_the_text_that_was_held_back() {
    let mut decoder = Decoder::default();
    let held = "data: {\"choices\":[{\"delta\":{\"content\":\"<thi\"}}]}\n\n";
    assert_eq!(push(&mut decoder, held.into()).map(Result::ok).collect::<Vec<_>>(), [Some(Delta::Held)]);
    decoder.fail(ModelError::Truncated);
    assert_eq!(
        decoder.pull().map(|item| item.ok().map(|decoded| decoded.delta)),
        Some(Some(Delta::Text("<thi".into())))
    );
    assert!(matches!(decoder.pull(), Some(Err(ModelError::Truncated))));
    assert!(decoder.pull().is_none());
}
