//! Races as people see them, frame by frame.

use std::{pin::pin, sync::Arc, thread, time::Duration};

use futures::poll;
use llm_arena::{
    arena::LookupError,
    model::{Availability, ModelError, Prompt},
    race::{
        report::Status,
        run::{self, LaneRequest},
        state::RaceState,
    },
    view::Progress,
};
use tokio::{sync::watch, time::Instant};

use super::{admit, arena, race};
use crate::support::{
    film::{Camera, Take},
    script::model,
};

#[tokio::test(start_paused = true)]
async fn a_race_from_the_first_word_to_the_chart() {
    let arena = arena([
        model("small").waits(200).says_words(8, 100).used(8).finishes("stop"),
        model("large")
            .waits(900)
            .thinks("Let me see. ")
            .waits(600)
            .says_words(30, 40)
            .used(36)
            .finishes("stop"),
        model("broken")
            .waits(300)
            .says("I")
            .fails(ModelError::RateLimited { retry_after: Some(Duration::from_secs(20)) }),
    ]);
    let mut camera = Camera::new(500, []);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    film.keeps_the_rules(500);
    assert_eq!(film.charts(), 1);
    assert_eq!(
        record.report.lanes.iter().map(|lane| lane.status.as_str()).collect::<Vec<_>>(),
        ["finished", "finished", "failed"]
    );
    insta::assert_snapshot!(film.script());
}

