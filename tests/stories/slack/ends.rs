//! Ends that come from outside: the service's.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::crowd::on_time,
    LOBBY, NAMED, PROMPT, Setting, Stage, Way, alone, asks,
    crowd::own_channel,
    ends_with_chart, halves,
    trouble::{answered, are_met, calls, drains, endless, ends_once_more},
};
use crate::support::{
    provider::Gate,
    slack::{CLUB, Fault, Method},
};

/// Two seconds to the end of live races, two for their last frames.
const LINES: &str = "[arena]\ndrain_seconds = 4\nraces_per_user_per_minute = 60";
const SOON: Duration = Duration::from_secs(5);

fn is_over_soon(signalled: Instant) {
    on_time(signalled.elapsed() < SOON, &format!("the end took {:?}", signalled.elapsed()));
}

async fn is_interrupted_by(name: &str, way: Way) {
    let stage =
        Stage::open(Setting { lines: LINES, way, ..alone("") }, [halves(&Gate::default()), endless()]).await;
    let live = [asks(&stage, LOBBY).await, asks(&stage, CLUB).await];
    let signalled = Instant::now();
    stage.bot.signals(name).await;
    drains(&stage).await;
    let late = stage.slack.types("/arena", &format!("compare {PROMPT}"), NAMED, LOBBY);
    late.told("restarting").await;
    assert!(late.acknowledged().await.shown.is_some(), "the acknowledgement says it");
    for asked in &live {
        let last = asked.ends().await.look;
        assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
        assert!(last.text().contains("begins"), "{}", last.text());
    }
    stage.ended().await;
    is_over_soon(signalled);
}

#[tokio::test]
async fn sigterm_in_mid_race_leaves_no_live_word_behind() {
    for way in [Way::Http, Way::Socket] {
        is_interrupted_by("TERM", way).await;
    }
}

#[tokio::test]
async fn sigint_does_the_same() {
    for way in [Way::Http, Way::Socket] {
        is_interrupted_by("INT", way).await;
    }
}

#[tokio::test]
async fn a_race_that_can_end_in_time_does() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.bot.signals("TERM").await;
    drains(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ended().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let stage = Stage::open(alone(""), [endless()]).await;
        asks(&stage, LOBBY).await;
        stage.bot.signals(first).await;
        drains(&stage).await;
        stage.bot.signals(second).await;
        stage.closed(130).await;
    }
}

#[tokio::test]
async fn the_last_frame_of_a_restart_gets_over_trouble() {
    let stage = Stage::open(alone(""), [endless()]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.troubles_final(Fault::Status(503));
    stage.bot.signals("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    are_met(&stage).await;
    stage.ended().await;
}

/// A live edit that hangs does not take the time of the last frame.
#[tokio::test]
async fn the_last_frame_of_a_restart_does_not_wait_for_an_edit_that_hangs() {
    let stage = Stage::open(Setting { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&stage, LOBBY).await;
    let hung = stage.slack.hangs_next(Method::Update);
    hung.reached().await;
    stage.bot.signals("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    stage.ended().await;
}

/// The live edit that was given up comes in after the last frame: the last word is not a live one.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_of_a_restart_does_not_stay() {
    let stage = Stage::open(Setting { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&stage, LOBBY).await;
    let held = stage.slack.holds_next(Method::Update);
    held.reached().await;
    stage.bot.signals("TERM").await;
    asked.ends().await;
    held.release();
    ends_once_more(&stage, &asked).await;
    assert!(asked.now().text().contains("interrupted by a restart"), "{}", asked.now().text());
    stage.ended().await;
}

/// More than Slack takes at once: their last frames wait for each other, and all land.
#[tokio::test]
async fn ten_live_races_end_at_a_restart() {
    const RACES: usize = 10;
    let answers = (0..RACES).map(|_| endless());
    let lines = "[arena]\ndrain_seconds = 8\nraces_per_user_per_minute = 60\nconcurrent_races = 10";
    let stage = Stage::open(Setting { lines, ..alone("") }, answers).await;
    let mut live = vec![];
    for race in 0..RACES {
        let prompt = format!("compare {PROMPT} {race}?");
        live.push(stage.slack.types("/arena", &prompt, NAMED, &own_channel(&stage, race)));
    }
    for asked in &live {
        asked.shows("begins").await;
    }
    stage.bot.signals("TERM").await;
    for asked in &live {
        let last = asked.ends().await.look.text();
        assert!(last.contains("interrupted by a restart") && last.contains("begins"), "{last}");
    }
    stage.ended().await;
}

/// Where Slack takes no edit until long after the end, the log says what is left undone.
#[tokio::test]
async fn the_end_does_not_wait_longer_than_it_may() {
    let stage = Stage::open(Setting { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.ratelimits_next(Method::Update, Duration::from_mins(1));
    are_met(&stage).await;
    let signalled = Instant::now();
    stage.bot.signals("TERM").await;
    let log = stage.closed(0).await;
    is_over_soon(signalled);
    assert!(log.iter().any(|line| line.contains("before every message had its final frame")));
    drop(asked);
}

/// Nothing was posted and no model was called when the signal came: so it stays, and the asker is told.
#[tokio::test]
async fn a_race_whose_first_post_waits_is_not_begun() {
    for way in [Way::Http, Way::Socket] {
        let stage = Stage::open(Setting { lines: LINES, way, ..alone("") }, []).await;
        stage.slack.ratelimits_next(Method::PostMessage, Duration::from_secs(30));
        let asked = stage.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
        are_met(&stage).await;
        let signalled = Instant::now();
        stage.bot.signals("TERM").await;
        asked.told("restarting").await;
        assert_eq!((answered(&stage), calls(&stage, Method::PostMessage)), (0, 1));
        stage.ended().await;
        is_over_soon(signalled);
    }
}
