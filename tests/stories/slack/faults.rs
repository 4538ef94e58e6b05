//! What Slack and the network do wrong: nothing is lost, nothing is stuck, nothing is done twice.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setting, Stage, Way, alone, asks, ends_with_chart, halves,
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
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.iter().zip(&gates) {
        let asked = asks(&stage, LOBBY).await;
        meets(&stage, Method::Update, trouble);
        are_met(&stage).await;
        stage.slack.troubles_final(trouble.clone());
        meets(&stage, Method::GetUploadUrl, trouble);
        meets(&stage, Method::Upload, trouble);
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&stage).await;
        assert_eq!(pictures(&asked), 1);
    }
    stage.ends().await;
}

/// Nobody knows whether the picture is there: a second one would be worse than none.
#[tokio::test]
async fn a_picture_of_which_slack_says_nothing_is_not_shown_twice() {
    let gates = TROUBLES.map(|_| Gate::default());
    let mut stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (trouble, gate) in TROUBLES.iter().zip(&gates) {
        let asked = asks(&stage, LOBBY).await;
        let before = calls(&stage, Method::CompleteUpload);
        meets(&stage, Method::CompleteUpload, trouble);
        gate.open();
        are_met(&stage).await;
        if matches!(trouble, Fault::Cut(Moment::After)) {
            asked.file(".png").await;
        }
        // the next race ends long after any second try of this one
        assert!(asked.ends().await.look.text().contains("begins and ends"));
        assert_eq!(calls(&stage, Method::CompleteUpload), before + 1);
    }
    stage.bot.logs("failed to attach the chart").await;
    let log = stage.ends().await;
    assert_eq!(log.iter().filter(|line| line.contains("failed to attach the chart")).count(), 4);
}

