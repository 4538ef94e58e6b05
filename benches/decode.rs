//! What the byte guard costs, and what an event costs by its size.
//!
//! The guarded pipeline (guard, `eventsource-stream`, serde dialect) and the same pipeline without the guard
//! take turns in each sample, so that whatever else the machine does meets both.

#[path = "shared/chunks.rs"]
mod chunks;
#[path = "shared/median.rs"]
mod median;

use std::{collections::VecDeque, convert::Infallible, hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eventsource_stream::EventStream;
use futures::{FutureExt as _, StreamExt as _, stream};
use llm_arena::{
    model::Delta,
    provider::{decoder::Decoder, guard::EVENT_CAP, openai::Dialect},
};
use median::median;
use tokio::time::Instant;

/// Tokens of the stream on which the guard is judged.
const TOKENS: usize = 20_000;
/// The reads on which the guard is judged.
const READ: usize = 16 << 10;
/// The least part of the unguarded rate that the guarded one must keep.
const TARGET: f64 = 0.85;
/// Event sizes of the sweep, up to the cap; each makes up a stream of [`EVENT_CAP`] bytes.
const SIZES: [usize; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, EVENT_CAP];

/// What a stream said: how many texts, how many bytes of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    texts: usize,
    bytes: usize,
}

impl Said {
    fn hear(&mut self, delta: &Delta) {
        if let Delta::Text(text) = delta {
            self.texts += 1;
            self.bytes += text.len();
        }
    }
}

fn guarded(reads: &[Bytes]) -> Said {
    let (mut decoder, mut said) = (Decoder::default(), Said::default());
    for read in reads {
        decoder.feed(read.clone());
        while let Some(item) = decoder.pull() {
            said.hear(&item.expect("a good stream"));
        }
    }
    said
}

fn unguarded(reads: &[Bytes]) -> Said {
    let mut events = EventStream::new(stream::iter(reads.iter().cloned().map(Ok::<_, Infallible>)));
    let (mut dialect, mut deltas, mut said) = (Dialect::default(), VecDeque::new(), Said::default());
    while let Some(Some(event)) = events.next().now_or_never() {
        let event = event.expect("a good stream");
        dialect.event(&event.event, &event.data, &mut deltas).expect("a good event");
        while let Some(delta) = deltas.pop_front() {
            said.hear(&delta);
        }
    }
    said
}

fn cut(stream: &str, size: usize) -> Vec<Bytes> {
    stream.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

fn timed(times: u64, mut work: impl FnMut() -> Said) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    start.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "a bench runs far below 2^52 times")]
fn seconds_each(time: Duration, times: u64) -> f64 {
    time.as_secs_f64() / times as f64
}

/// Both pipelines in turn; prints their rates and the ratio, the median over the samples.
fn guard(criterion: &mut Criterion) {
    let stream: String =
        chunks::WORDS.iter().cycle().take(TOKENS).map(|word| chunks::content(word)).collect();
    let reads = cut(&stream, READ);
    assert_eq!(guarded(&reads), unguarded(&reads), "the pipelines differ");
    let mut pairs = Vec::new();
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(30).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("guarded, 16 KiB reads", |bencher| {
        bencher.iter_custom(|times| {
            let with = timed(times, || guarded(&reads));
            let without = timed(times, || unguarded(&reads));
            pairs.push((seconds_each(with, times), seconds_each(without, times)));
            with
        });
    });
    group.finish();
    report("guarded", &stream, median(pairs.iter().map(|(with, _)| *with)));
    report("unguarded", &stream, median(pairs.iter().map(|(_, without)| *without)));
    let ratio = median(pairs.iter().map(|(with, without)| without / with));
    let verdict = if ratio >= TARGET { "kept" } else { "MISSED" };
    println!("guarded at {ratio:.2} of the unguarded rate; target at least {TARGET}: {verdict}\n");
}

#[expect(clippy::cast_precision_loss, reason = "a bench stream has far less than 2^52 bytes")]
fn report(pipeline: &str, stream: &str, seconds: f64) {
    let (gigabytes, events) = (stream.len() as f64 / 1e9 / seconds, TOKENS as f64 / 1e6 / seconds);
    println!("{pipeline:>9}: {gigabytes:.2} GB/s, {events:.2} M events/s a core");
}

/// An event of `size` bytes, its last line end not counted, often enough to fill [`EVENT_CAP`].
fn large_events(size: usize) -> String {
    let (head, tail) = (r#"data: {"choices":[{"delta":{"content":""#, r#""}}]}"#);
    let words = chunks::WORDS[..8].concat();
    let text: String = words.chars().cycle().take(size - head.len() - tail.len()).collect();
    format!("{head}{text}{tail}\n\n").repeat(EVENT_CAP / size)
}

/// The guarded pipeline by event size; prints the time of each byte, which must not grow with the size.
fn sizes(criterion: &mut Criterion) {
    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group("event size");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for size in SIZES {
        let stream = large_events(size);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        let each = [1 << 10, READ].map(|read| {
            let (reads, mut samples) = (cut(&stream, read), Vec::new());
            let id = BenchmarkId::new(format!("{} KiB reads", read >> 10), format!("{} KiB", size >> 10));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|times| {
                    let time = timed(times, || guarded(&reads));
                    samples.push(nanoseconds_a_byte(seconds_each(time, times), &stream));
                    time
                });
            });
            median(samples)
        });
        rows.push((size, each));
    }
    group.finish();
    println!("event size   ns a byte in 1 KiB reads   in 16 KiB reads");
    for (size, [small, large]) in rows {
        println!("{:>6} KiB   {small:>24.2}   {large:>15.2}", size >> 10);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bench stream has far less than 2^52 bytes")]
fn nanoseconds_a_byte(seconds: f64, stream: &str) -> f64 {
    seconds * 1e9 / stream.len() as f64
}

criterion_group!(all, guard, sizes);
criterion_main!(all);
