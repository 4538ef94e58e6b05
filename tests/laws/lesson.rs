//! Lessons agree with the numbers.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    model::{Availability, ChatModel, FinishReason, ModelCard, ServedModel},
    race::{
        arrivals::SpeedNote,
        event::StopCause,
        lesson::{crossover, explanation, line},
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Report, Status},
        timeline::Timeline,
    },
};
use proptest::prelude::*;

use crate::support::script::model;

/// A finished lane of `tokens` tokens, whose total follows from its numbers.
fn run(name: &str, ttft_ms: u64, speed: f64, tokens: u32) -> LaneReport {
    let ttft = Duration::from_millis(ttft_ms);
    LaneReport {
        card: Arc::new(model(name).card().clone()),
        status: Status::Finished(Some(FinishReason::new("stop"))),
        answer: "x".into(),
        reasoning: String::new(),
        metrics: Metrics {
            output_tokens: tokens.into(),
            reasoning_tokens: None,
            token_count: TokenCount::Usage,
            cached_tokens: None,
            ttft: Some(ttft),
            ttfa: Some(ttft),
            total: Some(ttft + Duration::from_secs_f64(f64::from(tokens - 1) / speed)),
            tokens_per_second: Some(speed),
            end_to_end_tokens_per_second: Some(speed / 2.0),
            server_tokens_per_second: None,
            speed_source: None,
            speed_note: None,
            prompt_tokens: None,
        },
        timeline: Timeline::default(),
        error: None,
        availability: Availability::Listed,
        simulated: false,
        served: None,
        provider_message: None,
        was_sent: true,
    }
}

fn lane(name: &str, ttft_ms: u64, speed: f64) -> LaneReport {
    run(name, ttft_ms, speed, 300)
}

fn sized(size: &str, lane: LaneReport) -> LaneReport {
    LaneReport { card: Arc::new(ModelCard { size: size.into(), ..(*lane.card).clone() }), ..lane }
}

fn with_answer(lane: LaneReport, answer: &str) -> LaneReport {
    LaneReport { answer: answer.into(), ..lane }
}

fn thinker(name: &str, ttft_ms: u64, thought_ms: u64, speed: f64, tokens: u32) -> LaneReport {
    let mut lane = run(name, ttft_ms, speed, tokens);
    lane.reasoning = "hm".into();
    lane.metrics.reasoning_tokens = Some(900);
    lane.metrics.ttfa = Some(Duration::from_millis(ttft_ms + thought_ms));
    lane
}

fn report(lanes: Vec<LaneReport>) -> Report {
    Report { prompt: "why?".into(), lanes, ..Report::default() }
}

fn lesson(lanes: Vec<LaneReport>) -> String {
    line(&report(lanes)).expect("a lesson")
}

fn lesson_about(prompt: &str, lanes: Vec<LaneReport>) -> String {
    line(&Report { prompt: prompt.into(), lanes, ..Report::default() }).expect("a lesson")
}

#[test]
fn the_first_to_speak_is_compared_with_the_fastest_writer() {
    let race = report(vec![lane("Gemma", 210, 143.0), lane("GPT-OSS", 620, 214.0), lane("Coder", 900, 60.0)]);
    let text = line(&race).expect("a lesson");
    assert_eq!(
        text,
        "Gemma spoke first (0.21 s), but GPT-OSS wrote 1.5 times as fast and led from token 178."
    );
    let paragraphs = explanation(&race).join("\n");
    assert!(paragraphs.contains("From token 178 on, GPT-OSS was ahead"), "{paragraphs}");
}

#[test]
fn a_crossover_that_an_answer_did_not_reach_is_not_named() {
    for (first, fastest) in [(100, 300), (300, 177), (177, 177)] {
        let race = report(vec![run("A", 210, 143.0, first), run("B", 620, 214.0, fastest)]);
        let text = line(&race).expect("a lesson");
        assert!(!text.contains("178"), "{text}");
        assert!(!explanation(&race).join("\n").contains("178"));
    }
    let text = lesson(vec![run("A", 210, 143.0, 170), run("B", 620, 214.0, 170)]);
    assert_eq!(
        text,
        "A spoke first (0.21 s); B wrote 1.5 times as fast, but the answers were too short to catch up."
    );
}

