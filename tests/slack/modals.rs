//! Modals: opened in time and once, filled in, submitted, answered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};
use slack_morphism::prelude::SlackInteractionEvent;

use super::bot::{Bot, soon};
use crate::support::slack::{ANA, BEN, LOBBY, Method};

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn view() -> Value {
    let option = |name: &str, value: &str| json!({ "text": plain(name), "value": value, "description": plain("best for a") });
    json!({
        "type": "modal", "title": plain("LLM Arena"), "submit": plain("Race"), "close": plain("Close"),
        "private_metadata": "C0LOBBY", "callback_id": "race",
        "blocks": [
            { "type": "section", "text": plain("Who races?") },
            { "type": "input", "block_id": "word", "label": plain("What"), "element": {
                "type": "radio_buttons", "action_id": "word", "options": [option("Ask", "ask"), option("Compare", "compare")],
                "initial_option": option("Compare", "compare") } },
            { "type": "input", "block_id": "models", "optional": true, "label": plain("Models"), "element": {
                "type": "multi_static_select", "action_id": "models", "max_selected_items": 1,
                "options": [option("⚡ Gemma 2B", "gemma-2b"), option("📜 Qwen 7B", "qwen-7b")] } },
            { "type": "input", "block_id": "prompt", "label": plain("Prompt"), "element": {
                "type": "plain_text_input", "action_id": "prompt", "multiline": true, "max_length": 3000 } },
        ],
    })
}

#[tokio::test]
async fn a_modal_is_opened_filled_in_and_submitted() {
    let bot = Bot::new().await;
    let request = bot.slack.type_command("/arena", "", ANA, LOBBY);
    let trigger = bot.acks().payload["trigger_id"].clone();
    let opened = bot.call(Method::OpenView, &json!({ "trigger_id": trigger, "view": view() })).await;
    assert_eq!((opened.code().as_str(), &opened.body["view"]["callback_id"]), ("ok", &json!("race")));
    assert_eq!(soon(request.wait_for_view()).await.channel, LOBBY);
    let refuses = |values: &[(&str, &str)]| {
        let panic = catch_unwind(AssertUnwindSafe(|| bot.slack.submit(&request, values, ANA).excuse()));
        panic.expect_err("refused").downcast_ref::<String>().expect("words").clone()
    };
    assert!(refuses(&[]).contains("\"Prompt\" is required"));
    assert!(refuses(&[("Speed", "1")]).contains("there is no input"));
    assert!(refuses(&[("Prompt", &"x".repeat(3_001))]).contains("too many"));
    assert!(refuses(&[("Models", "Gemma, Qwen")]).contains("only 1 can be chosen"));
    assert!(refuses(&[("What", "Bet")]).contains("no choice"));
    bot.slack.submit(&request, &[("Models", "Gemma"), ("prompt", "why & how?")], ANA);
    let envelope = bot.envelope();
    assert!(envelope.accepts_response_payload);
    let payload = envelope.payload.clone();
    assert_eq!(payload["view"]["state"]["values"]["prompt"]["prompt"]["value"], "why & how?");
    assert_eq!(payload["view"]["state"]["values"]["word"]["word"]["selected_option"]["value"], "compare");
    assert_eq!(payload["view"]["private_metadata"], "C0LOBBY");
    let Ok(SlackInteractionEvent::ViewSubmission(read)) = serde_json::from_value(payload) else {
        panic!("a submission")
    };
    assert_eq!(read.user.id.0, ANA.id);
    envelope.acks.ack(Some(json!({ "response_action": "errors", "errors": { "prompt": "too short" } })));
    let said = soon(request.wait_for_view()).await;
    assert_eq!((said.is_open, said.errors["prompt"].as_str()), (true, "too short"));
    bot.slack.submit(&request, &[("Prompt", "why is that so?")], ANA);
    bot.acks();
    assert!(!soon(request.wait_for_view()).await.is_open);
    assert!(
        catch_unwind(AssertUnwindSafe(|| bot.slack.submit(&request, &[], BEN).excuse())).is_err(),
        "it is closed"
    );
    bot.slack.assert_clean();
}

