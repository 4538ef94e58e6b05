//! Bytes of a stream -> deltas: nothing panics, hangs or grows without bound, and how the bytes are split into reads
//! makes no difference. Its twin for every test run is in `src/provider/decoder/tests.rs`.
//!
//! The first byte gives the size of the reads, the rest is the stream.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llm_arena::{model::Delta, provider::decoder::Decoder};

/// The answer, the reasoning, and the error of a stream.
#[derive(Debug, Default, PartialEq)]
struct Read {
    answer: String,
    reasoning: String,
    finish: Option<String>,
    is_done: bool,
    error: Option<String>,
}

fn read(stream: &[u8], size: usize) -> Read {
    let (mut decoder, mut read) = (Decoder::new("model", false), Read::default());
    for part in stream.chunks(size) {
        decoder.feed(Bytes::copy_from_slice(part));
        pull(&mut decoder, &mut read);
    }
    decoder.end();
    pull(&mut decoder, &mut read);
    assert!(decoder.is_over());
    read
}

fn pull(decoder: &mut Decoder, read: &mut Read) {
    while let Some(item) = decoder.pull() {
        match item.map(|decoded| decoded.delta) {
            Ok(Delta::Text(text)) => read.answer += &text,
            Ok(Delta::Reasoning(text)) => read.reasoning += &text,
            Ok(Delta::AnswerWasReasoning) => read.reasoning += &std::mem::take(&mut read.answer),
            Ok(Delta::Finished(reason)) => read.finish = Some(reason.as_str().to_owned()),
            Ok(Delta::Done) => read.is_done = true,
            Ok(_) => {}
            Err(error) => assert!(read.error.replace(error.public()).is_none(), "two errors"),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&size, stream)) = input.split_first() else { return };
    let whole = read(stream, stream.len().max(1));
    assert!(whole.answer.len() + whole.reasoning.len() <= 4 * stream.len() + 8, "more text than bytes");
    assert_eq!(read(stream, usize::from(size).max(1)), whole, "in reads of {size}");
});
