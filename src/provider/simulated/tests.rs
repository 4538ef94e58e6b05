//! The models on a paused clock.

use std::time::Duration;

use super::*;
use crate::{
    model::{Color, Delta, FinishReason, ModelId, Usage},
    race::{arrivals::Arrivals, event::Elapsed},
};

/// The default line-up, in its order.
pub(super) const LINE_UP: [&str; 5] = ["gemma-2b", "qwen-7b", "gpt-oss-120b", "qwen-coder", "deepseek-r1"];

/// The profiles of the default line-up, in the order of [`LINE_UP`].
pub(super) fn profiles() -> [Profile; 5] {
    LINE_UP.map(|id| Profile::of(&card(id)))
}

/// Returns the card of a model with this id.
pub(super) fn card(id: &str) -> ModelCard {
    ModelCard {
        id: ModelId::new(id),
        name: id.into(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 1, g: 2, b: 3 },
        provider: "test".into(),
        simulated: false,
        vision: false,
        prices: None,
    }
}

/// A recorded answer.
#[derive(Default)]
struct Recording {
    reasoning: String,
    text: String,
    tokens: Vec<(Duration, bool)>,
    usage: Usage,
    finish: Option<FinishReason>,
    simulated: usize,
}

impl Recording {
    fn first_token(&self) -> Duration {
        self.tokens[0].0
    }

    fn first_text(&self) -> Duration {
        self.tokens.iter().find(|(_, is_text)| *is_text).expect("an answer").0
    }

    fn speed(&self) -> f64 {
        let mut arrivals = Arrivals::default();
        self.tokens.iter().for_each(|(at, _)| arrivals.add(Elapsed::new(*at), 4));
        arrivals.speed(self.usage.output_tokens.expect("usage")).expect("a speed")
    }
}

async fn record(id: &str, text: &str, cap: u32) -> Recording {
    let model = SimulatedModel::new(card(id), Some(cap));
    let prompt = Arc::new(Prompt::new(text, 8_192));
    let mut recording = Recording::default();
    let mut stream = model.stream(prompt);
    let sent = stream.next().await.expect("a delta").expect("no error");
    assert_eq!(sent.delta, Delta::Sent);
    while let Some(stamped) = stream.next().await {
        let Stamped { at, delta, .. } = stamped.expect("no error");
        assert!(recording.finish.is_none(), "{delta:?} after the finish");
        assert_eq!(at, Instant::now(), "stamped when emitted");
        match delta {
            Delta::Reasoning(text) => {
                assert!(recording.text.is_empty(), "reasoning comes first");
                recording.tokens.push((at - sent.at, false));
                recording.reasoning += &text;
            }
            Delta::Text(text) => {
                recording.tokens.push((at - sent.at, true));
                recording.text += &text;
            }
            Delta::Usage(usage) => recording.usage = usage,
            Delta::Finished(reason) => recording.finish = Some(reason),
            Delta::Simulated => recording.simulated += 1,
            other => panic!("unexpected {other:?}"),
        }
    }
    recording
}

#[tokio::test(start_paused = true)]
async fn each_model_keeps_its_speed_and_its_time_to_the_first_token() {
    for (id, profile) in LINE_UP.iter().zip(profiles()) {
        for _ in 0..10 {
            let recording = record(id, "Why is the sky blue?", 8_192).await;
            let first = recording.first_token().as_secs_f64() / profile.first_token;
            assert!((0.90..=1.13).contains(&first), "{id}: {:?}", recording.first_token());
            let speed = recording.speed() / profile.tokens_per_second;
            assert!((0.85..=1.15).contains(&speed), "{id}: {}", recording.speed());
            assert_eq!(recording.finish.as_ref().map(FinishReason::as_str), Some("stop"), "{id}");
            assert_eq!(recording.simulated, 1, "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_models_reason_first_and_it_costs_time() {
    let short = record("gpt-oss-120b", "Why is the sky blue?", 8_192).await;
    let long = record("deepseek-r1", "Why is the sky blue?", 8_192).await;
    assert!(
        !short.reasoning.is_empty() && short.first_text() < short.first_token() + Duration::from_millis(600)
    );
    assert!(long.first_text() > long.first_token() + Duration::from_secs(2), "{:?}", long.first_text());
    for id in ["gemma-2b", "qwen-7b", "qwen-coder"] {
        let recording = record(id, "Why is the sky blue?", 8_192).await;
        assert_eq!((recording.reasoning.as_str(), recording.usage.reasoning_tokens), ("", Some(0)), "{id}");
        assert_eq!(recording.first_token(), recording.first_text(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_counts_every_token_and_the_end_token() {
    for id in LINE_UP {
        let recording = record(id, "Why is the sky blue?", 8_192).await;
        let reasoning = recording.tokens.iter().filter(|(_, is_text)| !is_text).count() as u64;
        assert_eq!(recording.usage.output_tokens, Some(recording.tokens.len() as u64 + 1), "{id}");
        assert_eq!(recording.usage.reasoning_tokens, Some(reasoning), "{id}");
        assert_eq!(recording.usage.prompt_tokens, Some(7), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_cap_counts_reasoning_and_ends_with_length() {
    for cap in [0, 1, 20] {
        let recording = record("deepseek-r1", "Why is the sky blue?", cap).await;
        assert_eq!(recording.tokens.len(), cap as usize);
        assert_eq!(recording.usage.output_tokens, Some(u64::from(cap)));
        assert_eq!(recording.usage.reasoning_tokens, Some(u64::from(cap)), "the cap is spent on reasoning");
        assert!(recording.finish.expect("finished").is_length());
        assert_eq!(recording.text, "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_tokens_concatenate_to_the_answer() {
    let model = SimulatedModel::new(card("gpt-oss-120b"), None);
    let prompt = Prompt::new("Write a Rust function that reverses the words of a sentence", 8_192);
    let answer = answer::compose(&prompt, &model.card, &Profile::of(&model.card));
    for seed in 0..20 {
        let deltas: Vec<Delta> = model
            .play(Arc::new(prompt.clone()), Rng::with_seed(seed))
            .map(|stamped| stamped.delta)
            .collect()
            .await;
        let text: String = deltas
            .iter()
            .filter_map(|d| if let Delta::Text(t) = d { Some(t.as_str()) } else { None })
            .collect();
        assert_eq!(text, answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_is_listed_at_once_and_marked_as_simulated() {
    let model = SimulatedModel::new(card("gemma-2b"), None);
    let before = Instant::now();
    assert_eq!(model.prepare().await, Availability::Listed);
    assert_eq!(Instant::now(), before);
    assert!(model.card().simulated);
}
