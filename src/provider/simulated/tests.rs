//! The models on a paused clock.

use std::time::Duration;

use super::*;
use crate::{
    model::{Color, Delta, FinishReason, ModelId, Usage},
    race::{
        event::Elapsed,
        metrics::{self, Stamps},
    },
};

/// The default line-up, in its order.
pub(super) const LINE_UP: [&str; 5] = ["gemma-2b", "qwen-7b", "gpt-oss-120b", "qwen-coder", "deepseek-r1"];

/// The profiles of the default line-up, in its order.
pub(super) fn profiles() -> [Profile; 5] {
    LINE_UP.map(|id| Profile::of(&card(id)))
}

/// The card of a model with this id.
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
        prices: None,
    }
}

/// What came of one answer.
#[derive(Default)]
struct Film {
    reasoning: String,
    text: String,
    tokens: Vec<(Duration, bool)>,
    usage: Usage,
    finish: Option<FinishReason>,
    simulated: usize,
}

impl Film {
    fn first(&self) -> Duration {
        self.tokens[0].0
    }

    fn first_answer(&self) -> Duration {
        self.tokens.iter().find(|(_, is_text)| *is_text).expect("an answer").0
    }

    fn speed(&self) -> f64 {
        let stamp = |at: Duration| Some(Elapsed::new(at));
        let last = self.tokens.last().expect("tokens").0;
        let stamps =
            Stamps { first_token: stamp(self.first()), last_token: stamp(last), ..Stamps::default() };
        metrics::decode_speed(&stamps, self.usage.output_tokens.expect("usage")).expect("a speed")
    }
}

async fn film(id: &str, text: &str, cap: u32) -> Film {
    let model = SimulatedModel::new(card(id), Some(cap));
    let prompt = Arc::new(Prompt { text: text.into(), max_output_tokens: 8_192 });
    let mut film = Film::default();
    let mut stream = model.stream(prompt);
    let sent = stream.next().await.expect("a delta").expect("no error");
    assert_eq!(sent.delta, Delta::Sent);
    while let Some(stamped) = stream.next().await {
        let Stamped { at, delta } = stamped.expect("no error");
        assert!(film.finish.is_none(), "{delta:?} after the finish");
        assert_eq!(at, Instant::now(), "stamped when emitted");
        match delta {
            Delta::Reasoning(piece) => {
                assert!(film.text.is_empty(), "reasoning comes first");
                film.tokens.push((at - sent.at, false));
                film.reasoning += &piece;
            }
            Delta::Text(piece) => {
                film.tokens.push((at - sent.at, true));
                film.text += &piece;
            }
            Delta::Usage(usage) => film.usage = usage,
            Delta::Finished(reason) => film.finish = Some(reason),
            Delta::Simulated => film.simulated += 1,
            other => panic!("unexpected {other:?}"),
        }
    }
    film
}

#[tokio::test(start_paused = true)]
async fn each_model_keeps_its_speed_and_its_first_token() {
    for (id, profile) in LINE_UP.iter().zip(profiles()) {
        for _ in 0..10 {
            let film = film(id, "Why is the sky blue?", 8_192).await;
            let first = film.first().as_secs_f64() / profile.first_token;
            assert!((0.90..=1.13).contains(&first), "{id}: {:?}", film.first());
            let speed = film.speed() / profile.tokens_per_second;
            assert!((0.85..=1.15).contains(&speed), "{id}: {}", film.speed());
            assert_eq!(film.finish.as_ref().map(FinishReason::as_str), Some("stop"), "{id}");
            assert_eq!(film.simulated, 1, "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_reasoning_models_think_first_and_it_costs_time() {
    let short = film("gpt-oss-120b", "Why is the sky blue?", 8_192).await;
    let long = film("deepseek-r1", "Why is the sky blue?", 8_192).await;
    assert!(!short.reasoning.is_empty() && short.first_answer() < short.first() + Duration::from_millis(600));
    assert!(long.first_answer() > long.first() + Duration::from_secs(2), "{:?}", long.first_answer());
    for id in ["gemma-2b", "qwen-7b", "qwen-coder"] {
        let film = film(id, "Why is the sky blue?", 8_192).await;
        assert_eq!((film.reasoning.as_str(), film.usage.reasoning_tokens), ("", Some(0)), "{id}");
        assert_eq!(film.first(), film.first_answer(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_counts_every_piece_and_the_end_token() {
    for id in LINE_UP {
        let film = film(id, "Why is the sky blue?", 8_192).await;
        let thoughts = film.tokens.iter().filter(|(_, is_text)| !is_text).count() as u64;
        assert_eq!(film.usage.output_tokens, Some(film.tokens.len() as u64 + 1), "{id}");
        assert_eq!(film.usage.reasoning_tokens, Some(thoughts), "{id}");
        assert_eq!(film.usage.prompt_tokens, Some(7), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_cap_counts_reasoning_and_ends_with_length() {
    for cap in [0, 1, 20] {
        let film = film("deepseek-r1", "Why is the sky blue?", cap).await;
        assert_eq!(film.tokens.len(), cap as usize);
        assert_eq!(film.usage.output_tokens, Some(u64::from(cap)));
        assert_eq!(film.usage.reasoning_tokens, Some(u64::from(cap)), "all of it was spent on thinking");
        assert!(film.finish.expect("finished").is_length());
        assert_eq!(film.text, "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pieces_are_the_answer_exactly() {
    let model = SimulatedModel::new(card("gpt-oss-120b"), None);
    let prompt = Prompt {
        text: "Write a Rust function that reverses the words of a sentence".into(),
        max_output_tokens: 8_192,
    };
    for seed in 0..20 {
        let answer = answer::compose(&prompt.text, &Profile::of(&model.card), &mut Rng::with_seed(seed));
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
async fn it_is_listed_at_once_and_marked_as_simulated() {
    let model = SimulatedModel::new(card("gemma-2b"), None);
    let before = Instant::now();
    assert_eq!(model.prepare().await, Availability::Listed);
    assert_eq!(Instant::now(), before);
    assert!(model.card().simulated);
}