#[tokio::test(start_paused = true)]
async fn a_race_in_which_all_failed_has_no_chart() {
    let broken = |id| model(id).waits(300).fails(ModelError::RateLimited { retry_after: None });
    let arena = arena(["a", "b"].map(broken));
    let mut camera = Camera::new(500, []);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    assert!(record.report.lanes.iter().all(|lane| lane.status.as_str() == "failed"));
    assert_eq!(film.charts(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_database_a_deleted_race_says_that_it_was_deleted() {
    let arena = arena([model("a").waits(300).says("So.").used(1).finishes("stop")]);
    let mut camera = Camera::new(500, []);
    let record = race(&arena, &mut camera).await;
    arena.forget(&record.asker.id).await.expect("deleted");
    assert_eq!(arena.lookup(record.id).await.expect_err("deleted"), LookupError::Deleted);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_lane_has_a_clock_that_moves_without_any_event() {
    let arena = arena([model("slow").waits(4_500).says("At last.").used(2).finishes("stop")]);
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    race(&arena, &mut camera).await;
    film.keeps_the_rules(100);
    let said: Vec<String> = film.frames().iter().map(|frame| frame.view.lanes[0].status.clone()).collect();
    assert_eq!(
        said,
        [
            "getting ready",
            "waiting, no bytes for 0.0 s",
            "waiting, no bytes for 1.0 s",
            "waiting, no bytes for 2.0 s",
            "waiting, no bytes for 3.0 s",
            "waiting, no bytes for 4.0 s",
            "done 4.50 s, 2 tokens"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn forty_seconds_of_thoughts_move_every_second() {
    let thinker =
        model("thinker").waits(300).thinks("Hm. ").waits(40_000).says("So.").used(9).finishes("stop");
    let mut camera = Camera::new(1_000, []);
    let film = camera.film();
    let record = race(&arena([thinker]), &mut camera).await;
    film.keeps_the_rules(1_000);
    assert!(record.report.lanes[0].status.is_finished() && record.report.lanes[0].answer == "So.");
    let frames = film.frames();
    let longest = frames.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).max().expect("frames");
    assert!(longest <= Duration::from_secs(2), "{longest:?} without a frame");
    for second in [2, 20, 39] {
        let words = format!("reasoning {second}");
        let is_said = |text: &str| text.starts_with(&words);
        assert!(frames.iter().any(|frame| is_said(&frame.view.lanes[0].status)), "{}", film.script());
    }
}

#[tokio::test(start_paused = true)]
async fn keep_alive_tells_slow_from_stuck() {
    let slow = model("alive")
        .waits(800)
        .stays_alive()
        .waits(3_000)
        .stays_alive()
        .waits(5_000)
        .says("x")
        .finishes("stop");
    let arena = arena([slow]);
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    race(&arena, &mut camera).await;
    let script =
        film.frames().iter().map(|frame| frame.view.lanes[0].status.clone()).collect::<Vec<_>>().join("\n");
    assert!(script.contains("waiting 1.0 s, the server is alive"), "{script}");
    assert!(script.contains("waiting, no bytes for 4.2 s"), "{script}");
}

#[tokio::test(start_paused = true)]
async fn stop_ends_a_race_at_once_and_keeps_the_text() {
    let arena = arena([
        model("done").says("whole").used(1).finishes("stop"),
        model("running").says_words(1_000, 50),
        model("silent").hangs(),
    ]);
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    let recorded = admit(&arena).await;
    let id = recorded.id();
    let (record, ()) = tokio::join!(arena.race(recorded, &mut camera), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(arena.stop(id));
    });
    film.keeps_the_rules(100);
    let last = film.frames().pop().expect("a last frame");
    assert!(last.at <= Duration::from_millis(3_200), "{:?}", last.at);
    assert_eq!(last.view.progress, Progress::Stopped);
    let lanes = &record.report.lanes;
    assert_eq!(
        lanes.iter().map(|lane| lane.status.as_str()).collect::<Vec<_>>(),
        ["finished", "stopped", "stopped"]
    );
    assert!(lanes[1].answer.starts_with("w0 w1 ") && last.view.lanes[1].answer == lanes[1].answer);
    assert!(!arena.stop(id), "a race that is over cannot be stopped");
}

#[tokio::test(start_paused = true)]
async fn a_restart_interrupts_what_does_not_end_in_time() {
    let arena = arena([model("long").says_words(10_000, 50)]);
    let mut camera = Camera::new(1_000, []);
    let film = camera.film();
    let runner = arena.clone();
    arena.spawn(async move {
        race(&runner, &mut camera).await;
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    let now = tokio::time::Instant::now();
    assert!(arena.drain(now + Duration::from_secs(6), now + Duration::from_secs(8)).await);
    let last = film.frames().pop().expect("a last frame");
    assert_eq!(last.view.progress, Progress::Interrupted);
    assert!(last.text.contains("Interrupted by a restart"), "{}", last.text);
    let asker = llm_arena::race::Asker { id: "test:bob".into(), name: "bob".into() };
    let refused = arena.admit(asker, &[], "one more".into()).err().expect("closed");
    assert!(refused.to_string().contains("restarting"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_wait_for_a_stuck_edit() {
    let arena = arena([model("long").says_words(10_000, 50)]);
    let mut camera = Camera::new(500, [Take::Accept, Take::Slowly(Duration::from_secs(20))]);
    let film = camera.film();
    let runner = arena.clone();
    arena.spawn(async move {
        race(&runner, &mut camera).await;
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    let now = tokio::time::Instant::now();
    assert!(arena.drain(now + Duration::from_secs(6), now + Duration::from_secs(8)).await);
    let last = film.frames().pop().expect("a last frame");
    assert!(last.text.contains("Interrupted by a restart"), "{}", last.text);
    assert_eq!(film.calls().len(), 3, "{}", film.script());
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_late_at_the_start_line_holds_nobody_up_for_long() {
    let arena = arena([
        model("ready").says("now").used(1).finishes("stop"),
        model("unlisted").is(Availability::NotListed).says("here").used(1).finishes("stop"),
        model("far").prepares_in(60_000).says("late").used(1).finishes("stop"),
    ]);
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    assert!(film.frames().last().expect("frames").at < Duration::from_secs(4));
    assert!(record.report.lanes.iter().all(|lane| lane.status.is_finished()));
    let note = film.frames().pop().and_then(|frame| frame.view.lanes[1].note.clone()).expect("a note");
    assert!(note.contains("does not list this model today"), "{note}");
    let cold = film.frames().pop().and_then(|frame| frame.view.lanes[2].note.clone()).expect("a note");
    assert!(cold.contains("started on a cold connection"), "{cold}");
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_panics_ends_alone() {
    let arena =
        arena([model("mad").says("a").panics(), model("sane").waits(500).says("b").used(1).finishes("stop")]);
    let mut camera = Camera::new(100, []);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    film.keeps_the_rules(100);
    assert_eq!(record.report.lanes[0].status, Status::Failed);
    assert!(record.report.lanes[1].status.is_finished());
    assert_eq!(record.report.lanes[0].answer, "a");
}

#[tokio::test(start_paused = true)]
async fn nineteen_lanes_race() {
    let lanes = (0..19).map(|i| {
        model(&format!("m{i}")).waits(100 + i * 10).says_words(20, 30 + i).used(20).finishes("stop")
    });
    let arena = arena(lanes);
    let mut camera = Camera::new(1_000, [Take::Accept]);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    film.keeps_the_rules(1_000);
    assert_eq!(record.report.order(), (0..19).collect::<Vec<_>>());
    assert_eq!(film.frames().pop().expect("frames").view.standings, record.report.order());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_cap_is_cut_and_what_came_is_kept() {
    let mut endless = model("endless");
    for _ in 0..20 {
        endless = endless.says(&"x".repeat(100_000)).waits(10);
    }
    let arena =
        arena([endless.finishes("stop"), model("sane").waits(500).says("b").used(1).finishes("stop")]);
    let mut camera = Camera::new(100, []);
    let record = race(&arena, &mut camera).await;
    let lane = &record.report.lanes[0];
    assert_eq!(lane.status, Status::Failed);
    assert!(
        lane.error.as_deref().is_some_and(|said| said.contains("far beyond its cap")),
        "{:?}",
        lane.error
    );
    assert_eq!(lane.answer.len(), 1_000_000, "of 8,192 tokens of 128 bytes ten reads fit");
    assert!(record.report.lanes[1].status.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_token_count_that_cannot_be_true_is_estimated_and_said_to_be() {
    let liar = |id: &str, tokens| model(id).waits(100).says_words(40, 50).used(tokens).finishes("stop");
    let arena = arena([liar("honest", 40), liar("liar", u64::MAX), liar("braggart", 30_000)]);
    let mut camera = Camera::new(500, []);
    let film = camera.film();
    let record = race(&arena, &mut camera).await;
    let [honest, liars @ ..] = &record.report.lanes[..] else { panic!("three lanes") };
    assert_eq!(honest.metrics.token_count.as_str(), "usage");
    for lane in liars {
        assert_eq!(lane.metrics.token_count.as_str(), "estimated", "{}", lane.card.name);
        assert!(lane.metrics.output_tokens < 200, "{} tokens", lane.metrics.output_tokens);
        let speed = lane.metrics.tokens_per_second.expect("its words were seen to stream");
        assert!(speed < 100.0, "{speed} tok/s");
    }
    let last = film.frames().last().expect("a frame").view.clone();
    for lane in &last.lanes[1..] {
        assert!(lane.note.as_deref().is_some_and(|note| note.contains("can't be right")), "{:?}", lane.note);
    }
    assert!(last.lanes[0].note.is_none());
}

/// This film has a real clock: another thread waits for no paused one.
#[tokio::test]
async fn the_lanes_go_on_while_all_else_is_busy() {
    let model = model("a").says_words(20, 1).used(20).finishes("stop").arc();
    let cards = [Arc::new(model.card().clone())];
    let (race, watching) = watch::channel(RaceState::new("ana", "why?", cards));
    let (_stop, stopped) = watch::channel(None);
    let prompt = Arc::new(Prompt::new("why?", 64));
    let (requests, runtime) = ([LaneRequest { model, prompt }], run::start_lane_thread().expect("a thread"));
    let mut run = pin!(run::run(&requests, &runtime, stopped, &race));
    assert!(poll!(&mut run).is_pending());
    // from here on, the only thread of this test's own runtime polls nothing
    let deadline = Instant::now() + Duration::from_secs(30);
    while !watching.borrow().lanes_are_over() {
        assert!(Instant::now() < deadline, "{:?}", watching.borrow().lanes[0].phase);
        thread::yield_now();
    }
    run.await;
    assert_eq!(watching.borrow().lanes[0].tokens().0, 20);
}