#[test]
fn a_model_may_do_both_and_speeds_may_tie() {
    assert_eq!(
        lesson(vec![lane("A", 210, 150.0), lane("B", 620, 50.0)]),
        "A spoke first (0.21 s) and wrote fastest: 3.0 times the speed of B."
    );
    assert_eq!(
        lesson(vec![lane("A", 610, 101.0), lane("B", 210, 100.0)]),
        "B spoke first (0.21 s); in writing speed B and A are too close to call."
    );
    assert_eq!(
        lesson(vec![lane("A", 210, 101.0), lane("B", 610, 100.0)]),
        "A spoke first (0.21 s); in writing speed all are too close to call."
    );
}

#[test]
fn first_tokens_within_five_per_cent_or_five_milliseconds_are_a_tie() {
    for (a, b) in [(600, 629), (10, 15), (40, 45)] {
        let text = lesson(vec![lane("A", a, 150.0), lane("B", b, 100.0)]);
        assert!(text.starts_with("A and B began together") && !text.contains("spoke first"), "{text}");
        let explained = explanation(&report(vec![lane("A", a, 150.0), lane("B", b, 100.0)])).join("\n");
        assert!(explained.contains("A and B began too close together to call"), "{explained}");
    }
    for (a, b) in [(600, 631), (10, 16)] {
        let text = lesson(vec![lane("A", a, 150.0), lane("B", b, 100.0)]);
        assert!(text.starts_with("A spoke first"), "{text}");
    }
    assert_eq!(
        lesson(vec![lane("A", 500, 150.0), lane("B", 505, 100.0), lane("C", 510, 50.0)]),
        "All 3 models began together (0.50 s); A wrote fastest, 3.0 times the speed of C."
    );
    assert_eq!(
        lesson(vec![lane("A", 500, 100.0), lane("B", 505, 101.0)]),
        "B and A began together (0.50 s), and in writing speed all are too close to call."
    );
}

#[test]
fn without_two_speeds_nothing_is_compared() {
    assert_eq!(line(&report(vec![lane("A", 1, 1.0)])), None, "one lane is no race");
    let mut failed = lane("B", 5, 9.0);
    failed.status = Status::Failed;
    assert_eq!(lesson(vec![lane("A", 1, 1.0), failed.clone()]), "Only A finished with a speed to compare.");
    assert_eq!(
        lesson(vec![failed.clone(), failed.clone()]),
        "No model finished, so there is nothing to compare."
    );
    let mut stopped = failed.clone();
    stopped.status = Status::Stopped(StopCause::Asked);
    assert_eq!(lesson(vec![failed, stopped]), "The race was stopped before any model finished.");
    let mut whole = lane("A", 5, 9.0);
    whole.metrics.tokens_per_second = None;
    assert_eq!(
        lesson(vec![whole.clone(), whole]),
        "No answer arrived in enough pieces to measure its speed."
    );
}

#[test]
fn thinking_has_its_price() {
    let text = lesson(vec![lane("Quick", 200, 300.0), thinker("R1", 880, 8_310, 100.0, 1_000)]);
    assert_eq!(text, "R1 thought for 8.31 s (900 tokens) before its answer; Quick was done after 1.20 s.");
    let mut spent = thinker("R1", 880, 8_310, 100.0, 1_000);
    (spent.answer, spent.metrics.ttfa) = (String::new(), None);
    spent.status = Status::Finished(Some(FinishReason::new("length")));
    assert_eq!(
        lesson(vec![lane("Quick", 200, 300.0), spent]),
        "R1 spent its limit of 1,000 tokens on thinking and never began its answer."
    );
}

#[test]
fn a_short_answer_is_done_before_others_begin() {
    let others = || vec![lane("B", 600, 140.0), lane("C", 700, 150.0), lane("D", 900, 120.0)];
    let race = |first| std::iter::once(first).chain(others()).collect();
    assert_eq!(
        lesson(race(run("A", 210, 140.0, 40))),
        "A was done after 0.49 s, before 3 others began: short answers reward a quick start."
    );
    let tie = lesson(race(run("A", 210, 140.0, 53)));
    assert!(tie.contains("before 2 others"), "0.58 s and 0.60 s are a tie: {tie}");
}

