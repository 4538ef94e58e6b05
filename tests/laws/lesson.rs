//! Lessons agree with the numbers.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    model::{Availability, ChatModel, FinishReason, ServedModel},
    race::{
        arrivals::SpeedNote,
        event::StopCause,
        lesson::{crossover, explanation, line},
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Report, Status},
    },
};
use proptest::prelude::*;

use crate::support::script::model;

fn lane(name: &str, ttft_ms: u64, speed: f64) -> LaneReport {
    let ttft = Some(Duration::from_millis(ttft_ms));
    LaneReport {
        card: Arc::new(model(name).card().clone()),
        status: Status::Finished(Some(FinishReason::new("stop"))),
        answer: "x".into(),
        reasoning: String::new(),
        metrics: Metrics {
            output_tokens: 100,
            reasoning_tokens: None,
            token_count: TokenCount::Usage,
            cached_tokens: None,
            ttft,
            ttfa: ttft,
            total: Some(Duration::from_secs(3)),
            tokens_per_second: Some(speed),
            end_to_end_tokens_per_second: Some(speed / 2.0),
            server_tokens_per_second: None,
            speed_source: None,
            speed_note: None,
            prompt_tokens: None,
        },
        error: None,
        availability: Availability::Listed,
        simulated: false,
        served: None,
        provider_message: None,
        was_sent: true,
    }
}

fn report(lanes: Vec<LaneReport>) -> Report {
    Report { prompt: "why?".into(), lanes }
}

#[test]
fn the_first_to_speak_is_compared_with_the_fastest_writer() {
    let race = report(vec![lane("Gemma", 210, 143.0), lane("GPT-OSS", 620, 214.0), lane("Coder", 900, 60.0)]);
    let text = line(&race).expect("a lesson");
    assert_eq!(
        text,
        "Gemma spoke first (0.21 s) but GPT-OSS wrote 1.5 times faster: past 178 tokens it is ahead."
    );
    let paragraphs = explanation(&race).join("\n");
    assert!(paragraphs.contains("The lines cross at token 178"), "{paragraphs}");
}

#[test]
fn a_model_may_do_both_and_speeds_may_tie() {
    let race = report(vec![lane("A", 210, 150.0), lane("B", 620, 50.0)]);
    assert_eq!(
        line(&race).expect("a lesson"),
        "A spoke first (0.21 s) and wrote fastest: 3.0 times the speed of B."
    );
    let race = report(vec![lane("A", 610, 101.0), lane("B", 210, 100.0)]);
    let text = line(&race).expect("a lesson");
    assert!(text.contains("B spoke first (0.21 s)") && text.contains("too close to call"), "{text}");
}

#[test]
fn without_two_speeds_nothing_is_compared() {
    assert_eq!(line(&report(vec![lane("A", 1, 1.0)])), None, "one lane is no race");
    let mut failed = lane("B", 5, 9.0);
    failed.status = Status::Failed;
    assert_eq!(
        line(&report(vec![lane("A", 1, 1.0), failed.clone()])).expect("a lesson"),
        "Only A finished with a speed to compare."
    );
    assert_eq!(
        line(&report(vec![failed.clone(), failed.clone()])).expect("a lesson"),
        "No lane finished with a speed to compare."
    );
    failed.status = Status::Stopped(StopCause::Asked);
    assert_eq!(
        line(&report(vec![failed.clone(), failed])).expect("a lesson"),
        "The race was stopped before any lane finished."
    );
}

#[test]
fn the_explanation_covers_reasoning_and_incomplete_answers() {
    let mut thinker = lane("R1", 880, 69.0);
    thinker.reasoning = "hm".into();
    thinker.metrics.reasoning_tokens = Some(900);
    thinker.metrics.ttfa = Some(Duration::from_millis(13_880));
    let mut cut = lane("Cut", 1, 1.0);
    cut.status = Status::Truncated;
    cut.metrics.token_count = TokenCount::Estimated;
    let text = explanation(&report(vec![thinker, cut])).join("\n");
    assert!(text.contains("R1 thought for 13.0 s in 900 tokens before its first word"), "{text}");
    assert!(text.contains("Incomplete: Cut."), "{text}");
    assert!(text.contains("estimated where a server reported none (≈)"), "{text}");
}

proptest! {
    #[test]
    fn past_the_crossover_the_faster_lane_is_ahead(
        head_ms in 0..5_000_u64, late_ms in 0..5_000_u64, slow in 1.0..500.0_f64, gain in 1.05..20.0_f64,
    ) {
        let (first, second) = (Duration::from_millis(head_ms), Duration::from_millis(head_ms + late_ms));
        let fast = slow * gain;
        let n = crossover((first, slow), (second, fast)).expect("they cross");
        let n = u32::try_from(n).expect("in range");
        let done = |start: Duration, speed: f64, n: u32| start.as_secs_f64() + f64::from(n - 1) / speed;
        prop_assert!(done(second, fast, n + 1) < done(first, slow, n + 1));
        if n > 2 {
            prop_assert!(done(second, fast, n - 1) > done(first, slow, n - 1));
        }
    }
}

proptest! {
    #[test]
    fn nearly_equal_speeds_are_a_tie(ttft in 0..2_000_u64, slow in 1.0..500.0_f64, gain in 1.0..1.2_f64) {
        for (fast_at, slow_at) in [(ttft, ttft + 1), (ttft + 1, ttft)] {
            let race = report(vec![lane("A", fast_at, slow * gain), lane("B", slow_at, slow)]);
            let text = line(&race).expect("a lesson");
            prop_assert!(!text.contains("1.0 times"), "{}", text);
            prop_assert_eq!(text.contains("too close to call"), slow * gain / slow < 1.05, "{}", text);
        }
    }
}

#[test]
fn lanes_that_never_cross_have_no_crossover() {
    let second = Duration::from_secs(1);
    assert_eq!(crossover((second, 10.0), (second * 2, 10.0)), None);
    assert_eq!(crossover((second * 2, 10.0), (second, 20.0)), None);
}

#[test]
fn a_lane_without_a_speed_of_its_own_is_explained() {
    let noted = |name: &str, note, ours: Option<f64>, server| {
        let mut lane = lane(name, 300, 0.0);
        lane.metrics = Metrics {
            tokens_per_second: ours,
            speed_note: Some(note),
            server_tokens_per_second: server,
            ..lane.metrics
        };
        lane
    };
    let mut replaced = lane("Asked", 200, 90.0);
    replaced.served = Some(ServedModel { name: "plain60".into(), is_other: true });
    let race = report(vec![
        lane("Steady", 250, 80.0),
        noted("Buffered", SpeedNote::OnePiece, None, Some(66.0)),
        noted("Silent", SpeedNote::FewPieces, None, None),
        noted("Hidden", SpeedNote::ServerIsSlower, Some(50.0), Some(50.0)),
        replaced,
    ]);
    let text = explanation(&race).join("\n");
    for words in [
        "Buffered has no speed to compare (arrived in one piece). Its server says 66 tok/s.",
        "Silent has no speed to compare (arrived in too few pieces for a speed).",
        "Hidden has its server's own speed, 50 tok/s",
        "Asked was answered by plain60",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(race.podium().iter().all(|(lane, _)| lane.card.name != "Buffered"), "a claim is not ranked");
}