#[tokio::test]
async fn wrong_answers_to_a_modal_are_fouls() {
    let bot = Bot::new().await;
    let request = bot.slack.type_command("/arena", "ask", ANA, LOBBY);
    let trigger = bot.acks().payload["trigger_id"].clone();
    bot.call(Method::OpenView, &json!({ "trigger_id": trigger, "view": view() })).await;
    for answer in [
        json!({ "response_action": "errors", "errors": { "speed": "unknown" } }),
        json!({ "response_action": "errors", "errors": {} }),
        json!({ "response_action": "update" }),
    ] {
        bot.slack.submit(&request, &[("Prompt", "why?")], ANA);
        bot.envelope().acks.ack(Some(answer));
        assert_eq!(bot.slack.take_violations().len(), 1);
    }
    bot.slack.submit(&request, &[("Prompt", "why?")], ANA);
    bot.envelope().acks.ack(Some(json!({ "response_action": "clear" })));
    assert!(!soon(request.wait_for_view()).await.is_open);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_trigger_is_good_once_and_for_a_moment() {
    let bot = Bot::new().await;
    bot.slack.type_command("/arena", "", ANA, LOBBY);
    let open = |trigger: Value| json!({ "trigger_id": trigger, "view": view() });
    let trigger = bot.acks().payload["trigger_id"].clone();
    assert_eq!(bot.call(Method::OpenView, &open(trigger.clone())).await.code(), "ok");
    assert_eq!(bot.call(Method::OpenView, &open(trigger)).await.code(), "exchanged_trigger_id");
    assert_eq!(bot.call(Method::OpenView, &open(json!("1.2.3"))).await.code(), "invalid_trigger_id");
    bot.slack.world(|world| world.trigger_life = std::time::Duration::ZERO);
    bot.slack.type_command("/arena", "", ANA, LOBBY);
    let trigger = bot.acks().payload["trigger_id"].clone();
    assert_eq!(bot.call(Method::OpenView, &open(trigger)).await.code(), "expired_trigger_id");
    assert_eq!(bot.take_violations().lines().count(), 3);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_modal_has_limits() {
    let bot = Bot::new().await;
    bot.slack.type_command("/arena", "", ANA, LOBBY);
    let trigger = bot.acks().payload["trigger_id"].clone();
    let long = |n: usize| Value::from("x".repeat(n));
    for (path, other, violation) in [
        ("/title/text", long(25), "the title has 25"),
        ("/submit/text", long(25), "submit has 25"),
        ("/submit", Value::Null, "has a submit"),
        ("/private_metadata", long(3_001), "private_metadata has more than 3000"),
        ("/type", json!("home"), "no modal"),
        ("/blocks", vec![json!({ "type": "divider" }); 101].into(), "101 blocks"),
        ("/blocks/0", json!({ "type": "markdown", "text": "a" }), "markdown is not for modals"),
        ("/blocks/1/element/options/0/text/text", long(76), "an option has 76"),
        ("/blocks/1/element/options/0/value", json!("compare"), "the same value"),
        ("/blocks/1/element/initial_option/value", json!("bet"), "none of the options"),
        ("/blocks/2/element/options/0/description/text", long(76), "a description has 76"),
        ("/blocks/2/element/options", json!([]), "options has 0 items"),
        ("/blocks/3/element/max_length", json!(3_001), "max_length goes to 3,000"),
    ] {
        let mut view = view();
        *view.pointer_mut(path).expect("a path") = other;
        let said = bot.call(Method::OpenView, &json!({ "trigger_id": trigger, "view": view })).await;
        let violations = bot.take_violations();
        assert!(said.code() == "invalid_blocks" && violations.contains(violation), "{path}: {violations}");
    }
    bot.slack.assert_clean();
}
