//! Drawing a chart, and encoding its pixels alone with the same settings. The whole should take at most four times as
//! long as encoding. A replay, 48 frames of a smaller picture, should take at most 150 ms.

use std::{sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use llm_arena::{
    chart,
    model::{Availability, Color, FinishReason, ModelCard, ModelId},
    race::{
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Report, Status},
        timeline::Timeline,
    },
};

/// Name, icon, colour, tokens per second, milliseconds to the first token. The figures are invented.
type Lane = (&'static str, &'static str, &'static str, f64, u64);

const LINE_UP: [Lane; 5] = [
    ("Gemma 2B", "⚡", "#FDE263", 143.4, 210),
    ("Qwen 7B", "📜", "#4594F0", 97.1, 340),
    ("GPT-OSS 120B", "🔧", "#1ADE8C", 214.6, 620),
    ("Qwen Coder", "💻", "#EA6E28", 88.0, 450),
    ("DeepSeek R1", "🧠", "#F89BD0", 69.2, 880),
];

/// 680 tokens, the first after `ttft` milliseconds, faster and slower by turns.
fn timeline(ttft: u64, speed: f64) -> Timeline {
    let mut at = Duration::from_millis(ttft);
    Timeline::new((0..100_u32).map(|i| {
        at += Duration::from_secs_f64(6.8 / speed * (1.0 + 0.6 * (f64::from(i) / 9.0 + speed).sin()));
        (at, u64::from(680 * i / 99))
    }))
}

fn lane((name, icon, color, speed, ttft): Lane) -> LaneReport {
    let card = ModelCard {
        id: ModelId::new(name),
        name: name.into(),
        icon: icon.into(),
        size: String::new(),
        best_for: String::new(),
        color: Color::parse(color).expect("a colour"),
        provider: "bench".into(),
        simulated: false,
        prices: None,
    };
    LaneReport {
        card: Arc::new(card),
        status: Status::Finished(Some(FinishReason::new("stop"))),
        answer: "Because.".into(),
        reasoning: String::new(),
        metrics: Metrics {
            output_tokens: 680,
            reasoning_tokens: None,
            token_count: TokenCount::Usage,
            cached_tokens: None,
            ttft: Some(Duration::from_millis(ttft)),
            ttfa: Some(Duration::from_millis(ttft)),
            total: Some(Duration::from_secs(5)),
            tokens_per_second: Some(speed),
            end_to_end_tokens_per_second: None,
            server_tokens_per_second: None,
            speed_source: None,
            speed_note: None,
            prompt_tokens: None,
        },
        timeline: timeline(ttft, speed),
        error: None,
        availability: Availability::Listed,
        simulated: false,
        served: None,
        provider_message: None,
        was_sent: true,
    }
}

fn report() -> Report {
    let mut report = Report {
        prompt: "Explain how a hash map handles collisions, then show a short example in Rust".into(),
        lanes: LINE_UP.map(lane).into(),
        ..Report::default()
    };
    report.lanes[3].status = Status::Failed;
    report.lanes[3].error = Some("timed out: no first token within 30 s".into());
    report
}

fn benches(criterion: &mut Criterion) {
    let report = report();
    let pixels = chart::rgb(&report).expect("pixels");
    let mut group = criterion.benchmark_group("chart");
    group.bench_function("png", |bencher| bencher.iter(|| chart::png(&report)));
    group.bench_function("draw only", |bencher| bencher.iter(|| chart::rgb(&report)));
    group.bench_function("encode only", |bencher| bencher.iter(|| chart::encode(&pixels)));
    group.bench_function("replay", |bencher| bencher.iter(|| chart::replay(&report)));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
