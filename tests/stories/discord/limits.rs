//! Refusals by 429: the referee counts every call that comes before the time that it told.

use std::time::Duration;

use super::{DiscordScenario, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Place, Scope, Span},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_of_any_scope_is_waited_for() {
    let scopes = [Scope::User, Scope::Global, Scope::Shared];
    let gates = scopes.map(|_| Gate::default());
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (scope, gate) in scopes.into_iter().zip(&gates) {
        let asked = asks(&scenario, Place::Server).await;
        scenario.discord.limits_next(Family::Edit, scope, 1_300.ms());
        are_met(&scenario).await;
        scenario.discord.limits_next(Family::FinalEdit, scope, 700.ms());
        scenario.discord.limits_next(Family::Upload, scope, 900.ms());
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&scenario).await;
    }
    for (wait, told) in waits(&scenario).into_iter().zip([1_300.ms(), 700.ms(), 900.ms()].into_iter().cycle())
    {
        assert!(wait >= told, "{wait:?} after a refusal for {told:?}");
    }
    scenario.finish().await;
}

/// How long after each refusal the next call about the same came.
fn waits(scenario: &DiscordScenario) -> Vec<Duration> {
    let calls = scenario.discord.world(|world| world.calls.clone());
    let next = |at: usize| {
        let refused = &calls[at];
        let next = calls[at + 1..].iter().find(|call| call.target == refused.target).expect("another call");
        next.at.duration_since(refused.at)
    };
    (0..calls.len()).filter(|at| calls[*at].status == 429).map(next).collect()
}

#[tokio::test]
async fn a_refusal_of_the_first_answer_is_waited_for() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = DiscordScenario::start(alone(""), gates.iter().map(halves)).await;
    for (scope, gate) in [Scope::User, Scope::Global].into_iter().zip(&gates) {
        scenario.discord.limits_next(Family::Callback, scope, 400.ms());
        let asked = asks(&scenario, Place::Server).await;
        gate.open();
        ends_with_chart(&asked).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn in_a_channel_the_refusals_are_waited_for_as_well() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(alone("token_seconds = 1"), [halves(&gate)]).await;
    let asked = asks(&scenario, Place::Server).await;
    for scope in [Scope::User, Scope::Shared, Scope::Global] {
        scenario.discord.limits_next(Family::ChannelEdit, scope, 1_200.ms());
    }
    are_met(&scenario).await;
    gate.open();
    ends_with_chart(&asked).await;
    scenario.finish().await;
}
