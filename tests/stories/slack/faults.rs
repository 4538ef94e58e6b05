//! Faults of Slack and of the network: nothing is lost, nothing is stuck, nothing is done twice.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, assert_ends_with_chart,
    common::{
        FAULTS, calls, endless_answer, inject, model_calls, one_at_a_time, picture_count, wait_for_faults,
        wait_for_repeated_end, wait_until_models_stop,
    },
    gated_race, single_model, start_race,
};
use crate::support::{
    provider::Gate,
    slack::{ANA, BEN, DM, Fault, Method, Moment, TOWN, UserRequest, World},
};

#[tokio::test]
async fn trouble_with_edits_and_uploads_passes() {
    let gates = FAULTS.map(|_| Gate::default());
    let scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    for (trouble, gate) in FAULTS.iter().zip(&gates) {
        let request = start_race(&scenario, LOBBY).await;
        inject(&scenario, Method::Update, trouble);
        wait_for_faults(&scenario).await;
        scenario.slack.fail_final_edit(trouble.clone());
        inject(&scenario, Method::GetUploadUrl, trouble);
        inject(&scenario, Method::Upload, trouble);
        gate.open();
        assert_ends_with_chart(&request).await;
        wait_for_faults(&scenario).await;
        assert_eq!(picture_count(&request), 1);
    }
    scenario.finish().await;
}

/// Slack says that it failed: the file is shown by the next attempt, once; the asker hears of it only where none helps.
#[tokio::test]
async fn an_upload_that_slack_fails_is_shown_again_or_told() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    let internal = Fault::Refused("internal_error");
    let request = start_race(&scenario, LOBBY).await;
    inject(&scenario, Method::CompleteUpload, &internal);
    gates[0].open();
    assert_ends_with_chart(&request).await;
    assert_eq!((picture_count(&request), calls(&scenario, Method::CompleteUpload)), (1, 2));
    assert!(request.ephemerals().is_empty(), "{:?}", request.ephemerals());
    let request = start_race(&scenario, LOBBY).await;
    (0..3).for_each(|_| inject(&scenario, Method::CompleteUpload, &internal));
    gates[1].open();
    request.wait_for_private_text("confirm the picture of the chart").await;
    assert_eq!((picture_count(&request), calls(&scenario, Method::CompleteUpload)), (0, 5));
    scenario.finish().await;
}

/// The picture may or may not be there: a second one would be worse than none.
#[tokio::test]
async fn a_picture_of_which_slack_says_nothing_is_not_shown_twice() {
    let gates = FAULTS.map(|_| Gate::default());
    let mut scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    for (trouble, gate) in FAULTS.iter().zip(&gates) {
        let request = start_race(&scenario, LOBBY).await;
        let before = calls(&scenario, Method::CompleteUpload);
        inject(&scenario, Method::CompleteUpload, trouble);
        gate.open();
        wait_for_faults(&scenario).await;
        if matches!(trouble, Fault::Cut(Moment::After)) {
            request.wait_for_file(".png").await;
        }
        // the next race ends long after any second try of this one
        assert!(request.wait_for_end().await.look.text().contains("begins and ends"));
        assert_eq!(calls(&scenario, Method::CompleteUpload), before + 1);
    }
    scenario.service.wait_for_log("failed to attach the chart").await;
    let log = scenario.finish().await;
    assert_eq!(log.iter().filter(|line| line.contains("failed to attach the chart")).count(), 4);
}

/// Starts a race and waits until its asker is told that Slack did not respond.
async fn assert_outcome_is_unknown(scenario: &SlackScenario, channel: &str, n: usize) -> UserRequest {
    let line = format!("compare {PROMPT} {n}?");
    let request = match channel {
        DM => scenario.slack.direct_message(&line, NAMED, None),
        channel => scenario.slack.type_command("/arena", &line, NAMED, channel),
    };
    if channel == DM {
        let word =
            |world: &World| world.public(DM).find(|m| m.text().contains("Slack did not say")).map(drop);
        scenario.slack.until(word).await;
    } else {
        request
            .wait_for_private_text(
                "Slack did not say whether the message was posted, so no model was called. Ask again.",
            )
            .await;
    }
    request
}

#[tokio::test]
async fn a_first_post_of_which_slack_says_nothing_is_not_repeated() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(one_at_a_time(), gated_race(&gate)).await;
    for (n, trouble) in FAULTS.iter().enumerate() {
        inject(&scenario, Method::PostMessage, trouble);
        let request = assert_outcome_is_unknown(&scenario, LOBBY, n).await;
        assert_eq!(calls(&scenario, Method::PostMessage), n + 1);
        if matches!(trouble, Fault::Cut(Moment::After)) {
            let look = request.current();
            assert!(look.text().contains(PROMPT) && look.buttons().is_empty(), "{}", look.text());
        }
    }
    inject(&scenario, Method::PostMessage, &FAULTS[3]);
    assert_outcome_is_unknown(&scenario, DM, 9).await;
    assert_eq!(model_calls(&scenario), 0);
    // the only permit is free again
    let request = start_race(&scenario, LOBBY).await;
    gate.open();
    assert_ends_with_chart(&request).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_post_that_takes_effect_too_late_stays_alone() {
    let scenario = SlackScenario::start(one_at_a_time(), []).await;
    scenario.slack.delay_next(Method::PostMessage, Duration::from_secs(10));
    let request = assert_outcome_is_unknown(&scenario, LOBBY, 1).await;
    request.wait_for_text(PROMPT).await;
    assert_eq!((calls(&scenario, Method::PostMessage), model_calls(&scenario)), (1, 0));
    scenario.finish().await;
}

