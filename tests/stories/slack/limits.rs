//! Refusals by 429: the referee counts every call that comes before the time that it told.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, SlackScenario, alone, asks, ends_with_chart, halves,
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
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    let asked = asks(&scenario, LOBBY).await;
    scenario.slack.ratelimits_next(Method::Update, 2 * SECOND);
    are_met(&scenario).await;
    scenario.slack.troubles_final(Fault::Limited(SECOND));
    for method in [Method::GetUploadUrl, Method::Upload, Method::CompleteUpload] {
        scenario.slack.ratelimits_next(method, SECOND);
    }
    gate.open();
    ends_with_chart(&asked).await;
    are_met(&scenario).await;
    assert_eq!((pictures(&asked), calls(&scenario, Method::CompleteUpload)), (1, 2));
    scenario.finish().await;
}

#[tokio::test]
async fn a_limit_on_one_message_holds_for_all_of_them() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate), halves(&gate)]).await;
    let all = [asks(&scenario, LOBBY).await, asks(&scenario, CLUB).await];
    scenario.slack.ratelimits_next(Method::Update, 3 * SECOND);
    are_met(&scenario).await;
    gate.open();
    for asked in &all {
        ends_with_chart(asked).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_post_waits_its_time_and_no_model_is_called_before() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(alone(""), [halves(&gate)]).await;
    scenario.slack.ratelimits_next(Method::PostMessage, 2 * SECOND);
    scenario.slack.ratelimits_next(Method::UserInfo, 60 * SECOND);
    let asked = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    are_met(&scenario).await;
    assert_eq!(answered(&scenario), 0);
    asked.shows("begins").await;
    gate.open();
    ends_with_chart(&asked).await;
    assert_eq!((calls(&scenario, Method::PostMessage), calls(&scenario, Method::UserInfo)), (2, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_post_that_would_wait_too_long_is_given_up_and_the_asker_told() {
    let scenario = SlackScenario::start(one_at_a_time(), []).await;
    scenario.slack.ratelimits_next(Method::PostMessage, 120 * SECOND);
    for prompt in ["one", "two"] {
        // the second one is not refused for the first one's sake, and not tried: the wait is known
        let asked = scenario.slack.types("/arena", &format!("compare {PROMPT} {prompt}?"), NAMED, LOBBY);
        asked.told("Too much is being posted here right now. No model was called").await;
    }
    assert_eq!((calls(&scenario, Method::PostMessage), answered(&scenario)), (1, 0));
    scenario.finish().await;
}

#[tokio::test]
async fn words_in_private_wait_as_well() {
    let scenario = SlackScenario::start(alone(""), []).await;
    scenario.slack.ratelimits_next(Method::PostEphemeral, 2 * SECOND);
    let mention = scenario.slack.mentions("ask nobody why", BEN, LOBBY, None);
    scenario.slack.ratelimits_next(Method::Respond, 2 * SECOND);
    let models = scenario.slack.types("/arena", "models", ANA, LOBBY);
    models.told("The line-up").await;
    mention.told("nobody").await;
    are_met(&scenario).await;
    assert_eq!((calls(&scenario, Method::PostEphemeral), calls(&scenario, Method::Respond)), (2, 2));
    assert_eq!(models.whispers().len(), 1, "one in place of the other");
    scenario.finish().await;
}

#[tokio::test]
async fn a_form_that_may_not_be_opened_becomes_help() {
    let scenario = SlackScenario::start(alone(""), []).await;
    scenario.slack.ratelimits_next(Method::OpenView, 2 * SECOND);
    let asked = scenario.slack.types("/arena", "", ANA, LOBBY);
    asked.told("/arena compare").await;
    assert_eq!(calls(&scenario, Method::OpenView), 1);
    scenario.finish().await;
}
