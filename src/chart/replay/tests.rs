//! Tests of the whole replay, read back by a decoder of its own.
//!
//! `ARENA_ARTEFACTS=1 cargo test --lib replay` writes every replay to `artefacts/charts/` for inspection.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{
    super::tests::{crowd, failed, line_up, ms},
    decoder::{Decoded, decode},
    *,
};
use crate::{
    model::Color,
    race::{
        event::StopCause,
        report::{LaneReport, Report, Status},
        timeline::Timeline,
    },
};

/// The longest that a replay may be: Slack and Discord show it at once.
const MAX_BYTES: usize = 100_000;

/// Returns a lane's timeline at about `speed`, which rises and falls as real streams do.
fn waves(ttft: u64, tokens: u32, speed: f64) -> Timeline {
    let mut at = Duration::from_millis(ttft);
    let point = |i: u32| {
        let pace = 1.0 + 0.6 * (f64::from(i) / 9.0 + speed).sin();
        at += Duration::from_secs_f64(f64::from(tokens) / 99.0 / speed * pace);
        (at, u64::from(tokens * i / 99))
    };
    Timeline::new((0..100).map(point))
}

/// Returns the default line-up with streams that are not steady.
fn race() -> Report {
    let mut report = line_up();
    let runs = [(210, 231, 143.4), (340, 262, 97.1), (620, 318, 214.6), (1_050, 290, 66.0), (880, 344, 69.2)];
    for (lane, (ttft, tokens, speed)) in report.lanes.iter_mut().zip(runs) {
        lane.metrics.output_tokens = tokens.into();
        lane.timeline = waves(ttft, tokens, speed);
    }
    report.lanes[3] = LaneReport { status: Status::Finished(None), error: None, ..report.lanes[3].clone() };
    report.lanes[3].metrics.tokens_per_second = Some(66.0);
    report.lanes[4].metrics.ttfa = Some(ms(3_200));
    report
}

fn busy(lanes: u32) -> Report {
    let mut report = crowd(lanes);
    for (i, lane) in (0..).zip(&mut report.lanes) {
        lane.timeline = waves(200 + 300 * u64::from(i), 400 + 60 * (i % 7), 30.0 + 9.0 * f64::from(i % 11));
    }
    report
}

/// Draws the replay, checks what holds for every one, and writes it for inspection if asked to.
fn decoded(name: &str, report: &Report) -> Decoded {
    let replay = replay(report).expect("a replay");
    if option_env!("ARENA_ARTEFACTS").is_some() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/charts");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("replay_{name}.gif")), &replay.gif).expect("written");
    }
    let film = decode(&replay.gif);
    assert_eq!((film.width, film.height), (WIDTH as usize, HEIGHT as usize), "{name}");
    assert_eq!(film.frames.len(), usize::from(FRAMES), "{name}");
    assert!(film.is_endless, "{name}");
    assert!(replay.gif.len() <= MAX_BYTES, "{name}: {} bytes", replay.gif.len());
    assert!(film.frames.iter().all(|frame| frame.delay >= MIN_DELAY), "{name}");
    assert_eq!(film.frames.last().map(|frame| frame.delay), Some(HOLD), "{name}");
    film
}

fn color(name: &str) -> [u8; 3] {
    let Color { r, g, b } = Color::parse(name).expect("a colour");
    [r, g, b]
}

/// The pixels of the plot with exactly this colour.
fn places(film: &Decoded, frame: usize, color: [u8; 3]) -> Vec<(usize, usize)> {
    let pixels = &film.frames[frame].pixels;
    let all = (0..film.width * film.height).filter(|at| pixels[*at] == color);
    all.map(|at| (at % film.width, at / film.width))
        .filter(|(x, y)| (60..560).contains(x) && (110..346).contains(y))
        .collect()
}

#[test]
fn a_replay_is_the_same_each_time_and_small() {
    let film = decoded("five", &race());
    assert!(
        film.frames[1..].iter().all(|frame| frame.area < film.width * film.height),
        "only changes are encoded"
    );
    assert_eq!(replay(&race()).expect("a replay"), replay(&race()).expect("a replay"));
    for (name, report) in [("eight", busy(8)), ("twenty_five", busy(25))] {
        decoded(name, &report);
    }
}

#[test]
fn each_curve_is_where_its_timeline_was_at_the_time_of_the_frame() {
    let mut report = race();
    report.lanes.truncate(2);
    let film = decoded("two", &report);
    let end = report
        .lanes
        .iter()
        .filter_map(|lane| lane.timeline.span())
        .map(|(_, end)| end)
        .max()
        .expect("tokens");
    // the axes of this race: 0 to 300 tokens, and the whole time
    let (left, right, zero, top) = (film_left(&report), 548.0, 340.0, 124.0);
    for frame in [8, 12, 24, 36, 47] {
        let now = end * frame / 47;
        for (lane, color) in report.lanes.iter().zip(["#FDE263", "#4594F0"].map(color)) {
            let (_, last) = lane.timeline.span().expect("tokens");
            let time = now.min(last).as_secs_f64() / end.as_secs_f64();
            let x = left + (right - left) * time;
            let tokens = |time| f64::from(u32::try_from(lane.timeline.tokens_at(time)).expect("few"));
            let y = |time| zero - (zero - top) * tokens(time) / 300.0;
            let head = places(&film, frame as usize, color).into_iter().max().expect("a curve");
            #[expect(clippy::cast_precision_loss, reason = "pixels")]
            let (head_x, head_y) = (head.0 as f64 - 6.0, head.1 as f64);
            assert!((head_x - x).abs() <= 1.5, "frame {frame}: {head:?}, not {x}");
            let step = end / 47;
            assert!(
                head_y <= y(now) + 6.0 && head_y >= y(now + step) - 6.0,
                "frame {frame}: {head:?}, not {}",
                y(now)
            );
        }
    }
}

