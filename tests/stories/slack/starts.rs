//! Starts on a bad day.

use super::{
    KEY, Setup, SlackScenario, Transport,
    common::{calls, model_calls},
    single_model, with_timeout,
};
use crate::support::{
    program::{Outcome, free_address},
    provider::{FakeProvider, Rules},
    scenario::slack::configured,
    slack::{ANA, FakeSlack, LOBBY, Method},
};

on_both_transports!(
    a_slack_that_is_not_there_at_the_start_is_waited_for,
    a_slack_that_is_broken_at_the_start_is_waited_for,
);

const TRANSPORTS: [Transport; 2] = [Transport::Http, Transport::Socket];

/// Checks that the service is ready and answers.
async fn is_there(scenario: &mut SlackScenario) {
    scenario.service.wait_for_log("Slack knows the bot").await;
    if let Some(socket) = &scenario.socket {
        with_timeout(socket.until(|truth| truth.live.len() == 2)).await;
    }
    assert_eq!(scenario.service.ready().await, (200, "ready\n".into()));
    scenario.slack.type_command("/arena", "help", ANA, LOBBY).wait_for_private_text("/arena compare").await;
}

async fn is_not_ready(scenario: &SlackScenario) -> String {
    let (status, said) = scenario.service.ready().await;
    assert!(status == 503 && said.starts_with("Slack"), "{status} {said}");
    said
}

async fn a_slack_that_is_not_there_at_the_start_is_waited_for(transport: Transport) {
    let slack = FakeSlack::closed();
    let mut scenario = SlackScenario::launch(slack, Setup { transport, ..single_model("") }, []).await;
    // after some tries
    scenario.service.wait_for_log("retry_in\":\"4s").await;
    is_not_ready(&scenario).await;
    scenario.slack.open_port().await;
    is_there(&mut scenario).await;
    scenario.finish().await;
}

/// Slack takes the last frames one after the other: a warning at the start says when the drain is too short for all
/// races that the operator allows.
#[tokio::test]
async fn a_drain_that_is_too_short_for_slack_is_said_at_the_start() {
    for (lines, said) in [
        ("[arena]", None),
        ("[arena]\nconcurrent_races = 60", Some("set it to ")),
        ("[arena]\nconcurrent_races = 12", None),
    ] {
        let mut scenario = SlackScenario::start(Setup { lines, ..single_model("") }, []).await;
        if let Some(said) = said {
            scenario.service.wait_for_log(said).await;
        }
        let log = scenario.finish().await;
        let told =
            log.iter().any(|line| line.contains("\"WARN\"") && line.contains("drain_seconds is too short"));
        assert_eq!(told, said.is_some(), "{lines}");
    }
}

async fn a_slack_that_is_broken_at_the_start_is_waited_for(transport: Transport) {
    let slack = FakeSlack::open().await;
    let methods = [Method::AuthTest, Method::OpenConnection];
    for method in &methods[..if transport == Transport::Socket { 2 } else { 1 }] {
        slack.fail_next(*method, 503);
        slack.cut_next(*method, crate::support::slack::Moment::Before);
        slack.refuse_next(*method, "internal_error");
        slack.rate_limit_next(*method, std::time::Duration::from_secs(1));
    }
    let mut scenario = SlackScenario::launch(slack, Setup { transport, ..single_model("") }, []).await;
    is_not_ready(&scenario).await;
    is_there(&mut scenario).await;
    scenario.finish().await;
}

#[tokio::test]
async fn calls_that_hang_at_the_start_are_given_up_and_made_again() {
    let slack = FakeSlack::open().await;
    let hung = [slack.hang_next(Method::AuthTest), slack.hang_next(Method::OpenConnection)];
    let mut scenario =
        SlackScenario::launch(slack, Setup { transport: Transport::Socket, ..single_model("") }, []).await;
    for hung in &hung {
        hung.reached().await;
    }
    let said = is_not_ready(&scenario).await;
    assert!(said.contains("not connected yet"), "{said}");
    is_there(&mut scenario).await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_wrong_bot_token_is_said_where_operators_look() {
    for transport in TRANSPORTS {
        let slack = FakeSlack::open().await;
        slack.world(|world| world.revoked.push(world.bot_token.clone()));
        is_refused(slack, transport, "SLACK_BOT_TOKEN", Method::AuthTest).await;
    }
}

#[tokio::test]
async fn so_is_a_wrong_app_token() {
    let slack = FakeSlack::open().await;
    slack.world(|world| world.revoked.push(world.app_token.clone()));
    is_refused(slack, Transport::Socket, "SLACK_APP_TOKEN", Method::OpenConnection).await;
}

/// Slack is asked once; the service logs the reason and stays up.
async fn is_refused(slack: FakeSlack, transport: Transport, name: &str, method: Method) {
    let mut scenario = SlackScenario::launch(slack, Setup { transport, ..single_model("") }, []).await;
    scenario.service.wait_for_log(name).await;
    let said = is_not_ready(&scenario).await;
    assert!(said.contains(name), "{said}");
    assert_eq!((calls(&scenario, method), model_calls(&scenario)), (1, 0));
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert!(log.iter().any(|line| line.contains("\"ERROR\"") && line.contains(name)), "{log:#?}");
}

async fn checked(slack: &FakeSlack, transport: Transport) -> Outcome {
    let provider = FakeProvider::open_with(Rules { key: Some(KEY.into()), ..Rules::default() }, []).await;
    let program = configured(slack, &provider, &Setup { transport, ..single_model("") }, free_address());
    let outcome = with_timeout(program.run(&["check"])).await;
    for secret in slack.world(|world| world.secrets()) {
        assert!(!outcome.stdout.contains(&secret) && !outcome.stderr.contains(&secret), "{outcome:?}");
    }
    outcome
}

#[tokio::test]
async fn check_tells_whether_the_tokens_are_right() {
    for transport in TRANSPORTS {
        let slack = FakeSlack::open().await;
        let right = checked(&slack, transport).await;
        assert!(
            right.code == Some(0) && right.stdout.contains("Slack: ready, workspace T0TEAM"),
            "{right:?}"
        );
        let opened = slack.world(|world| world.connections_opened);
        assert_eq!(opened, usize::from(transport == Transport::Socket));
        slack.world(|world| world.revoked.push(world.app_token.clone()));
        let app = checked(&slack, transport).await;
        let told = app.code == Some(1) && app.stdout.contains("SLACK_APP_TOKEN");
        assert_eq!(told, transport == Transport::Socket, "{app:?}");
        slack.world(|world| world.revoked.push(world.bot_token.clone()));
        let bot = checked(&slack, transport).await;
        assert!(bot.code == Some(1) && bot.stdout.contains("SLACK_BOT_TOKEN"), "{bot:?}");
        slack.world(|world| world.useless_calls = 0);
    }
    let nowhere = checked(&FakeSlack::closed(), Transport::Http).await;
    assert!(nowhere.code == Some(1) && nowhere.stdout.contains("Slack: no connection"), "{nowhere:?}");
}