/// An abandoned edit takes effect after the last frame: the live frame does not remain.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_does_not_stay() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.delay_next(Method::Update, Duration::from_secs(10));
    wait_for_faults(&scenario).await;
    gate.open();
    assert_ends_with_chart(&request).await;
    wait_for_repeated_end(&scenario, &request).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_picture_that_is_shown_too_late_is_the_only_one() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.delay_next(Method::CompleteUpload, Duration::from_secs(10));
    gate.open();
    assert_ends_with_chart(&request).await;
    assert_eq!((calls(&scenario, Method::CompleteUpload), picture_count(&request)), (1, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_form_of_which_slack_says_nothing_is_not_opened_twice() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    for (n, trouble) in FAULTS.iter().enumerate() {
        inject(&scenario, Method::OpenView, trouble);
        let request = scenario.slack.type_command("/arena", "", ANA, LOBBY);
        request.wait_for_private_text("/arena compare").await;
        assert_eq!(calls(&scenario, Method::OpenView), n + 1);
    }
    scenario.finish().await;
}

/// Private texts arrive in the end, and the channel of the picture is joined; repeating both does no harm.
#[tokio::test]
async fn trouble_with_words_in_private_and_with_joining_passes() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    for trouble in &FAULTS {
        inject(&scenario, Method::Respond, trouble);
        scenario
            .slack
            .type_command("/arena", "models", ANA, LOBBY)
            .wait_for_private_text("The line-up")
            .await;
        inject(&scenario, Method::PostEphemeral, trouble);
        scenario
            .slack
            .mention("compar why", BEN, LOBBY, None)
            .wait_for_private_text("did you mean compare")
            .await;
        wait_for_faults(&scenario).await;
    }
    FAULTS[..2].iter().for_each(|trouble| inject(&scenario, Method::Join, trouble));
    let request = start_race(&scenario, TOWN).await;
    gate.open();
    assert_ends_with_chart(&request).await;
    wait_for_faults(&scenario).await;
    assert_eq!(
        (picture_count(&request), calls(&scenario, Method::CompleteUpload), calls(&scenario, Method::Join)),
        (1, 2, 3)
    );
    scenario.finish().await;
}

/// If the channel cannot be joined, the text remains, and the bot gives up.
#[tokio::test]
async fn joining_that_fails_for_good_leaves_the_text() {
    let gate = Gate::default();
    let mut scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    scenario.slack.refuse_next(Method::Join, "method_not_supported_for_channel_type");
    let request = start_race(&scenario, TOWN).await;
    gate.open();
    assert!(request.wait_for_end().await.look.text().contains("begins and ends"));
    scenario.service.wait_for_log("failed to attach the chart").await;
    assert_eq!((picture_count(&request), calls(&scenario, Method::Join)), (0, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_race_whose_message_is_deleted_ends_without_another_word() {
    let scenario = SlackScenario::start(single_model(""), [endless_answer()]).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.delete_message(&request.wait_for_message().await);
    wait_until_models_stop(&scenario).await;
    let lost = scenario.slack.world(|world| codes(world, Method::Update, "message_not_found"));
    assert_eq!(lost, 1);
    let log = scenario.finish().await;
    assert!(log.iter().any(|line| line.contains("final frame not shown")));
}

#[tokio::test]
async fn a_race_whose_channel_is_archived_ends_without_another_call() {
    let scenario = SlackScenario::start(single_model(""), [endless_answer()]).await;
    start_race(&scenario, LOBBY).await;
    scenario.slack.archive(LOBBY);
    wait_until_models_stop(&scenario).await;
    let lost = scenario.slack.world(|world| codes(world, Method::Update, "is_archived"));
    assert_eq!((lost, calls(&scenario, Method::GetUploadUrl)), (1, 0));
    scenario.finish().await;
}

/// Returns the number of calls of a method with this response.
fn codes(world: &World, method: Method, code: &str) -> usize {
    world.calls.iter().filter(|call| call.method == method && call.code == code).count()
}

#[tokio::test]
async fn what_comes_again_runs_once() {
    for transport in [Transport::Socket, Transport::Http] {
        let gate = Gate::default();
        let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, gated_race(&gate)).await;
        let request = scenario.slack.mention(&format!("compare {PROMPT}?"), NAMED, LOBBY, None);
        scenario.slack.redeliver(&request);
        request.wait_for_text("begins").await;
        scenario.slack.redeliver(&request);
        gate.open();
        assert_ends_with_chart(&request).await;
        assert_eq!((calls(&scenario, Method::PostMessage), request.action().acks.len()), (1, 3));
        scenario.finish().await;
    }
}

/// The message gets its final frame and its chart, no matter what Slack refuses in mid-race.
#[tokio::test]
async fn no_refusal_of_a_live_frame_costs_the_final_one() {
    for code in ["invalid_blocks", "msg_blocks_too_long", "internal_riddle"] {
        let gate = Gate::default();
        let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
        let request = start_race(&scenario, LOBBY).await;
        for _ in 0..3 {
            inject(&scenario, Method::Update, &Fault::Refused(code));
        }
        wait_for_faults(&scenario).await;
        gate.open();
        assert_ends_with_chart(&request).await;
        // a message that Slack refuses is an error in the log
        scenario.service.signal("TERM").await;
        scenario.exited(0).await;
    }
}
