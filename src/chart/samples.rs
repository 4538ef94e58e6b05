//! Reports for the tests of the chart; the figures are invented.

use std::{sync::Arc, time::Duration};

use crate::{
    model::{Availability, Color, FinishReason, ModelCard, ModelId},
    race::{
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Report, Status},
    },
};

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A finished lane of a model with a speed in tokens per second and a time to first token.
pub(super) fn lane(name: &str, icon: &str, color: &str, (speed, ttft): (f64, u64)) -> LaneReport {
    let card = ModelCard {
        id: ModelId::new(&name.to_lowercase().replace(' ', "-")),
        name: name.into(),
        icon: icon.into(),
        size: String::new(),
        best_for: String::new(),
        color: Color::parse(color).expect("a colour"),
        provider: "test".into(),
        simulated: false,
        prices: None,
    };
    LaneReport {
        card: Arc::new(card),
        status: Status::Finished(FinishReason::new("stop")),
        answer: "Because.".into(),
        reasoning: String::new(),
        metrics: Metrics {
            output_tokens: 680,
            reasoning_tokens: None,
            token_count: TokenCount::Usage,
            cached_tokens: None,
            ttft: Some(ms(ttft)),
            ttfa: Some(ms(ttft)),
            total: Some(ms(ttft) + Duration::try_from_secs_f64(679.0 / speed).unwrap_or_default()),
            tokens_per_second: Some(speed),
            end_to_end_tokens_per_second: Some(speed * 0.9),
            server_tokens_per_second: None,
            prompt_tokens: None,
        },
        error: None,
        availability: Availability::Listed,
        simulated: false,
        was_sent: true,
    }
}

/// `lane` after a failure.
pub(super) fn failed(mut lane: LaneReport, error: &str) -> LaneReport {
    lane.status = Status::Failed;
    lane.error = Some(error.into());
    lane.metrics.tokens_per_second = None;
    lane
}

/// The default line-up: five models, the last but one failed, the last one thought.
pub(super) fn line_up() -> Report {
    let coder = lane("Qwen Coder", "💻", "#EA6E28", (88.0, 450));
    let mut thinker = lane("DeepSeek R1", "🧠", "#F89BD0", (69.2, 880));
    thinker.reasoning = "Let me see.".into();
    thinker.metrics.ttfa = Some(ms(13_180));
    thinker.metrics.total = Some(ms(22_960));
    Report {
        prompt: "Explain how a hash map handles collisions, then show a short example in Rust".into(),
        lanes: vec![
            lane("Gemma 2B", "⚡", "#FDE263", (143.4, 210)),
            lane("Qwen 7B", "📜", "#4594F0", (97.1, 340)),
            lane("GPT-OSS 120B", "🔧", "#1ADE8C", (214.6, 620)),
            failed(coder, "timed out: no first token within 30 s"),
            thinker,
        ],
    }
}

/// `n` lanes, every fifth of them failed.
pub(super) fn crowd(n: u32) -> Report {
    let colors = ["#FDE263", "#4594F0", "#1ADE8C", "#EA6E28", "#F89BD0"];
    let lanes = (0..n).map(|i| {
        let speed = 260.0 / f64::from(i + 1);
        let lane =
            lane(&format!("Model {}", i + 1), "", colors[i as usize % 5], (speed, 200 + 37 * u64::from(i)));
        if i % 5 == 4 { failed(lane, "rate limited by the provider, try again in 20 s") } else { lane }
    });
    Report { prompt: "Why is the sky blue?".into(), lanes: lanes.collect() }
}
