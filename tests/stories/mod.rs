//! Stories: real sockets, a real clock, gates instead of sleeps. Each plays against a provider that is a
//! referee ([`crate::support::provider`]).

mod blind_terminal;
mod board;
mod canaries;
mod caps;
mod command_line;
mod conversations;
mod discord;
mod faults;
mod files;
mod history;
pub mod incidents;
mod listener;
mod misconfigured;
mod personas;
mod probes;
mod race;
mod real_llm;
mod recovery;
mod referee;
mod service;
mod simulated;
mod slack;
mod start;
mod terminal_follow_ups;
mod together;
mod votes;
mod watching;
mod ways_in;
mod wire;

use std::sync::Arc;

use llm_arena::{
    arena::{Arena, Limits, Origin, Recorded},
    model::{ChatModel, Color, ModelCard, ModelId},
    provider::{Deadlines, OpenAiModel, Provider, Settings},
    race::{Asker, Record},
};
use secrecy::SecretString;

use crate::support::{
    scenario::{KEY, program},
    service::{TestService, assert_no_errors},
    wait::{eventually, with_timeout},
    window::Window,
};

const LIMITS: Limits =
    Limits { prompt_chars: 6_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute: 60 };

/// A client's side of the provider at this base URL.
fn provider(base_url: &str, key: Option<&str>) -> Arc<Provider> {
    let url = base_url.parse().expect("a URL");
    Arc::new(Provider::new("fake", url, key.map(SecretString::from)))
}

/// The real client of `model` there; its id is its name at the provider.
fn model(provider: &Arc<Provider>, name: &str, deadlines: Deadlines) -> Arc<dyn ChatModel> {
    let settings = Settings { model: name.into(), deadlines, ..Settings::default() };
    Arc::new(OpenAiModel::new(card(name), Arc::clone(provider), settings))
}

pub fn card(name: &str) -> ModelCard {
    ModelCard {
        id: ModelId::new(name),
        name: name.to_owned(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 69, g: 148, b: 240 },
        provider: "fake".into(),
        simulated: false,
        vision: false,
        prices: None,
    }
}

fn arena(models: impl IntoIterator<Item = Arc<dyn ChatModel>>) -> Arena {
    Arena::new(models.into_iter().collect(), LIMITS)
}

async fn admit(arena: &Arena) -> Recorded {
    let asker = Asker { id: "test:ana".into(), name: "ana".into() };
    let admitted = arena.admit(asker, &[], "why is the sky blue?".into()).expect("admitted");
    arena.record(admitted, &Origin::default()).await.expect("recorded")
}

/// Runs a race of all models to its end.
async fn race(arena: &Arena) -> Arc<Record> {
    let (mut window, _) = Window::new();
    with_timeout(arena.race(admit(arena).await, &mut window)).await
}
