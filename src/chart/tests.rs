//! Tests of the whole chart, and sample reports with invented figures.
//!
//! `ARENA_ARTEFACTS=1 cargo test --lib chart` writes every chart to `artefacts/charts/` for inspection.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{layout::Layout, *};
use crate::{
    model::{Availability, Color, FinishReason, ModelCard, ModelId},
    race::{
        arrivals::SpeedNote,
        event::StopCause,
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Status},
        timeline::Timeline,
    },
};

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Returns the timeline of `tokens` tokens at `speed` a second, the first after `ttft` milliseconds.
pub(super) fn steady(ttft: u64, tokens: u32, speed: f64) -> Timeline {
    let at =
        |count: u32| ms(ttft) + Duration::try_from_secs_f64(f64::from(count) / speed).unwrap_or_default();
    Timeline::new((0..100).map(|i| tokens * i / 99).map(|count| (at(count), count.into())))
}

/// Returns a finished lane with a speed in tokens per second and a time to first token in milliseconds.
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
        status: Status::Finished(Some(FinishReason::new("stop"))),
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
            speed_source: None,
            speed_note: None,
            prompt_tokens: None,
        },
        timeline: steady(ttft, 680, speed),
        error: None,
        availability: Availability::Listed,
        simulated: false,
        served: None,
        provider_message: None,
        was_sent: true,
    }
}

/// Returns `lane` after a failure.
pub(super) fn failed(mut lane: LaneReport, error: &str) -> LaneReport {
    lane.status = Status::Failed;
    lane.error = Some(error.into());
    lane.metrics.tokens_per_second = None;
    lane
}

/// Returns the default line-up: five models, the fourth failed, the fifth with reasoning.
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
        ..Report::default()
    }
}

/// Returns `n` lanes, every fifth of them failed.
pub(super) fn crowd(n: u32) -> Report {
    let colors = ["#FDE263", "#4594F0", "#1ADE8C", "#EA6E28", "#F89BD0"];
    let lanes = (0..n).map(|i| {
        let speed = 260.0 / f64::from(i + 1);
        let lane =
            lane(&format!("Model {}", i + 1), "", colors[i as usize % 5], (speed, 200 + 37 * u64::from(i)));
        if i % 5 == 4 { failed(lane, "rate limited by the provider, try again in 20 s") } else { lane }
    });
    Report { prompt: "Why is the sky blue?".into(), lanes: lanes.collect(), ..Report::default() }
}

/// Draws the chart of `report` and writes it to `artefacts/charts/` if `ARENA_ARTEFACTS` is set.
fn chart(name: &str, report: &Report) -> Chart {
    let chart = png(report).expect("a chart");
    if option_env!("ARENA_ARTEFACTS").is_some() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/charts");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), &chart.png).expect("written");
        std::fs::write(folder.join(format!("{name}.txt")), &chart.alt).expect("written");
    }
    chart
}

fn layout(report: &Report) -> Layout {
    let fonts = Fonts::embedded().expect("the embedded fonts are whole");
    Layout::new(&Content::new(report, fonts), fonts)
}

/// Returns the colours of a row's bar from left to right, a little above its lower edge and below its words.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places inside the picture")]
fn bar_colors(report: &Report, row: usize) -> Vec<Color> {
    let (pixels, layout) = (rgb(report).expect("pixels"), layout(report));
    let y = (layout.rows[row] + layout.sizes.bar / 2.0) as usize - 4;
    let columns = layout.bar_x as usize + 3..layout.bar_end as usize - 9;
    let at = |x: usize| &pixels[(y * WIDTH as usize + x) * 3..][..3];
    columns.map(|x| Color { r: at(x)[0], g: at(x)[1], b: at(x)[2] }).collect()
}

fn length(report: &Report, row: usize, color: &str) -> usize {
    let color = Color::parse(color).expect("a colour");
    bar_colors(report, row).into_iter().take_while(|c| *c == color).count()
}

fn recolored(mut lane: LaneReport, color: &str) -> LaneReport {
    Arc::make_mut(&mut lane.card).color = Color::parse(color).expect("a colour");
    lane
}

fn race(prompt: &str, lanes: Vec<LaneReport>) -> Report {
    Report { prompt: prompt.into(), lanes, ..Report::default() }
}

#[test]
fn the_chart_is_a_png_of_the_documented_size() {
    let chart = chart("five", &line_up());
    assert_eq!(&chart.png[..8], b"\x89PNG\r\n\x1a\n");
    let picture = image::load_from_memory(&chart.png).expect("it decodes");
    assert_eq!((picture.width(), picture.height(), picture.color()), (WIDTH, HEIGHT, image::ColorType::Rgb8));
    assert!(chart.png.len() < 300_000, "{}", chart.png.len());
    assert_eq!(picture.as_bytes(), rgb(&line_up()).expect("pixels"), "encoding loses nothing");
}

