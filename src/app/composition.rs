//! The composition of the configuration: one value with everything that a command of the program needs. Nothing is opened
//! or called while it is made.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::runtime::Handle;
use uuid::Uuid;

use crate::{
    alert::AlertChannel,
    arena::{Arena, BlindSettings, Canary, Caps, Limits, Persona, WatchSettings},
    config::{
        CanaryConfig, Config, DiscordMode, ExampleConfig, ModelConfig, PersonaConfig, ProviderConfig,
        ProviderKey, SlackMode,
    },
    discord,
    guide::Example,
    model::{ChatModel, Identity},
    provider::{
        Deadlines, OpenAiModel, Provider, Settings,
        simulated::{SimulatedModel, server::ServedModel},
    },
    race::cost::Cost,
    slack,
    store::{self, Store},
};

/// The time between two probes of a suspicion.
const PROBE_INTERVAL: Duration = Duration::from_mins(1);

/// The configuration, composed.
pub(super) struct Composition {
    /// The configuration itself, for addresses and durations.
    pub(super) config: Config,
    /// The runtime of the lanes.
    pub(super) lane_runtime: Handle,
    /// The line-up in its order: real models behind their providers, simulated ones where there is no key.
    models: Vec<Arc<dyn ChatModel>>,
    /// The first real model of each provider, by the provider's id, for tests of the provider.
    pub(super) first_models: Vec<(String, OpenAiModel)>,
    /// The example prompts.
    pub(super) examples: Vec<Example>,
    /// The Discord surface, if it has its credentials.
    pub(super) discord: Option<discord::Settings>,
    /// The Slack surface, if it has its credentials.
    pub(super) slack: Option<slack::Settings>,
}

impl Composition {
    /// Composes `config`; the lanes of all races run on `lane_runtime`.
    pub(super) fn new(config: Config, lane_runtime: Handle) -> Self {
        let examples: Vec<_> = config.examples.iter().map(example).collect();
        let (discord, slack) = (discord(&config, &examples), slack(&config, &examples));
        let providers = providers(&config);
        let first_models = first_models(&config, &providers);
        Self {
            lane_runtime,
            models: models(&config, &providers),
            first_models,
            examples,
            discord,
            slack,
            config,
        }
    }

    /// Returns true if a chat platform has its credentials.
    pub(super) fn has_chat_platform(&self) -> bool {
        self.discord.is_some() || self.slack.is_some()
    }