#[test]
fn a_giant_that_writes_faster_is_explained() {
    let race = report(vec![
        sized("2B", run("Small", 210, 100.0, 100)),
        sized("120B", run("Giant", 620, 180.0, 120)),
        sized("7B", run("Middle", 300, 150.0, 120)),
    ]);
    let text = line(&race).expect("a lesson");
    assert_eq!(text, "Giant is 60 times the size of Small, yet it wrote 1.8 times as fast.");
    let explained = explanation(&race).join("\n");
    assert!(
        explained.contains("Giant is 60 times the size of Small but wrote 1.8 times as fast"),
        "{explained}"
    );
    for reason in ["mixture of experts", "hardware"] {
        assert!(explained.contains(reason), "{explained}");
    }
    let usual =
        report(vec![sized("2B", lane("Small", 210, 180.0)), sized("120B", lane("Giant", 620, 100.0))]);
    assert!(!explanation(&usual).join("\n").contains("mixture of experts"), "only when it was seen");
    let mut estimated = sized("120B", lane("Giant", 620, 180.0));
    estimated.metrics.token_count = TokenCount::Estimated;
    let text = lesson(vec![sized("2B", lane("Small", 610, 100.0)), estimated]);
    assert!(text.contains("≈1.8 times"), "{text}");
}

#[test]
fn a_long_prompt_takes_time_to_read() {
    let prompt = "word ".repeat(1_200);
    let race = |answer: &str| vec![with_answer(lane("A", 400, 150.0), answer), lane("B", 1_400, 100.0)];
    let text = lesson_about(&prompt, race("Short."));
    assert_eq!(text, "First came 1,200 words to read: A began after 0.40 s, B after 1.40 s.");
    for (prompt, answer) in [(&prompt[..500], "Short."), (prompt.as_str(), "long ".repeat(1_300).as_str())] {
        assert!(!lesson_about(prompt, race(answer)).contains("to read"));
    }
}

#[test]
fn the_requested_form_counts() {
    let race = |answers: [&str; 4]| {
        let names = ["A", "B", "C", "D"].iter().zip(answers);
        names.map(|(name, answer)| with_answer(lane(name, 300, 100.0), answer)).collect::<Vec<_>>()
    };
    let (bare, chatty) = ("\n{\"a\": 1}\n", "Sure! ```json\n{\"a\": 1}\n```");
    let about = |answers| lesson_about("Print nothing but JSON.", race(answers));
    assert_eq!(
        about([bare, bare, chatty, chatty]),
        "2 answers are the bare JSON that was asked for; those of C and D aren't."
    );
    assert_eq!(
        about([bare, bare, bare, chatty]),
        "3 answers are the bare JSON that was asked for; that of D isn't."
    );
    assert_eq!(about([chatty, bare, chatty, chatty]), "Only B sent the bare JSON that was asked for.");
    assert_eq!(about([chatty; 4]), "Bare JSON was asked for, but no answer is just that.");
    assert!(!about([bare; 4]).contains("JSON"), "nothing to tell apart");
    assert!(!lesson_about("What is JSON?", race([bare, chatty, chatty, chatty])).contains("JSON"));
}

#[test]
fn a_slower_writer_may_be_done_first() {
    let code = "```rust\nfn main() {}\n```";
    let mut specialist = with_answer(run("Coder", 900, 60.0, 150), code);
    let generalist = || with_answer(run("General", 340, 97.0, 450), code);
    assert_eq!(
        lesson(vec![generalist(), specialist.clone()]),
        "Coder wrote slower than General but was done earlier: 150 tokens against 450."
    );
    specialist.card =
        Arc::new(ModelCard { best_for: "programming, debugging".into(), ..(*specialist.card).clone() });
    assert_eq!(
        lesson(vec![generalist(), specialist.clone()]),
        "Coder, made for programming, was done before General, a faster writer: 150 tokens against 450."
    );
    let prose = vec![run("General", 340, 97.0, 450), with_answer(specialist, "No code.")];
    assert!(!lesson(prose).contains("made for programming"));
}

#[test]
fn a_long_wait_or_a_long_answer_may_be_the_most_striking() {
    assert_eq!(
        lesson(vec![lane("A", 200, 100.0), lane("B", 210, 101.0), lane("Cold", 12_100, 99.0)]),
        "Cold only began after 12.1 s; B was done after 3.17 s."
    );
    assert_eq!(
        lesson(vec![run("A", 200, 110.0, 50), run("B", 300, 100.0, 1_200)]),
        "B used 1,200 tokens, A only 50, for the same question."
    );
}

#[test]
fn the_explanation_covers_reasoning_and_incomplete_answers() {
    let thinker = thinker("R1", 880, 13_000, 69.0, 1_000);
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
        let mut lane = lane(name, 300, 1.0);
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
