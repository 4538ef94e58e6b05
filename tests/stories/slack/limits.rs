//! Refusals by 429: the referee counts every call that comes before the time that it told.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Stage, alone, asks, ends_with_chart, halves,
    trouble::{answered, are_met, calls, one_at_a_time, pictures},
};
use crate::support::{
    provider::Gate,
    slack::{ANA, BEN, CLUB, Fault, Method},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn edits_and_the_picture_wait_as_long_as_slack_says() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    let asked = asks(&stage, LOBBY).await;
    stage.slack.ratelimits_next(Method::Update, 2 * SECOND);
    are_met(&stage).await;
    stage.slack.troubles_final(Fault::Limited(SECOND));
    for method in [Method::GetUploadUrl, Method::Upload, Method::CompleteUpload] {
        stage.slack.ratelimits_next(method, SECOND);
    }
    gate.open();
    ends_with_chart(&asked).await;
    are_met(&stage).await;
    assert_eq!((pictures(&asked), calls(&stage, Method::CompleteUpload)), (1, 2));
    stage.ends().await;
}

#[tokio::test]
async fn a_limit_on_one_message_holds_for_all_of_them() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate), halves(&gate)]).await;
    let all = [asks(&stage, LOBBY).await, asks(&stage, CLUB).await];
    stage.slack.ratelimits_next(Method::Update, 3 * SECOND);
    are_met(&stage).await;
    gate.open();
    for asked in &all {
        ends_with_chart(asked).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn a_first_post_waits_its_time_and_no_model_is_called_before() {
    let gate = Gate::default();
    let stage = Stage::open(alone(""), [halves(&gate)]).await;
    stage.slack.ratelimits_next(Method::PostMessage, 2 * SECOND);
    stage.slack.ratelimits_next(Method::UserInfo, 60 * SECOND);
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    are_met(&stage).await;
    assert_eq!(answered(&stage), 0);
    asked.shows("begins").await;
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!((calls(&stage, Method::PostMessage), calls(&stage, Method::UserInfo)), (2, 1));
    stage.ends().await;
}

#[tokio::test]
async fn a_first_post_that_would_wait_too_long_is_given_up_and_the_asker_told() {
    let stage = Stage::open(one_at_a_time(), []).await;
    stage.slack.ratelimits_next(Method::PostMessage, 120 * SECOND);
    for prompt in ["one", "two"] {
        // the second one is not refused for the first one's sake, and not tried: the wait is known
        let asked = stage.slack.types("/arena", &format!("compare {PROMPT} {prompt}?"), NAMED, LOBBY);
        asked.told("Too much is being posted here right now. No model was called").await;
    }
    assert_eq!((calls(&stage, Method::PostMessage), answered(&stage)), (1, 0));
    stage.ends().await;
}

#[tokio::test]
async fn words_in_private_wait_as_well() {
    let stage = Stage::open(alone(""), []).await;
    stage.slack.ratelimits_next(Method::PostEphemeral, 2 * SECOND);
    let mention = stage.slack.mentions("ask nobody why", BEN, LOBBY, None);
    stage.slack.ratelimits_next(Method::Respond, 2 * SECOND);
    let models = stage.slack.types("/arena", "models", ANA, LOBBY);
    models.told("The line-up").await;
    mention.told("nobody").await;
    are_met(&stage).await;
    assert_eq!((calls(&stage, Method::PostEphemeral), calls(&stage, Method::Respond)), (2, 2));
    assert_eq!(models.whispers().len(), 1, "one in place of the other");
    stage.ends().await;
}

#[tokio::test]
async fn a_form_that_may_not_be_opened_becomes_help() {
    let stage = Stage::open(alone(""), []).await;
    stage.slack.ratelimits_next(Method::OpenView, 2 * SECOND);
    let asked = stage.slack.types("/arena", "", ANA, LOBBY);
    asked.told("/arena compare").await;
    assert_eq!(calls(&stage, Method::OpenView), 1);
    stage.ends().await;
}