#[test]
fn each_bar_has_the_colour_of_its_model_and_the_length_of_its_speed() {
    let report = line_up();
    let lengths = [(0, "#1ADE8C"), (1, "#FDE263"), (2, "#4594F0"), (3, "#F89BD0")]
        .map(|(row, color)| length(&report, row, color));
    assert!(lengths.is_sorted_by(|a, b| a > b), "{lengths:?}");
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let share = lengths[3] as f64 / lengths[0] as f64;
    assert!((share - 69.2 / 214.6).abs() < 0.03, "{lengths:?}");
}

#[test]
fn equal_speeds_have_equal_bars() {
    let mut report = line_up();
    report.lanes.remove(3);
    report.lanes.iter_mut().for_each(|lane| lane.metrics.tokens_per_second = Some(97.0));
    chart("equal", &report);
    let lengths = [(0, "#FDE263"), (1, "#4594F0"), (2, "#1ADE8C"), (3, "#F89BD0")]
        .map(|(row, color)| length(&report, row, color));
    assert!(lengths[0] > 300 && lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[test]
fn a_failed_lane_has_no_bar() {
    let orange = Color::parse("#EA6E28").expect("a colour");
    assert!(!bar_colors(&line_up(), 4).contains(&orange));
}

#[test]
fn an_incomplete_lane_has_a_muted_bar() {
    let mut report = line_up();
    report.lanes[0].status = Status::Truncated;
    report.lanes[4].status = Status::Stopped(StopCause::Asked);
    chart("cut_off_and_stopped", &report);
    let yellow = Color::parse("#FDE263").expect("a colour");
    let muted = palette::mix(yellow, palette::TRACK, 0.45);
    let colors = bar_colors(&report, 2);
    assert!(colors.contains(&muted) && !colors.contains(&yellow));
}

#[test]
fn simulated_lanes_look_different() {
    let mut report = line_up();
    report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
    let simulated = chart("simulated", &report);
    assert_ne!(simulated.png, png(&line_up()).expect("a chart").png);
    assert!(simulated.alt.contains("Simulated."));
    report.lanes[2].simulated = false;
    assert!(chart("some_simulated", &report).alt.contains("Some models simulated."));
}

#[test]
fn a_prompt_that_cannot_be_drawn_is_left_out() {
    let asked = |prompt: &str| Report { prompt: prompt.into(), ..line_up() };
    let plain = chart("cjk_prompt", &asked("天空为什么是蓝色的?")).png;
    assert_eq!(plain, chart("emoji_prompt", &asked("Why is the sky 🌌 blue?")).png);
    assert_ne!(plain, png(&asked("Why is the sky blue?")).expect("a chart").png);
}

#[test]
fn a_race_without_lanes_has_a_chart() {
    assert_eq!(chart("none", &race("", Vec::new())).alt, "Bar chart, tokens per second.");
}

#[test]
fn pixels_of_another_size_are_refused() {
    assert!(matches!(encode(&[0; 12]), Err(ChartError::Encode(_))));
}

/// Races that need a look at their artefacts; only their words are checked here.
#[test]
fn unusual_races_are_described_in_words() {
    let line_up = line_up().lanes;
    let first = |n: usize| line_up[..n].to_vec();
    let why = "Why is the sky blue?";
    let check = |name: &str, report: &Report, words: &str| {
        let alt = chart(name, report).alt;
        assert!(alt.contains(words), "{name}: {alt}");
    };
    check("one", &race(why, first(1)), "Total 4.95 s");
    check("one_failed", &race(why, vec![line_up[3].clone()]), "Qwen Coder failed: timed out");
    check("one_thinker", &race(why, vec![line_up[4].clone()]), "thought 12.3 s");
    check("two", &race(why, first(2)), "2 Qwen 7B 97");
    check("three", &race(why, first(3)), "3 Qwen 7B 97");
    check("six", &crowd(6), "5 Model 6 43");
    check("eight", &crowd(8), "Model 8");
    check("nineteen", &crowd(19), "11 more in the message");
    let error = "the provider account is out of credit; ask the operator to top it up";
    let all_failed = line_up.iter().map(|lane| failed(lane.clone(), error)).collect();
    let broken =
        failed(line_up[0].clone(), &"the provider sent a broken stream and gave no reason for it ".repeat(9));
    check("long_error", &race(why, [first(2), vec![broken; 2]].concat()), "a broken stream");
    check("all_failed", &race(why, all_failed), "Gemma 2B failed: the provider account");
}

#[test]
fn unusual_numbers_are_described_in_words() {
    let mut report = line_up();
    for (lane, tokens) in report.lanes.iter_mut().zip([1, 0, 90]) {
        lane.metrics.tokens_per_second = None;
        lane.metrics.output_tokens = tokens;
    }
    report.lanes[2].metrics.speed_note = Some(SpeedNote::OnePiece);
    report.lanes[1].answer.clear();
    report.lanes[1].metrics.ttft = None;
    report.lanes[1].metrics.ttfa = None;
    report.lanes[4].status = Status::Finished(Some(FinishReason::new("length")));
    report.lanes[4].answer.clear();
    report.lanes[4].metrics.ttfa = None;
    let alt = chart("no_speed", &report).alt;
    for words in
        ["too short for a speed", "empty answer", "arrived in one piece", "spent its cap on thinking"]
    {
        assert!(alt.contains(words), "{words}: {alt}");
    }
    let mut report = line_up();
    for (lane, speed) in report.lanes.iter_mut().zip([10_000.0, 0.05, 9.44]) {
        lane.metrics.tokens_per_second = Some(speed);
        lane.metrics.token_count = TokenCount::Estimated;
    }
    let alt = chart("wide_range", &report).alt;
    assert!(
        alt.contains("1 Gemma 2B ≈10,000, first and fastest") && alt.contains("4 Qwen 7B ≈0.05"),
        "{alt}"
    );
}

#[test]
fn unusual_names_and_colours_are_drawn() {
    let lane = |name: &str, color: &str, speed: f64| lane(name, "🦙", color, (speed, 200));
    let long = "Llama 4 Maverick 17B 128E Instruct Turbo";
    assert_eq!(long.chars().count(), 40);
    let names = [
        (long, 190.0),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo-X", 150.0),
        ("通义千问", 120.0),
        ("Ω", 30.0),
    ];
    let lanes: Vec<LaneReport> = names.iter().map(|(name, speed)| lane(name, "#8892FF", *speed)).collect();
    let mut report = race("Ελληνικά, русский, Việt: naïve “quotes” ≈ 3 × 4", lanes);
    report.lanes.push(failed(report.lanes[0].clone(), "rate limited by the provider, try again in 20 s"));
    chart("long_names", &report);
    report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
    assert!(chart("long_names_simulated", &report).alt.contains(long));
    let colors = ["#000000", "#FFFFFF", "#0E1116", "#1A1E27", "#808080", "#FF0000", "#000080", "#FFFF00"];
    let lanes = crowd(8).lanes.into_iter().zip(colors).map(|(lane, color)| recolored(lane, color)).collect();
    chart("colours", &race("Which colours can be read?", lanes));
}

fn wild_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(1e300), Just(5e-324), 0.0..1e4]
}

