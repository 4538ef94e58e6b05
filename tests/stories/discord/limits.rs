//! Refusals by 429: the referee counts every call that comes before the time that it told.

use super::{Stage, alone, are_met, asks, ends_with_chart, halves};
use crate::support::{
    discord::{Family, Place, Scope, Span},
    provider::Gate,
};

#[tokio::test]
async fn a_refusal_of_any_scope_is_waited_for_exactly() {
    let scopes = [Scope::User, Scope::Global, Scope::Shared];
    let gates = scopes.map(|_| Gate::default());
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (scope, gate) in scopes.into_iter().zip(&gates) {
        let asked = asks(&stage, Place::Server).await;
        stage.discord.limits_next(Family::Edit, scope, 1_300.ms());
        are_met(&stage).await;
        stage.discord.limits_next(Family::FinalEdit, scope, 700.ms());
        stage.discord.limits_next(Family::Upload, scope, 900.ms());
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&stage).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn a_refusal_of_the_first_answer_is_waited_for() {
    let gates = [Gate::default(), Gate::default()];
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (scope, gate) in [Scope::User, Scope::Global].into_iter().zip(&gates) {
        stage.discord.limits_next(Family::Callback, scope, 400.ms());
        let asked = asks(&stage, Place::Server).await;
        gate.open();
        ends_with_chart(&asked).await;
    }
    stage.ends().await;
}

#[tokio::test]
async fn in_a_channel_the_refusals_are_waited_for_as_well() {
    let gate = Gate::default();
    let stage = Stage::open(alone("token_seconds = 1"), [halves(&gate)]).await;
    let asked = asks(&stage, Place::Server).await;
    for scope in [Scope::User, Scope::Shared, Scope::Global] {
        stage.discord.limits_next(Family::ChannelEdit, scope, 1_200.ms());
    }
    are_met(&stage).await;
    gate.open();
    ends_with_chart(&asked).await;
    stage.ends().await;
}