/// The left end of the time axis.
fn film_left(report: &Report) -> f64 {
    let fonts = Fonts::embedded().expect("the embedded fonts are whole");
    f64::from(
        Scene::new(report, Content::new(report, fonts), Timing::of(report), fonts).expect("a scene").left(),
    )
}

#[test]
fn a_race_is_played_at_its_own_speed_and_a_long_one_faster() {
    let played = |seconds: f64| {
        let timing = Timing { race: Duration::from_secs_f64(seconds) };
        let hundredths: u16 = timing.delays().take(usize::from(FRAMES) - 1).sum();
        (hundredths, timing.note())
    };
    assert_eq!(played(5.0), (500, None));
    assert_eq!(played(12.0), (1_200, None));
    assert_eq!(played(12.5), (625, Some("2x speed".into())));
    assert_eq!(played(36.0), (1_200, Some("3x speed".into())));
    assert_eq!(played(601.0), (1_178, Some("51x speed".into())));
    assert_eq!(played(0.2), (94, Some("slow motion".into())));
}

#[test]
fn unusual_races_have_replays() {
    let asked = |prompt: &str| Report { prompt: prompt.into(), ..race() };
    let plain = decoded("cjk", &asked("天空为什么是蓝色的?"));
    assert!(plain.frames == decoded("emoji", &asked("Why is the sky 🌌 blue?")).frames);
    let mut one = race();
    one.lanes.truncate(1);
    decoded("one", &one);
    let mut broken = race();
    for (place, status) in [(0, Status::Truncated), (1, Status::Stopped(StopCause::Asked))] {
        broken.lanes[place].status = status;
    }
    broken.lanes[2] =
        failed(broken.lanes[2].clone(), "the provider sent a broken stream and gave no reason for it");
    broken.lanes.iter_mut().for_each(|lane| lane.simulated = true);
    decoded("broken", &broken);
    let mut silent = race();
    for lane in &mut silent.lanes {
        *lane = failed(
            LaneReport { timeline: Timeline::default(), ..lane.clone() },
            "rate limited by the provider",
        );
    }
    let film = decoded("silent", &silent);
    assert!(film.frames[1..].iter().all(|frame| frame.pixels == film.frames[0].pixels), "nothing happens");
    decoded("none", &Report { prompt: String::new(), lanes: Vec::new(), ..Report::default() });
    let mut dark = busy(8);
    for (lane, color) in dark.lanes.iter_mut().zip(["#000000", "#0E1116", "#000080", "#FFFFFF"]) {
        let card = Arc::make_mut(&mut lane.card);
        card.color = Color::parse(color).expect("a colour");
        card.name = "meta-llama/Llama-3.3-70B-Instruct-Turbo-X".into();
    }
    decoded("dark", &dark);
}

#[test]
fn a_stall_is_flat() {
    let mut report = race();
    let stalled = [(200, 1), (400, 100), (4_000, 101), (4_400, 200)].map(|(at, tokens)| (ms(at), tokens));
    report.lanes[0].timeline = Timeline::new(stalled);
    let rows = Content::new(&report, Fonts::embedded().expect("the embedded fonts are whole")).rows;
    let row = rows.into_iter().find(|row| row.label == "Gemma 2B").expect("a row");
    let track = track::Track::new(row, &report.lanes[0], 5.0);
    assert_eq!(
        [0.2, 0.4, 2.0, 3.9].map(|at| track.moment(at).map(|(_, tokens)| tokens)),
        [Some(1.0), Some(100.0), Some(100.0), Some(100.0)]
    );
    assert_eq!(track.moment(4.0), Some((4.0, 101.0)));
}

#[test]
fn a_replay_needs_two_lanes_with_a_timeline() {
    let mut report = race();
    assert!(report.is_replayable());
    report.lanes.iter_mut().skip(1).for_each(|lane| lane.timeline = Timeline::default());
    assert!(!report.is_replayable());
}

#[test]
fn the_description_names_the_result() {
    let alt = replay(&race()).expect("a replay").alt;
    assert!(
        alt.starts_with("Animated chart of tokens over time. Tokens per second: 1 GPT-OSS 120B 215, fastest"),
        "{alt}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_timeline_has_a_replay(
        lanes in prop::collection::vec(prop::collection::vec(any::<(u32, u32)>(), 0..100), 0..10),
        shift in 0_u32..31,
    ) {
        let mut report = crowd(u32::try_from(lanes.len()).unwrap_or(0));
        for (lane, steps) in report.lanes.iter_mut().zip(lanes) {
            let steps = steps.into_iter().scan((0_u64, 0_u64), |(at, tokens), (wait, count)| {
                *at += u64::from(wait >> shift);
                *tokens += u64::from(count >> shift);
                Some((ms(*at), *tokens))
            });
            lane.timeline = Timeline::new(steps);
        }
        prop_assert_eq!(decode(&replay(&report).expect("a replay").gif).frames.len(), usize::from(FRAMES));
    }
}
