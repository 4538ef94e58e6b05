//! Before the first token: lists, warm connections that died, requests that are not understood.

use llm_arena::{model::Availability, provider::Deadlines};
use serde_json::json;

use super::{arena, model, provider, race};
use crate::support::provider::{FakeProvider, Rules, answer, nobody, refusal, silence};

/// Returns the availability in the report of a single lane under these rules.
async fn availability(rules: Rules) -> Availability {
    let fake = FakeProvider::open_with(rules, [answer("m").says("Hi").whole()]).await;
    let client = provider(&fake.base_url(), None);
    let record = race(&arena([model(&client, "m", Deadlines::default())])).await;
    let lane = &record.report.lanes[0];
    assert_eq!((lane.answer.as_str(), lane.status.is_finished()), ("Hi", true), "it is tried all the same");
    lane.availability.clone()
}

#[tokio::test]
async fn a_listed_model() {
    assert_eq!(availability(Rules::default()).await, Availability::Listed);
}

#[tokio::test]
async fn a_model_that_is_not_listed_is_said_so_and_tried() {
    let rules = Rules { listed: Some(vec!["another".into()]), ..Rules::default() };
    assert_eq!(availability(rules).await, Availability::NotListed);
}

#[tokio::test]
async fn a_provider_without_a_list_is_tried() {
    assert_eq!(availability(Rules { listed: None, ..Rules::default() }).await, Availability::Unknown);
}

#[tokio::test]
async fn a_list_that_is_refused_is_said_so_and_the_model_tried() {
    for (status, why) in [
        ("401 Unauthorized", "the provider rejected the API key; ask the operator to check it"),
        ("500 Internal Server Error", "the provider failed (HTTP 500), try again later"),
    ] {
        let rules = Rules { refuses_listing: Some(status), cold: true, ..Rules::default() };
        assert_eq!(availability(rules).await, Availability::Unreachable(why.into()));
    }
}

#[tokio::test]
async fn an_unreachable_provider_is_said_so() {
    let model = model(&provider(&nobody().await, None), "m", Deadlines::default());
    let why = "the provider cannot be reached".to_owned();
    assert_eq!(model.prepare().await, Availability::Unreachable(why));
}

#[tokio::test]
async fn one_question_for_the_list_serves_all_models_of_a_provider() {
    let names = ["a", "b", "c"];
    let answers =
        names.iter().flat_map(|name| [answer(name).says("1").whole(), answer(name).says("2").whole()]);
    let fake = FakeProvider::open(answers).await;
    let client = provider(&fake.base_url(), None);
    let arena = arena(names.map(|name| model(&client, name, Deadlines::default())));
    race(&arena).await;
    race(&arena).await;
    let truth = fake.truth();
    assert_eq!(truth.listings.iter().filter(|listed| !listed.head_only).count(), 1);
    assert_eq!((truth.listings.len(), truth.connections), (7, 4), "warmed for each race, on the same three");
}

#[tokio::test]
async fn a_refused_field_is_left_out_and_not_sent_again() {
    let no = refusal("m", "400 Bad Request", r#"{"error":{"message":"unknown field: stream_options"}}"#);
    let answers = [no, answer("m").says("1").finishes("stop").done(), answer("m").says("2").whole()];
    let rules = Rules { no_stream_options: true, cold: true, ..Rules::default() };
    let fake = FakeProvider::open_with(rules, answers).await;
    let client = provider(&fake.base_url(), None);
    let arena = arena([model(&client, "m", Deadlines::default())]);
    for said in ["1", "2"] {
        let record = race(&arena).await;
        assert_eq!((record.report.lanes[0].answer.as_str(), &record.report.lanes[0].error), (said, &None));
    }
    let options: Vec<_> =
        fake.truth().exchanges.iter().map(|request| request.body.get("stream_options").cloned()).collect();
    assert_eq!(options, [Some(json!({ "include_usage": true })), None, None]);
}

#[tokio::test]
async fn a_request_that_is_refused_for_another_reason_is_not_repeated() {
    let no = refusal("m", "400 Bad Request", r#"{"error":{"message":"temperature is too high"}}"#);
    let fake = FakeProvider::open([no]).await;
    let record = race(&arena([model(&provider(&fake.base_url(), None), "m", Deadlines::default())])).await;
    let error = record.report.lanes[0].error.as_deref();
    assert_eq!(error, Some("the provider refused the request (HTTP 400)"));
}

#[tokio::test]
async fn a_warm_connection_that_dies_under_the_request_is_replaced_once() {
    let rules = Rules { cold: true, ..Rules::default() };
    let fake = FakeProvider::open_with(rules, [silence("m").cuts(), answer("m").says("Hi").whole()]).await;
    let record = race(&arena([model(&provider(&fake.base_url(), None), "m", Deadlines::default())])).await;
    let lane = &record.report.lanes[0];
    assert_eq!((lane.answer.as_str(), &lane.error), ("Hi", &None));
    let truth = fake.truth();
    assert_eq!(truth.exchanges.iter().map(|request| request.warm).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_connection_that_died_before_the_start_is_replaced() {
    let rules = Rules { hangs_up_after_listing: true, cold: true, ..Rules::default() };
    assert_eq!(availability(rules).await, Availability::Listed);
}

#[tokio::test]
async fn the_prompt_and_the_settings_are_sent_as_they_are() {
    let fake = FakeProvider::open([answer("m").says("Hi").whole()]).await;
    race(&arena([model(&provider(&fake.base_url(), None), "m", Deadlines::default())])).await;
    let body = fake.truth().exchanges[0].body.clone();
    let messages = json!([{ "role": "user", "content": "why is the sky blue?" }]);
    assert_eq!(
        (&body["messages"], &body["max_tokens"], &body["model"]),
        (&messages, &json!(8_192), &json!("m"))
    );
}