    /// Returns a sentence for each channel of alerts on a platform without credentials.
    pub(super) fn unused_alerts(&self) -> Vec<&'static str> {
        let alerts = &self.config.alerts;
        let discord = alerts.discord_channel.is_some() && self.discord.is_none();
        let slack = alerts.slack_channel.is_some() && self.slack.is_none();
        let all = [
            (discord, "[alerts] discord_channel is set, but Discord is off: set DISCORD_TOKEN"),
            (slack, "[alerts] slack_channel is set, but Slack is off: set SLACK_BOT_TOKEN"),
        ];
        all.into_iter().filter(|(is_unused, _)| *is_unused).map(|(_, sentence)| sentence).collect()
    }

    /// Returns a new arena with the line-up, without persistence.
    pub(super) fn arena(&self) -> Arena {
        self.arena_at_rate(self.config.arena.races_per_user_per_minute)
    }

    /// Returns [`Self::arena`] without a limit on the rate, which is one for people in a channel.
    pub(super) fn unlimited_arena(&self) -> Arena {
        self.arena_at_rate(u32::MAX)
    }

    fn arena_at_rate(&self, races_per_minute: u32) -> Arena {
        let settings = &self.config.arena;
        let limits = Limits {
            prompt_chars: settings.max_prompt_chars,
            output_tokens: settings.max_output_tokens,
            concurrent_races: settings.concurrent_races,
            races_per_minute: races_per_minute as usize,
        };
        let blind = BlindSettings {
            deadline: self.config.blind.deadline,
            open_for: Duration::from_mins(self.config.blind.minutes),
        };
        let persona = |settings: &PersonaConfig| Persona {
            id: settings.id.clone(),
            text: settings.text.as_str().into(),
        };
        let personas = self.config.personas.iter().map(persona).collect();
        let arena = Arena::new(self.models.clone(), limits).with_blind_races(blind);
        arena
            .with_canaries(self.canaries())
            .with_personas(personas)
            .with_lane_runtime(self.lane_runtime.clone())
    }

    /// Returns the canaries.
    pub(super) fn canaries(&self) -> Vec<Canary> {
        let canary = |settings: &CanaryConfig| Canary {
            id: settings.id.clone(),
            schedule: settings.schedule.clone(),
            schedule_text: settings.schedule_text.clone(),
            models: settings.models.clone(),
            prompt: settings.prompt.clone(),
            day_budget: settings.max_usd_day.map(Cost::from_dollars),
        };
        self.config.canaries.iter().map(canary).collect()
    }

    /// Returns the settings of the watch over all models, which posts in `channels`.
    pub(super) fn watch_settings(&self, channels: Vec<Arc<dyn AlertChannel>>) -> WatchSettings {
        let canary = |canary: &CanaryConfig| (canary.models.clone(), canary.prompt.clone());
        let canaries = self.config.canaries.iter().map(canary).collect();
        WatchSettings { channels, canaries, probe_interval: PROBE_INTERVAL }
    }

    /// Returns a new store, not opened yet.
    pub(super) fn store(&self) -> Store {
        let location = match (&self.config.database_url, &self.config.data_dir) {
            (Some(url), _) => store::Location::Url(url.clone()),
            (None, Some(folder)) => store::Location::Folder(folder.clone()),
            (None, None) => store::Location::Memory,
        };
        let settings = store::Settings { location, text_days: self.config.store.text_days };
        Store::new(settings, Uuid::now_v7().to_string())
    }

    /// Returns the caps that all processes on one store share.
    pub(super) fn caps(&self) -> Caps {
        let Config { arena, budget, providers, .. } = &self.config;
        Caps {
            races_per_user: arena.races_per_user,
            lanes_per_race: arena.lanes_per_race,
            requests: providers.iter().filter_map(|one| Some((one.id.clone(), one.max_requests?))).collect(),
            user_day: budget.user_day_usd.map(Cost::from_dollars),
            server_day: budget.server_day_usd.map(Cost::from_dollars),
            day: budget.day_usd.map(Cost::from_dollars),
        }
    }

    /// Returns the line-up as the simulated server offers it: every model under its id and its provider's name.
    pub(super) fn served(&self) -> Vec<ServedModel> {
        let served = |settings: &ModelConfig| ServedModel {
            names: vec![settings.card.id.to_string(), settings.model.clone()],
            model: Arc::new(simulated(settings)),
        };
        self.config.models.iter().map(served).collect()
    }
}

fn example(settings: &ExampleConfig) -> Example {
    Example {
        title: settings.title.clone(),
        prompt: settings.prompt.clone(),
        lesson: settings.lesson.clone(),
    }
}

type Providers<'a> = HashMap<&'a str, Arc<Provider>>;

fn providers(config: &Config) -> Providers<'_> {
    let provider = |settings: &ProviderConfig| {
        let key = match &settings.key {
            ProviderKey::Key(key) => Some(key.clone()),
            ProviderKey::NotNeeded | ProviderKey::Simulate(_) => None,
        };
        let provider = Provider::new(&settings.id, settings.base_url.clone(), key);
        Arc::new(provider.trusting(settings.roots.clone()))
    };
    config.providers.iter().map(|settings| (settings.id.as_str(), provider(settings))).collect()
}

fn models(config: &Config, providers: &Providers<'_>) -> Vec<Arc<dyn ChatModel>> {
    let model = |settings| match real_model(settings, config, providers) {
        Some(model) => Arc::new(model) as Arc<dyn ChatModel>,
        None => Arc::new(simulated(settings)),
    };
    config.models.iter().map(model).collect()
}

