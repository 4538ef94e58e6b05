//! Settings become models: real ones behind their provider, simulated ones where there is no key.

use std::{collections::HashMap, sync::Arc};

use crate::{
    config::{Config, ModelConfig, ProviderKey},
    model::ChatModel,
    provider::{
        Deadlines, OpenAiModel, Provider, Settings,
        simulated::{SimulatedModel, server::ServedModel},
    },
};

/// The line-up in its order.
pub(super) fn models(config: &Config) -> Vec<Arc<dyn ChatModel>> {
    let providers: HashMap<&str, Arc<Provider>> = config
        .providers
        .iter()
        .map(|settings| {
            let key = match &settings.key {
                ProviderKey::Key(key) => Some(key.clone()),
                ProviderKey::NotNeeded | ProviderKey::Simulate => None,
            };
            (settings.id.as_str(), Arc::new(Provider::new(&settings.id, settings.base_url.clone(), key)))
        })
        .collect();
    let model = |settings: &ModelConfig| -> Arc<dyn ChatModel> {
        match providers.get(settings.provider.as_str()) {
            Some(provider) if !settings.card.simulated => {
                let card = settings.card.clone();
                Arc::new(OpenAiModel::new(card, Arc::clone(provider), real(settings, config)))
            }
            _ => Arc::new(actor(settings)),
        }
    };
    config.models.iter().map(model).collect()
}

fn real(settings: &ModelConfig, config: &Config) -> Settings {
    Settings {
        model: settings.model.clone(),
        system: settings.system.clone(),
        system_role: settings.system_role,
        temperature: settings.temperature,
        max_tokens: settings.max_tokens,
        extra: settings.extra.clone(),
        deadlines: Deadlines {
            connect: config.timeouts.connect,
            first_token: settings.first_token.unwrap_or(config.timeouts.first_token),
            idle: settings.idle.unwrap_or(config.timeouts.idle),
            total: config.timeouts.total,
        },
    }
}

fn actor(settings: &ModelConfig) -> SimulatedModel {
    SimulatedModel::new(settings.card.clone(), settings.max_tokens)
}

/// The line-up as the simulated server offers it: every model under its id and under its provider's name.
pub(super) fn simulated(config: &Config) -> Vec<ServedModel> {
    let served = |settings: &ModelConfig| ServedModel {
        names: vec![settings.card.id.to_string(), settings.model.clone()],
        model: Arc::new(actor(settings)),
    };
    config.models.iter().map(served).collect()
}
