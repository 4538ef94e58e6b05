//! A stream of a compliant server: how its bytes are split into reads changes neither the answer nor the reasoning nor
//! the status, and no speed exceeds what its reads allow.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use llm_arena::{
    model::{ChatModel, Delta},
    provider::decoder::{Decoded, Decoder},
    race::{
        event::{Elapsed, EventKind, LaneEvent, RaceEvent},
        report::LaneReport,
        state::RaceState,
    },
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::script::model;

/// The data of an event of a compliant server; `None` for a comment.
fn event() -> impl Strategy<Value = Option<String>> {
    let chunk = |delta: serde_json::Value| {
        Some(
            json!({"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
                .to_string(),
        )
    };
    let text = prop_oneof![
        8 => "[ a-z\n.]{1,8}",
        2 => "\\PC{1,6}",
        2 => prop::sample::select(vec!["<think>", "</think>", "<thi", "nk>", "<", "[THINK]", "analysis", "assistantfinal"])
            .prop_map(str::to_owned),
    ];
    prop_oneof![
        1 => Just(chunk(json!({"role": "assistant", "content": ""}))),
        12 => text.clone().prop_map(move |text| chunk(json!({"content": text}))),
        3 => text.clone().prop_map(move |text| chunk(json!({"reasoning_content": text}))),
        1 => text.prop_map(move |text| chunk(json!({"content": [{"type": "text", "text": text}]}))),
        1 => (1_u64..50).prop_map(|n| Some(json!({"choices": [], "usage": {"completion_tokens": n}}).to_string())),
        1 => Just(Some(json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}).to_string())),
        1 => Just(None),
    ]
}

/// The bytes of a stream with these events; `done` if `[DONE]` ends it.
fn stream(events: &[Option<String>], line_end: &str, done: bool) -> Vec<u8> {
    let mut stream = String::new();
    for event in events {
        let _ = match event {
            Some(data) => write!(stream, "data: {data}{line_end}{line_end}"),
            None => write!(stream, ": keep-alive{line_end}{line_end}"),
        };
    }
    if done {
        let _ = write!(stream, "data: [DONE]{line_end}{line_end}");
    }
    stream.into_bytes()
}

/// The lane of a stream that arrives in `reads`, each this many microseconds after the one before.
fn lane<'r>(reads: impl IntoIterator<Item = (u64, &'r [u8])>) -> LaneReport {
    let mut state = RaceState::new("ana", "why?", [Arc::new(model("m").card().clone())]);
    let mut at = Duration::ZERO;
    let mut fold = |at, event| {
        state.apply(&RaceEvent { at: Elapsed::new(at), kind: EventKind::Lane(0, event) });
    };
    let mut decoder = Decoder::new("m", false);
    fold(at, Delta::Sent.into());
    for (gap, read) in reads {
        at += Duration::from_micros(gap);
        decoder.feed(Bytes::copy_from_slice(read));
        pull(&mut decoder, |event| fold(at, event));
    }
    decoder.end();
    pull(&mut decoder, |event| fold(at, event));
    fold(at, LaneEvent::Closed);
    state.report().lanes.remove(0)
}

fn pull(decoder: &mut Decoder, mut fold: impl FnMut(LaneEvent)) {
    while let Some(item) = decoder.pull() {
        fold(match item {
            Ok(Decoded { arrived, delta }) => LaneEvent::Delta { arrived, delta },
            Err(error) => LaneEvent::Failed(error),
        });
    }
}

/// The reads between `cuts`, each with the gap before it.
fn reads<'s>(stream: &'s [u8], cuts: &[(usize, u64)]) -> Vec<(u64, &'s [u8])> {
    let mut cuts: Vec<_> = cuts.iter().map(|(at, gap)| (at % stream.len().max(1), *gap)).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().map(|(at, _)| *at).chain([stream.len()]);
    let begins = [0].into_iter().chain(cuts.iter().map(|(at, _)| *at));
    let gaps = cuts.iter().map(|(_, gap)| *gap).chain([1]);
    begins.zip(ends).zip(gaps).map(|((begin, end), gap)| (gap, &stream[begin..end])).collect()
}

proptest! {
    #[test]
    fn reads_change_no_text_and_no_status(
        events in prop::collection::vec(event(), 1..30),
        cuts in prop::collection::vec((any::<usize>(), 0_u64..40_000), 0..40),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        done in any::<bool>(),
    ) {
        let stream = stream(&events, line_end, done);
        let whole = lane([(1, &*stream)]);
        for reads in [reads(&stream, &cuts), stream.chunks(1).map(|byte| (1, byte)).collect()] {
            let split = lane(reads);
            prop_assert_eq!(&split.answer, &whole.answer);
            prop_assert_eq!(&split.reasoning, &whole.reasoning);
            prop_assert_eq!((&split.status, &split.error), (&whole.status, &whole.error));
            prop_assert_eq!(split.metrics.output_tokens, whole.metrics.output_tokens);
        }
    }

    #[test]
    fn no_speed_exceeds_the_tokens_over_the_time_of_their_reads(
        events in prop::collection::vec(event(), 1..60),
        cuts in prop::collection::vec((any::<usize>(), 0_u64..40_000), 0..80),
    ) {
        let stream = stream(&events, "\n", true);
        let metrics = lane(reads(&stream, &cuts)).metrics;
        if let (Some(speed), Some(ttft), Some(total)) = (metrics.tokens_per_second, metrics.ttft, metrics.total) {
            let span = total.saturating_sub(ttft).as_secs_f64();
            let tokens = f64::from(u32::try_from(metrics.output_tokens).expect("few"));
            prop_assert!(speed <= tokens / span * (1.0 + 1e-9), "{speed} tok/s, {tokens} tokens in {span} s");
        }
    }
}