fn wild_time() -> impl Strategy<Value = Option<std::time::Duration>> {
    proptest::option::of(
        any::<(u64, u32)>().prop_map(|(s, n)| std::time::Duration::new(s >> 2, n % 1_000_000_000)),
    )
}

fn wild_status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Finished(Some(FinishReason::new("stop")))),
        Just(Status::Finished(Some(FinishReason::new("length")))),
        Just(Status::Truncated),
        Just(Status::Failed),
        Just(Status::Stopped(StopCause::Restart)),
    ]
}

prop_compose! {
    fn wild_lane()(
        (name, icon, error) in any::<(String, String, Option<String>)>(),
        status in wild_status(),
        speed in proptest::option::of(wild_number()),
        (ttft, ttfa, total) in (wild_time(), wild_time(), wild_time()),
        (tokens, simulated, estimated, thinks) in any::<(u64, bool, bool, bool)>(),
        (r, g, b) in any::<(u8, u8, u8)>(),
    ) -> LaneReport {
        let mut lane = lane(&name, &icon, "#000000", (100.0, 10));
        Arc::make_mut(&mut lane.card).color = Color { r, g, b };
        lane.metrics.token_count = if estimated { TokenCount::Estimated } else { TokenCount::Usage };
        lane.metrics.tokens_per_second = speed;
        lane.metrics.output_tokens = tokens;
        (lane.metrics.ttft, lane.metrics.ttfa, lane.metrics.total) = (ttft, ttfa, total);
        if thinks { (lane.reasoning, lane.answer) = ("hm".into(), String::new()); }
        LaneReport { status, error, simulated, ..lane }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_report_has_a_chart(prompt in any::<String>(), lanes in proptest::collection::vec(wild_lane(), 0..=25)) {
        let chart = png(&Report { prompt, lanes, ..Report::default() }).expect("a chart");
        prop_assert!(chart.png.starts_with(b"\x89PNG"));
        prop_assert!(chart.alt.chars().count() <= alt::MAX_CHARS);
    }
}
