//! Requests to the webhook that Slack would not send: each is refused, counted and not handled.

use serde_json::{Value, json};

use super::{
    LOBBY, NAMED, PROMPT, Setup, SlackScenario,
    common::{calls, model_calls},
    gated_race, single_model,
};
use crate::support::{
    program::get,
    provider::Gate,
    slack::{Forgery, Method, SignedRequest},
};

/// A command that would be a race.
fn command(trigger: &str) -> Value {
    json!({
        "token": "t", "team_id": "T0TEAM", "team_domain": "story", "channel_id": LOBBY, "channel_name": "lobby",
        "user_id": NAMED.id, "user_name": NAMED.name, "command": "/arena", "text": format!("compare {PROMPT}?"),
        "api_app_id": "A0ARENA", "is_enterprise_install": "false", "trigger_id": trigger,
        "response_url": "http://127.0.0.1:9/hooks/none",
    })
}

/// Returns the value of a metric, by the start of its line, or 0.
async fn metric(scenario: &SlackScenario, line: &str) -> u64 {
    let (status, text) = get(scenario.service.address, "/metrics").await.expect("an answer");
    assert_eq!(status, 200);
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0, |value| value.parse().expect("a number"))
}

async fn refused(scenario: &SlackScenario, reason: &str) -> u64 {
    metric(scenario, &format!("arena_slack_refused_requests_total{{reason=\"{reason}\"}}")).await
}

/// Checks that nothing was handled.
async fn nothing_came(scenario: &SlackScenario) {
    assert_eq!(
        (model_calls(scenario), calls(scenario, Method::PostMessage), calls(scenario, Method::Respond)),
        (0, 0, 0)
    );
    assert_eq!(metric(scenario, "arena_commands_total{platform=\"slack\",command=\"compare\"}").await, 0);
}

#[tokio::test]
async fn a_signature_that_is_not_slacks_is_refused() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    let wrong =
        [Forgery::OtherBody, Forgery::OtherKey, Forgery::OtherTimestamp, Forgery::Unsigned, Forgery::Garbage];
    for (n, forgery) in (1..).zip(wrong) {
        let request =
            scenario.slack.signed_request("slash_commands", &command(&format!("trigger-{n}")), forgery);
        let (status, text) = scenario.slack.send(&request).await;
        assert_eq!((status, text.as_str()), (401, "invalid request signature"), "{forgery:?}");
        assert_eq!(refused(&scenario, "signature").await, n, "{forgery:?}");
    }
    for kind in ["interactive", "events_api"] {
        let request = scenario.slack.signed_request(kind, &json!({ "type": "surprise" }), Forgery::OtherKey);
        assert_eq!(scenario.slack.send(&request).await.0, 401, "{kind}");
    }
    nothing_came(&scenario).await;
    scenario.finish().await;
}

#[tokio::test]
async fn what_is_not_of_these_minutes_is_refused() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    for (n, age) in (1..).zip([310, -310, 86_400]) {
        let request = scenario.slack.signed_request(
            "slash_commands",
            &command(&format!("trigger-{n}")),
            Forgery::Age(age),
        );
        assert_eq!(scenario.slack.send(&request).await.0, 401, "{age}");
        assert_eq!(refused(&scenario, "window").await, n);
    }
    nothing_came(&scenario).await;
    // slow, but Slack's
    for age in [280, -280] {
        let help = json!({ "text": "help", "trigger_id": format!("slow{age}") });
        let request =
            scenario.slack.signed_request("slash_commands", &merged(command(""), &help), Forgery::Age(age));
        let (status, text) = scenario.slack.send(&request).await;
        assert!(status == 200 && text.contains("/arena compare"), "{status} {text}");
    }
    scenario.finish().await;
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        base[key] = value.clone();
    }
    base
}

#[tokio::test]
async fn a_replay_and_a_body_without_end_are_refused() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    let help = merged(command("once"), &json!({ "text": "help" }));
    let request = scenario.slack.signed_request("slash_commands", &help, Forgery::None);
    assert_eq!(scenario.slack.send(&request).await.0, 200);
    for n in 1..=2 {
        assert_eq!(scenario.slack.send(&request).await.0, 409);
        assert_eq!(refused(&scenario, "replay").await, n);
    }
    let huge = merged(command("huge"), &json!({ "text": "x".repeat(1024 * 1024) }));
    let request = scenario.slack.signed_request("slash_commands", &huge, Forgery::None);
    assert_eq!(scenario.slack.send(&request).await.0, 413);
    assert_eq!(refused(&scenario, "size").await, 1);
    nothing_came(&scenario).await;
    assert_eq!(metric(&scenario, "arena_commands_total{platform=\"slack\",command=\"help\"}").await, 1);
    scenario.finish().await;
}

/// Signed but unreadable: an error would only make Slack send it again.
#[tokio::test]
async fn what_nobody_can_read_is_acknowledged_and_counted() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    for kind in ["slash_commands", "interactive", "events_api"] {
        let request =
            scenario.slack.signed_request(kind, &json!({ "type": "surprise", "n": "1" }), Forgery::None);
        assert_eq!(scenario.slack.send(&request).await, (200, String::new()), "{kind}");
    }
    for reason in ["command", "interaction", "event"] {
        let line = format!("arena_slack_unreadable_total{{reason=\"{reason}\"}}");
        assert_eq!(metric(&scenario, &line).await, 1, "{reason}");
    }
    scenario.finish().await;
}

#[tokio::test]
async fn the_question_whether_we_are_there_is_answered() {
    let scenario = SlackScenario::start(single_model(""), []).await;
    let question =
        json!({ "type": "url_verification", "token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY" });
    for (forgery, status) in [(Forgery::None, 200), (Forgery::OtherKey, 401)] {
        let request = scenario.slack.signed_request("events_api", &question, forgery);
        let (told, text) = scenario.slack.send(&request).await;
        assert_eq!((told, text.contains("3eZbrw1aBm2rZgRNFdxV2595E9CY")), (status, status == 200), "{text}");
    }
    scenario.finish().await;
}

/// Slack's own retries are acknowledged with 200 and dropped.
#[tokio::test]
async fn retries_of_an_event_run_once() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup::default(), gated_race(&gate)).await;
    let ts = scenario.slack.write_message("mention", NAMED, LOBBY, None);
    let event = json!({
        "type": "event_callback", "token": "t", "team_id": "T0TEAM", "api_app_id": "A0ARENA", "event_id": "Ev0RETRY",
        "event_time": 1_764_000_000,
        "event": {
            "type": "app_mention", "user": NAMED.id, "channel": LOBBY, "team": "T0TEAM", "ts": ts, "event_ts": ts,
            "text": format!("<@U0ARENA> compare {PROMPT}?"),
        },
    });
    for number in 0..=3 {
        let mut request: SignedRequest = scenario.slack.signed_request("events_api", &event, Forgery::None);
        if number > 0 {
            request.headers.push(("X-Slack-Retry-Num", number.to_string()));
            request.headers.push(("X-Slack-Retry-Reason", "http_timeout".into()));
        }
        assert_eq!(scenario.slack.send(&request).await, (200, String::new()), "{number}");
    }
    gate.open();
    let done = |world: &crate::support::slack::World| {
        world.public(LOBBY).find(|message| message.text().contains("(race.png")).map(drop)
    };
    scenario.slack.until(done).await;
    assert_eq!((model_calls(&scenario), calls(&scenario, Method::PostMessage)), (2, 1));
    assert_eq!(metric(&scenario, "arena_slack_duplicates_total").await, 3);
    scenario.finish().await;
}
