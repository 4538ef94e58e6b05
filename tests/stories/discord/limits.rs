//! 429s: the referee counts every call before the announced time.

use std::time::Duration;

use super::{
    DiscordScenario, assert_ends, assert_ends_with_chart, gated_answer, gated_pair, single_model, start_race,
    two_models, wait_for_faults,
};
use crate::support::{
    discord::{ChannelKind, Family, Scope, Span},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_of_any_scope_is_waited_for() {
    let scopes = [Scope::User, Scope::Global, Scope::Shared];
    let gates = scopes.map(|_| Gate::default());
    let scenario = DiscordScenario::start(two_models(""), gates.iter().flat_map(gated_pair)).await;
    for (scope, gate) in scopes.into_iter().zip(&gates) {
        let request = start_race(&scenario, ChannelKind::Server).await;
        scenario.discord.rate_limit_next(Family::Edit, scope, 1_300.ms());
        wait_for_faults(&scenario).await;
        scenario.discord.rate_limit_next(Family::FinalEdit, scope, 700.ms());
        scenario.discord.rate_limit_next(Family::Upload, scope, 900.ms());
        gate.open();
        assert_ends_with_chart(&request).await;
        wait_for_faults(&scenario).await;
    }
    for (wait, told) in waits(&scenario).into_iter().zip([1_300.ms(), 700.ms(), 900.ms()].into_iter().cycle())
    {
        assert!(wait >= told, "{wait:?} after a refusal for {told:?}");
    }
    scenario.finish().await;
}

/// Returns the time from each refusal to the next call about the same.
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
    let scenario = DiscordScenario::start(single_model(""), gates.iter().map(gated_answer)).await;
    for (scope, gate) in [Scope::User, Scope::Global].into_iter().zip(&gates) {
        scenario.discord.rate_limit_next(Family::Callback, scope, 400.ms());
        let request = start_race(&scenario, ChannelKind::Server).await;
        gate.open();
        assert_ends(&request).await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn in_a_channel_the_refusals_are_waited_for_as_well() {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(two_models("token_seconds = 1"), gated_pair(&gate)).await;
    let request = start_race(&scenario, ChannelKind::Server).await;
    for scope in [Scope::User, Scope::Shared, Scope::Global] {
        scenario.discord.rate_limit_next(Family::ChannelEdit, scope, 1_200.ms());
    }
    wait_for_faults(&scenario).await;
    gate.open();
    assert_ends_with_chart(&request).await;
    scenario.finish().await;
}
