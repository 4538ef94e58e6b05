//! The time that folding an event takes, and the time that building a view takes, in a race of five lanes.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use llm_arena::{
    estimate,
    model::{Color, Delta, ModelCard, ModelId},
    race::{
        event::{Elapsed, EventKind, LaneEvent, RaceEvent},
        state::RaceState,
    },
    view::View,
};

const LANES: usize = 5;
/// Words of an answer; each is one delta.
const WORDS: usize = 1_000;
/// Characters of each answer in a view: exactly the limit of a view, and far more, where it is clipped.
const ANSWER_CHARS: [usize; 2] = [8_000, 40_000];

fn race() -> RaceState {
    let card = |lane| ModelCard {
        id: ModelId::new(&format!("m{lane}")),
        name: format!("Model {lane}"),
        icon: "⚡".into(),
        size: "2B".into(),
        best_for: String::new(),
        color: Color { r: 69, g: 148, b: 240 },
        provider: "bench".into(),
        simulated: false,
        vision: false,
        prices: None,
    };
    RaceState::new("ana", "Why is the sky blue?", (0..LANES).map(|lane| Arc::new(card(lane))))
}

/// The deltas of all lanes in turn, one every 20 ms, after all requests were sent at the start.
fn events(words: usize, word: impl Fn(usize) -> String) -> Vec<RaceEvent> {
    let event = |at, lane, delta| RaceEvent {
        at: Elapsed::from_millis(at),
        kind: EventKind::Lane(lane, LaneEvent::from(delta)),
    };
    let sent = (0..LANES).map(|lane| event(0, lane, Delta::Sent));
    let deltas = (0..words)
        .flat_map(|at| (0..LANES).map(move |lane| (at, lane)))
        .map(|(at, lane)| event(20 * (at as u64 + 1), lane, Delta::Text(word(at))));
    sent.chain(deltas).collect()
}

fn folded(events: &[RaceEvent]) -> RaceState {
    let mut state = race();
    for event in events {
        state.apply(event);
    }
    state
}

fn fold(criterion: &mut Criterion) {
    estimate::load();
    let events = events(WORDS, |at| ["The", " sky", " is", " blue", ".\n"][at % 5].into());
    let mut group = criterion.benchmark_group("fold");
    group.measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("five lanes, 1,000 words each", |bencher| {
        bencher.iter_batched_ref(
            race,
            |state| {
                for event in &events {
                    state.apply(black_box(event));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn view(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("view");
    group.measurement_time(Duration::from_secs(2));
    for characters in ANSWER_CHARS {
        let words = characters / 8;
        let state = folded(&events(words, |at| if at % 20 == 19 { " bluish\n" } else { " bluish." }.into()));
        assert_eq!(state.lanes[0].answer.chars().count(), characters);
        group.bench_function(BenchmarkId::new("five answers of", characters), |bencher| {
            bencher.iter(|| View::of(black_box(&state)));
        });
    }
    group.finish();
}

criterion_group!(all, fold, view);
criterion_main!(all);
