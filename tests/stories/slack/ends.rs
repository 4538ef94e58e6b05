//! Ends that come from outside: the service's.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, alone, asks, ends_with_chart, halves,
    trouble::{answered, are_met, calls, drains, endless, ends_once_more},
};
use crate::support::{
    crowd::slack::own_channel,
    provider::Gate,
    slack::{CLUB, Fault, Method},
};

/// Two seconds to the end of live races, two for their last frames.
const LINES: &str = "[arena]\ndrain_seconds = 4\nraces_per_user_per_minute = 60";

async fn is_interrupted_by(name: &str, transport: Transport) {
    let scenario = SlackScenario::start(
        Setup { lines: LINES, transport, ..alone("") },
        [halves(&Gate::default()), endless()],
    )
    .await;
    let live = [asks(&scenario, LOBBY).await, asks(&scenario, CLUB).await];
    scenario.service.signal(name).await;
    drains(&scenario).await;
    let late = scenario.slack.types("/arena", &format!("compare {PROMPT}"), NAMED, LOBBY);
    late.told("restarting").await;
    assert!(late.acknowledged().await.shown.is_some(), "the acknowledgement says it");
    for asked in &live {
        let last = asked.ends().await.look;
        assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
        assert!(last.text().contains("begins"), "{}", last.text());
    }
    scenario.finished().await;
}

#[tokio::test]
async fn sigterm_in_mid_race_leaves_no_live_word_behind() {
    for transport in [Transport::Http, Transport::Socket] {
        is_interrupted_by("TERM", transport).await;
    }
}

#[tokio::test]
async fn sigint_does_the_same() {
    for transport in [Transport::Http, Transport::Socket] {
        is_interrupted_by("INT", transport).await;
    }
}

#[tokio::test]
async fn a_race_that_can_end_in_time_does() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.service.signal("TERM").await;
    drains(&scenario).await;
    gate.open();
    ends_with_chart(&asked).await;
    scenario.finished().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let scenario = SlackScenario::start(alone(""), [endless()]).await;
        asks(&scenario, LOBBY).await;
        scenario.service.signal(first).await;
        drains(&scenario).await;
        scenario.service.signal(second).await;
        scenario.exited(130).await;
    }
}

#[tokio::test]
async fn the_last_frame_of_a_restart_gets_over_trouble() {
    let scenario = SlackScenario::start(alone(""), [endless()]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.troubles_final(Fault::Status(503));
    scenario.service.signal("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    are_met(&scenario).await;
    scenario.finished().await;
}

/// A live edit that hangs does not take the time of the last frame.
#[tokio::test]
async fn the_last_frame_of_a_restart_does_not_wait_for_an_edit_that_hangs() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&scenario, LOBBY).await;
    let hung = scenario.slack.hangs_next(Method::Update);
    hung.reached().await;
    scenario.service.signal("TERM").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    scenario.finished().await;
}

/// The live edit that was given up comes in after the last frame: the last word is not a live one.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_of_a_restart_does_not_stay() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&scenario, LOBBY).await;
    let held = scenario.slack.holds_next(Method::Update);
    held.reached().await;
    scenario.service.signal("TERM").await;
    asked.ends().await;
    held.release();
    ends_once_more(&scenario, &asked).await;
    assert!(asked.now().text().contains("interrupted by a restart"), "{}", asked.now().text());
    scenario.finished().await;
}

/// More than Slack takes at once: their last frames wait for each other, and all land.
#[tokio::test]
async fn ten_live_races_end_at_a_restart() {
    const RACES: usize = 10;
    let answers = (0..RACES).map(|_| endless());
    let lines = "[arena]\ndrain_seconds = 8\nraces_per_user_per_minute = 60\nconcurrent_races = 10";
    let scenario = SlackScenario::start(Setup { lines, ..alone("") }, answers).await;
    let mut live = vec![];
    for race in 0..RACES {
        let prompt = format!("compare {PROMPT} {race}?");
        live.push(scenario.slack.types("/arena", &prompt, NAMED, &own_channel(&scenario, race)));
    }
    for asked in &live {
        asked.shows("begins").await;
    }
    scenario.service.signal("TERM").await;
    for asked in &live {
        let last = asked.ends().await.look.text();
        assert!(last.contains("interrupted by a restart") && last.contains("begins"), "{last}");
    }
    scenario.finished().await;
}

/// Where Slack takes no edit until long after the end, the log says what is left undone.
#[tokio::test]
async fn the_end_does_not_wait_longer_than_it_may() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..alone("") }, [endless()]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.ratelimits_next(Method::Update, Duration::from_mins(5));
    are_met(&scenario).await;
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert!(log.iter().any(|line| line.contains("before every message had its final frame")));
    drop(asked);
}

/// Nothing was posted and no model was called when the signal came: so it stays, and the asker is told.
#[tokio::test]
async fn a_race_whose_first_post_waits_is_not_begun() {
    for transport in [Transport::Http, Transport::Socket] {
        let scenario = SlackScenario::start(Setup { lines: LINES, transport, ..alone("") }, []).await;
        scenario.slack.ratelimits_next(Method::PostMessage, Duration::from_secs(30));
        let asked = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
        are_met(&scenario).await;
        scenario.service.signal("TERM").await;
        asked.told("restarting").await;
        assert_eq!((answered(&scenario), calls(&scenario, Method::PostMessage)), (0, 1));
        scenario.finished().await;
    }
}
