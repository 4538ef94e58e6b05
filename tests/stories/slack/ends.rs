//! Shutdown of the service.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, assert_ends_with_chart,
    common::{calls, endless_answer, model_calls, wait_for_faults, wait_for_repeated_end, wait_for_shutdown},
    gated_answer, gated_race, single_model, start_race,
};
use crate::support::{
    crowd::slack::own_channel,
    provider::Gate,
    slack::{CLUB, Fault, Method},
};

/// Six seconds to the end of live races, two for their last frames: a busy machine must get a command in before the end.
const LINES: &str = "[arena]\ndrain_seconds = 8\nraces_per_user_per_minute = 60";

async fn is_interrupted_by(name: &str, transport: Transport) {
    let scenario = SlackScenario::start(
        Setup { lines: LINES, transport, ..single_model("") },
        [gated_answer(&Gate::default()), endless_answer()],
    )
    .await;
    let live = [start_race(&scenario, LOBBY).await, start_race(&scenario, CLUB).await];
    scenario.service.signal(name).await;
    wait_for_shutdown(&scenario).await;
    let late = scenario.slack.type_command("/arena", &format!("compare {PROMPT}"), NAMED, LOBBY);
    late.wait_for_private_text("restarting").await;
    assert!(late.wait_for_ack().await.shown.is_some(), "the acknowledgement says it");
    for request in &live {
        let last = request.wait_for_end().await.look;
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
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.service.signal("TERM").await;
    wait_for_shutdown(&scenario).await;
    gate.open();
    assert_ends_with_chart(&request).await;
    scenario.finished().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let scenario = SlackScenario::start(single_model(""), [endless_answer()]).await;
        start_race(&scenario, LOBBY).await;
        scenario.service.signal(first).await;
        wait_for_shutdown(&scenario).await;
        scenario.service.signal(second).await;
        scenario.exited(130).await;
    }
}

#[tokio::test]
async fn the_last_frame_of_a_restart_gets_over_trouble() {
    let scenario = SlackScenario::start(single_model(""), [endless_answer()]).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.fail_final_edit(Fault::Status(503));
    scenario.service.signal("TERM").await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    wait_for_faults(&scenario).await;
    scenario.finished().await;
}

/// A live edit that hangs does not use up the time of the last frame.
#[tokio::test]
async fn the_last_frame_of_a_restart_does_not_wait_for_an_edit_that_hangs() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..single_model("") }, [endless_answer()]).await;
    let request = start_race(&scenario, LOBBY).await;
    let hung = scenario.slack.hang_next(Method::Update);
    hung.reached().await;
    scenario.service.signal("TERM").await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("interrupted by a restart"), "{}", last.text());
    scenario.finished().await;
}

/// An abandoned live edit takes effect after the last frame: the live frame does not remain.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_of_a_restart_does_not_stay() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..single_model("") }, [endless_answer()]).await;
    let request = start_race(&scenario, LOBBY).await;
    let held = scenario.slack.hold_next(Method::Update);
    held.reached().await;
    scenario.service.signal("TERM").await;
    request.wait_for_end().await;
    held.release();
    wait_for_repeated_end(&scenario, &request).await;
    assert!(request.current().text().contains("interrupted by a restart"), "{}", request.current().text());
    scenario.finished().await;
}

/// More races than Slack takes at once: their last frames wait for each other, and all arrive.
#[tokio::test]
async fn ten_live_races_end_at_a_restart() {
    const RACES: usize = 10;
    let answers = (0..RACES).map(|_| endless_answer());
    let lines = "[arena]\ndrain_seconds = 8\nraces_per_user_per_minute = 60\nconcurrent_races = 10";
    let scenario = SlackScenario::start(Setup { lines, ..single_model("") }, answers).await;
    let mut live = vec![];
    for race in 0..RACES {
        let prompt = format!("compare {PROMPT} {race}?");
        live.push(scenario.slack.type_command("/arena", &prompt, NAMED, &own_channel(&scenario, race)));
    }
    for request in &live {
        request.wait_for_text("begins").await;
    }
    scenario.service.signal("TERM").await;
    for request in &live {
        let last = request.wait_for_end().await.look.text();
        assert!(last.contains("interrupted by a restart") && last.contains("begins"), "{last}");
    }
    scenario.finished().await;
}

/// If Slack accepts no edit until long after the exit, the log says what is left undone.
#[tokio::test]
async fn the_end_does_not_wait_longer_than_it_may() {
    let scenario = SlackScenario::start(Setup { lines: LINES, ..single_model("") }, [endless_answer()]).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.rate_limit_next(Method::Update, Duration::from_mins(5));
    wait_for_faults(&scenario).await;
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert!(log.iter().any(|line| line.contains("before every message had its final frame")));
    drop(request);
}

/// The signal comes before anything was posted and before a model was called: nothing starts, and the asker is told.
#[tokio::test]
async fn a_race_whose_first_post_waits_is_not_begun() {
    for transport in [Transport::Http, Transport::Socket] {
        let scenario = SlackScenario::start(Setup { lines: LINES, transport, ..single_model("") }, []).await;
        scenario.slack.rate_limit_next(Method::PostMessage, Duration::from_secs(30));
        let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
        wait_for_faults(&scenario).await;
        scenario.service.signal("TERM").await;
        request.wait_for_private_text("restarting").await;
        assert_eq!((model_calls(&scenario), calls(&scenario, Method::PostMessage)), (0, 1));
        scenario.finished().await;
    }
}
