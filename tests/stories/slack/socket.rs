//! Socket Mode failures: the race continues, commands are answered, nothing runs twice.

use super::{
    ANSWER, LOBBY, PROMPT, Setup, SlackScenario, Transport,
    common::{calls, model_calls},
    eventually, single_model, with_timeout,
};
use crate::support::{
    provider::{Answer, Gate, answer},
    slack::{
        ANA, Method,
        socket::{Acceptance, FakeSocket, Truth},
    },
};

fn says(word: &str) -> Answer {
    answer("a").role().says(ANSWER).says(word).whole()
}

fn socket(scenario: &SlackScenario) -> &FakeSocket {
    scenario.socket.as_ref().expect("a socket")
}

/// Types a command and checks that a race with this word answers it.
async fn is_answered(scenario: &SlackScenario, word: &str) {
    let request =
        scenario.slack.type_command("/arena", &format!("compare {PROMPT} {}", word.trim()), ANA, LOBBY);
    request.wait_for_text(word.trim()).await;
    request.wait_for_end().await;
    assert_eq!(request.action().acks.len(), 1);
}

async fn is_ready(scenario: &SlackScenario) {
    eventually(async || scenario.service.ready().await.0 == 200).await;
}

/// Lets `trouble` strike during a race. A command is answered at once if connections are left then, and another one
/// when all are `back`.
async fn through(trouble: impl Fn(&FakeSocket), serves_on: bool, back: impl Fn(&Truth, &Truth) -> bool) {
    let gate = Gate::default();
    let first = answer("a").role().says(ANSWER).says(" Air").waits_for(&gate).says(" blue").whole();
    let answers = [first, says(" Meanwhile"), says(" Again")];
    let scenario =
        SlackScenario::start(Setup { transport: Transport::Socket, ..single_model("") }, answers).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} why"), ANA, LOBBY);
    race.wait_for_text("Air").await;
    let before = socket(&scenario).truth();
    trouble(socket(&scenario));
    if serves_on {
        is_answered(&scenario, " Meanwhile").await;
    }
    with_timeout(socket(&scenario).until(|truth| back(&before, truth))).await;
    gate.open();
    race.wait_for_text("Air blue").await;
    race.wait_for_end().await;
    if !serves_on {
        is_answered(&scenario, " Meanwhile").await;
    }
    is_answered(&scenario, " Again").await;
    is_ready(&scenario).await;
    assert_eq!((model_calls(&scenario), calls(&scenario, Method::UserInfo)), (3, 1));
    assert_eq!(socket(&scenario).truth().undelivered, 0);
    scenario.finish().await;
}

/// Two connections, none of those before.
fn are_new(before: &Truth, now: &Truth) -> bool {
    now.live.len() == 2 && now.live.iter().all(|link| !before.live.contains(link))
}

#[tokio::test]
async fn a_refresh_and_a_warning_leave_no_gap() {
    for reason in ["warning", "refresh_requested"] {
        through(|socket| socket.disconnects(reason), true, are_new).await;
    }
}

#[tokio::test]
async fn connections_that_break_are_opened_again() {
    for trouble in [FakeSocket::resets, FakeSocket::closes] {
        through(trouble, false, are_new).await;
    }
}

/// An administrator switches Socket Mode off and on again.
#[tokio::test]
async fn a_disabled_link_is_said_and_opened_again() {
    through(|socket| socket.disconnects("link_disabled"), false, are_new).await;
}

#[tokio::test]
async fn frames_that_nobody_understands_change_nothing() {
    let garbage = |socket: &FakeSocket| {
        socket.garbage("{\"type\": \"surprise\"");
        socket.binary(&[0, 159, 146, 150]);
    };
    through(garbage, true, |before, now| before.live == now.live).await;
}

/// Dark connections are given up after 25 s without even a pong.
#[tokio::test]
async fn dark_connections_are_replaced() {
    through(FakeSocket::goes_dark, false, are_new).await;
}

/// An envelope that is repeated over the other connection runs once.
#[tokio::test]
async fn an_envelope_that_comes_twice_runs_once() {
    let scenario =
        SlackScenario::start(Setup { transport: Transport::Socket, ..single_model("") }, [says(" Once")])
            .await;
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT} why"), ANA, LOBBY);
    scenario.slack.redeliver(&request);
    request.wait_for_text("Once").await;
    scenario.slack.redeliver(&request);
    request.wait_for_end().await;
    eventually(async || request.action().acks.len() == 3).await;
    let links: Vec<_> = socket(&scenario).truth().sent.iter().map(|sent| sent.link).collect();
    assert!(links[0] != links[1] && links[0] == links[2], "{links:?}");
    assert_eq!((calls(&scenario, Method::PostMessage), request.action().acks.len()), (1, 3));
    scenario.finish().await;
}

/// The readiness probe reports the state of the connections, and the reason.
#[tokio::test]
async fn readiness_is_that_of_the_connections() {
    let mut scenario =
        SlackScenario::start(Setup { transport: Transport::Socket, ..single_model("") }, [says(" Back")])
            .await;
    for (acceptance, disable) in [(Acceptance::Shut, false), (Acceptance::Busy, true)] {
        is_ready(&scenario).await;
        socket(&scenario).acceptance(acceptance);
        if disable {
            socket(&scenario).disconnects("link_disabled");
        } else {
            socket(&scenario).resets();
        }
        let is_unready = async || {
            let (status, said) = scenario.service.ready().await;
            assert!(status == 200 || said.starts_with("Slack"), "{said}");
            status == 503
        };
        eventually(is_unready).await;
        socket(&scenario).acceptance(Acceptance::Open);
        with_timeout(socket(&scenario).until(|truth| truth.live.len() == 2)).await;
    }
    is_ready(&scenario).await;
    scenario.service.wait_for_log("Socket Mode is switched off").await;
    is_answered(&scenario, " Back").await;
    scenario.finish().await;
}
