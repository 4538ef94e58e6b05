//! What Slack and the network do wrong: nothing is lost, nothing is stuck, nothing is done twice.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, alone, asks, ends_with_chart, halves,
    trouble::{
        TROUBLES, answered, are_met, calls, endless, ends_once_more, meets, models_are_stopped,
        one_at_a_time, pictures,
    },
};
use crate::support::{
    provider::Gate,
    slack::{ANA, Asked, BEN, DM, Fault, Method, Moment, TOWN, World},
};

#[tokio::test]
async fn trouble_with_edits_and_uploads_passes() {
    let gates = TROUBLES.map(|_| Gate::default());
    let scenario = SlackScenario::start(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.iter().zip(&gates) {
        let asked = asks(&scenario, LOBBY).await;
        meets(&scenario, Method::Update, trouble);
        are_met(&scenario).await;
        scenario.slack.troubles_final(trouble.clone());
        meets(&scenario, Method::GetUploadUrl, trouble);
        meets(&scenario, Method::Upload, trouble);
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&scenario).await;
        assert_eq!(pictures(&asked), 1);
    }
    scenario.finish().await;
}

/// Nobody knows whether the picture is there: a second one would be worse than none.
#[tokio::test]
async fn a_picture_of_which_slack_says_nothing_is_not_shown_twice() {
    let gates = TROUBLES.map(|_| Gate::default());
    let mut scenario = SlackScenario::start(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.iter().zip(&gates) {
        let asked = asks(&scenario, LOBBY).await;
        let before = calls(&scenario, Method::CompleteUpload);
        meets(&scenario, Method::CompleteUpload, trouble);
        gate.open();
        are_met(&scenario).await;
        if matches!(trouble, Fault::Cut(Moment::After)) {
            asked.file(".png").await;
        }
        // the next race ends long after any second try of this one
        assert!(asked.ends().await.look.text().contains("begins and ends"));
        assert_eq!(calls(&scenario, Method::CompleteUpload), before + 1);
    }
    scenario.service.wait_for_log("the chart was not attached").await;
    let log = scenario.finish().await;
    assert_eq!(log.iter().filter(|line| line.contains("the chart was not attached")).count(), 4);
}

/// Asks, and is told that nobody knows.
async fn is_told_that_nobody_knows(scenario: &SlackScenario, channel: &str, n: usize) -> Asked {
    let line = format!("compare {PROMPT} {n}?");
    let asked = match channel {
        DM => scenario.slack.says(&line, NAMED, None),
        channel => scenario.slack.types("/arena", &line, NAMED, channel),
    };
    if channel == DM {
        let word =
            |world: &World| world.public(DM).find(|m| m.text().contains("Slack did not say")).map(drop);
        scenario.slack.until(word).await;
    } else {
        asked
            .told("Slack did not say whether the message was posted, so no model was called. Ask again.")
            .await;
    }
    asked
}

#[tokio::test]
async fn a_first_post_of_which_slack_says_nothing_is_not_repeated() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(one_at_a_time(), [halves(&gate)]).await;
    for (n, trouble) in TROUBLES.iter().enumerate() {
        meets(&scenario, Method::PostMessage, trouble);
        let asked = is_told_that_nobody_knows(&scenario, LOBBY, n).await;
        assert_eq!(calls(&scenario, Method::PostMessage), n + 1);
        if matches!(trouble, Fault::Cut(Moment::After)) {
            let look = asked.now();
            assert!(look.text().contains(PROMPT) && look.buttons().is_empty(), "{}", look.text());
        }
    }
    meets(&scenario, Method::PostMessage, &TROUBLES[3]);
    is_told_that_nobody_knows(&scenario, DM, 9).await;
    assert_eq!(answered(&scenario), 0);
    // the only permit is free again
    let asked = asks(&scenario, LOBBY).await;
    gate.open();
    ends_with_chart(&asked).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_post_that_takes_effect_too_late_stays_alone() {
    let scenario = SlackScenario::start(one_at_a_time(), []).await;
    scenario.slack.delays_next(Method::PostMessage, Duration::from_secs(10));
    let asked = is_told_that_nobody_knows(&scenario, LOBBY, 1).await;
    asked.shows(PROMPT).await;
    assert_eq!((calls(&scenario, Method::PostMessage), answered(&scenario)), (1, 0));
    scenario.finish().await;
}

/// An edit that was given up comes in after the last frame: the last word is not a live one.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_does_not_stay() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.delays_next(Method::Update, Duration::from_secs(10));
    are_met(&scenario).await;
    gate.open();
    ends_with_chart(&asked).await;
    ends_once_more(&scenario, &asked).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_picture_that_is_shown_too_late_is_the_only_one() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.delays_next(Method::CompleteUpload, Duration::from_secs(10));
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!((calls(&scenario, Method::CompleteUpload), pictures(&asked)), (1, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_form_of_which_slack_says_nothing_is_not_opened_twice() {
    let scenario = SlackScenario::start(alone(""), []).await;
    for (n, trouble) in TROUBLES.iter().enumerate() {
        meets(&scenario, Method::OpenView, trouble);
        let asked = scenario.slack.types("/arena", "", ANA, LOBBY);
        asked.told("/arena compare").await;
        assert_eq!(calls(&scenario, Method::OpenView), n + 1);
    }
    scenario.finish().await;
}

/// Words in private come at last, and the picture's channel is joined: what is done twice there does no harm.
#[tokio::test]
async fn trouble_with_words_in_private_and_with_joining_passes() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    for trouble in &TROUBLES {
        meets(&scenario, Method::Respond, trouble);
        scenario.slack.types("/arena", "models", ANA, LOBBY).told("The line-up").await;
        meets(&scenario, Method::PostEphemeral, trouble);
        scenario.slack.mentions("compar why", BEN, LOBBY, None).told("did you mean compare").await;
        are_met(&scenario).await;
    }
    TROUBLES[..2].iter().for_each(|trouble| meets(&scenario, Method::Join, trouble));
    let asked = asks(&scenario, TOWN).await;
    gate.open();
    ends_with_chart(&asked).await;
    are_met(&scenario).await;
    assert_eq!(
        (pictures(&asked), calls(&scenario, Method::CompleteUpload), calls(&scenario, Method::Join)),
        (1, 2, 3)
    );
    scenario.finish().await;
}

/// Where the channel cannot be joined the text stands, and nobody asks for ever.
#[tokio::test]
async fn joining_that_fails_for_good_leaves_the_text() {
    let gate = Gate::default();
    let mut scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    scenario.slack.refuses_next(Method::Join, "method_not_supported_for_channel_type");
    let asked = asks(&scenario, TOWN).await;
    gate.open();
    assert!(asked.ends().await.look.text().contains("begins and ends"));
    scenario.service.wait_for_log("the chart was not attached").await;
    assert_eq!((pictures(&asked), calls(&scenario, Method::Join)), (0, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_race_whose_message_is_deleted_ends_without_another_word() {
    let scenario = SlackScenario::start(alone(""), [endless()]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.deletes(&asked.message().await);
    models_are_stopped(&scenario).await;
    let lost = scenario.slack.world(|world| codes(world, Method::Update, "message_not_found"));
    assert_eq!(lost, 1);
    let log = scenario.finish().await;
    assert!(log.iter().any(|line| line.contains("message lost")));
}

#[tokio::test]
async fn a_race_whose_channel_is_archived_ends_without_another_word() {
    let scenario = SlackScenario::start(alone(""), [endless()]).await;
    asks(&scenario, LOBBY).await;
    scenario.slack.archives(LOBBY);
    models_are_stopped(&scenario).await;
    let lost = scenario.slack.world(|world| codes(world, Method::Update, "is_archived"));
    assert_eq!((lost, calls(&scenario, Method::GetUploadUrl)), (1, 0));
    scenario.finish().await;
}

/// How many calls of a method were answered with this.
fn codes(world: &World, method: Method, code: &str) -> usize {
    world.calls.iter().filter(|call| call.method == method && call.code == code).count()
}

#[tokio::test]
async fn what_comes_again_runs_once() {
    for transport in [Transport::Socket, Transport::Http] {
        let gate = Gate::default();
        let scenario = SlackScenario::start(Setup { transport, ..alone("") }, [halves(&gate)]).await;
        let asked = scenario.slack.mentions(&format!("compare {PROMPT}?"), NAMED, LOBBY, None);
        scenario.slack.redelivers(&asked);
        asked.shows("begins").await;
        scenario.slack.redelivers(&asked);
        gate.open();
        ends_with_chart(&asked).await;
        assert_eq!((calls(&scenario, Method::PostMessage), asked.happened().acks.len()), (1, 3));
        scenario.finish().await;
    }
}