fn first_models(config: &Config, providers: &Providers<'_>) -> Vec<(String, OpenAiModel)> {
    let first = |provider: &ProviderConfig| {
        let mut models = config.models.iter().filter(|model| model.provider == provider.id);
        let model = models.find_map(|model| real_model(model, config, providers))?;
        Some((provider.id.clone(), model))
    };
    config.providers.iter().filter_map(first).collect()
}

fn real_model(settings: &ModelConfig, config: &Config, providers: &Providers<'_>) -> Option<OpenAiModel> {
    let provider = providers.get(settings.provider.as_str()).filter(|_| !settings.card.simulated)?;
    let model =
        OpenAiModel::new(settings.card.clone(), Arc::clone(provider), request_settings(settings, config));
    Some(model.identified(identity(settings)))
}

/// Returns the identity of a model: with other settings that shape its answers it is another contender.
fn identity(settings: &ModelConfig) -> Identity {
    let number = |number: Option<String>| number.unwrap_or_default();
    let shaping = [
        if settings.card.simulated { "simulated".to_owned() } else { String::new() },
        settings.system.clone().unwrap_or_default(),
        number(settings.temperature.map(|temperature| temperature.to_string())),
        number(settings.max_tokens.map(|tokens| tokens.to_string())),
        serde_json::Value::from(settings.extra.clone()).to_string(),
    ];
    let shaping = shaping.iter().map(String::as_str);
    Identity::new(&settings.card, Some(&settings.model), settings.maker.as_deref(), shaping)
}

fn request_settings(settings: &ModelConfig, config: &Config) -> Settings {
    Settings {
        model: settings.model.clone(),
        system: settings.system.clone(),
        system_role: settings.system_role,
        temperature: settings.temperature,
        max_tokens: settings.max_tokens,
        context: settings.context,
        extra: settings.extra.clone(),
        deadlines: Deadlines {
            connect: config.timeouts.connect,
            first_token: settings.first_token.unwrap_or(config.timeouts.first_token),
            idle: settings.idle.unwrap_or(config.timeouts.idle),
            total: config.timeouts.total,
        },
    }
}

fn simulated(settings: &ModelConfig) -> SimulatedModel {
    SimulatedModel::new(settings.card.clone(), settings.max_tokens).identified(identity(settings))
}

fn discord(config: &Config, examples: &[Example]) -> Option<discord::Settings> {
    let token = config.credentials.discord_token.clone()?;
    let mode = match (config.discord.mode, &config.credentials.discord_public_key) {
        (DiscordMode::Http, Some(key)) => discord::Mode::Http { public_key: key.clone() },
        _ => discord::Mode::Gateway,
    };
    Some(discord::Settings {
        api_url: config.discord.api_url.clone(),
        token,
        mode,
        guild: config.discord.guild_id,
        token_life: Duration::from_secs(config.discord.token_seconds),
        examples: examples.to_vec(),
        access: discord::Access {
            servers: config.access.discord_servers.clone(),
            channels: config.access.discord_channels.clone(),
            roles: config.access.discord_roles.clone(),
        },
        may_race_others: config.access.race_others_messages,
        answer_timeout: config.timeouts.total,
        alerts: config.alerts.discord_channel,
    })
}

fn slack(config: &Config, examples: &[Example]) -> Option<slack::Settings> {
    let credentials = &config.credentials;
    let bot_token = credentials.slack_bot_token.clone()?;
    // the configuration has checked that the mode's own secret is there
    let mode = match (config.slack.mode, &credentials.slack_signing_secret, &credentials.slack_app_token) {
        (SlackMode::Http, Some(secret), _) => slack::Mode::Http { signing_secret: secret.clone() },
        (_, _, app_token) => slack::Mode::Socket { app_token: app_token.clone()? },
    };
    Some(slack::Settings {
        api_url: config.slack.api_url.clone(),
        bot_token,
        mode,
        admins: config.slack.admins.clone(),
        native_chart: config.slack.native_chart,
        examples: examples.to_vec(),
        access: slack::Access {
            channels: config.access.slack_channels.clone(),
            groups: config.access.slack_groups.clone(),
        },
        may_race_others: config.access.race_others_messages,
        answer_timeout: config.timeouts.total,
        alerts: config.alerts.slack_channel.clone(),
    })
}