/// Asks, and is told that nobody knows.
async fn is_told_that_nobody_knows(stage: &Stage, channel: &str, n: usize) -> Asked {
    let line = format!("compare {PROMPT} {n}?");
    let asked = match channel {
        DM => stage.slack.says(&line, NAMED, None),
        channel => stage.slack.types("/arena", &line, NAMED, channel),
    };
    if channel == DM {
        let word =
            |world: &World| world.public(DM).find(|m| m.text().contains("Slack did not say")).map(drop);
        stage.slack.until(word).await;
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
    let stage = Stage::open(one_at_a_time(), [halves(&gate)]).await;
    for (n, trouble) in TROUBLES.iter().enumerate() {
        meets(&stage, Method::PostMessage, trouble);
        let asked = is_told_that_nobody_knows(&stage, LOBBY, n).await;
        assert_eq!(calls(&stage, Method::PostMessage), n + 1);
        if matches!(trouble, Fault::Cut(Moment::After)) {
            let look = asked.now();
            assert!(look.text().contains(PROMPT) && look.buttons().is_empty(), "{}", look.text());
        }
    }
    meets(&stage, Method::PostMessage, &TROUBLES[3]);
    is_told_that_nobody_knows(&stage, DM, 9).await;
    assert_eq!(answered(&stage), 0);
    // the only permit is free again
    let asked = asks(&stage, LOBBY).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_post_that_takes_effect_too_late_stays_alone() {
    let stage = Stage::open(one_at_a_time(), []).await;
    stage.slack.delays_next(Method::PostMessage, Duration::from_secs(10));
    let asked = is_told_that_nobody_knows(&stage, LOBBY, 1).await;
    asked.shows(PROMPT).await;
    assert_eq!((calls(&stage, Method::PostMessage), answered(&stage)), (1, 0));
    stage.ends().await;
}

/// An edit that was given up comes in after the last frame: the last word is not a live one.
#[tokio::test]
async fn an_edit_that_takes_effect_after_the_last_frame_does_not_stay() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.delays_next(Method::Update, Duration::from_secs(10));
    are_met(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    ends_once_more(&stage, &asked).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_picture_that_is_shown_too_late_is_the_only_one() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.delays_next(Method::CompleteUpload, Duration::from_secs(10));
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!((calls(&stage, Method::CompleteUpload), pictures(&asked)), (1, 1));
    stage.ends().await;
}

#[tokio::test]
async fn a_form_of_which_slack_says_nothing_is_not_opened_twice() {
    let stage = Stage::open(alone(""), []).await;
    for (n, trouble) in TROUBLES.iter().enumerate() {
        meets(&stage, Method::OpenView, trouble);
        let asked = stage.slack.types("/arena", "", ANA, LOBBY);
        asked.told("/arena compare").await;
        assert_eq!(calls(&stage, Method::OpenView), n + 1);
    }
    stage.ends().await;
}

/// Words in private come at last, and the picture's channel is joined: what is done twice there does no harm.
#[tokio::test]
async fn trouble_with_words_in_private_and_with_joining_passes() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    for trouble in &TROUBLES {
        meets(&stage, Method::Respond, trouble);
        stage.slack.types("/arena", "models", ANA, LOBBY).told("The line-up").await;
        meets(&stage, Method::PostEphemeral, trouble);
        stage.slack.mentions("compar why", BEN, LOBBY, None).told("did you mean compare").await;
        are_met(&stage).await;
    }
    TROUBLES[..2].iter().for_each(|trouble| meets(&stage, Method::Join, trouble));
    let asked = asks(&stage, TOWN).await;
    gate.open();
    ends_with_chart(&asked).await;
    are_met(&stage).await;
    assert_eq!(
        (pictures(&asked), calls(&stage, Method::CompleteUpload), calls(&stage, Method::Join)),
        (1, 2, 3)
    );
    stage.ends().await;
}

/// Where the channel cannot be joined the text stands, and nobody asks for ever.
#[tokio::test]
async fn joining_that_fails_for_good_leaves_the_text() {
    let gate = Gate::default();
    let mut stage = Stage::open(alone(""), [halves(&gate)]).await;
    stage.slack.refuses_next(Method::Join, "method_not_supported_for_channel_type");
    let asked = asks(&stage, TOWN).await;
    gate.open();
    assert!(asked.ends().await.look.text().contains("begins and ends"));
    stage.bot.logs("failed to attach the chart").await;
    assert_eq!((pictures(&asked), calls(&stage, Method::Join)), (0, 1));
    stage.ends().await;
}

#[tokio::test]
async fn a_race_whose_message_is_deleted_ends_without_another_word() {
    let stage = Stage::open(alone(""), [endless()]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.deletes(&asked.message().await);
    models_are_stopped(&stage).await;
    let lost = stage.slack.world(|world| codes(world, Method::Update, "message_not_found"));
    assert_eq!(lost, 1);
    let log = stage.ends().await;
    assert!(log.iter().any(|line| line.contains("final frame not shown")));
}

#[tokio::test]
async fn a_race_whose_channel_is_archived_ends_without_another_call() {
    let stage = Stage::open(alone(""), [endless()]).await;
    asks(&stage, LOBBY).await;
    stage.slack.archives(LOBBY);
    models_are_stopped(&stage).await;
    let lost = stage.slack.world(|world| codes(world, Method::Update, "is_archived"));
    assert_eq!((lost, calls(&stage, Method::GetUploadUrl)), (1, 0));
    stage.ends().await;
}

/// How many calls of a method were answered with this.
fn codes(world: &World, method: Method, code: &str) -> usize {
    world.calls.iter().filter(|call| call.method == method && call.code == code).count()
}

#[tokio::test]
async fn what_comes_again_runs_once() {
    for way in [Way::Socket, Way::Http] {
        let gate = Gate::default();
        let stage = Stage::open(Setting { way, ..alone("") }, [halves(&gate)]).await;
        let asked = stage.slack.mentions(&format!("compare {PROMPT}?"), NAMED, LOBBY, None);
        stage.slack.redelivers(&asked);
        asked.shows("begins").await;
        stage.slack.redelivers(&asked);
        gate.open();
        ends_with_chart(&asked).await;
        assert_eq!((calls(&stage, Method::PostMessage), asked.happened().acks.len()), (1, 3));
        stage.ends().await;
    }
}

/// Whatever Slack refuses in mid-race, the message gets its final frame and its chart.
#[tokio::test]
async fn no_refusal_of_a_live_frame_costs_the_final_one() {
    for code in ["invalid_blocks", "msg_blocks_too_long", "internal_riddle"] {
        let gate = Gate::default();
        let stage = Stage::open(alone(""), [halves(&gate)]).await;
        let asked = asks(&stage, LOBBY).await;
        for _ in 0..3 {
            meets(&stage, Method::Update, &Fault::Refused(code));
        }
        are_met(&stage).await;
        gate.open();
        ends_with_chart(&asked).await;
        // a message that a platform refuses is an error in the log
        stage.bot.signals("TERM").await;
        stage.closed(0).await;
    }
}
