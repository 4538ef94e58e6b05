//! The cost of the byte guard, and of an event by its size.
//!
//! The guarded pipeline (`EventSplitter`, `eventsource-stream`, dialect) and one without the guard take turns in each
//! sample, so that other load on the machine affects both.

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
    provider::{decoder::Decoder, openai::Dialect, sse::MAX_EVENT_LEN},
};
use median::median;
use tokio::time::Instant;

/// Tokens of the stream that measures the guard.
const TOKENS: usize = 20_000;
/// Size of the reads that measure the guard.
const READ_SIZE: usize = 16 << 10;
/// Target for the guarded rate, relative to the unguarded one.
const MIN_RATIO: f64 = 0.85;
/// Event sizes of the sweep, up to the limit; each fills a stream of [`MAX_EVENT_LEN`] bytes.
const EVENT_SIZES: [usize; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, MAX_EVENT_LEN];

/// The texts of a stream, counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct TextCount {
    texts: usize,
    bytes: usize,
}

impl TextCount {
    fn add(&mut self, delta: &Delta) {
        if let Delta::Text(text) = delta {
            self.texts += 1;
            self.bytes += text.len();
        }
    }
}

fn guarded(reads: &[Bytes]) -> TextCount {
    let (mut decoder, mut count) = (Decoder::default(), TextCount::default());
    for read in reads {
        decoder.feed(read.clone());
        while let Some(item) = decoder.pull() {
            count.add(&item.expect("a valid stream").delta);
        }
    }
    count
}

fn unguarded(reads: &[Bytes]) -> TextCount {
    let mut events = EventStream::new(stream::iter(reads.iter().cloned().map(Ok::<_, Infallible>)));
    let (mut dialect, mut deltas, mut count) = (Dialect::default(), VecDeque::new(), TextCount::default());
    while let Some(Some(event)) = events.next().now_or_never() {
        let event = event.expect("a valid stream");
        dialect.event(&event.event, &event.data, &mut deltas).expect("a valid event");
        while let Some(delta) = deltas.pop_front() {
            count.add(&delta);
        }
    }
    count
}

fn split(stream: &str, size: usize) -> Vec<Bytes> {
    stream.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

fn time(times: u64, mut work: impl FnMut() -> TextCount) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    start.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 iterations")]
fn seconds_per_iteration(time: Duration, times: u64) -> f64 {
    time.as_secs_f64() / times as f64
}

/// Runs both pipelines in turn and prints the medians of their rates and of the ratio.
fn guard(criterion: &mut Criterion) {
    let stream: String =
        chunks::WORDS.iter().cycle().take(TOKENS).map(|word| chunks::content(word)).collect();
    let reads = split(&stream, READ_SIZE);
    assert_eq!(guarded(&reads), unguarded(&reads), "the pipelines differ");
    let mut pairs = Vec::new();
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(30).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("guarded, 16 KiB reads", |bencher| {
        bencher.iter_custom(|times| {
            let with = time(times, || guarded(&reads));
            let without = time(times, || unguarded(&reads));
            pairs.push((seconds_per_iteration(with, times), seconds_per_iteration(without, times)));
            with
        });
    });
    group.finish();
    report("guarded", &stream, median(pairs.iter().map(|(with, _)| *with)));
    report("unguarded", &stream, median(pairs.iter().map(|(_, without)| *without)));
    let ratio = median(pairs.iter().map(|(with, without)| without / with));
    let verdict = if ratio >= MIN_RATIO { "met" } else { "MISSED" };
    println!("guarded at {ratio:.2} of the unguarded rate; target at least {MIN_RATIO}: {verdict}\n");
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn report(pipeline: &str, stream: &str, seconds: f64) {
    let (gigabytes, events) = (stream.len() as f64 / 1e9 / seconds, TOKENS as f64 / 1e6 / seconds);
    println!("{pipeline:>9}: {gigabytes:.2} GB/s, {events:.2} M events/s per core");
}

/// Events of `size` bytes each (without the last line end), [`MAX_EVENT_LEN`] bytes in total.
fn large_events(size: usize) -> String {
    let (head, tail) = (r#"data: {"choices":[{"delta":{"content":""#, r#""}}]}"#);
    let words = chunks::WORDS[..8].concat();
    let text: String = words.chars().cycle().take(size - head.len() - tail.len()).collect();
    format!("{head}{text}{tail}\n\n").repeat(MAX_EVENT_LEN / size)
}

/// Runs the guarded pipeline by event size and prints the time per byte, which should not grow with the size.
fn sizes(criterion: &mut Criterion) {
    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group("event size");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for size in EVENT_SIZES {
        let stream = large_events(size);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        let each = [1 << 10, READ_SIZE].map(|read| {
            let (reads, mut samples) = (split(&stream, read), Vec::new());
            let id = BenchmarkId::new(format!("{} KiB reads", read >> 10), format!("{} KiB", size >> 10));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|times| {
                    let time = time(times, || guarded(&reads));
                    samples.push(nanoseconds_per_byte(seconds_per_iteration(time, times), &stream));
                    time
                });
            });
            median(samples)
        });
        rows.push((size, each));
    }
    group.finish();
    println!("event size   ns per byte, 1 KiB reads   16 KiB reads");
    for (size, [small, large]) in rows {
        println!("{:>6} KiB   {small:>24.2}   {large:>12.2}", size >> 10);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn nanoseconds_per_byte(seconds: f64, stream: &str) -> f64 {
    seconds * 1e9 / stream.len() as f64
}

criterion_group!(all, guard, sizes);
criterion_main!(all);
