//! The edit loop under faults of the platform.

use std::time::Duration;

use llm_arena::{
    live::Presenter,
    model::ModelCard,
    race::{report::Report, state::RaceState},
    view::Progress,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{arena, race};
use crate::support::{
    film::{Camera, Take},
    script::{Script, model},
};

/// Two short answers with speeds, which a chart compares.
fn pair() -> [Script; 2] {
    ["short", "shorter"].map(|id| model(id).waits(300).says_words(8, 100).used(8).finishes("stop"))
}

fn talker() -> Script {
    model("talker").waits(150).says_words(2_000, 5).used(2_000).finishes("stop")
}

fn rival() -> Script {
    model("rival").waits(300).says_words(20, 10).used(20).finishes("stop")
}

#[tokio::test(start_paused = true)]
async fn two_hundred_tokens_a_second_make_one_edit_a_second() {
    let mut camera = Camera::new(1_000, []);
    let film = camera.film();
    race(&arena([talker()]), &mut camera).await;
    film.keeps_the_rules(1_000);
    assert_eq!(film.frames().len(), 12, "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_to_the_millisecond_and_the_newest_state_comes_next() {
    let wait = Duration::from_millis(5_300);
    let mut camera = Camera::new(500, [Take::Accept, Take::Accept, Take::Limit(wait)]);
    let film = camera.film();
    race(&arena([talker()]), &mut camera).await;
    film.keeps_the_rules(500);
    let calls = film.calls();
    assert_eq!(calls[3], calls[2] + wait);
    let frame = &film.frames()[2];
    assert!(frame.text.contains("writing 6.3 s"), "a stale frame was sent again:\n{}", frame.text);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_edit_changes_no_number_and_is_never_overtaken() {
    let run = async |takes: Vec<Take>| -> (Report, crate::support::film::Film) {
        let mut camera = Camera::new(300, takes);
        let film = camera.film();
        (
            race(
                &arena([talker(), model("b").waits(40).says_words(50, 21).used(50).finishes("stop")]),
                &mut camera,
            )
            .await
            .report
            .clone(),
            film,
        )
    };
    let (smooth, _) = run(vec![]).await;
    let (stuck, film) = run(vec![Take::Accept, Take::Slowly(Duration::from_secs(7))]).await;
    assert_eq!(smooth, stuck);
    film.keeps_the_rules(300);
    let calls = film.calls();
    assert!(calls[2] >= calls[1] + Duration::from_secs(7), "a second edit was sent while one was in flight");
}

#[tokio::test(start_paused = true)]
async fn the_final_frame_lands_after_trouble() {
    let trouble = (0..9).map(|_| Take::Trouble);
    let mut camera = Camera::new(200, [Take::Accept].into_iter().chain(trouble));
    let film = camera.film();
    let answer = model("short").waits(300).says("All of it.").used(4).finishes("stop");
    race(&arena([answer]), &mut camera).await;
    film.keeps_the_rules(200);
    let frames = film.frames();
    assert_eq!(frames.len(), 2);
    assert!(frames[1].text.contains("All of it."));
    let calls = film.calls();
    let waits: Vec<u128> =
        calls.windows(2).skip(1).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect();
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]);
}

#[tokio::test(start_paused = true)]
async fn a_chart_waits_for_its_slot_and_gives_up_only_after_failures() {
    let run = async |takes: Vec<Take>| {
        let mut camera = Camera::new(200, []).meets_charts_with(takes);
        let film = camera.film();
        race(&arena(pair()), &mut camera).await;
        (film.charts_tried(), film.charts())
    };
    let slot = || Take::Limit(Duration::from_secs(5));
    let crowd: Vec<_> = (0..20).map(|_| slot()).collect();
    assert_eq!(run(crowd).await, (21, 1), "a crowded channel costs no chart");
    assert_eq!(run((0..99).map(|_| slot()).collect()).await.1, 0, "nobody waits for ever");
    let trouble = |times| (0..times).map(|_| Take::Trouble).collect();
    assert_eq!(run(trouble(3)).await, (4, 1));
    assert_eq!(run(trouble(9)).await, (4, 0));
}

#[tokio::test(start_paused = true)]
async fn charts_that_cannot_be_attached_hold_up_no_other_chart() {
    let arena = arena(pair());
    let start = Instant::now();
    let play = async |takes: Vec<Take>| {
        let mut camera = Camera::new(200, []).meets_charts_with(takes);
        let film = camera.film();
        race(&arena, &mut camera).await;
        (film.charts(), start.elapsed())
    };
    let stuck = || play(vec![Take::Slowly(Duration::from_mins(2))]);
    // the third one ends while both hang
    let later = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        play(vec![]).await
    };
    let (first, second, third) = tokio::join!(stuck(), stuck(), later);
    assert_eq!((first.0, second.0, third.0), (1, 1, 1));
    assert!(third.1 < Duration::from_secs(20), "the third chart came after {:?}", third.1);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_deleted_or_frozen_ends_its_race_and_is_not_edited_again() {
    for last in [Take::Delete, Take::Frozen] {
        let mut camera = Camera::new(500, [Take::Accept, last]);
        let film = camera.film();
        let record = race(&arena([talker()]), &mut camera).await;
        assert_eq!((film.calls().len(), film.charts()), (2, 0));
        assert_eq!(record.report.lanes[0].status.as_str(), "stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_race_that_nobody_runs_any_more_is_shown_as_interrupted() {
    let card: ModelCard = llm_arena::model::ChatModel::card(&model("orphan")).clone();
    let (sender, receiver) = watch::channel(RaceState::new("ana", "why?", [card.into()]));
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    let (never, over) = (CancellationToken::new(), CancellationToken::new());
    tokio::join!(
        async { Presenter::new(receiver, &mut camera, &never, over.clone()).run().await.expect("shown") },
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(sender);
            over.cancel();
        }
    );
    film.keeps_the_rules(100);
    assert_eq!(film.frames().pop().expect("frames").view.progress, Progress::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn no_refusal_of_a_live_frame_costs_the_final_one() {
    for refusals in [1, 2, 4] {
        let takes = [Take::Accept].into_iter().chain((0..refusals).map(|_| Take::Refuse));
        let mut camera = Camera::new(200, takes);
        let film = camera.film();
        let record = race(&arena([talker(), rival()]), &mut camera).await;
        let last = film.frames().pop().expect("a last frame").view;
        assert_eq!((last.progress, film.charts()), (Progress::Done, 1), "{}", film.script());
        assert!(record.report.lanes[0].status.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn refused_live_frames_back_off_and_the_final_one_does_not_wait_for_them() {
    let takes = [Take::Accept].into_iter().chain((0..5).map(|_| Take::Refuse));
    let mut camera = Camera::new(200, takes);
    let film = camera.film();
    race(&arena([talker()]), &mut camera).await;
    let calls = film.calls();
    let waits: Vec<u128> =
        calls.windows(2).skip(1).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect();
    // the race ends within the wait after the fourth refusal
    assert_eq!(waits[..3], [500, 1_000, 2_000]);
    assert!(waits[3] < 4_000 + 500, "{waits:?}");
    assert_eq!(film.frames().pop().expect("a last frame").view.progress, Progress::Done);
}

#[tokio::test(start_paused = true)]
async fn a_refused_final_frame_is_tried_three_times() {
    for (refusals, is_shown) in [(2, true), (3, false)] {
        let mut camera = Camera::new(200, []).meets_the_last_with((0..refusals).map(|_| Take::Refuse));
        let film = camera.film();
        race(&arena(pair()), &mut camera).await;
        assert_eq!(film.frames().pop().expect("a frame").view.is_final(), is_shown, "{}", film.script());
        assert_eq!(film.charts(), usize::from(is_shown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_freezes_ends_its_race_and_still_gets_its_final_frame() {
    for takes in [vec![Take::Accept, Take::Freeze], vec![Take::AcceptAndFreeze]] {
        let mut camera = Camera::new(200, takes);
        let film = camera.film();
        let record = race(&arena([talker()]), &mut camera).await;
        assert_eq!(record.report.lanes[0].status.as_str(), "stopped");
        let last = film.frames().pop().expect("a last frame");
        assert!(last.view.is_final() && last.at < Duration::from_secs(2), "{}", film.script());
    }
}

#[tokio::test(start_paused = true)]
async fn a_race_without_a_reader_runs_on() {
    let mut camera = Camera::new(500, [Take::Accept, Take::Close]);
    let film = camera.film();
    let record = race(&arena([talker()]), &mut camera).await;
    assert_eq!((film.calls().len(), film.charts()), (2, 0));
    assert!(record.report.lanes[0].status.is_finished());
}

#[tokio::test(start_paused = true)]
async fn forbidden_edits_stop_live_frames_and_the_final_one_is_tried_once() {
    for (takes, is_shown) in
        [(vec![Take::Accept, Take::Forbid], true), (vec![Take::Accept, Take::Forbid, Take::Forbid], false)]
    {
        let mut camera = Camera::new(200, takes);
        let film = camera.film();
        let record = race(&arena([talker(), rival()]), &mut camera).await;
        assert!(record.report.lanes[0].status.is_finished());
        assert_eq!((film.calls().len(), film.charts()), (3, usize::from(is_shown)), "{}", film.script());
    }
}
