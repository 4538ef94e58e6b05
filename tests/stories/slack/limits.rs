//! 429s: the referee counts every call before the announced time.

use std::time::Duration;

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario, assert_ends_with_chart,
    common::{calls, model_calls, one_at_a_time, picture_count, wait_for_faults},
    gated_race, single_model, start_race,
};
use crate::support::{
    provider::Gate,
    slack::{ANA, BEN, CLUB, Fault, Method},
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn edits_and_the_picture_wait_as_long_as_slack_says() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.rate_limit_next(Method::Update, 2 * SECOND);
    wait_for_faults(&scenario).await;
    scenario.slack.fail_final_edit(Fault::Limited(SECOND));
    for method in [Method::GetUploadUrl, Method::Upload, Method::CompleteUpload] {
        scenario.slack.rate_limit_next(method, SECOND);
    }
    gate.open();
    assert_ends_with_chart(&request).await;
    wait_for_faults(&scenario).await;
    assert_eq!((picture_count(&request), calls(&scenario, Method::CompleteUpload)), (1, 2));
    scenario.finish().await;
}

#[tokio::test]
async fn a_limit_on_one_message_holds_for_all_of_them() {
    let gate = Gate::default();
    let scenario =
        SlackScenario::start(Setup::default(), gated_race(&gate).into_iter().chain(gated_race(&gate))).await;
    let all = [start_race(&scenario, LOBBY).await, start_race(&scenario, CLUB).await];
    scenario.slack.rate_limit_next(Method::Update, 3 * SECOND);
    wait_for_faults(&scenario).await;
    gate.open();
    for request in &all {
        assert_ends_with_chart(request).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_post_waits_its_time_and_no_model_is_called_before() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    scenario.slack.rate_limit_next(Method::PostMessage, 2 * SECOND);
    scenario.slack.rate_limit_next(Method::UserInfo, 60 * SECOND);
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    wait_for_faults(&scenario).await;
    assert_eq!(model_calls(&scenario), 0);
    request.wait_for_text("begins").await;
    gate.open();
    assert_ends_with_chart(&request).await;
    assert_eq!((calls(&scenario, Method::PostMessage), calls(&scenario, Method::UserInfo)), (2, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_first_post_that_would_wait_too_long_is_given_up_and_the_asker_told() {
    let scenario = SlackScenario::start(one_at_a_time(), []).await;
    scenario.slack.rate_limit_next(Method::PostMessage, 120 * SECOND);
    for prompt in ["one", "two"] {
        // the second one is not refused for the first one's sake, and not tried: the wait is known
        let request =
            scenario.slack.type_command("/arena", &format!("compare {PROMPT} {prompt}?"), NAMED, LOBBY);
        request.wait_for_private_text("Too much is being posted here right now. No model was called").await;
    }
    assert_eq!((calls(&scenario, Method::PostMessage), model_calls(&scenario)), (1, 0));
    scenario.finish().await;
}

#[tokio::test]
async fn words_in_private_wait_as_well() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    scenario.slack.rate_limit_next(Method::PostEphemeral, 2 * SECOND);
    let mention = scenario.slack.mention("ask nobody why", BEN, LOBBY, None);
    scenario.slack.rate_limit_next(Method::Respond, 2 * SECOND);
    let models = scenario.slack.type_command("/arena", "models", ANA, LOBBY);
    models.wait_for_private_text("The line-up").await;
    mention.wait_for_private_text("nobody").await;
    wait_for_faults(&scenario).await;
    assert_eq!((calls(&scenario, Method::PostEphemeral), calls(&scenario, Method::Respond)), (2, 2));
    assert_eq!(models.ephemerals().len(), 1, "one in place of the other");
    scenario.finish().await;
}

#[tokio::test]
async fn a_form_that_may_not_be_opened_becomes_help() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    scenario.slack.rate_limit_next(Method::OpenView, 2 * SECOND);
    let request = scenario.slack.type_command("/arena", "", ANA, LOBBY);
    request.wait_for_private_text("/arena compare").await;
    assert_eq!(calls(&scenario, Method::OpenView), 1);
    scenario.finish().await;
}
