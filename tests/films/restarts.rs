//! Restarts while edits hang: no message keeps a live frame, and nothing waits for long.

use std::time::Duration;

use llm_arena::view::Progress;
use tokio::time::{Instant, sleep};

use super::{arena, race};
use crate::support::{
    film::{Camera, Film, Take},
    script::{Script, model},
};

/// As in the program: eight seconds, two of them for the last frames.
const STOP: Duration = Duration::from_secs(6);
const END: Duration = Duration::from_secs(8);

/// Two seconds of a race of `script`, then a restart, which must end in time.
async fn restart(script: Script, camera: Camera) -> Film {
    let (arena, film) = (arena([script]), camera.film());
    let (runner, mut camera) = (arena.clone(), camera);
    arena.spawn(async move {
        race(&runner, &mut camera).await;
    });
    sleep(Duration::from_secs(2)).await;
    let now = Instant::now();
    assert!(arena.drain(now + STOP, now + END).await, "not in time\n{}", film.script());
    film
}

fn hangs() -> Take {
    Take::Slowly(Duration::from_mins(1))
}

fn long() -> Script {
    model("long").says_words(10_000, 50)
}

fn short() -> Script {
    model("short").waits(300).says("All of it.").used(4).finishes("stop")
}

#[tokio::test(start_paused = true)]
async fn a_stuck_edit_of_a_race_that_ended_by_itself_is_not_waited_for() {
    let camera = Camera::new(100, [Take::Accept, hangs()]);
    let film = restart(short(), camera).await;
    let last = film.frames().pop().expect("a last frame");
    assert_eq!((last.view.progress, film.calls().len()), (Progress::Done, 3), "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn a_stuck_edit_of_a_lane_that_had_said_its_finish_reason_is_not_waited_for() {
    let camera = Camera::new(500, [Take::Accept, hangs()]);
    let film = restart(model("open").waits(300).says("All of it.").finishes("stop").hangs(), camera).await;
    let last = film.frames().pop().expect("a last frame");
    assert!(last.view.is_final() && last.text.contains("All of it."), "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn a_final_edit_that_hung_before_the_restart_is_sent_again() {
    let camera = Camera::new(100, []).meets_the_last_with([hangs()]);
    let film = restart(short(), camera).await;
    let last = film.frames().pop().expect("a last frame");
    assert_eq!(last.view.progress, Progress::Done, "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn a_final_edit_that_hangs_in_the_restart_is_sent_again() {
    let camera = Camera::new(500, []).meets_the_last_with([hangs()]);
    let film = restart(long(), camera).await;
    let last = film.frames().pop().expect("a last frame");
    assert_eq!(last.view.progress, Progress::Interrupted, "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_is_slow_has_longer_for_each_attempt() {
    let slowly = || Take::Slowly(Duration::from_millis(1_100));
    let camera = Camera::new(100, []).meets_the_last_with([slowly(), slowly(), slowly()]);
    let film = restart(long(), camera).await;
    let last = film.frames().pop().expect("a last frame");
    assert_eq!(last.view.progress, Progress::Interrupted, "{}", film.script());
}
