//! Gateway failures: the race continues, commands from meanwhile are answered, nothing runs twice.

use std::time::Duration;

use super::{DiscordScenario, Setup, Transport, with_timeout};
use crate::support::{
    discord::{ANA, ChannelKind, gateway::FakeGateway},
    provider::{Gate, answer},
};

const HEARTBEAT: Duration = Duration::from_secs(2);

/// Lets `trouble` strike during a race; once `back` is true, another command is answered.
async fn through(
    trouble: impl Fn(&FakeGateway),
    back: impl Fn(&crate::support::discord::gateway::Truth) -> bool,
) {
    let gate = Gate::default();
    let answers = [
        answer("a").role().says("Air").waits_for(&gate).says(" blue").whole(),
        answer("a").role().says("Again").whole(),
    ];
    let setup = Setup {
        transport: Transport::Gateway,
        models: &[("a", "")],
        heartbeat: HEARTBEAT,
        ..Setup::default()
    };
    let scenario = DiscordScenario::start(setup, answers).await;
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    let race =
        scenario.discord.type_command("/arena compare", &[("prompt", "why")], ANA, ChannelKind::Server);
    race.wait_for_text("Air").await;
    trouble(gateway);
    gate.open();
    race.wait_for_text("Air blue").await;
    with_timeout(gateway.until(|truth| truth.live > 0 && back(truth))).await;
    gateway.give_acks();
    let second =
        scenario.discord.type_command("/arena compare", &[("prompt", "why not")], ANA, ChannelKind::Server);
    second.wait_for_text("Again").await;
    second.wait_for_end().await;
    scenario.finish().await;
}

#[tokio::test]
async fn it_resumes_when_it_is_told_to_reconnect() {
    through(FakeGateway::reconnect, |truth| truth.resumes.len() == 1).await;
}

#[tokio::test]
async fn it_resumes_when_the_connection_drops() {
    through(FakeGateway::drop_connection, |truth| truth.resumes.len() == 1).await;
}

#[tokio::test]
async fn it_resumes_a_session_that_is_invalid_for_now() {
    through(|gateway| gateway.invalid_session(true), |truth| truth.resumes.len() == 1).await;
}

#[tokio::test]
async fn it_begins_anew_when_the_session_is_lost() {
    through(|gateway| gateway.invalid_session(false), |truth| truth.identifies.len() == 2).await;
}

#[tokio::test]
async fn it_leaves_a_gateway_that_has_no_heart() {
    through(FakeGateway::withhold_acks, |truth| truth.identifies.len() + truth.resumes.len() == 2).await;
}

#[tokio::test]
async fn it_leaves_a_gateway_that_closes_without_a_word() {
    through(FakeGateway::close_without_code, |truth| truth.identifies.len() + truth.resumes.len() == 2).await;
}

/// Commands that were typed during an outage arrive with the resume.
#[tokio::test]
async fn what_was_typed_meanwhile_is_not_lost() {
    let setup = Setup { transport: Transport::Gateway, models: &[("a", "")], ..Setup::default() };
    let scenario = DiscordScenario::start(setup, []).await;
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    gateway.drop_connection();
    let help = scenario.discord.type_command("/arena help", &[], ANA, ChannelKind::Server);
    help.wait_for_text("tok/s").await;
    assert_eq!(gateway.truth().identifies.len(), 1);
    scenario.finish().await;
}
